"""Pipecat's STT services as programs; see ``driver.py``."""

import asyncio
from typing import Any

from driver import Reporter, play, serve
from loguru import logger
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    ProposedUserStartedSpeakingFrame,
    ProposedUserStoppedSpeakingFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.assemblyai.stt import AssemblyAISTTService
from pipecat.services.deepgram.flux.stt import DeepgramFluxSTTService
from pipecat.services.deepgram.stt import DeepgramSTTService
from pipecat.services.gladia.config import MessagesConfig
from pipecat.services.gladia.stt import GladiaSTTService
from pipecat.services.speechmatics.stt import SpeechmaticsSTTService
from pipecat.workers.runner import WorkerRunner

logger.remove()  # it logs what it sends

MAKERS = {
    "AssemblyAISTTService": (AssemblyAISTTService, "api_endpoint_base_url"),
    "DeepgramFluxSTTService": (DeepgramFluxSTTService, "url"),
    "DeepgramSTTService": (DeepgramSTTService, "base_url"),
    "GladiaSTTService": (GladiaSTTService, "url"),
    "SpeechmaticsSTTService": (SpeechmaticsSTTService, "base_url"),
}
"""The services, and what each calls the place to dial."""
REPORTED = {
    InterimTranscriptionFrame: "interim",
    TranscriptionFrame: "final",
    ProposedUserStartedSpeakingFrame: "started",
    ProposedUserStoppedSpeakingFrame: "stopped",
}


class Ear(FrameProcessor):
    """Reports the frames that pass: errors go up, all else goes down, and some is told both ways."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__(enable_direct_mode=True)
        self._reporter = reporter

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, ErrorFrame):
            self._reporter.tell("error", frame.error)
        elif type(frame) in REPORTED and direction == FrameDirection.DOWNSTREAM:
            self._reporter.tell(REPORTED[type(frame)], getattr(frame, "text", None))
        await self.push_frame(frame, direction)


async def session(request: dict[str, Any], reporter: Reporter) -> None:
    make, place = MAKERS[request["make"]]
    settings = dict(request["settings"])
    if "messages_config" in settings:
        settings["messages_config"] = MessagesConfig(**settings["messages_config"])
    if "turn_detection_mode" in settings:
        settings["turn_detection_mode"] = make.TurnDetectionMode(settings["turn_detection_mode"])
    service = make(
        api_key=request["key"], settings=make.Settings(**settings), **{place: request["url"]}, **request["options"]
    )
    worker = PipelineWorker(
        Pipeline([Ear(reporter), service, Ear(reporter)]), cancel_on_idle_timeout=False, enable_rtvi=False,
        params=PipelineParams(audio_in_sample_rate=16_000),
    )  # fmt: skip
    for name in ("on_connected", "on_disconnected", "on_connection_error", "on_end_of_turn"):
        if name in service._event_handlers:
            service.add_event_handler(name, lambda _, *told, name=name: reporter.tell(name, [str(it) for it in told]))

    @worker.event_handler("on_pipeline_started")
    async def started(*_: Any) -> None:
        reporter.tell("ready")

    async def talk() -> None:
        await reporter.told("ready", 1)
        await play(request, reporter, lambda chunk: worker.queue_frame(InputAudioRawFrame(chunk, 16_000, 1)))
        await reporter.told(*request["until"])
        await worker.queue_frame(EndFrame())

    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await asyncio.gather(runner.run(), talk())


serve(session)
