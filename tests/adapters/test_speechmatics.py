"""Golden frames: what the protocol page shows, in both directions."""

import json
from typing import Any

import pytest

from voxport.codec import Accepted, Closed, Desk, Dial, HttpRequest, HttpResponse, Opened
from voxport.commands import Audio, Configure, EndUtterance, Finish, Invalid, KeepAlive, Start
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
from voxport.pair import dialled, lower
from voxport.settings import AudioSettings, Secret, Settings, Transcription
from voxport_adapters.speechmatics import Client, Server, adapter

ID = "5f1d7c1e-6a1f-4b0e-9c58-0d2b7a3f9e11"
STARTED = (
    '{"message":"RecognitionStarted","id":"5f1d7c1e-6a1f-4b0e-9c58-0d2b7a3f9e11",'
    '"orchestrator_version":"2026.01.15+abc1234.15.3.0","language_pack_info":{"adapted":false,"itn":true,'
    '"language_description":"English","word_delimiter":" ","writing_direction":"left-to-right"}}'
)
FINAL = (
    '{"message":"AddTranscript","format":"2.9",'
    '"metadata":{"start_time":3.2,"end_time":4.64,"transcript":"Please call back. "},"results":['
    '{"type":"word","start_time":3.32,"end_time":3.68,'
    '"alternatives":[{"content":"Please","confidence":0.99,"language":"en","speaker":"S1"}]},'
    '{"type":"word","start_time":3.68,"end_time":3.96,'
    '"alternatives":[{"content":"call","confidence":1.0,"language":"en","speaker":"S1"}]},'
    '{"type":"word","start_time":3.96,"end_time":4.32,'
    '"alternatives":[{"content":"back","confidence":0.97,"language":"en","speaker":"S1"}]},'
    '{"type":"punctuation","start_time":4.32,"end_time":4.32,"attaches_to":"previous","is_eos":true,'
    '"alternatives":[{"content":".","confidence":1.0,"language":"en","speaker":"S1"}]}]}'
)
WORDS = (
    Word("Please", 3.32, 3.68, 0.99, "S1", "en"), Word("call", 3.68, 3.96, 1.0, "S1", "en"),
    Word("back.", 3.96, 4.32, 0.97, "S1", "en"),
)  # fmt: skip
SAID = Transcript(is_final=True, text="Please call back.", start=3.32, end=4.32, words=WORDS)
PARTIAL = (
    '{"message":"AddPartialTranscript","format":"2.9",'
    '"metadata":{"start_time":4.64,"end_time":5.08,"transcript":"about the"},"results":['
    '{"type":"word","start_time":4.68,"end_time":4.92,'
    '"alternatives":[{"content":"about","confidence":0.8,"language":"en","speaker":"S1"}]},'
    '{"type":"word","start_time":4.92,"end_time":5.08,'
    '"alternatives":[{"content":"the","confidence":1.0,"language":"en","speaker":"S1"}]}]}'
)
TAIL = (Word("about", 4.68, 4.92, 0.8, "S1", "en"), Word("the", 4.92, 5.08, 1.0, "S1", "en"))
GUESS = Transcript(is_final=False, text="about the", start=4.68, end=5.08, words=TAIL)
SILENCE = (
    '{"message":"AddTranscript","format":"2.9","metadata":{"start_time":5.52,"end_time":5.88,"transcript":""},"results":[]}',
    '{"message":"AddPartialTranscript","metadata":{"start_time":5.88,"end_time":5.88,"transcript":""},"format":"2.9","results":[]}',
)
UTTERANCE = '{"message":"EndOfUtterance","format":"2.9","metadata":{"start_time":4.72,"end_time":4.72}}'


def client(**asked: Any) -> Any:
    return Client(Settings(provider="speechmatics", **asked), Dial("wss://h/v2"))


def hear(*frames: str, end: Any = None) -> list[Any]:
    end = end or client()
    return [event for frame in (STARTED, *frames) for event in end.receive(frame)][1:]


def message(kind: str, *results: dict[str, Any], until: float = 1.0, **more: Any) -> str:
    metadata = {"start_time": 0.0, "end_time": until, "transcript": ""}
    return json.dumps({"message": kind, "metadata": metadata, "results": results} | more)


def word(content: str, start: float = 0.1, end: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"type": "word", "start_time": start, "end_time": end, "alternatives": [{"content": content, **more}]}


def mark(content: str, attaches_to: str | None = None, at: float = 0.5) -> dict[str, Any]:
    said = {"type": "punctuation", "start_time": at, "end_time": at, "alternatives": [{"content": content}]}
    return said | ({"attaches_to": attaches_to} if attaches_to else {})


# ------------------------------------------------------------------- the client hears


def test_begun_says_what_the_service_says_of_itself() -> None:
    (begun,) = client().receive(STARTED)
    assert begun == Begun(
        session_id=ID,
        details={
            "version": "2026.01.15+abc1234.15.3.0", "adapted": False, "itn": True, "language_description": "English",
            "word_delimiter": " ", "writing_direction": "left-to-right",
        },
    )  # fmt: skip


