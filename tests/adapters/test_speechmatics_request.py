"""What a server makes of what a client asks for: every field, every change, every command."""

import json
from typing import Any

import pytest

from support.speechmatics import GUESS, RAW, answered, refused, server, start, told
from voxport.commands import Audio, Configure, EndUtterance, Finish, Invalid, Start
from voxport.events import Notice, TurnEnded
from voxport.settings import AudioSettings, Transcription
from voxport_adapters.speechmatics.server import Server


def started(frame: str, language: str | None = None) -> Any:
    """The settings that the server hears."""
    (command,) = (c for c in Server("x", None, language).receive(frame) if isinstance(c, Start))
    return command.settings


def test_the_example_of_a_start() -> None:
    frame = """{"message":"StartRecognition",
     "audio_format":{"type":"raw","encoding":"pcm_s16le","sample_rate":16000},
     "transcription_config":{"language":"en","model":"enhanced","enable_partials":true,"max_delay":1.5,
       "max_delay_mode":"flexible","diarization":"speaker",
       "conversation_config":{"end_of_utterance_silence_trigger":0.6},
       "additional_vocab":["Llandudno",{"content":"CEO","sounds_like":["C.E.O."]}]}}"""
    asked = started(frame)
    assert (asked.provider, asked.model, asked.audio) == ("speechmatics", "enhanced", AudioSettings())
    assert asked.transcription == Transcription(
        language="en", partials=True, punctuation=True, diarization=True, key_terms=("Llandudno", "CEO"),
        end_of_turn_silence_ms=600,
    )  # fmt: skip


def test_what_is_not_asked_for_is_not_wanted() -> None:
    frame = start(enable_partials=False, punctuation_overrides={"permitted_marks": []})
    assert started(frame).transcription == Transcription(language="en", partials=False, punctuation=False)


GOOD: dict[str, list[Any]] = {
    "language": ["en", "ar_en", "yue", "cmn_en_ms_ta"],
    "model": ["standard", "enhanced", "melia-1", None],
    "operating_point": ["standard", "enhanced"],
    "domain": ["medical", "finance", "bilingual-en"],
    "output_locale": ["en-GB", "cmn-Hant"],
    "enable_partials": [True, False],
    "max_delay": [0.7, 4, 2.5],
    "max_delay_mode": ["flexible", "fixed"],
    "enable_entities": [True, False],
    "diarization": ["none", "speaker"],
    "speaker_diarization_config": [
        {}, {"max_speakers": 2}, {"max_speakers": 100}, {"speaker_sensitivity": 0}, {"speaker_sensitivity": 1},
        {"prefer_current_speaker": True}, {"get_speakers": True},
        {"speakers": [{"label": "Agent", "speaker_identifiers": ["a"] }, {"label": "S1b", "speaker_identifiers": ["b", "c"]}]},
    ],
    "channel_diarization_labels": [["a"], ["a", "b"]],
    "additional_vocab": [[], ["x"], [{"content": "x"}], [{"content": "x", "sounds_like": ["y"]}]],
    "punctuation_overrides": [{}, {"permitted_marks": []}, {"permitted_marks": [".", "§"]}, {"sensitivity": 0.4}],
    "conversation_config": [{}, {"end_of_utterance_silence_trigger": 0}, {"end_of_utterance_silence_trigger": 2}],
    "audio_filtering_config": [{}, {"volume_threshold": 0}, {"volume_threshold": 100}],
    "transcript_filtering_config": [
        {}, {"remove_disfluencies": True}, {"replacements": [{"from": "a", "to": ""}]},
        {"replacements": [{"from": "/(?<word>a)(?=b)(?<!c)/", "to": "b"}]},
    ],
    "language_hints": [["en"]], "language_hints_strict": [True],
    "streaming_mode": [True], "ctrl": [{"a": 1}],
    "unheard_of": [1], "type": ["transcription"],
}  # fmt: skip
BAD: dict[str, list[Any]] = {
    "language": ["", 7, None],
    "model": [7],
    "output_locale": [""],
    "enable_partials": ["true", 1],
    "max_delay": [0.69, 4.01, "1", True],
    "max_delay_mode": ["loose"],
    "enable_entities": [1],
    "diarization": ["speaker_change", "channel", "channel_and_speaker"],
    "speaker_diarization_config": [
        {"max_speakers": 1}, {"max_speakers": 101}, {"max_speakers": 2.5}, {"speaker_sensitivity": 1.1},
        {"speaker_sensitivity": -0.1}, {"prefer_current_speaker": 1}, {"get_speakers": "yes"},
        *({"speakers": [{"label": label, "speaker_identifiers": ["a"]}]} for label in ("UU", "S12", " a", "a ", "")),
        {"speakers": [{"label": "a", "speaker_identifiers": []}]}, {"speakers": [{"label": "a"}]},
        {"speakers": [{"label": "a", "speaker_identifiers": ["x", "x"]}]},
        {"speakers": [{"label": "a", "speaker_identifiers": [str(n) for n in range(51)]}]},
    ],
    "channel_diarization_labels": [["a", "a"], ["a", "b", "c"], [""], "a"],
    "additional_vocab": [
        "x", [7], [{"sounds_like": ["x"]}], [{"content": "x", "sounds_like": []}], [{"content": "x", "sounds_like": None}],
        [""], [{"content": ""}],
    ],
    "punctuation_overrides": [{"permitted_marks": "."}, {"sensitivity": 1.1}],
    "conversation_config": [{"end_of_utterance_silence_trigger": 2.1}, {"end_of_utterance_silence_trigger": -1}],
    "audio_filtering_config": [{"volume_threshold": 101}, {"volume_threshold": -1}],
    "transcript_filtering_config": [
        {"remove_disfluencies": 1}, {"replacements": [{"from": "a"}]}, {"replacements": [{"from": "/(/", "to": ""}]},
    ],
    "language_hints": ["en"],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in GOOD.items() for value in values])
