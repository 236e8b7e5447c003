"""Speechmatics real-time speech-to-text, ``/v2``: both ends of the protocol.

Settings travel in ``StartRecognition``; audio may flow once ``RecognitionStarted`` has answered it, and each chunk is
acknowledged. Several channels travel apart, as base64 in JSON. ``EndOfStream`` (or ``EndOfChannel`` for each) is
answered by the remaining finals, ``EndOfTranscript``, close 1000.
"""

from urllib.parse import urlsplit

import msgspec

from voxport import codec, ends, events, wire
from voxport.settings import Settings
from voxport_adapters.speechmatics import faults, front, keys, rules
from voxport_adapters.speechmatics.client import Client

__all__ = ["Speechmatics", "adapter"]


class Speechmatics(ends.TableAdapter):
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
    rules = rules.RULES
    client_end = Client
    front_end = front.Front

    def translate(self, settings: Settings) -> codec.Translation:
        """See ``codec.Adapter.translate``."""
        return rules.translate(settings)

    def dial(self, settings: Settings, resume: codec.Dial | None = None) -> codec.Dialling:
        """Temporary keys come from the cloud's management host or, where ``endpoint`` is another's, from there."""
        endpoint = wire.endpoint_url(wire.endpoint_of(settings, self.capabilities), "ws", front.PATH)
        key = settings.issued or settings.key
        if settings.temporary_token:
            ours = str(urlsplit(endpoint).hostname).endswith(".speechmatics.com")
            url = wire.endpoint_url("https://mp.speechmatics.com" if ours else endpoint, "http", keys.PATH)
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            body = wire.encode({"ttl": keys.SHORTEST})
            issued = yield codec.HttpRequest("POST", f"{url}?type=rt", headers, body)
            key = str(wire.json_of(issued.body).get("key_value", ""))
        return codec.Dial(endpoint, {"Authorization": f"Bearer {key}"})

    def explain(self, response: codec.HttpResponse) -> events.Failed:
        body = wire.json_of(response.body)
        said = [str(body[name]) for name in ("message", "error", "detail") if body.get(name)]
        failed = wire.refusal(response, ": ".join(said))
        remedy = faults.FAULTS["not_authorised"].remedy if response.status == 401 else failed.remedy
        return msgspec.structs.replace(failed, remedy=remedy)


adapter = Speechmatics()