def test_the_shortest_greeting_will_do() -> None:
    (begun,) = client().receive('{"message":"RecognitionStarted","id":"x"}')
    assert begun.session_id == "x"


def test_a_final_and_what_it_settles() -> None:
    assert hear(FINAL) == [SAID, Acknowledged(until=4.56, settled=True)]


def test_a_partial() -> None:
    assert hear(PARTIAL) == [GUESS]


def test_silence_settles_and_says_nothing() -> None:
    assert hear(*SILENCE) == [Acknowledged(until=5.8, settled=True)]


def test_an_empty_partial_clears_one_that_stands_and_only_then() -> None:
    heard = hear(PARTIAL, *SILENCE, SILENCE[1])
    assert heard == [
        GUESS,
        Acknowledged(until=5.8, settled=True),
        Transcript(is_final=False, text="", start=5.88, end=5.88),
    ]


def test_a_final_clears_the_partial_without_another_word() -> None:
    assert [type(event) for event in hear(PARTIAL, FINAL, SILENCE[1])] == [Transcript, Transcript, Acknowledged]


def test_what_is_settled_never_goes_back_and_covers_the_last_word() -> None:
    heard = hear(
        message("AddTranscript", word("a", 0.5, 1.0), until=1.0),
        message("AddTranscript", until=0.9),
        message("AddTranscript", until=1.2),
    )
    assert [event.until for event in heard if isinstance(event, Acknowledged)] == [1.0, 1.12]


def test_a_turn_ends_once() -> None:
    heard = hear(FINAL, SILENCE[1], UTTERANCE, UTTERANCE)
    assert [event for event in heard if isinstance(event, TurnEnded)] == [TurnEnded(at=4.72)]
    assert isinstance(heard[-1], TurnEnded)


def test_a_forced_end_is_told_even_where_nothing_was_said() -> None:
    forced = '{"message":"EndOfUtterance","metadata":{"start_time":1.5,"end_time":1.5},"forced":true}'
    assert hear(forced) == [TurnEnded(at=1.5, forced=True)]


def test_an_entity_is_a_word() -> None:
    entity = {
        "type": "entity", "start_time": 0.8, "end_time": 1.6, "entity_class": "money",
        "alternatives": [{"content": "$20", "confidence": 0.98, "language": "en"}],
        "spoken_form": [word("twenty"), word("dollars")], "written_form": [word("$20")],
    }  # fmt: skip
    (said, _) = hear(message("AddTranscript", entity))
    assert said.words == (Word("$20", 0.8, 1.6, 0.98, None, "en"),)


@pytest.mark.parametrize(
    ("results", "words"),
    [
        ([word("one"), mark(","), word("two")], ["one,", "two"]),
        ([word("one"), mark("?"), mark("!", "previous")], ["one?!"]),
        ([mark("¿", "next"), word("Qué"), mark("?", "previous")], ["¿Qué?"]),
        ([word("AC"), mark("/", "both"), word("DC"), word("live")], ["AC/DC", "live"]),
        ([word("one"), mark("-", "none"), word("two")], ["one", "-", "two"]),
    ],
)
def test_marks_join_the_words_that_they_attach_to(results: list[dict[str, Any]], words: list[str]) -> None:
    said = hear(message("AddTranscript", *results))[0]
    assert [w.text for w in said.words] == words
    assert said.text == " ".join(words)


def test_a_word_keeps_its_own_times_and_confidence() -> None:
    opening = mark("¿", "next", at=0.1)
    closing = mark("?", "previous", at=0.9) | {"alternatives": [{"content": "?", "confidence": 1.0}]}
    said = hear(message("AddTranscript", opening, word("Qué", 0.4, 0.9, confidence=0.7), closing))[0]
    assert said.words == (Word("¿Qué?", 0.4, 0.9, 0.7),)


def test_a_mark_that_comes_late_is_glued() -> None:
    late = message("AddTranscript", mark(".", "previous", 0.5), word("We", 0.7, 0.8))
    (_, _, said, *_) = hear(message("AddTranscript", word("speech"), until=0.5), late)
    assert (said.text, said.glued, [w.text for w in said.words]) == (". We", True, [".", "We"])


def test_a_mark_for_the_next_word_glues_the_next_final() -> None:
    opening = message("AddTranscript", mark("¿", "next"), until=0.5)
    heard = hear(opening, message("AddPartialTranscript", word("Qu")), message("AddTranscript", word("Qué")), FINAL)
    assert [(e.text, e.glued) for e in heard if isinstance(e, Transcript)] == [
        ("¿", False), ("Qu", True), ("Qué", True), ("Please call back.", False),
    ]  # fmt: skip


