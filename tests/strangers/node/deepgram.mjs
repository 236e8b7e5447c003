import { DeepgramClient } from "@deepgram/sdk";
import { play, request, run, tell } from "./driver.mjs";

run(async () => {
  let client = new DeepgramClient({ apiKey: request.key, baseUrl: request.url });
  if (request.token) {
    const { access_token: accessToken } = await client.auth.v1.tokens.grant({ ttl_seconds: 60 });
    client = new DeepgramClient({ accessToken, baseUrl: request.url });
  }
  const socket = await client.listen[request.version ?? "v1"].connect(request.options);
  for (const name of ["open", "message", "error", "close"]) socket.on(name, (value) => tell(name, value));
  socket.connect();
  await socket.waitForOpen();
  await play((chunk) => socket.sendMedia(chunk));
  if (request.finish) socket.sendCloseStream({ type: "CloseStream" });
});
