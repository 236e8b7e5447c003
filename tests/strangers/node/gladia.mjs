import { GladiaClient } from "@gladiaio/sdk";
import { play, request, run, tell, told } from "./driver.mjs";

run(async () => {
  const client = new GladiaClient({ apiKey: request.key, apiUrl: request.url });
  const session = client.liveV2().startSession(request.options);
  for (const name of ["started", "connecting", "connected", "message", "error", "ending", "ended"]) {
    session.on(name, (value) => tell(name, value?.url ? { ...value, url: undefined } : value)); // it holds a token
  }
  await told("connected"); // what is sent before goes as one chunk
  await play((chunk) => session.sendAudio(chunk));
  if (request.finish) session.stopRecording();
});