def test_no_spaces_where_the_language_has_none() -> None:
    end = client()
    list(end.receive('{"message":"RecognitionStarted","language_pack_info":{"word_delimiter":""}}'))
    (said, _) = end.receive(message("AddTranscript", word("你"), word("好"), mark("。")))
    assert (said.text, said.glued, [w.text for w in said.words]) == ("你好。", True, ["你", "好。"])


def test_an_unknown_speaker_is_none() -> None:
    said = hear(message("AddTranscript", word("a", speaker="UU"), word("b", speaker="Agent")))[0]
    assert [w.speaker for w in said.words] == [None, "Agent"]


def test_metadata_and_warnings_are_notices() -> None:
    assert hear(
        '{"message":"Info","type":"recognition_quality","reason":"Running.","quality":"broadcast"}',
        '{"message":"Warning","type":"duration_limit_exceeded","reason":"Too long.","duration_limit":7200}',
    ) == [
        Notice(code="recognition_quality", message="Running."),
        Notice(code="duration_limit_exceeded", message="Too long."),
    ]


def test_metadata_may_come_before_the_session_has_begun() -> None:
    early = '{"message":"Info","type":"concurrent_session_usage","reason":"1 of 2","usage":1,"quota":2}'
    assert list(client().receive(early)) == [Notice(code="concurrent_session_usage", message="1 of 2")]


@pytest.mark.parametrize(
    ("kind", "meaning"),
    [
        ("not_authorised", ("refused", False, None)),
        ("not_allowed", ("refused", False, None)),
        ("invalid_model", ("invalid", False, None)),
        ("invalid_config", ("invalid", False, None)),
        ("protocol_error", ("invalid", False, None)),
        ("quota_exceeded", ("refused", True, 5.0)),
        ("timelimit_exceeded", ("refused", False, None)),
        ("job_error", ("provider", True, 5.0)),
        ("session_timeout", ("provider", True, 5.0)),
        ("unheard_of", ("provider", True, 5.0)),
    ],
)
def test_errors(kind: str, meaning: tuple[str, bool, float | None]) -> None:
    end = client()
    (failed,) = hear(f'{{"message":"Error","type":"{kind}","reason":"Why."}}', end=end)
    assert (failed.code, failed.message, (failed.kind, failed.retryable, failed.retry_after)) == (kind, "Why.", meaning)
    assert list(end.receive(Closed(4001, kind))) == []


@pytest.mark.parametrize(
    ("code", "reason", "found"),
    [
        (4001, "not_authorised", ("refused", "not_authorised", False)),
        (4005, "quota_exceeded", ("refused", "quota_exceeded", True)),
        (1011, "internal_error", ("provider", "internal_error", True)),
        (1003, "protocol_error", ("invalid", "protocol_error", False)),
        (1008, "policy_violation", ("provider", "policy_violation", True)),
        (1000, "", ("provider", "1000", True)),
        (None, "", ("network", "dropped", True)),
    ],
)
def test_closes_without_an_error(code: int | None, reason: str, found: tuple[str, str, bool]) -> None:
    (failed,) = client().receive(Closed(code, reason))
    assert (failed.kind, failed.code, failed.retryable) == found
    assert reason in failed.message


def test_end_of_transcript_ends_it() -> None:
    end = client()
    list(end.send(Finish()))
    assert hear('{"message":"EndOfTranscript"}', end=end) == [Ended()]
    assert list(end.receive(Closed(1000))) == []


def test_a_close_instead_of_it_has_lost_the_tail() -> None:
    end = client()
    list(end.send(Finish()))
    assert list(end.receive(Closed(1000))) == [Ended(tail_lost=True)]


@pytest.mark.parametrize("kind", ["AddTranslation", "AudioEventStarted", "SpeakersResult", "LanguageInfo"])
def test_what_has_no_event_is_unknown(kind: str) -> None:
    assert hear(json.dumps({"message": kind, "results": 7})) == [Unknown(kind=kind)]


def test_a_message_without_its_times_is_malformed() -> None:
    assert [type(event) for event in hear('{"message":"AddTranscript","results":[]}')] == [Notice]


# ------------------------------------------------------------------- acknowledgements


def test_about_one_acknowledgement_a_second() -> None:
    end = client()
    for _ in range(50):
        list(end.send(Audio(bytes(3200))))
    heard = hear(*(f'{{"message":"AudioAdded","seq_no":{number}}}' for number in range(1, 36)), end=end)
    assert heard == [Acknowledged(until=1.0), Acknowledged(until=2.0), Acknowledged(until=3.0)]


def test_chunks_are_measured_one_by_one() -> None:
    end = client()
    for size in (16_000, 24_000, 2):
        list(end.send(Audio(bytes(size))))
    added = '{"message":"AudioAdded","seq_no":1}'
    assert hear(added, added, added, added, end=end) == [Acknowledged(until=1.25)]


# ------------------------------------------------------------------- the client says


def said(end: Client, command: Any) -> Any:
    (frame,) = end.send(command)
    assert isinstance(frame, str)
    return json.loads(frame)


