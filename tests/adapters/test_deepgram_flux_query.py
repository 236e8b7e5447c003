"""Every parameter of ``/v2/listen``, and what becomes of neutral settings."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from support.deepgram import upgrade
from voxport.codec import Accepted, Opened
from voxport.commands import Start
from voxport.settings import AudioSettings, Settings, Transcription
from voxport_adapters.deepgram.flux import adapter

EN = "model=flux-general-en&encoding=linear16&sample_rate=16000"
MULTI = EN.replace("-en", "-multi")


def started(query: str) -> Settings:
    accepted = upgrade(query, adapter)
    assert isinstance(accepted, Accepted), accepted.body
    (start,) = accepted.server.receive(Opened())
    assert isinstance(start, Start)
    settings: Settings = start.settings
    return settings


@pytest.mark.parametrize(
    "query",
    [
        EN, MULTI, f"{EN}&mip_opt_out=false", f"{EN}&eot_threshold=0.5", f"{EN}&eot_threshold=1.0", f"{EN}&eot_threshold=1",
        f"{EN}&eager_eot_threshold=0.3", f"{EN}&eot_threshold=0.9&eager_eot_threshold=0.9", f"{EN}&eot_timeout_ms=500",
        f"{EN}&eot_timeout_ms=60000", f"{EN}&keyterm=a+b&keyterm=c", f"{EN}&{'&'.join(['keyterm=a'] * 100)}",
        f"{MULTI}&language_hint=en&language_hint=es", f"{EN}&profanity_filter=true&numerals=True", f"{EN}&redact=numbers",
        f"{EN}&redact=aggressive_numbers", f"{EN}&redact=false", f"{EN}&tag=a&tag=b", f"{EN}&made_up=1",
        *(EN.replace("16000", rate) for rate in ("8000", "24000", "44100", "48000")),
        *(EN.replace("linear16", encoding) for encoding in ("linear32", "mulaw")),
    ],
)  # fmt: skip
def test_what_the_service_takes_is_taken(query: str) -> None:
    started(query)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        *(
            (f"{EN}&{name}={quote(value)}", f"Invalid '{name}' value of '{value}'.")
            for name, value in [
                ("eot_threshold", "0.49"), ("eot_threshold", "1.01"), ("eot_threshold", "nan"), ("eot_threshold", "x"),
                ("eager_eot_threshold", "0.29"), ("eager_eot_threshold", "0.91"), ("eager_eot_threshold", "nan"),
                ("eager_eot_threshold", "0.8"), ("eot_timeout_ms", "499"), ("eot_timeout_ms", "60001"), ("eot_timeout_ms", "1.5"),
                ("redact", "pci"), ("numerals", "perhaps"), ("tag", "x" * 129), ("language_hint", ""),
            ]
        ),
        (EN.replace("16000", "22050"), "Invalid 'sample_rate' value of '22050'."),
        (EN.replace("linear16", "flac"), "Invalid 'encoding' value of 'flac'."),
        *(
            (EN.replace("linear16", encoding), f"The encoding '{encoding}' is not decoded here: use linear16, linear32, mulaw.")
            for encoding in ("alaw", "opus", "ogg-opus")
        ),
        (f"{EN}&language_hint=en", "'language_hint' is supported by flux-general-multi only."),
        (f"{EN}&{'&'.join(['keyterm=a'] * 101)}", "Too many values of 'keyterm': at most 100."),
        ("model=flux-general-en", "Audio needs 'encoding' and 'sample_rate': containers are not decoded here."),
        ("model=flux-general-en&encoding=linear16", "'encoding' needs 'sample_rate'."),
    ],
)  # fmt: skip
def test_a_bad_query_is_refused(query: str, reason: str) -> None:
    refused = upgrade(query, adapter)
    assert (refused.status, json.loads(refused.body)["err_code"]) == (400, "INVALID_QUERY_PARAMETER")
    assert refused.headers["dg-error"] == reason


@pytest.mark.parametrize("model", ["", "&model=nova-3", "&model=flux-general-de"])
def test_other_models_are_not_served_here(model: str) -> None:
    refused = upgrade(f"encoding=linear16&sample_rate=16000{model}", adapter)
    reason = "Bad Request: No such model/version combination found."
    assert (refused.status, refused.headers["dg-error"]) == (400, reason)


def test_whoever_recognises_is_told_what_was_asked_for() -> None:
    asked = (
        f"{MULTI}&keyterm=a+b&language_hint=en&language_hint=es&eot_timeout_ms=700&profanity_filter=true&redact=numbers"
    )
    settings = started(asked)
    assert settings.transcription == Transcription(
        languages=("en", "es"), key_terms=("a b",), end_of_turn_silence_ms=700, profanity_filter=True, redaction=True
    )
    assert (settings.model, settings.audio) == ("flux-general-multi", AudioSettings())
    assert started(f"{EN}&redact=false").transcription == Transcription(profanity_filter=False)


@pytest.mark.parametrize(
    ("model", "said", "options", "status"),
    [
        (None, {"language": "en-GB"}, {"model": "flux-general-en"}, "mapped"),
        (None, {"language": "de-CH"}, {"model": "flux-general-multi", "language_hint": ["de"]}, "approximated"),
        (None, {"language": "sv"}, {"model": "flux-general-en"}, "dropped"),
        ("flux-general-en", {"language": "de"}, {"model": "flux-general-en"}, "dropped"),
        (
            "flux-general-multi",
            {"language": "en"},
            {"model": "flux-general-multi", "language_hint": ["en"]},
            "approximated",
        ),
        (
            None,
            {"languages": ("en", "fr")},
            {"model": "flux-general-multi", "language_hint": ["en", "fr"]},
            "approximated",
        ),
        (None, {"languages": ("en", "sv")}, {"model": "flux-general-en"}, "dropped"),
        (None, {"languages": ("en", "en-US")}, {"model": "flux-general-en"}, "mapped"),
        (None, {"key_terms": ("a",)}, {"model": "flux-general-en", "keyterm": ["a"]}, "mapped"),
        (None, {"end_of_turn_silence_ms": 300}, {"model": "flux-general-en", "eot_timeout_ms": 500}, "approximated"),
        (None, {"end_of_turn_silence_ms": 900}, {"model": "flux-general-en", "eot_timeout_ms": 900}, "approximated"),
        (None, {"redaction": True}, {"model": "flux-general-en", "redact": "aggressive_numbers"}, "approximated"),
        (None, {"profanity_filter": True}, {"model": "flux-general-en", "profanity_filter": True}, "mapped"),
        (None, {"punctuation": True}, {"model": "flux-general-en"}, "mapped"),
        (None, {"punctuation": False}, {"model": "flux-general-en"}, "dropped"),
        (None, {"diarization": True}, {"model": "flux-general-en"}, "dropped"),
        (None, {"diarization": False}, {"model": "flux-general-en"}, "mapped"),
        (None, {"sentiment": True}, {"model": "flux-general-en"}, "dropped"),
        (None, {"sentiment": False}, {"model": "flux-general-en"}, "mapped"),
        (None, {"entities": True}, {"model": "flux-general-en"}, "dropped"),
        (None, {"filler_words": True}, {"model": "flux-general-en"}, "dropped"),
    ],
)
def test_neutral_settings_are_these_options(model: str | None, said: Any, options: Any, status: str) -> None:
    translated = adapter.translate(Settings(provider="deepgram-flux", model=model, transcription=Transcription(**said)))
    (found,) = (item for item in translated.settings if item.setting in said)
    assert found.support.status == status
    assert dict(translated.options) == {"sample_rate": 16000, "encoding": "linear16"} | options


def test_every_rate_that_is_offered_is_taken() -> None:
    assert adapter.capabilities.sample_rates == (8000, 16_000, 24_000, 44_100, 48_000)


def test_partials_are_always_told_and_channels_are_one() -> None:
    assert adapter.capabilities.max_channels == 1
    (quiet,) = adapter.translate(Settings(provider="deepgram-flux", transcription=Transcription(partials=False))).of(
        "dropped"
    )
    assert quiet.setting == "partials"
