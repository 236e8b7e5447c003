"""What becomes of each neutral setting in a session for agents."""

from collections.abc import Mapping
from typing import Any

from voxport import wire
from voxport.codec import Translation
from voxport.settings import Encoding, Settings
from voxport_adapters.speechmatics import rules
from voxport_adapters.speechmatics.request import Service

NAME = "speechmatics-agent"
MODEL = "linden-1"
ENCODINGS: dict[Encoding, str] = {"s16le": "pcm_s16le", "f32le": "pcm_f32le"}
RATES = (8000, 16_000)
"""Hz. The older of its packages take 16,000 only."""
BESIDE = {"turn_config"}
DEFAULTS: Mapping[str, Any] = {"language": "en", "model": MODEL}

_SHARED = (
    "language", "languages", "model", "region", "sample_rate", "partials", "punctuation", "key_terms", "redaction",
    "filler_words", "sentiment",
)  # fmt: skip
RULES = {
    **{name: rules.RULES[name] for name in _SHARED},
    "encoding": wire.rule("mapped", "encoding", values=ENCODINGS),
    "channels": wire.only(1, "one channel"),
    "diarization": wire.rule("mapped", "diarization", values={True: "speaker", False: "none"}),
    "end_of_turn_silence_ms": wire.only(granted=False, note="the service ends turns by its own measure"),
    "profanity_filter": wire.only(granted=False, note="profanities are not masked"),
    "entities": wire.only(granted=False, note="segments have text only"),
    "translate_to": wire.only(granted=False, note="not in sessions for agents"),
}

AGENT = Service(
    NAME, RULES, (MODEL,), MODEL, encodings=tuple(ENCODINGS.values()), sample_rates=RATES,
    diarizations=("none", "speaker"),
    # "Agent STT rejects it", says its plugin for LiveKit of the delay; turns cannot be timed.
    refused=("max_delay", "max_delay_mode", "conversation_config"),
    # Whether partials come unasked, its documents differ; they hurt no client, and some count on them.
    defaults={"enable_partials": True},
)  # fmt: skip


def translate(settings: Settings) -> Translation:
    """See ``codec.Adapter.translate``."""
    found = wire.translate(settings, RULES, DEFAULTS)
    options = dict(found.options)
    if "operating_point" in settings.options:
        del options["model"]
    return Translation(options, found.settings)