def test_the_first_frame_is_what_the_sdk_sends() -> None:
    from speechmatics import rt

    asked = Settings(provider="speechmatics")
    config = rt.TranscriptionConfig(
        language="en", enable_partials=True, conversation_config=rt.ConversationConfig(0.5)
    ).to_dict()
    audio = rt.AudioFormat(encoding=rt.AudioEncoding.PCM_S16LE, sample_rate=16_000).to_dict()
    sent = {"message": "StartRecognition", "audio_format": audio, "transcription_config": config}
    assert said(client(), Start(asked)) == json.loads(json.dumps(sent))


def test_all_settings() -> None:
    everything = Transcription(
        language="en-GB", partials=False, punctuation=False, diarization=True, key_terms=("Llandudno",),
        end_of_turn_silence_ms=600,
    )  # fmt: skip
    audio = AudioSettings(encoding="mulaw", sample_rate=8000)
    options = {"max_delay": 1.5, "translation_config": {"target_languages": ["de"]}}
    end = client(transcription=everything, audio=audio, model="standard", options=options)
    assert said(end, Start(end.settings)) == {
        "message": "StartRecognition",
        "audio_format": {"type": "raw", "encoding": "mulaw", "sample_rate": 8000},
        "transcription_config": {
            "language": "en", "output_locale": "en-GB", "model": "standard", "enable_partials": False,
            "diarization": "speaker", "additional_vocab": ["Llandudno"], "max_delay": 1.5,
            "punctuation_overrides": {"permitted_marks": []},
            "conversation_config": {"end_of_utterance_silence_trigger": 0.6},
        },
        "translation_config": {"target_languages": ["de"]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "pack", "locale"),
    [
        ({"language": "fr-CA"}, "fr", None),
        ({"language": "zh-TW"}, "cmn", "cmn-Hant"),
        ({"language": "en_ms"}, "en_ms", None),
        ({"languages": ("de", "en")}, "de", None),
        ({"language": "en", "languages": ("de", "en")}, "en", None),
    ],
)
def test_languages(asked: dict[str, Any], pack: str, locale: str | None) -> None:
    options = adapter.translate(Settings(provider="speechmatics", transcription=Transcription(**asked))).options
    assert (options["language"], options.get("output_locale")) == (pack, locale)


def statuses(**asked: Any) -> dict[str, str]:
    translation = adapter.translate(Settings(provider="speechmatics", **asked))
    return {item.setting: item.support.status for item in translation.settings}


def test_what_cannot_be_carried_is_said() -> None:
    wanted = Transcription(end_of_turn_silence_ms=2500, profanity_filter=True, redaction=True)
    found = statuses(transcription=wanted, audio=AudioSettings(channels=2))
    assert (found["end_of_turn_silence_ms"], found["channels"]) == ("approximated", "dropped")
    assert (found["profanity_filter"], found["redaction"]) == ("dropped", "dropped")
    unwanted = Transcription(end_of_turn_silence_ms=2000, profanity_filter=False, redaction=False)
    assert set(statuses(transcription=unwanted).values()) == {"mapped"}
    options = adapter.translate(Settings(provider="speechmatics", transcription=wanted)).options
    assert options["conversation_config"] == {"end_of_utterance_silence_trigger": 2.0}


def test_control_messages() -> None:
    end = client()
    for size in (3200, 1600, 3200):
        assert list(end.send(Audio(bytes(size)))) == [bytes(size)]
    assert said(end, EndUtterance()) == {"message": "ForceEndOfUtterance", "timestamp": 0.25}
    assert said(end, Finish()) == {"message": "EndOfStream", "last_seq_no": 3}
    assert list(end.send(KeepAlive())) == []


def test_without_audio_the_last_number_is_zero() -> None:
    assert said(client(), Finish()) == {"message": "EndOfStream", "last_seq_no": 0}


def test_configure_repeats_what_stays() -> None:
    end = client(options={"max_delay": 2.0})
    list(end.send(Start(end.settings)))
    config = {
        "language": "en", "max_delay": 2.0, "enable_partials": True,
        "conversation_config": {"end_of_utterance_silence_trigger": 0.9},
    }  # fmt: skip
    changed = {"message": "SetRecognitionConfig", "transcription_config": config}
    assert said(end, Configure({"end_of_turn_silence_ms": 900, "key_terms": ("x",)})) == changed
    config["enable_partials"] = False
    assert said(end, Configure({"partials": False})) == changed
    assert list(end.send(Configure({"key_terms": ("x",)}))) == []


# ------------------------------------------------------------------- the server hears

CONFIG = {"language": "en", "enable_partials": True}
RAW = {"type": "raw", "encoding": "pcm_s16le", "sample_rate": 16_000}


def start(audio: Any = RAW, beside: Any = (), **config: Any) -> str:
    tree = {"message": "StartRecognition", "audio_format": audio, "transcription_config": CONFIG | config}
    return json.dumps(tree | dict(beside))