def test_what_a_field_may_be(name: str, value: Any) -> None:
    assert any(isinstance(command, Start) for command in Server("x").receive(start(**{name: value})))


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_what_a_field_may_not_be(name: str, value: Any) -> None:
    kind, reason, code, _ = refused(Server("x"), start(**{name: value}))
    assert (kind, code) == ("invalid_config", 1003)
    assert reason


def test_a_refusal_says_where_and_what() -> None:
    reason = refused(Server("x"), start(conversation_config={"end_of_utterance_silence_trigger": 3}))[1]
    assert reason == (
        "invalid input: transcription_config.conversation_config.end_of_utterance_silence_trigger: Expected `float` <= 2.0"
    )


@pytest.mark.parametrize(
    ("frame", "kind", "code", "name"),
    [
        (start(language="xx"), "invalid_model", 4004, "invalid_model"),
        (start(language="auto"), "invalid_model", 4004, "invalid_model"),
        (start(language="multi"), "invalid_model", 4004, "invalid_model"),
        (start(model="enhancd"), "invalid_model", 4004, "invalid_model"),
        (start(operating_point="x"), "invalid_model", 4004, "invalid_model"),
        (start(audio={"type": "file"}), "invalid_audio_type", 1003, "protocol_error"),
        (start(audio={**RAW, "encoding": "opus"}), "invalid_config", 1003, "protocol_error"),
        (start(audio={**RAW, "sample_rate": 1}), "invalid_config", 1003, "protocol_error"),
        (start(audio={**RAW, "sample_rate": 10**400}), "invalid_config", 1003, "protocol_error"),
        (start(audio={**RAW, "sample_rate": "16000"}), "invalid_config", 1003, "protocol_error"),
        (start(audio={"type": "raw", "encoding": "mulaw"}), "invalid_config", 1003, "protocol_error"),
        (start(audio={"type": "raw"}), "invalid_config", 1003, "protocol_error"),
        (start(audio={"type": "pcm"}), "invalid_config", 1003, "protocol_error"),
        (start(audio=None), "invalid_config", 1003, "protocol_error"),
        (start(max_delay=10**400), "invalid_config", 1003, "protocol_error"),
        ('{"message":"StartRecognition"}', "invalid_message", 1003, "protocol_error"),
        ('{"message":"StartRecognition","transcription_config":7}', "invalid_message", 1003, "protocol_error"),
        ('{"message":"StartRecognition","transcription_config":{}}', "invalid_config", 1003, "protocol_error"),
        ('{"message":"EndOfStream","last_seq_no":0}', "protocol_error", 1003, "protocol_error"),
        ('{"message":"GetSpeakers"}', "protocol_error", 1003, "protocol_error"),
        ('{"message":"Bogus"}', "protocol_error", 1003, "protocol_error"),
        (b"\0\0", "protocol_error", 1003, "protocol_error"),
        ("{", "invalid_message", 1003, "protocol_error"),
        ("null", "invalid_message", 1003, "protocol_error"),
        ('"\\"x\\""', "invalid_message", 1003, "protocol_error"),
    ],
)
def test_a_bad_start_is_refused_in_band(frame: str | bytes, kind: str, code: int, name: str) -> None:
    found = refused(Server("x"), frame)
    assert (found[0], *found[2:]) == (kind, code, name)
    assert found[1]
    assert "ignored" not in found[1]


def test_the_language_is_named() -> None:
    assert refused(Server("x"), start(language="xx"))[1] == "Language xx is not available."


def test_the_language_of_the_path_must_be_the_same() -> None:
    assert started(start(), "en").transcription.language == "en"
    assert refused(Server("x", None, "de"), start())[0] == "invalid_config"


def test_several_languages_in_one_pack_are_candidates() -> None:
    asked = started(start(language="es", domain="bilingual-en")).transcription
    assert (asked.language, asked.languages) == (None, ("en", "es"))


def test_what_must_wait_for_the_answer() -> None:
    assert refused(server(begun=False), b"\0\0")[0] == "protocol_error"
    assert refused(server(begun=False), start())[0] == "protocol_error"
    assert refused(server(), start())[0] == "protocol_error"


