import { AssemblyAI } from "assemblyai";
import { play, request, run, tell } from "./driver.mjs";

const EVENTS = ["open", "turn", "speechStarted", "speakerRevision", "warning", "heartbeat", "silence", "error"];

run(async () => {
  const client = new AssemblyAI({ apiKey: request.key, streamingBaseUrl: request.url });
  const token = request.token ? await client.streaming.createTemporaryToken({ expires_in_seconds: 60 }) : undefined;
  const websocketBaseUrl = `${request.url.replace("http", "ws")}/v3/ws`;
  const transcriber = client.streaming.transcriber({ websocketBaseUrl, ...(token && { token }), ...request.options });
  for (const name of EVENTS) transcriber.on(name, (value) => tell(name, value));
  transcriber.on("close", (code, reason) => tell("close", { code, reason }));
  await transcriber.connect();
  await play((chunk) => transcriber.sendAudio(chunk));
  if (request.finish) {
    await transcriber.close(true, request.patience);
    tell("closed"); // it takes its listeners away and tells nothing of the end
  }
});