def server(*, begun: bool = True, **config: Any) -> Server:
    end = Server(ID, None)
    assert [type(command) for command in end.receive(start(**config))] == [Start]
    if begun:
        list(end.send(Begun()))
    return end


def refusal(end: Server, signal: str | bytes) -> tuple[str, str, int | None, str]:
    """Type, reason, close code and its reason, as the client is told."""
    (command,) = end.receive(signal)
    assert isinstance(command, Invalid)
    frame, close = end.send(command.answer)
    assert isinstance(frame, str)
    assert isinstance(close, Closed)
    tree = json.loads(frame)
    assert tree.pop("message") == "Error"
    return tree["type"], tree["reason"], close.code, close.reason


def test_the_example_of_a_start() -> None:
    frame = """{"message":"StartRecognition",
     "audio_format":{"type":"raw","encoding":"pcm_s16le","sample_rate":16000},
     "transcription_config":{"language":"en","model":"enhanced","enable_partials":true,"max_delay":1.5,
       "max_delay_mode":"flexible","diarization":"speaker",
       "conversation_config":{"end_of_utterance_silence_trigger":0.6},
       "additional_vocab":["Llandudno",{"content":"CEO","sounds_like":["C.E.O."]}]}}"""
    (command,) = Server(ID, None).receive(frame)
    assert isinstance(command, Start)
    asked = command.settings
    assert (asked.provider, asked.model, asked.audio) == ("speechmatics", "enhanced", AudioSettings())
    assert asked.transcription == Transcription(
        language="en", partials=True, punctuation=True, diarization=True, key_terms=("Llandudno", "CEO"),
        end_of_turn_silence_ms=600,
    )  # fmt: skip


def test_what_is_not_asked_for_is_not_wanted() -> None:
    (command,) = Server(ID, None).receive(start(enable_partials=False, punctuation_overrides={"permitted_marks": []}))
    assert isinstance(command, Start)
    assert command.settings.transcription == Transcription(language="en", partials=False, punctuation=False)


@pytest.mark.parametrize(
    ("frame", "kind", "code", "name"),
    [
        (start(language="xx"), "invalid_model", 4004, "invalid_model"),
        (start(audio={"type": "file"}), "invalid_audio_type", 1003, "protocol_error"),
        (start(audio={**RAW, "encoding": "opus"}), "invalid_config", 1003, "protocol_error"),
        (start(audio={**RAW, "sample_rate": 1}), "invalid_config", 1003, "protocol_error"),
        (start(audio={"type": "raw"}), "invalid_config", 1003, "protocol_error"),
        (start(max_delay=0.5), "invalid_config", 1003, "protocol_error"),
        (start(diarization="channel"), "invalid_config", 1003, "protocol_error"),
        (
            start(conversation_config={"end_of_utterance_silence_trigger": 3}),
            "invalid_config", 1003, "protocol_error",
        ),
        (start(additional_vocab=[{"content": "x", "sounds_like": []}]), "invalid_config", 1003, "protocol_error"),
        (start(additional_vocab=[{"sounds_like": ["x"]}]), "invalid_config", 1003, "protocol_error"),
        ('{"message":"StartRecognition"}', "protocol_error", 1003, "protocol_error"),
        ('{"message":"EndOfStream","last_seq_no":0}', "protocol_error", 1003, "protocol_error"),
        (b"\0\0", "protocol_error", 1003, "protocol_error"),
        ("{", "invalid_message", 1003, "protocol_error"),
    ],
)  # fmt: skip
def test_a_bad_start_is_refused_in_band(frame: str | bytes, kind: str, code: int, name: str) -> None:
    found = refusal(Server(ID, None), frame)
    assert (found[0], *found[2:]) == (kind, code, name)
    assert found[1]


def test_the_language_is_named() -> None:
    assert refusal(Server(ID, None), start(language="xx"))[1] == "Language xx is not available."


def test_what_must_wait_for_the_answer() -> None:
    assert refusal(server(begun=False), b"\0\0")[0] == "protocol_error"
    assert refusal(server(begun=False), start())[0] == "protocol_error"
    assert refusal(server(), start())[0] == "protocol_error"


def test_what_is_ignored_is_said() -> None:
    warned, started = Server(ID, None).receive(start(beside={"translation_config": {"target_languages": ["de"]}}))
    assert isinstance(started, Start)
    assert isinstance(warned, Invalid)
    assert isinstance(warned.answer, Notice)
    assert "translation_config" in warned.answer.message


def test_commands() -> None:
    end = server()
    assert list(end.receive(b"\1\2")) == [Audio(b"\1\2")]
    assert list(end.receive('{"message":"ForceEndOfUtterance","timestamp":63.5}')) == [EndUtterance()]
    assert list(end.receive('{"message":"ForceEndOfUtterance"}')) == [EndUtterance()]
    assert list(end.receive('{"message":"EndOfStream","last_seq_no":1842}')) == [Finish()]