def test_vocabulary_that_is_dropped_is_warned_of_before_the_start() -> None:
    terms = ["one two three four five six seven", "x" * 4001, {"content": "good"}, *(f"t{n}" for n in range(1001))]
    end: Any = Server("x")
    *warned, begin = end.receive(start(additional_vocab=terms))
    assert [command.answer.code for command in warned] == ["validation_warning"] * 3
    assert isinstance(begin, Start)
    assert len(begin.settings.transcription.key_terms) == 1000
    assert begin.settings.transcription.key_terms[:2] == ("good", "t0")


def test_patterns_are_checked_and_not_applied() -> None:
    config = {"replacements": [{"from": "/a+/", "to": "b"}]}
    (warning,) = answered(Server("x"), start(transcript_filtering_config=config))
    assert warning["type"] == "validation_warning"


# ------------------------------------------------------------------- commands


def test_commands() -> None:
    end = server()
    assert list(end.receive(b"\1\2")) == [Audio(b"\1\2")]
    assert list(end.receive('{"message":"ForceEndOfUtterance","timestamp":63.5}')) == [EndUtterance()]
    assert list(end.receive('{"message":"ForceEndOfUtterance"}')) == [EndUtterance()]
    assert list(end.receive('{"message":"EndOfStream","last_seq_no":1842}')) == [Finish()]


@pytest.mark.parametrize("number", ["0", "-1", "1.5", "null", '"3"', "1e999" * 0 + "99999999999999999999999"])
def test_any_last_number_will_do(number: str) -> None:
    assert list(server().receive(f'{{"message":"EndOfStream","last_seq_no":{number}}}')) == [Finish()]


def test_the_end_comes_once() -> None:
    end = server()
    assert list(end.receive('{"message":"EndOfStream"}')) == [Finish()]
    assert list(end.receive('{"message":"EndOfStream"}')) == []


def test_audio_after_the_end_is_warned_of() -> None:
    end = server()
    list(end.receive('{"message":"EndOfStream"}'))
    assert [frame["type"] for frame in answered(end, b"\1\2")] == ["add_audio_after_eos"]


def test_a_message_of_another_name_is_tolerated() -> None:
    (command,) = server().receive('{"message":"SessionTransfer","extra":1}')
    assert isinstance(command, Invalid)
    assert isinstance(command.answer, Notice)


@pytest.mark.parametrize(
    "frame",
    [
        '{"message":7}', "null", "[]", '{"message":"ForceEndOfUtterance","timestamp":-1}',
        '{"message":"ForceEndOfUtterance","timestamp":"x"}', '{"message":"GetSpeakers","final":1}',
        '{"message":"SetRecognitionConfig"}', '{"message":"ForceEndOfUtterance","channel":"left"}',
        '{"message":"EndOfChannel","channel":"left"}',
    ],
)  # fmt: skip
def test_what_is_not_understood_ends_the_session(frame: str) -> None:
    assert refused(server(), frame)[0] == "invalid_message"


# ------------------------------------------------------------------- changes


def change(end: Any, **config: Any) -> list[Any]:
    return list(end.receive(json.dumps({"message": "SetRecognitionConfig", "transcription_config": config})))


def test_the_settings_change() -> None:
    end = server(conversation_config={"end_of_utterance_silence_trigger": 0.5})
    heard = change(end, language="en", max_delay=2.0, enable_partials=True)
    assert heard == [Configure({"partials": True, "end_of_turn_silence_ms": 500}, {"max_delay": 2.0})]
    silent = {"enable_partials": False, "conversation_config": {"end_of_utterance_silence_trigger": 0}}
    assert change(end, **silent) == [Configure({"partials": False}, silent)]
    assert told(end, GUESS) == []
    assert told(end, TurnEnded(at=1.0)) == []


def test_a_change_may_be_encoded_twice_and_repeat_everything() -> None:
    end = server(additional_vocab=["x"], diarization="none")
    config = {
        "language": "en", "additional_vocab": ["x"], "diarization": "none", "enable_partials": True, "domain": None,
        "max_delay": 1.0,
    }  # fmt: skip
    inner = {"message": "SetRecognitionConfig", "transcription_config": config, "audio_events_config": {"types": []}}
    assert list(end.receive(json.dumps(json.dumps(inner)))) == [Configure({"partials": True}, {"max_delay": 1.0})]


@pytest.mark.parametrize(
    "config",
    [{"language": "de"}, {"model": "standard"}, {"domain": "medical"}, {"diarization": "speaker"}, {"max_delay": 9},
     {"max_delay_mode": "x"}, {"enable_partials": 1}, {"audio_filtering_config": {"volume_threshold": 101}}],
)  # fmt: skip
def test_what_cannot_change(config: dict[str, Any]) -> None:
    (command,) = change(server(), **config)
    assert isinstance(command, Invalid)
    assert command.answer.code == "invalid_config"


def test_one_change_keeps_another() -> None:
    end = server()
    for config in ({"enable_partials": False}, {"max_delay": 2.0}):
        change(end, **config)
    assert told(end, GUESS) == []
