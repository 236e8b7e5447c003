"""Sessions with emulators that are written down."""

import time
from pathlib import Path

import msgspec

from support.emulated import CHUNKS, KEY
from voxport.cassette.recorder import Recorder
from voxport.events import AnyEvent
from voxport.opening import routes
from voxport.session import Session
from voxport.settings import AudioSettings, Resilience, Secret, Settings, Transcription

QUICK = Resilience(backoff=0.01, backoff_max=0.01, drain_timeout=5.0)


def settings(name: str, url: str) -> Settings:
    return Settings(
        provider=name, api_key=Secret(KEY), endpoint=url, resilience=QUICK, audio=AudioSettings(chunk_ms=100),
        transcription=Transcription(language="en", punctuation=True),
    )  # fmt: skip


def record(path: Path, asked: Settings, **more: object) -> list[AnyEvent]:
    found = routes(msgspec.structs.replace(asked, **more))
    recorder = Recorder(path.open("wb"), found, wall=time.time(), now=time.monotonic())
    with Session(*found, tap=recorder) as session:
        session.feed(CHUNKS)
        return list(session)