def test_audio_after_the_end_is_warned_of() -> None:
    end = server()
    list(end.receive('{"message":"EndOfStream"}'))
    (late,) = end.receive(b"\1\2")
    assert isinstance(late, Invalid)
    (frame,) = end.send(late.answer)
    assert isinstance(frame, str)
    assert json.loads(frame)["type"] == "add_audio_after_eos"


@pytest.mark.parametrize("frame", ['{"message":"GetSpeakers"}', '{"message":7}', "null", '"\\"x\\""', "[]"])
def test_what_is_not_understood_is_warned_of(frame: str) -> None:
    (command,) = server().receive(frame)
    assert isinstance(command, Invalid)
    assert isinstance(command.answer, Notice)


def test_the_settings_change() -> None:
    end = server(conversation_config={"end_of_utterance_silence_trigger": 0.5})
    change = {"language": "en", "max_delay": 2.0, "enable_partials": True}
    frame = json.dumps({"message": "SetRecognitionConfig", "transcription_config": change})
    assert list(end.receive(frame)) == [Configure({"partials": True})]
    silent = {"enable_partials": False, "conversation_config": {"end_of_utterance_silence_trigger": 0}}
    frame = json.dumps({"message": "SetRecognitionConfig", "transcription_config": silent})
    assert list(end.receive(json.dumps(frame))) == [Configure({"partials": False})], "encoded twice"
    assert list(end.send(GUESS)) == []
    assert list(end.send(TurnEnded(at=1.0))) == []
    frame = json.dumps({"message": "SetRecognitionConfig", "transcription_config": {"language": "de"}})
    assert refusal(end, frame)[:2] == ("invalid_config", "cannot change: language")


def test_one_change_keeps_another() -> None:
    end = server()
    for change in ({"enable_partials": False}, {"max_delay": 2.0}):
        list(end.receive(json.dumps({"message": "SetRecognitionConfig", "transcription_config": change})))
    assert list(end.send(GUESS)) == []


def test_a_change_is_checked() -> None:
    frame = json.dumps({"message": "SetRecognitionConfig", "transcription_config": {"max_delay": 9}})
    assert refusal(server(), frame)[0] == "invalid_config"


# ------------------------------------------------------------------- the server says


def told(end: Server, event: Any) -> list[Any]:
    return [json.loads(frame) if isinstance(frame, str) else frame for frame in end.send(event)]


def test_the_greeting_has_five_keys() -> None:
    assert told(server(begun=False), Begun()) == [
        {
            "message": "RecognitionStarted", "id": ID,
            "language_pack_info": {
                "adapted": False, "itn": True, "language_description": "English", "word_delimiter": " ",
                "writing_direction": "left-to-right",
            },
        }
    ]  # fmt: skip
    (greeting,) = told(server(begun=False, language="he", additional_vocab=["x"]), Begun())
    assert greeting["language_pack_info"]["writing_direction"] == "right-to-left"
    assert greeting["language_pack_info"]["adapted"] is True


def test_one_acknowledgement_for_each_chunk() -> None:
    end = server()
    numbers = [told(end, Acknowledged(until=0.1)) for _ in range(2)]
    assert numbers == [[{"message": "AudioAdded", "seq_no": 1}], [{"message": "AudioAdded", "seq_no": 2}]]


def test_a_final_as_the_page_shows_it() -> None:
    end = server(diarization="speaker")
    told(end, Transcript(is_final=True, text="Well", end=3.2))
    final, rest = told(end, Transcript(is_final=True, text=SAID.text, start=3.32, end=4.64, words=WORDS))
    assert final == json.loads(FINAL)
    assert rest == {
        "message": "AddPartialTranscript", "format": "2.9", "results": [],
        "metadata": {"start_time": 4.64, "end_time": 4.64, "transcript": ""},
    }  # fmt: skip
    assert told(end, GUESS) == [json.loads(PARTIAL)]


def test_what_settles_audio_acknowledges_no_chunk() -> None:
    assert told(server(), Acknowledged(until=4.0, settled=True)) == []


def test_no_partials_unless_asked_for() -> None:
    end = server(enable_partials=False)
    assert told(end, GUESS) == []
    assert [frame["message"] for frame in told(end, SAID)] == ["AddTranscript"]


def test_no_speakers_unless_asked_for() -> None:
    (final, _) = told(server(), SAID)
    assert all("speaker" not in result["alternatives"][0] for result in final["results"])
    (final, _) = told(server(diarization="speaker"), Transcript(is_final=True, text="a", words=(Word("a"),)))
    assert final["results"][0]["alternatives"][0]["speaker"] == "UU"


def contents(end: Server, *texts: str) -> tuple[str, list[tuple[str, str]]]:
    (final, *_) = told(end, Transcript(is_final=True, text=" ".join(texts), words=tuple(map(Word, texts))))
    found = [(result["alternatives"][0]["content"], result.get("attaches_to", "")) for result in final["results"]]
    return final["metadata"]["transcript"], found


