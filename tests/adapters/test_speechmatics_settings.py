"""What becomes of settings on the way out, and what the client says."""

from typing import Any

import pytest

from support.speechmatics import client, sent
from voxport.codec import Support
from voxport.commands import Audio, Configure, EndUtterance, Finish, KeepAlive, Start
from voxport.settings import AudioSettings, Settings, Transcription
from voxport.wire import settings_of
from voxport_adapters.speechmatics import adapter
from voxport_adapters.speechmatics.rules import RULES


def translated(**asked: Any) -> Any:
    return adapter.translate(Settings(provider="speechmatics", **asked))


def statuses(**asked: Any) -> dict[str, str]:
    return {item.setting: item.support.status for item in translated(**asked).settings}


def test_the_first_frame_is_what_the_sdk_sends() -> None:
    import json

    from speechmatics import rt

    config = rt.TranscriptionConfig(
        language="en", enable_partials=True, conversation_config=rt.ConversationConfig(0.5)
    ).to_dict()
    audio = rt.AudioFormat(encoding=rt.AudioEncoding.PCM_S16LE, sample_rate=16_000).to_dict()
    expected = {"message": "StartRecognition", "audio_format": audio, "transcription_config": config}
    assert sent(client(), Start(None)) == [json.loads(json.dumps(expected))]


def test_all_settings() -> None:
    everything = Transcription(
        language="en-GB", partials=False, punctuation=False, diarization=True, key_terms=("Llandudno",),
        end_of_turn_silence_ms=600, filler_words=False, entities=True, translate_to=("de",),
    )  # fmt: skip
    audio = AudioSettings(encoding="mulaw", sample_rate=8000)
    end = client(transcription=everything, audio=audio, model="standard", options={"max_delay": 1.5})
    assert sent(end, Start(end.settings)) == [
        {
            "message": "StartRecognition",
            "audio_format": {"type": "raw", "encoding": "mulaw", "sample_rate": 8000},
            "transcription_config": {
                "language": "en", "output_locale": "en-GB", "model": "standard", "enable_partials": False,
                "diarization": "speaker", "additional_vocab": ["Llandudno"], "max_delay": 1.5, "enable_entities": True,
                "punctuation_overrides": {"permitted_marks": []},
                "conversation_config": {"end_of_utterance_silence_trigger": 0.6},
                "transcript_filtering_config": {"remove_disfluencies": True},
            },
            "translation_config": {"target_languages": ["de"]},
        }
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "options", "status"),
    [
        ({"language": "fr-CA"}, {"language": "fr"}, "mapped"),
        ({"language": "zh-TW"}, {"language": "cmn", "output_locale": "cmn-Hant"}, "mapped"),
        ({"language": "zh"}, {"language": "cmn"}, "mapped"),
        ({"language": "nb-NO"}, {"language": "no"}, "mapped"),
        ({"language": "fil"}, {"language": "tl"}, "mapped"),
        ({"language": "en_ms"}, {"language": "en_ms"}, "mapped"),
        ({"languages": ("de", "en")}, {"language": "de"}, "approximated"),
        ({"language": "en", "languages": ("de", "en")}, {"language": "en"}, "approximated"),
        ({"languages": ("en-US", "es-MX")}, {"language": "es", "domain": "bilingual-en"}, "mapped"),
        ({"languages": ("en", "zh")}, {"language": "cmn_en"}, "mapped"),
        ({"language": "en", "languages": ("ar", "en")}, {"language": "ar_en"}, "mapped"),
        ({"languages": ("ta", "ms", "en", "zh")}, {"language": "cmn_en_ms_ta"}, "mapped"),
        ({"languages": ("en", "ms")}, {"language": "en_ms"}, "mapped"),
        ({"languages": ("en", "ta")}, {"language": "en_ta"}, "mapped"),
    ],
)
def test_languages(asked: dict[str, Any], options: dict[str, str], status: str) -> None:
    found = translated(transcription=Transcription(**asked))
    names = ("language", "output_locale", "domain")
    assert {name: found.options[name] for name in names if name in found.options} == options
    asked_last = "languages" if "languages" in asked else "language"
    assert {item.setting: item.support.status for item in found.settings}[asked_last] == status


def test_the_model_that_hears_every_language() -> None:
    wanted = Transcription(
        languages=("de", "en"), diarization=True, key_terms=("x",), entities=True, translate_to=("fr",)
    )
    found = translated(model="melia-1", transcription=wanted)
    assert found.options["language"] == "multi"
    assert found.options["language_hints"] == ["de", "en"]
    dropped = {item.setting for item in found.of("dropped")}
    assert dropped == {"diarization", "key_terms", "entities", "translate_to"}
    assert translated(options={"model": "melia-1", "language": "en"}).options["language"] == "en"


def test_the_older_name_of_the_model_replaces_the_newer() -> None:
    options = translated(options={"operating_point": "standard"}).options
    assert (options["operating_point"], "model" in options) == ("standard", False)


