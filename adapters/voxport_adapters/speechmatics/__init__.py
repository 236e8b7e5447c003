"""Speechmatics real-time speech-to-text, ``/v2``: both ends of the protocol.

Settings travel in ``StartRecognition``; audio may flow once ``RecognitionStarted`` has answered it, and each chunk is
acknowledged. Several channels travel apart, as base64 in JSON. ``EndOfStream`` (or ``EndOfChannel`` for each) is
answered by the remaining finals, ``EndOfTranscript``, close 1000.
"""

from voxport import codec, wire
from voxport.settings import Settings
from voxport_adapters.speechmatics import front, rules
from voxport_adapters.speechmatics.client import Client
from voxport_adapters.speechmatics.service import Speechmatics

__all__ = ["adapter"]


class SpeechmaticsRealTime(Speechmatics):
    name = "speechmatics"
    capabilities = codec.Capabilities(
        settings=wire.supports(rules.RULES), encodings=tuple(rules.ENCODINGS), sample_rate_range=(8000, 192_000),
        max_channels=rules.CHANNELS, audio_before_begun=False, max_session=front.SESSION * 60.0,
        tells_speech_start=False, acknowledges=True, configures=rules.CHANGEABLE_SETTINGS,
        configures_options=rules.CHANGEABLE, identifies_speakers=True,
        tells_beside=("translation", "entities", "audio_event", "language_detected", "speakers_identified"),
        temporary_tokens=True, key_variable="SPEECHMATICS_API_KEY", default_endpoint=rules.REGIONS["eu"],
        regions=rules.REGIONS, default_model="enhanced",
    )  # fmt: skip
    path = front.PATH
    rules = rules.RULES
    client_end = Client
    front_end = front.Front

    def translate(self, settings: Settings) -> codec.Translation:
        return rules.translate(settings)


adapter = SpeechmaticsRealTime()