def test_marks_are_results_of_their_own() -> None:
    text, found = contents(server(), "Well,", "really?!", "3.5")
    assert text == "Well, really?! 3.5 "
    assert found == [
        ("Well", ""), (",", "previous"), ("really", ""), ("?", "previous"), ("!", "previous"), ("3.5", ""),
    ]  # fmt: skip
    assert contents(server(), ".") == (". ", [(".", "previous")])


def test_no_marks_where_none_are_permitted() -> None:
    end = server(punctuation_overrides={"permitted_marks": []})
    assert contents(end, "Well,", "no.") == ("Well no ", [("Well", ""), ("no", "")])


def test_no_spaces_in_a_language_without() -> None:
    assert contents(server(language="cmn"), "你", "好。")[0] == "你好。"


def test_only_a_comma_ends_no_sentence() -> None:
    (final, _) = told(server(), Transcript(is_final=True, text="a, b.", words=(Word("a,"), Word("b."))))
    assert [r["is_eos"] for r in final["results"] if r["type"] == "punctuation"] == [False, True]


def test_a_final_without_words_is_one_result() -> None:
    (final, _) = told(server(), Transcript(is_final=True, text="Ask not.", start=0.5, end=1.0))
    assert [(r["start_time"], r["end_time"]) for r in final["results"]] == [(0.5, 1.0), (1.0, 1.0)]
    assert final["metadata"]["transcript"] == "Ask not. "
    assert all(r["alternatives"][0]["confidence"] == 1.0 for r in final["results"])


def test_the_end_of_a_turn_only_where_it_was_asked_for() -> None:
    assert told(server(), TurnEnded(at=4.72)) == []
    asking = server(conversation_config={"end_of_utterance_silence_trigger": 0.5})
    assert told(asking, TurnEnded(at=4.72)) == [json.loads(UTTERANCE)]
    told(asking, SAID)
    assert told(asking, TurnEnded())[0]["metadata"] == {"start_time": 4.32, "end_time": 4.32}


def test_a_forced_end_is_forced_all_through() -> None:
    end = server()
    list(end.receive('{"message":"ForceEndOfUtterance"}'))
    final, rest = told(end, SAID)
    assert (final["forced"], rest.get("forced")) == (True, None)
    assert told(end, TurnEnded(at=4.72, forced=True)) == [json.loads(UTTERANCE) | {"forced": True}]
    assert "forced" not in told(end, SAID)[0]


def test_the_last_message() -> None:
    assert told(server(), Ended(reported_audio_seconds=2.0)) == [{"message": "EndOfTranscript"}, Closed(1000)]


def test_warnings() -> None:
    assert told(server(), Notice(code="session_timeout", message="Soon.")) == [
        {"message": "Warning", "type": "session_timeout", "reason": "Soon."}
    ]


@pytest.mark.parametrize(
    ("failed", "kind", "code", "name"),
    [
        (Failed(kind="provider", code="job_error", message="x"), "job_error", 4013, "job_error"),
        (Failed(kind="refused", code="quota_exceeded", message="x"), "quota_exceeded", 4005, "quota_exceeded"),
        (Failed(kind="provider", code="session_timeout", message="x"), "session_timeout", 1008, "policy_violation"),
        (Failed(kind="refused", code="401", message="x"), "not_allowed", 4003, "not_allowed"),
        (Failed(kind="invalid", code="400", message="x"), "invalid_config", 1003, "protocol_error"),
        (Failed(kind="network", code="dropped", message="x"), "job_error", 4013, "job_error"),
    ],
)
def test_failures(failed: Failed, kind: str, code: int, name: str) -> None:
    assert told(server(), failed) == [{"message": "Error", "type": kind, "reason": "x"}, Closed(code, name)]


def test_what_the_protocol_has_no_words_for() -> None:
    assert told(server(), SpeechStarted(at=1.0)) == []
    assert told(server(), Unknown(kind="x")) == []


# ------------------------------------------------------------------- keys, paths, refusals


def desk(now: Any = lambda: 1000.0) -> Desk:
    ids = iter(f"id-{number}" for number in range(100))
    return Desk(frozenset({"key"}), lambda: next(ids), now)


def upgrade(path: str, key: str | None = "key", front: Any = None) -> Any:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return (front or adapter.front(desk())).accept(HttpRequest("GET", f"ws://h{path}", headers))


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/en", "/v2/cmn_en", "/v2?sm-sdk=python-rt-sdk-v1.2.1"])
def test_its_paths(path: str) -> None:
    assert isinstance(upgrade(path), Accepted)


@pytest.mark.parametrize(
    "path", ["/v2/live", "/v2/listen", "/v2/agent", "/v2/en/en", "/v1/listen", "/v3/ws", "/v2x", "/"]
)
def test_the_paths_of_others(path: str) -> None:
    assert upgrade(path) is None


