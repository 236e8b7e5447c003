"""Every parameter of ``/v1/listen``: what is accepted, what is refused and how, and what becomes of neutral settings."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from support.deepgram import RAW, upgrade
from voxport.codec import Accepted, Opened
from voxport.commands import Start
from voxport.settings import AudioSettings, Settings, Transcription
from voxport_adapters.deepgram import adapter

LIVEKIT = (
    "model=nova-3&punctuate=true&smart_format=false&no_delay=true&interim_results=true&encoding=linear16&vad_events=true"
    "&sample_rate=16000&channels=1&endpointing=25&filler_words=true&profanity_filter=false&numerals=false"
    "&mip_opt_out=false&language=en-US"
)
PIPECAT = (
    "model=nova-3-general&language=en&detect_entities=false&diarize=false&dictation=false&interim_results=true"
    "&numerals=false&punctuate=true&smart_format=false&encoding=linear16&channels=1&multichannel=false&sample_rate=16000"
)


def started(query: str) -> Settings:
    accepted = upgrade(query)
    assert isinstance(accepted, Accepted), accepted.body
    (start,) = accepted.server.receive(Opened())
    assert isinstance(start, Start)
    settings: Settings = start.settings
    return settings


@pytest.mark.parametrize(
    "query",
    [
        "model=nova-3-medical", "model=40bd3654-e622-47c4-a111-63a61b23bfe8", "model=my-own", "version=2025-04-17.21547",
        "language=multi", "model=nova-3&language=multi&language_hint=en&language_hint=es", "multichannel=true&channels=2",
        "multichannel=true&channels=20", "interim_results=false", "interim_results=True", "interim_results=1",
        "endpointing=0", "endpointing=10", "endpointing=100000", "endpointing=true", "endpointing=false",
        "utterance_end_ms=1000", "utterance_end_ms=5000", "vad_events=true", "punctuate=true", "smart_format=true",
        "no_delay=true", "numerals=true", "dictation=true&punctuate=true", "profanity_filter=true", "filler_words=true",
        "redact=true", "redact=false", "redact=pci&redact=ssn&redact=numbers&redact=aggressive_numbers", "replace=um",
        "replace=a:b&replace=c:d", "search=a+b&search=c%20d", "model=nova-3&keyterm=Fenwick+Harbor&keyterm=b",
        "model=nova-2&keywords=a:2&keywords=b:-3", "diarize=true", "diarize_model=latest", "diarize_model=v1",
        "diarize_version=2021", "detect_entities=true", "extra=a:b&extra=a:c", "extra=a:", "tag=x&tag=y",
        f"tag={'x' * 128}", f"extra=a:{'x' * 2046}", "mip_opt_out=true", "callback_method=PUT", "callback_method=DELETE",
        "inspect_response=true", "debug=true", "alternatives=3", "tier=enhanced", "is_final=true", "detect_language=true",
        "&".join(f"search={n}" for n in range(50)), "&".join(f"keywords={n}" for n in range(100)),
        f"model=nova-3&keyterm={'+'.join('a' * 500)}",
    ],
)  # fmt: skip
def test_what_the_service_takes_is_taken(query: str) -> None:
    started(f"{RAW}&{query}")


@pytest.mark.parametrize("query", [LIVEKIT, PIPECAT])
def test_what_frameworks_send_by_default_is_taken(query: str) -> None:
    assert started(query).transcription.partials


@pytest.mark.parametrize("encoding", [("linear16", "s16le"), ("linear32", "f32le"), ("mulaw", "mulaw")])
def test_encodings_that_are_decoded_here(encoding: tuple[str, str]) -> None:
    assert started(f"encoding={encoding[0]}&sample_rate=8000").audio == AudioSettings(
        encoding=encoding[1],  # type: ignore[arg-type] # from the table
        sample_rate=8000,
    )


def invalid(name: str, value: str) -> str:
    return f"Invalid '{name}' value of '{value}'."


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        *(
            (f"{RAW}&{name}={quote(value)}", invalid(name, value))
            for name, value in [
                ("utterance_end_ms", "999"), ("utterance_end_ms", "5001"), ("utterance_end_ms", "x"), ("channels", "0"),
                ("channels", "21"), ("interim_results", "maybe"), ("endpointing", "-1"), ("endpointing", "soon"),
                ("redact", "everything"), ("diarize_model", "v2"), ("callback_method", "PATCH"), ("alternatives", "0"),
                ("tag", "x" * 129), ("extra", "pair"), ("model", ""), ("multichannel", "2"), ("punctuate", ""),
                ("smart_format", "y\r\nset-cookie: a"), ("numerals", "\u00fc"),
            ]
        ),
        ("encoding=linear16&sample_rate=x", invalid("sample_rate", "x")),
        ("encoding=linear16&sample_rate=7", invalid("sample_rate", "7")),
        ("encoding=pcm&sample_rate=8000", invalid("encoding", "pcm")),
        (f"{RAW}&extra=a:{'x' * 2047}", invalid("extra", f"a:{'x' * 198}")),
        (f"{RAW}&model=nova-3&keywords=a", "Keywords are not supported for Nova-3. Please use `keyterm` instead."),
        (f"{RAW}&model=nova-3-medical&keywords=a", "Keywords are not supported for Nova-3. Please use `keyterm` instead."),
        (
            f"{RAW}&model=nova-3&keyterm={'+'.join('a' * 500)}&keyterm=b",
            "Keyterm limit exceeded. The maximum number of tokens across all keyterms is 500.",
        ),
        (f"{RAW}&{'&'.join(f'search={n}' for n in range(51))}", "Too many values of 'search': at most 50."),
        (f"{RAW}&{'&'.join(f'keywords={n}' for n in range(101))}", "Too many values of 'keywords': at most 100."),
        (f"{RAW}&callback=https://h/", "'callback' is not offered here: results come on this connection alone."),
        (f"{RAW}&channels=2", "Several 'channels' need 'multichannel=true': they are not mixed here."),
        ("model=nova-3", "Audio needs 'encoding' and 'sample_rate': containers are not decoded here."),
        ("encoding=linear16", "'encoding' needs 'sample_rate'."),
        *(
            (f"encoding={encoding}&sample_rate=8000", f"The encoding '{encoding}' is not decoded here: use linear16, linear32, mulaw.")
            for encoding in ("flac", "alaw", "amr-nb", "amr-wb", "opus", "ogg-opus", "speex", "g729")
        ),
    ],
)  # fmt: skip
def test_a_bad_query_is_refused_with_the_services_words(query: str, reason: str) -> None:
    refused = upgrade(query)
    body = json.loads(refused.body)
    assert (refused.status, body["err_code"], body["err_msg"]) == (400, "INVALID_QUERY_PARAMETER", reason)
    assert refused.headers["dg-error"].isascii()
    assert refused.headers["dg-error"].isprintable()
    if reason.isascii() and reason.isprintable():
        assert refused.headers["dg-error"] == reason


@pytest.mark.parametrize(
    ("model", "status", "code"),
    [
        ("flux-general-en", 400, "Bad Request"), ("flux-general-multi", 400, "Bad Request"),
        ("whisper", 405, "METHOD_NOT_ALLOWED"), ("whisper-large", 405, "METHOD_NOT_ALLOWED"),
    ],
)  # fmt: skip
def test_models_that_are_not_served_here(model: str, status: int, code: str) -> None:
    refused = upgrade(f"{RAW}&model={model}")
    assert (refused.status, json.loads(refused.body)["err_code"]) == (status, code)


# ------------------------------------------------------------------- neutral settings, there and back


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("language=fr", {"language": "fr"}),
        ("language=multi&language_hint=en&language_hint=es", {"languages": ("en", "es")}),
        ("keyterm=a+b", {"key_terms": ("a b",)}),
        ("keywords=a:2", {"key_terms": ("a:2",)}),
        ("endpointing=300", {"end_of_turn_silence_ms": 300}),
        ("endpointing=100000", {"end_of_turn_silence_ms": 60_000}),
        ("endpointing=false", {}),
        ("endpointing=0", {}),
        ("endpointing=true", {}),
        ("punctuate=true", {"punctuation": True}),
        ("smart_format=true", {"punctuation": True}),
        ("detect_entities=true", {"punctuation": True, "entities": True}),
        ("diarize=true", {"diarization": True}),
        ("diarize_model=v1", {"diarization": True}),
        ("redact=false", {}),
        ("redact=pci", {"redaction": True}),
        ("profanity_filter=true", {"profanity_filter": True}),
        ("filler_words=false", {"filler_words": False}),
    ],
)
def test_whoever_recognises_is_told_what_was_asked_for(query: str, expected: dict[str, Any]) -> None:
    default = {"punctuation": False, "diarization": False, "profanity_filter": False, "entities": False}
    assert started(f"{RAW}&{query}").transcription == Transcription(**{**default, **expected})


def test_partials_are_always_wanted_for_they_tell_of_speech() -> None:
    assert started(f"{RAW}&interim_results=false").transcription.partials


@pytest.mark.parametrize(
    ("model", "said", "options", "status"),
    [
        (None, {"key_terms": ("a",)}, {"keyterm": ["a"]}, "mapped"),
        ("nova-3-medical", {"key_terms": ("a",)}, {"keyterm": ["a"]}, "mapped"),
        ("nova-2", {"key_terms": ("a",)}, {"keywords": ["a"]}, "approximated"),
        (None, {"languages": ("en", "es")}, {"language": "multi", "language_hint": ["en", "es"]}, "approximated"),
        ("enhanced", {"languages": ("en", "es")}, {}, "dropped"),
        (None, {"redaction": False}, {}, "approximated"),
        (None, {"filler_words": True}, {"filler_words": True}, "approximated"),
        (None, {"entities": True}, {"detect_entities": True}, "mapped"),
        (None, {"sentiment": True}, {}, "dropped"),
        (None, {"translate_to": ("fr",)}, {}, "dropped"),
    ],
)
def test_neutral_settings_are_these_options(model: str | None, said: Any, options: Any, status: str) -> None:
    translated = adapter.translate(Settings(provider="deepgram", model=model, transcription=Transcription(**said)))
    (found,) = (item for item in translated.settings if item.setting in said)
    assert found.support.status == status
    carried = {name: value for name, value in translated.options.items() if value is not None}
    assert {name: carried[name] for name in carried if name in options or name in {"language", "redact"}} == options
