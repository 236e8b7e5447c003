"""What the client end asks for: the URL, the token, what becomes of neutral settings, and the frames of commands."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from support.assemblyai import U35, US, WHISPER, client
from voxport.codec import HttpRequest, HttpResponse
from voxport.commands import Audio, Command, Configure, EndUtterance, Finish, IdentifySpeakers, KeepAlive
from voxport.pair import dialled
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.wire import query_of
from voxport_adapters.assemblyai import adapter

MANY = ("en", "es", "de", "fr", "it", "pt", "tr", "nl", "sv", "no", "da")


@pytest.mark.parametrize(
    ("command", "frames"),
    [
        (Audio(b"12"), [b"12"]),
        (EndUtterance(), ['{"type":"ForceEndpoint"}']),
        (KeepAlive(), ['{"type":"KeepAlive"}']),
        (Finish(), ['{"type":"Terminate"}']),
        (IdentifySpeakers(), []),
        (Configure({}), []),
        (Configure({"diarization": True, "key_terms": None}), []),
        (
            Configure({"key_terms": ("Kelda",), "end_of_turn_silence_ms": 900}),
            ['{"type":"UpdateConfiguration","keyterms_prompt":["Kelda"],"max_turn_silence":900}'],
        ),
        (Configure({"key_terms": ()}), ['{"type":"UpdateConfiguration","keyterms_prompt":[]}']),
        (Configure({"profanity_filter": False}), ['{"type":"UpdateConfiguration","filter_profanity":false}']),
        (Configure({"punctuation": True}), []),
        (
            Configure({"key_terms": ("Kelda",)}, {"keyterms_prompt": ["Rose"], "speaker_labels": True}),
            ['{"type":"UpdateConfiguration","keyterms_prompt":["Rose"]}'],
        ),
    ],
)
def test_commands_are_these_frames(command: Command, frames: list[Any]) -> None:
    assert list(client().send(command)) == frames


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("min_turn_silence", 160), ("max_turn_silence", 2400), ("end_of_turn_confidence_threshold", 0.7),
        ("keyterms_prompt", []), ("prompt", "A call about a booking."), ("agent_context", "When?"),
        ("vad_threshold", 0.5), ("format_turns", True), ("filter_profanity", True), ("interruption_delay", 0),
        ("turn_left_pad_ms", 200), ("language_codes", []), ("session_heartbeat", False), ("acknowledge_silence", True),
        ("continuous_partials", False), ("mode", "min_latency"),
    ],
)  # fmt: skip
def test_every_option_that_can_change_in_mid_session_travels_as_it_is(name: str, value: Any) -> None:
    assert name in adapter.capabilities.configures_options
    (frame,) = client().send(Configure(options={name: value}))
    assert json.loads(frame) == {"type": "UpdateConfiguration", name: value}


def test_what_a_change_becomes_depends_on_the_model() -> None:
    asked = Configure({"languages": ("en-GB", "es"), "punctuation": False})
    assert list(client(U35).send(asked)) == ['{"type":"UpdateConfiguration","language_codes":["en","es"]}']
    assert list(client().send(asked)) == []
    assert list(client(US).send(asked)) == ['{"type":"UpdateConfiguration","format_turns":false}']
    assert list(client(U35).send(Configure({"languages": ()}))) == [
        '{"type":"UpdateConfiguration","language_codes":[]}'
    ]


def dial(**changes: Any) -> Any:
    asked = Settings(provider="assemblyai", api_key=Secret("k"), **changes)
    steps = adapter.dial(asked)
    return dialled(steps, lambda request: HttpResponse(200, {}, json.dumps({"token": repr(request)}).encode()))


def test_the_dial_is_this_url() -> None:
    found = dial(
        model=U35,
        transcription=Transcription(
            languages=("en-GB", "es"), key_terms=("é", "b c"), diarization=True, partials=False, punctuation=True,
            profanity_filter=True, redaction=True, end_of_turn_silence_ms=700,
        ),
        audio=AudioSettings(encoding="mulaw", sample_rate=8000),
        options={"llm_gateway": {"model": "m"}, "mode": None, "session_heartbeat": False},
    )  # fmt: skip
    assert found.headers == {"AssemblyAI-Version": "2025-05-12", "Authorization": "k"}
    assert found.url.startswith("wss://streaming.assemblyai.com/v3/ws?")
    assert query_of(found.url) == {
        "speech_model": [U35], "sample_rate": ["8000"], "encoding": ["pcm_mulaw"],
        "language_codes": ['["en","es"]'], "language_detection": ["true"], "keyterms_prompt": ['["é","b c"]'],
        "speaker_labels": ["true"], "include_partial_turns": ["false"], "filter_profanity": ["true"],
        "redact_pii": ["true"], "max_turn_silence": ["700"], "llm_gateway": ['{"model":"m"}'],
        "session_heartbeat": ["false"], "acknowledge_silence": ["true"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("model", "silences"), [(None, ["true"]), (U35, ["true"]), ("universal-9", ["true"]), (US, None), (WHISPER, None)]
)
def test_signs_of_life_are_asked_for_and_silences_where_the_model_has_them(
    model: str | None, silences: list[str] | None
) -> None:
    for asked in (dial(model=model), dial(options={"speech_model": model} if model else {})):
        query = query_of(asked.url)
        assert query["speech_model"] == [model or "u3-rt-pro"]
        assert query["session_heartbeat"] == ["true"]
        assert query.get("acknowledge_silence") == silences


@pytest.mark.parametrize(
    ("region", "host"),
    [
        (None, "streaming.assemblyai.com"),
        ("global", "streaming.assemblyai.com"),
        ("us", "streaming.us.assemblyai.com"),
        ("eu", "streaming.eu.assemblyai.com"),
    ],
)
def test_regions_are_hosts(region: str | None, host: str) -> None:
    assert dial(region=region).url.startswith(f"wss://{host}/v3/ws?")


@pytest.mark.parametrize("endpoint", ["ws://h:1", "ws://h:1/", "http://h:1/v3/ws"])
def test_a_token_is_fetched_from_the_same_host_and_travels_in_the_query(endpoint: str) -> None:
    found = dial(temporary_token=True, endpoint=endpoint)
    assert found.headers == {"AssemblyAI-Version": "2025-05-12"}
    assert query_of(found.url)["token"] == ["HttpRequest(GET http://h:1/v3/token)"]
    assert found.url.startswith("ws://h:1/v3/ws?")


def test_a_token_has_the_limits_that_options_give_it() -> None:
    seen: list[HttpRequest] = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(200, {}, b'{"token":"t"}')

    limits = {"expires_in_seconds": 5, "max_session_duration_seconds": 90}
    asked = Settings(provider="assemblyai", api_key=Secret("k"), temporary_token=True, options=limits)
    found: Any = dialled(adapter.dial(asked), answer)
    assert query_of(seen[0].url) == {"expires_in_seconds": ["5"], "max_session_duration_seconds": ["90"]}
    assert seen[0].headers == {"authorization": "k"}
    assert not limits.keys() & query_of(found.url).keys()
    dialled(adapter.dial(Settings(provider="assemblyai", temporary_token=True)), answer)
    assert query_of(seen[1].url) == {"expires_in_seconds": ["60"]}


def test_a_token_that_was_issued_elsewhere_travels_as_one_that_was_fetched() -> None:
    found: Any = dialled(adapter.dial(Settings(provider="assemblyai", token=Secret("t"))), lambda _: None)
    assert found.headers == {"AssemblyAI-Version": "2025-05-12"}
    assert query_of(found.url)["token"] == ["t"]


def test_an_answer_without_a_token_sends_no_key_instead() -> None:
    asked = Settings(provider="assemblyai", api_key=Secret("k"), temporary_token=True)
    found: Any = dialled(adapter.dial(asked), lambda _: HttpResponse(200, {}, b"[]"))
    assert found.headers == {"AssemblyAI-Version": "2025-05-12"}
    assert query_of(found.url)["token"] == [""]


def test_what_the_engine_goes_by() -> None:
    can = adapter.capabilities
    assert (can.max_session, can.chunk_seconds, can.sample_rate_range) == (10_800, (0.05, 1.0), (8000, 96_000))
    assert (can.word_slack, can.replay_pace, can.answers_regularly, can.keep_alive) == (1.3, 1.2, False, None)
    assert (can.billed_by, can.encodings, can.max_channels, can.resumes) == ("session", ("s16le", "mulaw"), 1, False)
    assert (can.default_model, can.key_variable) == ("u3-rt-pro", "ASSEMBLYAI_API_KEY")


def became(name: str, model: str | None = None, **changes: Any) -> tuple[str, dict[str, Any]]:
    """What becomes of a setting: its status, and the options without those that are always there."""
    audio = {key: changes.pop(key) for key in ("encoding", "channels") if key in changes}
    asked = Settings(
        provider="assemblyai", model=model, transcription=Transcription(**changes), audio=AudioSettings(**audio)
    )
    translation = adapter.translate(asked)
    (status,) = [item.support.status for item in translation.settings if item.setting == name]
    return status, dict(translation.options)


ALWAYS = {
    "speech_model", "sample_rate", "encoding", "include_partial_turns", "redact_pii", "session_heartbeat",
    "acknowledge_silence",
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "model", "changes", "status", "option"),
    [
        ("language", None, {"language": "en"}, "approximated", {}),
        ("language", None, {"language": "ja"}, "dropped", {}),
        ("language", US, {"language": "de"}, "dropped", {}),
        ("language", WHISPER, {"language": "sw"}, "approximated", {}),
        ("language", "universal-3-6-pro", {"language": "ja-JP"}, "mapped", {"language_codes": ["ja"]}),
        ("language", "universal-3-6-pro", {"language": "sw"}, "dropped", {}),
        ("languages", None, {"languages": ("en", "fr")}, "approximated", {"language_detection": True}),
        ("languages", US, {"languages": ("en", "fr")}, "approximated", {}),
        ("languages", WHISPER, {"languages": ("en", "sw")}, "approximated", {}),
        (
            "languages", "universal-3-6-pro", {"languages": ("sw", "yue")}, "approximated",
            {"language_codes": ["yue"], "language_detection": True},
        ),
        (
            "languages", U35, {"languages": MANY}, "approximated",
            {"language_codes": list(MANY[:10]), "language_detection": True},
        ),
        ("punctuation", None, {"punctuation": True}, "mapped", {}),
        ("punctuation", None, {"punctuation": False}, "dropped", {}),
        ("punctuation", US, {"punctuation": False}, "mapped", {"format_turns": False}),
        ("partials", None, {"partials": True, "redaction": True}, "dropped", {}),
        ("key_terms", None, {"key_terms": ("a",) * 101}, "approximated", {"keyterms_prompt": ["a"] * 100}),
        ("key_terms", None, {"key_terms": ("a" * 50,) * 100}, "mapped", {"keyterms_prompt": ["a" * 50] * 100}),
        ("key_terms", None, {"key_terms": ("a" * 51,)}, "approximated", {"keyterms_prompt": ["a" * 51]}),
        ("key_terms", WHISPER, {"key_terms": ("a",)}, "dropped", {}),
        ("end_of_turn_silence_ms", None, {"end_of_turn_silence_ms": 9}, "approximated", {"max_turn_silence": 9}),
        ("end_of_turn_silence_ms", WHISPER, {"end_of_turn_silence_ms": 9}, "dropped", {}),
        ("diarization", None, {"diarization": True}, "mapped", {"speaker_labels": True}),
        ("profanity_filter", None, {"profanity_filter": True}, "mapped", {"filter_profanity": True}),
        ("redaction", None, {"redaction": True}, "mapped", {}),
        ("filler_words", None, {"filler_words": True}, "dropped", {}),
        ("entities", None, {"entities": True}, "dropped", {}),
        ("entities", None, {"entities": False}, "mapped", {}),
        ("sentiment", None, {"sentiment": True}, "dropped", {}),
        ("translate_to", None, {"translate_to": ("fr",)}, "dropped", {}),
        ("channels", None, {"channels": 2}, "dropped", {}),
        ("channels", None, {}, "mapped", {}),
        ("encoding", None, {"encoding": "f32le"}, "dropped", {}),
    ],
)  # fmt: skip
def test_what_becomes_of_settings(
    name: str, model: str | None, changes: Mapping[str, Any], status: str, option: Mapping[str, Any]
) -> None:
    found, options = became(name, model, **changes)
    assert found == status
    assert {key: options[key] for key in options.keys() - ALWAYS} == option
