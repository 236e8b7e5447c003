"""LiveKit's plug-ins as programs; see ``driver.py``."""

import asyncio
from typing import Any

import aiohttp
from driver import Reporter, play, serve
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.plugins import assemblyai, deepgram, gladia, speechmatics

MAKERS = {
    "assemblyai.STT": assemblyai.STT, "deepgram.STT": deepgram.STT, "deepgram.STTv2": deepgram.STTv2,
    "gladia.STT": gladia.STT, "speechmatics.STT": speechmatics.STT,
}  # fmt: skip


def described(event: stt.SpeechEvent) -> dict[str, Any]:
    """The best alternative of an event; words have the times of the audio, to which LiveKit adds when it began."""
    if event.recognition_usage:
        return {"audio_duration": event.recognition_usage.audio_duration}
    if not event.alternatives:
        return {}
    best = event.alternatives[0]
    words = [[str(word), word.start_time - word.start_time_offset] for word in best.words or ()]
    return {"text": best.text, "language": str(best.language), "words": words}


async def listen(stream: stt.SpeechStream, reporter: Reporter) -> None:
    try:
        async for event in stream:
            reporter.tell(event.type.value, described(event))
    except Exception as error:  # noqa: BLE001 -- whatever a plug-in raises is what it reports
        reporter.tell("thrown", [type(error).__name__, str(error)])
    reporter.tell("ended")


async def session(request: dict[str, Any], reporter: Reporter) -> None:
    options = dict(request["options"])
    if "turn_detection_mode" in options:
        options["turn_detection_mode"] = speechmatics.TurnDetectionMode(options["turn_detection_mode"])
    async with aiohttp.ClientSession() as http:
        shared = {} if request["make"].startswith("speechmatics") else {"http_session": http}
        place = {"api_key": request["key"], "base_url": request["url"]}
        recogniser = MAKERS[request["make"]](**place, **shared, **options)
        recogniser.on("error", lambda told: reporter.tell("error", [type(told.error).__name__, str(told.error)]))
        patience = APIConnectOptions(max_retry=1, retry_interval=0.0, timeout=request["patience"] / 1000)
        stream = recogniser.stream(conn_options=patience)
        listening = asyncio.create_task(listen(stream, reporter))
        await play(
            request, reporter, lambda chunk: stream.push_frame(rtc.AudioFrame(chunk, 16_000, 1, len(chunk) // 2))
        )
        await reporter.told(*request["until"])
        if not listening.done():
            stream.end_input()
        await listening
        await stream.aclose()


serve(session)
