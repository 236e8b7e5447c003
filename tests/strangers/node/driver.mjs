// What the drivers share. A request comes on stdin as JSON; what the SDK reports goes out as lines [name, value].
//
//   url, key          where the emulator is, and the key for it
//   token             get a temporary token with the key, and use that
//   options           the SDK's own options
//   version           of the protocol, where the SDK speaks two
//   audio, chunk      a file of raw PCM (none: send nothing), and the bytes of a message
//   hold              [n, name, times]: after n chunks, wait until the SDK has reported name so often
//   patience          milliseconds that the SDK is to wait for an answer
//   finish            ask for the end after the audio
//   until             [name, times]: the program is over when the SDK has reported name so often

import { readFileSync, writeSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

export const request = JSON.parse(readFileSync(0, "utf8"));

const counts = new Map();
const waiting = [];

/** Print what the SDK reports, and wake who waits for it. */
export function tell(name, value = null) {
  writeSync(1, `${JSON.stringify([name, plain(value)])}\n`);
  counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const waiter of waiting) if (counts.get(waiter.name) >= waiter.times) waiter.resolve();
}

/** Resolves when the SDK has reported `name` so often. */
export function told(name, times = 1) {
  if ((counts.get(name) ?? 0) >= times) return Promise.resolve();
  return new Promise((resolve) => waiting.push({ name, times, resolve }));
}

/** Send the audio, a chunk in each turn of the loop, so that what the SDK reports is heard in between. */
export async function play(send) {
  const audio = request.audio ? readFileSync(request.audio) : Buffer.alloc(0);
  const [held, ...news] = request.hold ?? [];
  for (let at = 0, sent = 0; at < audio.length; at += request.chunk, sent += 1) {
    if (sent === held) await told(...news);
    send(Uint8Array.from(audio.subarray(at, at + request.chunk)));
    await turn();
  }
}

/** Run `session`; what it throws is told, and ends the program as `until` does. */
export async function run(session) {
  const over = told(...request.until);
  const thrown = new Promise((resolve) => {
    session().catch((error) => resolve(tell("thrown", error)));
  });
  await Promise.race([over, thrown]);
  process.exit(0);
}

/** What JSON can carry of an error or an event. */
function plain(value) {
  if (value instanceof Error) {
    const { name, message, cause } = value;
    return { ...value, name, message, ...(cause && { cause: plain(cause) }) };
  }
  if (!(value instanceof Event) && value?.constructor?.name?.endsWith("Event") !== true) return value;
  const { type, code, reason, message } = value;
  return { type, code, reason, message };
}
