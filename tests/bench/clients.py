"""One client, one provider, some seconds of audio as fast as it goes; prints its own CPU seconds and what it heard."""

import asyncio
import os
import resource
import sys
import threading
from collections.abc import Callable, Iterator

KEY = "bench-key"
RATE = 16_000
CHUNK = bytes(RATE * 2 // 20)


def chunks(seconds: int) -> Iterator[bytes]:
    for _ in range(seconds * 20):
        yield CHUNK


def voxport_client(provider: str, url: str, seconds: int) -> int:
    import voxport
    from voxport.settings import Secret, Settings

    asked = Settings(provider=provider, api_key=Secret(KEY), endpoint=url)
    with voxport.open(asked) as session:
        session.feed(chunks(seconds))
        return sum(isinstance(event, voxport.Transcript) for event in session)


def recorded_client(provider: str, url: str, seconds: int) -> int:
    """The same, written down; what becomes of the audio afterwards, FLAC, is not counted."""
    import tempfile
    import time

    import voxport
    from voxport.cassette.recorder import Recorder
    from voxport.opening import routes
    from voxport.session import Session
    from voxport.settings import Secret, Settings

    asked = routes(Settings(provider=provider, api_key=Secret(KEY), endpoint=url))
    with tempfile.TemporaryFile(buffering=1 << 20) as file, tempfile.TemporaryFile(buffering=1 << 20) as audio:
        tap = Recorder(file, asked, wall=time.time(), now=time.monotonic(), hear=audio.write)
        with Session(*asked, tap=tap) as session:
            session.feed(chunks(seconds))
            return sum(isinstance(event, voxport.Transcript) for event in session)


def deepgram_sdk(url: str, seconds: int) -> int:
    from deepgram import DeepgramClient
    from deepgram.core.events import EventType
    from deepgram.environment import DeepgramClientEnvironment

    ws = url.replace("http", "ws")
    client = DeepgramClient(
        api_key=KEY, environment=DeepgramClientEnvironment(base=url, production=ws, agent=ws, agent_rest=url)
    )
    heard = 0

    def on_message(message: object) -> None:
        nonlocal heard
        heard += getattr(message, "type", "") == "Results"

    options = {"model": "nova-3", "encoding": "linear16", "sample_rate": str(RATE), "interim_results": "true"}
    with client.listen.v1.connect(**options) as socket:
        socket.on(EventType.MESSAGE, on_message)
        reader = threading.Thread(target=socket.start_listening)
        reader.start()
        for chunk in chunks(seconds):
            socket.send_media(chunk)
        socket.send_close_stream()
        reader.join()
    return heard


def assemblyai_sdk(url: str, seconds: int) -> int:
    from assemblyai.streaming.v3 import (
        StreamingClient,
        StreamingClientOptions,
        StreamingEvents,
        StreamingParameters,
    )

    heard = 0

    def on_turn(_client: object, _event: object) -> None:
        nonlocal heard
        heard += 1

    client = StreamingClient(StreamingClientOptions(api_key=KEY, api_host=url.replace("http", "ws")))
    client.on(StreamingEvents.Turn, on_turn)
    client.connect(StreamingParameters(sample_rate=RATE, speech_model="u3-rt-pro"))
    client.stream(chunks(seconds))
    client.disconnect(terminate=True)
    return heard


def speechmatics_sdk(url: str, seconds: int) -> int:
    from speechmatics.rt import (
        AsyncClient,
        AudioEncoding,
        AudioFormat,
        ServerMessageType,
        TranscriptionConfig,
    )

    heard = 0

    def on_text(_message: object) -> None:
        nonlocal heard
        heard += 1

    async def run() -> None:
        async with AsyncClient(api_key=KEY, url=f"{url.replace('http', 'ws')}/v2") as client:
            client.on(ServerMessageType.ADD_TRANSCRIPT, on_text)
            client.on(ServerMessageType.ADD_PARTIAL_TRANSCRIPT, on_text)
            await client.start_session(
                transcription_config=TranscriptionConfig(language="en", enable_partials=True),
                audio_format=AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=RATE),
            )
            for chunk in chunks(seconds):
                await client.send_audio(chunk)
                await asyncio.sleep(0)
            await client.stop_session()

    asyncio.run(run())
    return heard


def gladia_sdk(url: str, seconds: int) -> int:
    from gladiaio_sdk import GladiaClient

    heard = 0
    done = threading.Event()
    session = (
        GladiaClient(api_key=KEY, api_url=url)
        .live_v2()
        .start_session(
            {
                "encoding": "wav/pcm",
                "bit_depth": 16,
                "sample_rate": RATE,
                "channels": 1,
                "messages_config": {"receive_partial_transcripts": True},
            }
        )
    )

    def on_message(message: object) -> None:
        nonlocal heard
        heard += getattr(message, "type", "") == "transcript"

    session.on("message", on_message)
    session.on("error", lambda error: sys.stderr.write(f"{error!r}\n"))
    session.on("ended", lambda *_: done.set())
    session.wait_until_ready()
    for chunk in chunks(seconds):
        session.send_audio(chunk)
    session.stop_recording()
    done.wait()
    return heard


SDKS: dict[str, Callable[[str, int], int]] = {
    "assemblyai": assemblyai_sdk,
    "deepgram": deepgram_sdk,
    "gladia": gladia_sdk,
    "speechmatics": speechmatics_sdk,
}

if __name__ == "__main__":
    who, provider, url, seconds = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    ours = {"voxport": voxport_client, "recorded": recorded_client}
    count = SDKS[provider](url, seconds) if who == "sdk" else ours[who](provider, url, seconds)
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.write(f"{used.ru_utime + used.ru_stime:.4f} {count}\n")
    sys.stdout.flush()
    os._exit(0)