def test_what_cannot_be_carried_is_said() -> None:
    wanted = Transcription(
        end_of_turn_silence_ms=2500, profanity_filter=True, redaction=True, sentiment=True,
        translate_to=("de", "fr", "es", "it", "ja", "ko"),
    )  # fmt: skip
    found = statuses(transcription=wanted, audio=AudioSettings(channels=3))
    assert {name: status for name, status in found.items() if status != "mapped"} == {
        "end_of_turn_silence_ms": "approximated", "channels": "dropped", "profanity_filter": "dropped",
        "redaction": "dropped", "sentiment": "dropped", "translate_to": "approximated",
    }  # fmt: skip
    unwanted = Transcription(end_of_turn_silence_ms=2000, profanity_filter=False, redaction=False, sentiment=False)
    assert set(statuses(transcription=unwanted).values()) == {"mapped"}
    options = translated(transcription=wanted).options
    assert options["conversation_config"] == {"end_of_utterance_silence_trigger": 2.0}
    assert len(options["translation_config"]["target_languages"]) == 5


@pytest.mark.parametrize(
    ("channels", "diarization", "expected"),
    [
        (1, None, None), (1, True, "speaker"), (1, False, "none"),
        (2, None, "channel"), (2, False, "channel"), (2, True, "channel_and_speaker"),
    ],
)  # fmt: skip
def test_speakers_and_channels(channels: int, diarization: Any, expected: str | None) -> None:
    options = translated(
        audio=AudioSettings(channels=channels), transcription=Transcription(diarization=diarization)
    ).options
    assert options.get("diarization") == expected
    assert options.get("channel_diarization_labels", []) == (["channel_1", "channel_2"] if channels == 2 else [])


@pytest.mark.parametrize(
    "wanted",
    [
        {"transcription": Transcription(language="en-GB", punctuation=True, diarization=True, key_terms=("a", "b c"))},
        {"transcription": Transcription(language="de", punctuation=False, diarization=False, filler_words=False)},
        {"transcription": Transcription(languages=("en", "es"), punctuation=True, filler_words=True, entities=True)},
        {"transcription": Transcription(languages=("cmn", "en", "ms", "ta"), punctuation=True, partials=False)},
        {"transcription": Transcription(language="en", punctuation=True, translate_to=("de",), end_of_turn_silence_ms=700)},
        {"audio": AudioSettings(channels=2), "transcription": Transcription(language="en", punctuation=True, diarization=True)},
        {"audio": AudioSettings(encoding="f32le", sample_rate=48_000), "transcription": Transcription(language="en", punctuation=True)},
    ],
)  # fmt: skip
def test_settings_survive_the_way_there_and_back(wanted: dict[str, Any]) -> None:
    found = settings_of("speechmatics", translated(model="standard", **wanted).options, RULES)
    asked = Settings(provider="speechmatics", model="standard", **wanted)
    assert found.audio == asked.audio
    for name in Transcription.__struct_fields__:
        value = getattr(asked.transcription, name)
        if value not in (None, ()) or name == "language":
            assert getattr(found.transcription, name) == value, name


def test_every_rule_says_what_it_does() -> None:
    for name, rule in RULES.items():
        assert isinstance(rule.support, Support)
        assert rule.support.option or rule.support.note, name


# ------------------------------------------------------------------- what else it says


def test_control_messages() -> None:
    end = client()
    for size in (3200, 1600, 3200):
        assert list(end.send(Audio(bytes(size)))) == [bytes(size)]
    assert sent(end, EndUtterance()) == [{"message": "ForceEndOfUtterance", "timestamp": 0.25}]
    assert sent(end, Finish()) == [{"message": "EndOfStream", "last_seq_no": 3}]
    assert list(end.send(KeepAlive())) == []


def test_without_audio_the_last_number_is_zero() -> None:
    assert sent(client(), Finish()) == [{"message": "EndOfStream", "last_seq_no": 0}]


def test_configure_repeats_what_stays() -> None:
    end = client(options={"max_delay": 2.0})
    list(end.send(Start(end.settings)))
    config = {
        "language": "en", "max_delay": 2.0, "enable_partials": True,
        "conversation_config": {"end_of_utterance_silence_trigger": 0.9},
    }  # fmt: skip
    changed = [{"message": "SetRecognitionConfig", "transcription_config": config}]
    assert sent(end, Configure({"end_of_turn_silence_ms": 900, "key_terms": ("x",)})) == changed
    config["enable_partials"] = False
    assert sent(end, Configure({"partials": False})) == changed
    config |= {"max_delay": 1.0, "max_delay_mode": "fixed", "audio_filtering_config": {"volume_threshold": 3}}
    assert (
        sent(end, Configure(options={name: config[name] for name in list(config)[-2:]} | {"max_delay": 1.0})) == changed
    )
    assert list(end.send(Configure({"key_terms": ("x",)}, {"domain": "medical"}))) == []


def test_what_can_be_configured_is_what_the_capabilities_say() -> None:
    can = adapter.capabilities
    assert can.configures == ("partials", "end_of_turn_silence_ms")
    assert set(can.configures_options) == {
        "max_delay", "max_delay_mode", "enable_partials", "audio_filtering_config", "conversation_config",
    }  # fmt: skip