def test_a_bad_header_is_refused_before_the_upgrade() -> None:
    for key in ("wrong", None):
        refused = upgrade("/v2", key)
        assert isinstance(refused, HttpResponse)
        assert refused.status == 401
        failed = adapter.explain(refused)
        assert (failed.kind, failed.retryable, failed.message) == ("refused", False, "Unauthorized")


def test_a_bad_jwt_is_refused_after_it() -> None:
    assert list(upgrade("/v2?jwt=key", None).server.receive(Opened())) == []
    refused = upgrade("/v2?jwt=wrong", None).server
    (command,) = refused.receive(Opened())
    assert told(refused, command.answer) == [
        {"message": "Error", "type": "not_authorised", "reason": "Not Authorized"}, Closed(4001, "not_authorised"),
    ]  # fmt: skip


def test_an_hour_without_audio() -> None:
    accepted = upgrade("/v2")
    (timer,) = accepted.timers
    assert (timer.kind, timer.after) == ("no_audio", 3600.0)
    error, close = told(accepted.server, timer.answer)
    assert (error["type"], close) == ("idle_timeout", Closed(1008, "policy_violation"))


def fetch(front: Any, query: str = "?type=rt", key: str = "key", body: bytes = b'{"ttl":60,"region":"eu"}') -> Any:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return front.answer(HttpRequest("POST", f"http://h/v1/api_keys{query}", headers, body))


def test_a_temporary_key_lives_as_long_as_asked() -> None:
    clock = [1000.0]
    front = adapter.front(desk(lambda: clock[0]))
    issued = fetch(front)
    assert (issued.status, json.loads(issued.body)) == (201, {"apikey_id": None, "key_value": "id-0"})
    assert isinstance(upgrade("/v2", "id-0", front), Accepted)
    clock[0] += 61
    assert upgrade("/v2", "id-0", front).status == 401


def test_a_key_of_another_type_opens_nothing() -> None:
    front = adapter.front(desk())
    key = json.loads(fetch(front, "").body)["key_value"]
    assert upgrade("/v2", key, front).status == 401


def test_temporary_keys_that_are_refused() -> None:
    front = adapter.front(desk())
    assert fetch(front, key="wrong").status == 403
    for body in (b'{"ttl":59}', b'{"ttl":86401}', b"{}", b'{"ttl":"60"}', b"nonsense"):
        refused = fetch(front, body=body)
        assert refused.status == 422
        assert json.loads(refused.body)["message"].startswith("ttl in body should be greater than or equal to 60")
    assert front.answer(HttpRequest("POST", "http://h/v1/elsewhere")) is None


def test_how_the_upgrade_is_dialled() -> None:
    asked = Settings(provider="speechmatics", api_key=Secret("key"))
    with pytest.raises(StopIteration) as done:
        next(adapter.dial(asked))
    assert done.value.value == Dial("wss://eu.rt.speechmatics.com/v2", {"Authorization": "Bearer key"})


@pytest.mark.parametrize(
    ("endpoint", "url", "host"),
    [
        (None, "wss://eu.rt.speechmatics.com/v2", "https://mp.speechmatics.com"),
        ("wss://us.rt.speechmatics.com/v2", "wss://us.rt.speechmatics.com/v2", "https://mp.speechmatics.com"),
        ("wss://neu.rt.speechmatics.com/v2/en", "wss://neu.rt.speechmatics.com/v2", "https://mp.speechmatics.com"),
        ("ws://127.0.0.1:9000", "ws://127.0.0.1:9000/v2", "http://127.0.0.1:9000"),
        ("ws://127.0.0.1:9000/v2/", "ws://127.0.0.1:9000/v2", "http://127.0.0.1:9000"),
    ],
)
def test_where_temporary_keys_come_from(endpoint: str | None, url: str, host: str) -> None:
    steps = adapter.dial(
        Settings(provider="speechmatics", api_key=Secret("key"), temporary_token=True, endpoint=endpoint)
    )
    request = next(steps)
    assert (request.method, request.url, request.body) == ("POST", f"{host}/v1/api_keys?type=rt", b'{"ttl":60}')
    assert lower(request).headers == {"authorization": "Bearer key", "content-type": "application/json"}
    with pytest.raises(StopIteration) as done:
        steps.send(HttpResponse(201, {}, b'{"apikey_id":null,"key_value":"eyJ"}'))
    assert done.value.value == Dial(url, {"Authorization": "Bearer eyJ"})
    assert "eyJ" not in repr(done.value.value)


def test_a_refused_key_is_explained() -> None:
    body = b'{"code":422,"message":"ttl in body should be greater than or equal to 60"}'
    failed = adapter.explain(HttpResponse(422, {}, body))
    assert (failed.kind, failed.message) == ("invalid", "ttl in body should be greater than or equal to 60")
    asked = Settings(provider="speechmatics", api_key=Secret("wrong"), temporary_token=True, endpoint="ws://h")
    refused = dialled(adapter.dial(asked), adapter.front(desk()).answer)
    assert isinstance(refused, HttpResponse)
    assert adapter.explain(refused).kind == "refused"
