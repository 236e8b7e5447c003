"""Golden frames: what the protocol page shows, in both directions."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Command, Configure, EndUtterance, Finish, Invalid, KeepAlive, Start
from voxport.events import (
    Acknowledged,
    Begun,
    Ended,
    Failed,
    Notice,
    SpeechStarted,
    Transcript,
    TurnEnded,
    Unknown,
    Word,
)
from voxport.pair import dialled
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport.wire import query_of
from voxport_adapters.assemblyai import adapter

ID = "7c0e3a52-5b9f-4d1e-9a44-0f6f1f0c2d11"
NOW = 1_791_007_200.0 - 10_800
US, U35 = "universal-streaming-english", "universal-3-5-pro"
MANY = ("en", "es", "de", "fr", "it", "pt", "tr", "nl", "sv", "no", "da")
BEGIN = (
    '{"type":"Begin","id":"7c0e3a52-5b9f-4d1e-9a44-0f6f1f0c2d11","expires_at":1791007200,"configuration":{'
    '"model":"u3-rt-pro","mode":"balanced","api_version":"2025-05-12","speaker_labels":false,"redact_pii":false,'
    '"filter_profanity":false,"domain":null,"voice_focus":null}}'
)
PARTIAL = (
    '{"turn_order":0,"turn_is_formatted":false,"end_of_turn":false,"transcript":"Please move my booking to\u2014",'
    '"end_of_turn_confidence":0,"words":[{"start":640,"end":980,"text":"Please","confidence":0.981,'
    '"word_is_final":false},{"start":1010,"end":1240,"text":"move","confidence":0.996,"word_is_final":false},'
    '{"start":1262,"end":1400,"text":"my","confidence":0.998,"word_is_final":false},{"start":1422,"end":1905,'
    '"text":"booking","confidence":0.993,"word_is_final":false},{"start":1930,"end":2110,"text":"to\u2014",'
    '"confidence":0.71,"word_is_final":false}],"utterance":"","type":"Turn"}'
)
FINAL = (
    '{"turn_order":0,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Please move my booking to Friday.",'
    '"end_of_turn_confidence":1,"words":[{"start":640,"end":982,"text":"Please","confidence":0.984,'
    '"word_is_final":true},{"start":1011,"end":1243,"text":"move","confidence":0.997,"word_is_final":true},'
    '{"start":1263,"end":1401,"text":"my","confidence":0.998,"word_is_final":true},{"start":1423,"end":1910,'
    '"text":"booking","confidence":0.995,"word_is_final":true},{"start":1934,"end":2098,"text":"to",'
    '"confidence":0.99,"word_is_final":true},{"start":2870,"end":3420,"text":"Friday.","confidence":0.962,'
    '"word_is_final":true}],"utterance":"Please move my booking to Friday.","language_code":"en",'
    '"language_confidence":0.94,"type":"Turn"}'
)
US_PARTIAL = (
    '{"turn_order":3,"turn_is_formatted":false,"end_of_turn":false,"transcript":"cancel the",'
    '"end_of_turn_confidence":0.0021,"words":[{"start":9120,"end":9440,"text":"cancel","confidence":0.97,'
    '"word_is_final":true},{"start":9520,"end":9600,"text":"the","confidence":0.99,"word_is_final":true},'
    '{"start":9680,"end":9760,"text":"ord","confidence":0.62,"word_is_final":false}],"utterance":"","type":"Turn"}'
)
DIARIZED = (
    '{"turn_order":5,"turn_is_formatted":true,"end_of_turn":true,"transcript":"Yes, that works.",'
    '"end_of_turn_confidence":1,"words":[{"start":20480,"end":20810,"text":"Yes,","confidence":0.98,"speaker":"B",'
    '"speaker_confidence":0.93,"word_is_final":true},{"start":20870,"end":21090,"text":"that","confidence":0.99,'
    '"speaker":"B","speaker_confidence":0.95,"word_is_final":true},{"start":21120,"end":21640,"text":"works.",'
    '"confidence":0.99,"speaker":"B","speaker_confidence":0.95,"word_is_final":true}],"utterance":"Yes, that works.",'
    '"speaker_label":"B","speaker_confidence":0.94,"type":"Turn"}'
)
WORDS = (
    Word("Please", 0.64, 0.982, 0.984), Word("move", 1.011, 1.243, 0.997), Word("my", 1.263, 1.401, 0.998),
    Word("booking", 1.423, 1.91, 0.995), Word("to", 1.934, 2.098, 0.99), Word("Friday.", 2.87, 3.42, 0.962),
)  # fmt: skip
SAID = Transcript(
    is_final=True, text="Please move my booking to Friday.", start=0.64, end=3.42, words=WORDS, language="en"
)  # fmt: skip


def turn(text: str = "", order: int = 0, **more: Any) -> str:
    """A message of one word a 100 ms, not the last of its turn unless ``more`` says so."""
    words = [
        {"text": word, "start": 100 * n, "end": 100 * n + 80, "confidence": 0.5, "word_is_final": False}
        for n, word in enumerate(text.split(), 1)
    ]
    plain = {"turn_is_formatted": False, "end_of_turn": False, "end_of_turn_confidence": 0, "words": words}
    return json.dumps({"type": "Turn", "turn_order": order, "transcript": text, **plain, **more})


def final(text: str = "", order: int = 0, **more: Any) -> str:
    return turn(text, order, end_of_turn=True, end_of_turn_confidence=1, **more)


def client(model: str | None = None, *, punctuation: bool | None = None, **changes: Any) -> Any:
    asked = Settings(provider="assemblyai", model=model, transcription=Transcription(punctuation=punctuation))
    return adapter.client(asked, Dial("wss://h/v3/ws", **changes))


def hear(*signals: Any, end: Any = None) -> list[Any]:
    end = end or client()
    return [event for signal in signals for event in end.receive(signal)]


def told(heard: list[Any]) -> list[Any]:
    """Transcripts in short (finals in a tuple of their own), and the types of all else."""
    return [
        (event.text if not event.is_final else (event.text,)) if isinstance(event, Transcript) else type(event)
        for event in heard
    ]


# ------------------------------------------------------------------- the client hears


def test_the_greeting() -> None:
    (begun,) = hear(Opened(), BEGIN)
    assert begun == Begun(session_id=ID, expires_at=1791007200, details=json.loads(BEGIN)["configuration"])
    assert hear('{"type":"Begin","id":"x","expires_at":1,"configuration":null}') == [
        Begun(session_id="x", expires_at=1)
    ]
    assert hear('{"type":"Begin","id":"x","expires_at":1}') == [Begun(session_id="x", expires_at=1)]


def test_a_turn_of_the_universal_3_family() -> None:
    start = '{"type":"SpeechStarted","timestamp":640,"confidence":0.97}'
    started, partial, *rest = hear(start, PARTIAL, FINAL)
    assert started == SpeechStarted(at=0.64)
    assert (partial.text, partial.is_final, len(partial.words)) == ("Please move my booking to\u2014", False, 5)
    assert (partial.start, partial.end, partial.words[-1]) == (0.64, 2.11, Word("to\u2014", 1.93, 2.11, 0.71))
    assert rest == [SAID, TurnEnded(at=3.42, confidence=1)]
    assert hear('{"type":"SpeechStarted","timestamp":640}') == [SpeechStarted(at=0.64)]


def test_the_older_models_say_the_pending_word_only_among_the_words_and_tell_no_onset() -> None:
    started, partial, *more = hear(US_PARTIAL, US_PARTIAL, end=client(US))
    assert started == SpeechStarted(at=9.12)
    assert (partial.text, partial.end) == ("cancel the ord", 9.76)
    assert told(more) == ["cancel the ord"]
    assert told(hear(US_PARTIAL)) == ["cancel the"]
    assert told(hear(turn(" [Silence] so"), end=client("whisper-rt"))) == [SpeechStarted, "[Silence] so"]


def test_an_utterance_that_ends_no_turn_is_a_partial() -> None:
    assert told(hear(turn("cancel the order", utterance="cancel the order"), end=client(US))) == [
        SpeechStarted, "cancel the order",
    ]  # fmt: skip


def test_speakers() -> None:
    said, _ = hear(DIARIZED)
    assert (said.speaker, {word.speaker for word in said.words}) == ("B", {"B"})
    said, _ = hear(final("Yes.", speaker_label="UNKNOWN"))
    assert said.speaker is None
    revision = '{"type":"SpeakerRevision","revisions":[{"turn_order":5,"speaker_label":"A","words":[]}]}'
    (notice,) = hear(revision)
    assert (type(notice), notice.code, "5" in notice.message) == (Notice, "speaker_revision", True)


def test_a_partial_is_cleared_when_it_comes_to_nothing() -> None:
    assert told(hear(turn(), turn("uh"), turn(), turn())) == ["uh", ""]
    assert told(hear(turn("uh"), final())) == ["uh", ""]
    assert told(hear(turn("uh"), final("uh"), turn(order=1))) == ["uh", ("uh",), TurnEnded]


def test_an_empty_final_settles_its_words_and_ends_no_turn() -> None:
    words = [{"text": "uh", "start": 0, "end": 400, "confidence": 0.1, "word_is_final": True}]
    assert hear(final(words=words)) == [Acknowledged(until=0.4, settled=True)]
    assert hear(final(language_code=None)) == []


def test_two_finals_of_a_turn_are_the_formatted_one() -> None:
    pair = (final("cancel it"), final("Cancel it.", turn_is_formatted=True))
    assert told(hear(*pair, end=client(US, punctuation=True))) == [SpeechStarted, ("Cancel it.",), TurnEnded]
    assert told(hear(pair[1], end=client(US, punctuation=True))) == [SpeechStarted, ("Cancel it.",), TurnEnded]
    assert told(hear(*pair, end=client(US))) == [SpeechStarted, ("cancel it",), TurnEnded]


@pytest.mark.parametrize(
    ("later", "more"),
    [
        (turn("and", order=1), [SpeechStarted, "and"]),
        ('{"type":"Termination","audio_duration_seconds":1,"session_duration_seconds":2}', [Ended]),
        ('{"type":"Error","error_code":3005,"error":"Session Cancelled: An error occurred"}', [Failed]),
        (Closed(None), [Failed]),
        (Closed(3008), [Failed]),
    ],
)
def test_a_final_whose_formatted_twin_never_comes_is_told_before_what_comes(later: Any, more: list[Any]) -> None:
    heard = told(hear(final("cancel it"), later, end=client(US, punctuation=True)))
    assert heard == [SpeechStarted, ("cancel it",), TurnEnded, *more]


def test_silence_settles_only_what_no_open_turn_needs() -> None:
    silence = '{"type":"Silence","start_ms":4000,"end_ms":5000}'
    assert hear(silence) == [Acknowledged(until=5.0, settled=True)]
    assert hear(turn("uh"), silence)[-1] == Acknowledged(until=5.0)
    assert hear('{"type":"SpeechStarted","timestamp":1}', silence)[-1] == Acknowledged(until=5.0)
    assert hear(turn("uh"), final("uh"), silence)[-1] == Acknowledged(until=5.0, settled=True)


def test_what_a_client_must_ask_for() -> None:
    beat = (
        '{"type":"Heartbeat","total_audio_received_ms":9950,"total_duration_ms":10090,"realtime_factor":0.9987,'
        '"max_speech_probability":0.9998}'
    )
    assert hear(beat) == [Acknowledged(until=9.95)]
    (notice,) = hear('{"type":"LLMGatewayResponse","turn_order":0,"transcript":"x","data":{"choices":[]}}')
    assert (type(notice), notice.code) == (Notice, "llm_gateway")
    warning = '{"type":"Warning","warning_code":3006,"warning":"Example text only; real codes are unknown"}'
    assert hear(warning) == [Notice(code="3006", message="Example text only; real codes are unknown")]
    assert hear('{"type":"Bogus"}') == [Unknown(kind="Bogus")]


def test_termination_ends_the_session_and_the_close_says_nothing_more() -> None:
    last = '{"type":"Termination","audio_duration_seconds":69,"session_duration_seconds":73}'
    ended = Ended(reported_audio_seconds=69, reported_session_seconds=73)
    assert hear(last, Closed(1000, "Session Ended")) == [ended]
    end = client()
    end.send(Finish())
    assert hear(Closed(1000), end=end) == [Ended(tail_lost=True)]


@pytest.mark.parametrize(
    ("code", "text", "kind", "retryable"),
    [
        (1008, "Unauthorized Connection: Invalid API key", "refused", False),
        (1008, "Unauthorized connection: Too many concurrent sessions", "refused", True),
        (3005, "Session Cancelled: An error occurred", "provider", True),
        (3006, "User Input Validation Error: Invalid 'keyterms_prompt': Value error, Max 100 items", "invalid", False),
        (3007, "Audio Transmission Rate Exceeded: Received 9 sec. audio in 1 sec", "invalid", False),
        (3008, "Session Expired: Maximum session duration exceeded", "refused", False),
        (3009, "Unauthorized Connection: Too many concurrent sessions", "refused", True),
    ],
)
def test_what_an_error_means(code: int, text: str, kind: str, retryable: bool) -> None:  # noqa: FBT001 -- a table
    error = json.dumps({"type": "Error", "error_code": code, "error": text})
    (failed,) = hear(error, Closed(code, "See Error message for details"))
    assert (failed.kind, failed.code, failed.message, failed.retryable) == (kind, str(code), text, retryable)
    assert hear(Closed(code, text))[0].kind == kind
    (bare,) = hear(Closed(code, "See Error message for details"))
    assert (bare.kind, "See Error" in bare.message and code != 3005) == (kind, False)


@pytest.mark.parametrize(
    ("code", "kind"), [(None, "network"), (1006, "network"), (1011, "provider"), (1013, "provider")]
)
def test_a_close_without_a_meaning_is_worth_another_try(code: int | None, kind: str) -> None:
    (failed,) = hear(Closed(code))
    assert (failed.kind, failed.retryable) == (kind, True)


def test_an_error_may_come_without_a_code() -> None:
    (failed,) = hear('{"type":"Error","error":"Session Cancelled: An error occurred"}')
    assert (failed.code, failed.retryable) == ("3005", True)


# ------------------------------------------------------------------- the client says


@pytest.mark.parametrize(
    ("command", "frames"),
    [
        (Audio(b"12"), [b"12"]),
        (EndUtterance(), ['{"type":"ForceEndpoint"}']),
        (KeepAlive(), ['{"type":"KeepAlive"}']),
        (Finish(), ['{"type":"Terminate"}']),
        (Configure({}), []),
        (Configure({"diarization": True, "key_terms": None}), []),
        (
            Configure({"key_terms": ("Kelda",), "end_of_turn_silence_ms": 900}),
            ['{"type":"UpdateConfiguration","keyterms_prompt":["Kelda"],"max_turn_silence":900}'],
        ),
        (Configure({"key_terms": ()}), ['{"type":"UpdateConfiguration","keyterms_prompt":[]}']),
        (Configure({"profanity_filter": False}), ['{"type":"UpdateConfiguration","filter_profanity":false}']),
    ],
)
def test_commands_are_these_frames(command: Command, frames: list[Any]) -> None:
    assert list(client().send(command)) == frames


def test_languages_change_where_the_model_takes_them() -> None:
    asked = Configure({"languages": ("en-GB", "es")})
    update = ['{"type":"UpdateConfiguration","language_codes":["en","es"]}']
    assert list(client(U35).send(asked)) == update
    assert list(client().send(asked)) == []


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
        options={"llm_gateway": {"model": "m"}, "mode": None, "session_heartbeat": True},
    )  # fmt: skip
    assert found.headers == {"AssemblyAI-Version": "2025-05-12", "Authorization": "k"}
    assert found.url.startswith("wss://streaming.assemblyai.com/v3/ws?")
    assert query_of(found.url) == {
        "speech_model": [U35], "sample_rate": ["8000"], "encoding": ["pcm_mulaw"],
        "language_codes": ['["en","es"]'], "keyterms_prompt": ['["é","b c"]'], "speaker_labels": ["true"],
        "include_partial_turns": ["false"], "filter_profanity": ["true"], "redact_pii": ["true"],
        "max_turn_silence": ["700"], "llm_gateway": ['{"model":"m"}'], "session_heartbeat": ["true"],
    }  # fmt: skip


@pytest.mark.parametrize("endpoint", ["ws://h:1", "ws://h:1/", "http://h:1/v3/ws"])
def test_a_token_is_fetched_from_the_same_host_and_travels_in_the_query(endpoint: str) -> None:
    found = dial(temporary_token=True, endpoint=endpoint)
    assert found.headers == {"AssemblyAI-Version": "2025-05-12"}
    assert query_of(found.url)["token"] == ["HttpRequest(GET http://h:1/v3/token)"]
    assert found.url.startswith("ws://h:1/v3/ws?")


def became(name: str, model: str | None = None, **changes: Any) -> tuple[str, dict[str, Any]]:
    """What becomes of a setting: its status, and the options without those that are always there."""
    audio = {key: changes.pop(key) for key in ("encoding", "channels") if key in changes}
    asked = Settings(
        provider="assemblyai", model=model, transcription=Transcription(**changes), audio=AudioSettings(**audio)
    )
    translation = adapter.translate(asked)
    (status,) = [item.support.status for item in translation.settings if item.setting == name]
    return status, dict(translation.options)


@pytest.mark.parametrize(
    ("name", "model", "changes", "status", "option"),
    [
        ("language", None, {"language": "en"}, "approximated", None),
        ("language", None, {"language": "ja"}, "dropped", None),
        ("language", US, {"language": "de"}, "dropped", None),
        ("language", "whisper-rt", {"language": "sw"}, "approximated", None),
        ("language", "universal-3-6-pro", {"language": "ja-JP"}, "mapped", ("language_codes", ["ja"])),
        ("language", "universal-3-6-pro", {"language": "sw"}, "dropped", None),
        ("languages", "universal-3-6-pro", {"languages": ("sw", "yue")}, "approximated", ("language_codes", ["yue"])),
        ("languages", U35, {"languages": MANY}, "approximated", ("language_codes", list(MANY[:10]))),
        ("punctuation", None, {"punctuation": True}, "mapped", None),
        ("punctuation", None, {"punctuation": False}, "dropped", None),
        ("punctuation", US, {"punctuation": False}, "mapped", ("format_turns", False)),
        ("partials", None, {"partials": True, "redaction": True}, "dropped", None),
        ("key_terms", None, {"key_terms": ("a",) * 101}, "approximated", ("keyterms_prompt", ["a"] * 100)),
        ("key_terms", None, {"key_terms": ("a" * 51,)}, "approximated", ("keyterms_prompt", ["a" * 51])),
        ("key_terms", "whisper-rt", {"key_terms": ("a",)}, "dropped", None),
        ("end_of_turn_silence_ms", None, {"end_of_turn_silence_ms": 9}, "approximated", ("max_turn_silence", 9)),
        ("end_of_turn_silence_ms", "whisper-rt", {"end_of_turn_silence_ms": 9}, "dropped", None),
        ("channels", None, {"channels": 2}, "dropped", None),
        ("channels", None, {}, "mapped", None),
        ("encoding", None, {"encoding": "f32le"}, "dropped", None),
    ],
)
def test_what_becomes_of_settings(
    name: str, model: str | None, changes: Mapping[str, Any], status: str, option: tuple[str, Any] | None
) -> None:
    found, options = became(name, model, **changes)
    assert found == status
    extra = options.keys() - {"speech_model", "sample_rate", "encoding", "include_partial_turns", "redact_pii"}
    assert {key: options[key] for key in extra} == ({} if option is None else dict([option]))


def test_what_http_refusals_say() -> None:
    live = (
        b'{"detail":[{"type":"greater_than_equal","loc":["query","expires_in_seconds"],"msg":"too small","input":"0"}]}'
    )
    failed = adapter.explain(HttpResponse(422, {}, live))
    assert (failed.kind, "expires_in_seconds" in failed.message, "too small" in failed.message) == (
        "invalid",
        True,
        True,
    )
    failed = adapter.explain(HttpResponse(401, {}, b'{"error":"bad key","code":"x"}'))
    assert (failed.kind, failed.code, failed.message) == ("refused", "401 x", "bad key")
    assert adapter.explain(HttpResponse(404, {}, b'{"detail":"Not Found"}')).message == "Not Found"


# ------------------------------------------------------------------- the front


def upgrade(query: str = "speech_model=u3-rt-pro", path: str = "/v3/ws", clock: Any = None, **headers: str) -> Accepted:
    front = adapter.front(Desk(frozenset({"k"}), lambda: ID, clock or (lambda: NOW)))
    sent = {name.replace("_", "-"): value for name, value in headers.items()} or {"authorization": "k"}
    accepted = front.accept(HttpRequest("GET", f"http://h{path}?{query}", sent))
    assert isinstance(accepted, Accepted)
    return accepted


def refusal(accepted: Accepted) -> Failed:
    """What the server says once the connection is up: an ``Error``, and a close with its code."""
    (invalid,) = accepted.server.receive(Opened())
    assert isinstance(invalid, Invalid)
    assert isinstance(invalid.answer, Failed)
    error, closed = accepted.server.send(invalid.answer)
    assert isinstance(error, str)
    code = int(invalid.answer.code)
    assert json.loads(error) == {"type": "Error", "error_code": code, "error": invalid.answer.message}
    assert closed == Closed(code, "See Error message for details")
    return invalid.answer


@pytest.mark.parametrize(
    ("headers", "query"), [({"authorization": "k"}, ""), ({"x": "y"}, "token=k"), ({"authorization": ""}, "token=k")]
)
@pytest.mark.parametrize("path", ["/v3/ws", "/eu/v3/ws/", "/", ""])
def test_the_key_is_accepted_in_either_place(headers: dict[str, str], query: str, path: str) -> None:
    (start,) = upgrade(query, path, **headers).server.receive(Opened())
    assert isinstance(start, Start)


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"authorization": "Bearer k"}, "Invalid API key"),
        ({"authorization": "x"}, "Invalid API key"),
        ({"x": "y"}, "Missing Authorization header"),
    ],
)
def test_every_other_form_is_refused_after_the_upgrade(headers: dict[str, str], why: str) -> None:
    failed = refusal(upgrade("sample_rate=7", **headers))
    assert (failed.code, failed.message) == ("1008", f"Unauthorized Connection: {why}")


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("sample_rate=7000", "'sample_rate': Value error, sample_rate must be at least 8,000 Hz"),
        ("encoding=flac", "'encoding': Value error, 'flac' is not a valid Encoding"),
        ("keyterms_prompt=a&keyterms_prompt=b", "'keyterms_prompt': Value error, Invalid JSON array"),
        ("keyterms_prompt=%5B%22a%22%5D&keyterms_prompt=%5B%5D", "'keyterms_prompt': Value error, Invalid JSON array"),
        ("keyterms_prompt=" + "[" * 4000, "'keyterms_prompt': Value error, Invalid JSON array"),
        (f"keyterms_prompt={quote(json.dumps(['a'] * 101))}", "'keyterms_prompt': Value error, Max 100 items"),
        (f"language_codes={quote(json.dumps(['en'] * 11))}", "'language_codes': Value error, Max 10 items"),
        (
            f"prompt={'a' * 1751}",
            "'prompt': Value error, prompt exceeds maximum length of 1750 characters (got 1751)",
        ),
        ("inactivity_timeout=4", "'inactivity_timeout': Expected `int` >= 5"),
        ("mode=%7Bfast%7D", "'mode': Invalid enum value '{fast}'"),
    ],
)
def test_a_bad_query_is_refused_with_the_services_words(query: str, why: str) -> None:
    failed = refusal(upgrade(query))
    assert (failed.code, failed.message) == ("3006", f"User Input Validation Error: Invalid {why}")


def test_unknown_models_and_languages_are_refused_by_naming_those_that_there_are() -> None:
    model = refusal(upgrade("speech_model=u3-pro")).message
    begin = "User Input Validation Error: Invalid 'speech_model': Input should be 'universal-streaming-english', "
    assert model.startswith(begin)
    assert model.endswith(" or '_universal-3-5-notetaker'")
    code = refusal(upgrade("language_codes=%5B%22en%22,%22tlh%22%5D")).message
    assert code.startswith("User Input Validation Error: Invalid 'language_codes.1': Input should be ")
    assert refusal(upgrade("sample_rate=400000")).code == "3006"


def started(query: str) -> Settings:
    (start,) = upgrade(query).server.receive(Opened())
    assert isinstance(start, Start)
    assert isinstance(start.settings, Settings)
    return start.settings


def test_the_query_as_the_python_sdk_sends_it() -> None:
    found = started(
        "vad_threshold=0.4&max_turn_silence=700&keyterms_prompt=%5B%22%5Cu00e9%22%2C+%22b+c%22%5D&filter_profanity=True"
        "&sample_rate=8000&encoding=pcm_mulaw&speech_model=universal-3-5-pro&speaker_labels=True"
        "&include_partial_turns=False&language_codes=%5B%22en%22%2C+%22es%22%5D&made_up=1&speechModel=x"
    )
    assert found == Settings(
        provider="assemblyai", model=U35, audio=AudioSettings(sample_rate=8000, encoding="mulaw"),
        transcription=Transcription(
            languages=("en", "es"), partials=False, punctuation=True, diarization=True, key_terms=("é", "b c"),
            end_of_turn_silence_ms=700, profanity_filter=True, redaction=False,
        ),
    )  # fmt: skip


def test_what_is_not_said_is_as_the_service_has_it() -> None:
    found = started("")
    assert (found.model, found.audio) == (U35, AudioSettings())
    assert (found.transcription.partials, found.transcription.punctuation) == (True, True)
    assert started(f"speech_model={US}").transcription.punctuation is False
    assert started("redact_pii=true&include_partial_turns=true").transcription.partials is False
    assert started("language_codes=[%22es%22]").transcription.language == "es"
    assert started("language_code=es").transcription.language == "es"
    assert started("max_turn_silence=90000").transcription.end_of_turn_silence_ms == 60_000
    assert started("max_turn_silence=0").transcription.end_of_turn_silence_ms is None


def test_tokens_are_granted_and_expire() -> None:
    clock = [1000.0]
    front = adapter.front(Desk(frozenset({"k"}), lambda: "token-1", lambda: clock[0]))

    def ask(query: str, **headers: str) -> HttpResponse:
        answer = front.answer(HttpRequest("GET", f"http://h/v3/token?{query}", headers))
        assert answer is not None
        return answer

    for key in ("k", "Bearer k"):
        granted = ask("expires_in_seconds=60", authorization=key)
        assert (granted.status, json.loads(granted.body)) == (200, {"token": "token-1", "expires_in_seconds": 60})
    for query, kind, bounds in (
        ("expires_in_seconds=0", "greater_than_equal", {"ge": 1}),
        ("expires_in_seconds=601", "less_than_equal", {"le": 600}),
        ("expires_in_seconds=" + "9" * 5000, "less_than_equal", {"le": 600}),
        ("", "missing", {}),
    ):
        refused = ask(query, authorization="k")
        (detail,) = json.loads(refused.body)["detail"]
        assert (refused.status, detail["type"], detail["loc"][1], detail["ctx"]) == (
            422, kind, "expires_in_seconds", bounds,
        )  # fmt: skip
    assert ask("expires_in_seconds=60").status == 422
    assert ask("expires_in_seconds=60", authorization="x").status == 401
    for place in (
        HttpRequest("GET", "http://h/v3/ws?token=token-1"),
        HttpRequest("GET", "http://h/v3/ws", {"authorization": "token-1"}),
    ):
        clock[0] = 1059.0
        accepted = front.accept(place)
        assert isinstance(accepted, Accepted)
        assert [type(command) for command in accepted.server.receive(Opened())] == [Start]
        clock[0] = 1061.0
        accepted = front.accept(place)
        assert isinstance(accepted, Accepted)
        assert refusal(accepted).message == "Unauthorized Connection: Signature has expired"


def test_other_paths_are_not_its_business() -> None:
    front = adapter.front(Desk(frozenset({"k"}), lambda: ID, lambda: NOW))
    assert front.accept(HttpRequest("GET", "http://h/v2/listen")) is None
    assert front.answer(HttpRequest("GET", "http://h/v3/ws")) is None
    assert front.answer(HttpRequest("POST", "http://h/v3/token?expires_in_seconds=60")) is None


def test_an_idle_session_ends_only_where_that_was_asked_for() -> None:
    assert upgrade().timers == ()
    accepted = upgrade("inactivity_timeout=5")
    (timer,) = accepted.timers
    assert (timer.kind, timer.after) == ("idle", 5)
    why = "Session terminated due to inactivity: No messages received for 5 seconds"
    assert said(accepted, timer.answer) == [
        {"type": "Error", "error_code": 3006, "error": why},
        Closed(3006, "See Error message for details"),
    ]


# ------------------------------------------------------------------- the server hears


@pytest.mark.parametrize(
    ("frame", "command"),
    [
        (b"12" * 800, Audio(b"12" * 800)),
        ('{"type":"Terminate"}', Finish()),
        ('{"type": "ForceEndpoint"}', EndUtterance()),
        ('{"type":"KeepAlive"}', KeepAlive()),
        (
            '{"max_turn_silence":900,"keyterms_prompt":["Kelda"],"prompt":"p","type":"UpdateConfiguration"}',
            Configure({"key_terms": ["Kelda"], "end_of_turn_silence_ms": 900}),
        ),
        ('{"keyterms_prompt":[],"type":"UpdateConfiguration"}', Configure({"key_terms": []})),
        (
            '{"type":"UpdateConfiguration","filter_profanity":true,"language_codes":["es"],"sample_rate":7}',
            Configure({"language": "es", "profanity_filter": True}),
        ),
        ('{"type":"UpdateConfiguration","max_turn_silence":null}', Configure({})),
    ],
)
def test_the_server_hears(frame: str | bytes, command: Command) -> None:
    assert list(upgrade().server.receive(frame)) == [command]


@pytest.mark.parametrize(
    ("frame", "code", "text"),
    [
        (
            "{x}",
            3006,
            (
                "User Input Validation Error: Invalid JSON: Expecting property name enclosed in double quotes: "
                "line 1 column 2 (char 1)"
            ),
        ),
        ('{"type":"Bogus"}', 3006, "User Input Validation Error: Invalid Message Type: Bogus"),
        ('{"type":7}', 3006, "User Input Validation Error: Invalid Message Type: 7"),
        ("[]", 3006, "Invalid Message: []"),
        ("{}", 3006, "Invalid Message: {}"),
        (
            json.dumps({"type": "UpdateConfiguration", "agent_context": "a" * 1751}),
            3006,
            (
                "User Input Validation Error: Invalid 'agent_context': Value error, agent_context exceeds maximum length of "
                "1750 characters (got 1751)"
            ),
        ),
        (
            json.dumps({"type": "UpdateConfiguration", "keyterms_prompt": ["a"] * 101}),
            3006,
            "User Input Validation Error: Invalid 'keyterms_prompt': Value error, Max 100 items",
        ),
        (
            json.dumps({"type": "UpdateConfiguration", "keyterms_prompt": "a"}),
            3006,
            "User Input Validation Error: Invalid 'keyterms_prompt': Value error, Invalid JSON array",
        ),
        (
            bytes(38_400),
            3007,
            "Input Duration Error: Input Duration Violation: 1200.0 ms. Expected between 50 and 1000 ms",
        ),
    ],
)
def test_what_breaks_the_protocol_ends_the_session(frame: str | bytes, code: int, text: str) -> None:
    accepted = upgrade()
    (invalid,) = accepted.server.receive(frame)
    assert isinstance(invalid, Invalid)
    error, closed = said(accepted, invalid.answer)
    assert error == {"type": "Error", "error_code": code, "error": text}
    assert closed == Closed(code, "See Error message for details")


@pytest.mark.parametrize("frame", ["[" * 100_000, '{"type":"\\ud800"}', '{"type":NaN}', f'{{"a":{"9" * 5000}}}'])
def test_no_nonsense_makes_it_raise(frame: str) -> None:
    accepted = upgrade()
    (invalid,) = accepted.server.receive(frame)
    assert isinstance(invalid, Invalid)
    assert said(accepted, invalid.answer)[-1] == Closed(3006, "See Error message for details")


def test_short_messages_are_borne_for_about_a_second() -> None:
    end = upgrade().server
    heard = [type(command) for _ in range(50) for command in end.receive(bytes(640))]
    assert heard == [Audio] * 49 + [Invalid]
    end = upgrade().server
    chunks = [bytes(640)] * 49 + [bytes(1600)] + [bytes(640)] * 49 + [bytes(32_000)]
    assert {type(command) for chunk in chunks for command in end.receive(chunk)} == {Audio}


# ------------------------------------------------------------------- the server says


def said(accepted: Accepted, *events: Any) -> list[Any]:
    frames = [frame for event in events for frame in accepted.server.send(event)]
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in frames]


def test_the_greeting_echoes_a_few_settings() -> None:
    assert said(upgrade(), Begun()) == [json.loads(BEGIN)]
    (begin,) = said(upgrade(f"speech_model={US}&speaker_labels=true&domain=medical-v1"), Begun())
    told = begin["configuration"]
    assert (told["mode"], told["speaker_labels"], told["domain"]) == (None, True, "medical-v1")
    assert '"expires_at":1791007200,' in next(iter(upgrade().server.send(Begun())))  # type: ignore[operator] # a str


def test_a_turn_is_said_as_the_page_shows_it() -> None:
    partial = Transcript(
        is_final=False, text="Please move my booking to\u2014", words=(
            Word("Please", 0.64, 0.98, 0.981), Word("move", 1.01, 1.24, 0.996), Word("my", 1.262, 1.4, 0.998),
            Word("booking", 1.422, 1.905, 0.993), Word("to\u2014", 1.93, 2.11, 0.71),
        ),
    )  # fmt: skip
    accepted = upgrade("speech_model=u3-rt-pro&language_detection=true")
    golden = json.loads(FINAL)
    del golden["language_confidence"]
    assert said(accepted, SpeechStarted(at=0.64), partial, SAID, TurnEnded(at=3.42)) == [
        {"type": "SpeechStarted", "timestamp": 640, "confidence": 1.0},
        json.loads(PARTIAL),
        golden,
    ]
    frame = next(iter(accepted.server.send(partial)))
    assert '"timestamp":0,' in str(frame)
    assert '"start":640,"end":980,' in str(list(accepted.server.send(partial)))


def test_speakers_are_told_on_finals_where_asked_for() -> None:
    words = tuple(
        Word(w["text"], w["start"] / 1000, w["end"] / 1000, w["confidence"], "B") for w in json.loads(DIARIZED)["words"]
    )
    final = Transcript(is_final=True, text="Yes, that works.", words=words)
    *_, partial, turn = said(
        upgrade("speaker_labels=true"), Transcript(is_final=False, text="Yes", words=words[:1]), final, TurnEnded()
    )
    assert turn["speaker_label"] == "B"
    assert {word["speaker"] for word in turn["words"]} == {"B"}
    assert "speaker" not in partial["words"][0]
    *_, turn = said(upgrade(), final, TurnEnded())
    assert "speaker_label" not in turn
    assert "speaker" not in turn["words"][0]
    *_, turn = said(upgrade("speaker_labels=true"), Transcript(is_final=True, text="Yes."), TurnEnded())
    assert (turn["speaker_label"], turn["words"]) == ("UNKNOWN", [])


def test_finals_gather_until_the_turn_ends_and_turns_are_counted() -> None:
    accepted = upgrade()
    one = Transcript(is_final=True, text="Ask", start=1.0, end=1.2, words=(Word("Ask", 1.0, 1.2),))
    two = Transcript(is_final=True, text="not", start=1.3, end=1.4, words=(Word("not", 1.3, 1.4),))
    mark = Transcript(is_final=True, text=".", glued=True)
    guess = Transcript(is_final=False, text="no", start=1.3, end=1.4, words=(Word("no", 1.3, 1.4),))
    onset, partial, turn = said(accepted, one, guess, two, mark, TurnEnded(at=1.4, confidence=0.7))
    assert onset == {"type": "SpeechStarted", "timestamp": 1000, "confidence": 1.0}
    assert (partial["transcript"], [word["text"] for word in partial["words"]]) == ("Ask no", ["Ask", "no"])
    assert (partial["utterance"], partial["end_of_turn_confidence"], partial["turn_order"]) == ("", 0, 0)
    assert (turn["transcript"], turn["utterance"], turn["turn_order"]) == ("Ask not.", "Ask not.", 0)
    assert (turn["end_of_turn_confidence"], turn["words"][0]["confidence"]) == (0.7, 1.0)
    assert said(accepted, TurnEnded(forced=True)) == []
    _, turn = said(accepted, two, TurnEnded())
    assert (turn["transcript"], turn["turn_order"]) == ("not", 1)


def test_an_onset_is_told_once_in_a_turn_and_before_it() -> None:
    accepted = upgrade("speech_model=u3-rt-pro&redact_pii=true")
    guess = Transcript(is_final=False, text="a", start=2.0, end=2.1)
    events = (SpeechStarted(at=1.0), SpeechStarted(at=1.5), guess, SAID, SpeechStarted(at=3.0), TurnEnded(), guess)
    assert [frame["type"] for frame in said(accepted, *events)] == ["SpeechStarted", "Turn", "SpeechStarted"]
    assert [frame["type"] for frame in said(upgrade(f"speech_model={US}"), *events)] == ["Turn", "Turn", "Turn"]


def test_an_empty_partial_is_said_only_to_clear_another() -> None:
    empty = Transcript(is_final=False, text="")
    assert said(upgrade(), empty) == []
    *_, cleared = said(upgrade(), Transcript(is_final=False, text="a"), empty)
    assert (cleared["transcript"], cleared["words"], cleared["end_of_turn"]) == ("", [], False)


def test_only_partials_that_were_asked_for_are_said() -> None:
    guess = Transcript(is_final=False, text="a", start=2.0, end=2.1)
    assert said(upgrade(f"speech_model={US}&include_partial_turns=false"), guess) == []


def test_the_older_models_do_not_punctuate_unless_asked_to() -> None:
    (turn,) = said(upgrade(f"speech_model={US}"), SAID, TurnEnded())
    assert (turn["transcript"], turn["turn_is_formatted"]) == ("please move my booking to friday", False)
    assert turn["words"][-1]["text"] == "friday"
    dash = Transcript(is_final=True, text="Well \u2014", start=1.0, words=(Word("Well"), Word("\u2014", 2.0)))
    (turn,) = said(upgrade(f"speech_model={US}"), dash, TurnEnded())
    assert [(word["text"], word["start"], word["end"]) for word in turn["words"]] == [("well", 1000, 1000)]
    (turn,) = said(upgrade(f"speech_model={US}&format_turns=true"), SAID, TurnEnded())
    assert (turn["transcript"], turn["turn_is_formatted"]) == (SAID.text, True)
    assert "language_code" not in turn
    (turn,) = said(upgrade("speech_model=whisper-rt"), SAID, TurnEnded())
    assert turn["language_code"] == "en"


def test_nothing_is_said_that_was_not_opted_in_to() -> None:
    events = (Acknowledged(until=1.0, settled=True), Notice(code="slow", message="m"), Unknown(kind="x"))
    assert said(upgrade(), *events) == []
    warned = {"type": "Warning", "warning_code": 3006, "warning": "m"}
    assert said(upgrade(), Notice(code="3006", message="m")) == [warned]


def test_only_an_error_has_a_key_named_error() -> None:
    events = (Begun(), SpeechStarted(at=0.1), SAID, TurnEnded(), Notice(code="1", message="error"), Ended())
    frames = said(upgrade(), *events)
    assert len(frames) == 6
    assert not any("error" in frame for frame in frames if isinstance(frame, dict))


def test_the_end_is_the_open_turn_then_termination_then_close_1000() -> None:
    clock = [NOW]
    accepted = upgrade(clock=lambda: clock[0])
    for _ in range(23):
        accepted.server.receive(bytes(9600))
    clock[0] += 7.2
    onset, turn, last, closed = said(accepted, SAID, Ended())
    assert (onset["type"], turn["transcript"], turn["end_of_turn"]) == ("SpeechStarted", SAID.text, True)
    assert last == {"type": "Termination", "audio_duration_seconds": 7, "session_duration_seconds": 8}
    assert closed == Closed(1000, "Session Ended")
    frame = str(next(iter(upgrade().server.send(Ended(reported_audio_seconds=2.6)))))
    assert frame == '{"type":"Termination","audio_duration_seconds":3,"session_duration_seconds":0}'


@pytest.mark.parametrize(
    ("failed", "code"),
    [
        (Failed(kind="provider", code="1011", message="m"), 3005),
        (Failed(kind="network", code="dropped", message="m"), 3005),
        (Failed(kind="refused", code="401", message="m"), 1008),
        (Failed(kind="refused", code="429", message="m", retryable=True), 3009),
        (Failed(kind="invalid", code="400 BAD", message="m"), 3006),
        (Failed(kind="refused", code="3008", message="m"), 3008),
    ],
)
def test_a_failure_is_an_error_and_a_close_with_a_code_of_the_service(failed: Failed, code: int) -> None:
    assert said(upgrade(), failed) == [
        {"type": "Error", "error_code": code, "error": "m"},
        Closed(code, "See Error message for details"),
    ]
