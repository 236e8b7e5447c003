import { createSpeechmaticsJWT } from "@speechmatics/auth";
import { RealtimeClient } from "@speechmatics/real-time-client";
import { play, request, run, tell } from "./driver.mjs";

run(async () => {
  const client = new RealtimeClient({
    url: `${request.url.replace("http", "ws")}/v2`,
    connectionTimeout: request.patience,
  });
  client.addEventListener("receiveMessage", ({ data }) => tell("message", data));
  client.addEventListener("socketStateChange", () => tell(client.socketState));
  await client.start(request.token ? await temporaryKey() : request.key, request.options);
  await play((chunk) => client.sendAudio(chunk));
  if (request.finish) await client.stopRecognition();
});

function temporaryKey() {
  const managementPlatformURL = `${request.url}/v1`;
  return createSpeechmaticsJWT({ type: "rt", apiKey: request.key, ttl: 60, managementPlatformURL });
}
