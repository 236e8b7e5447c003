"""The models of Universal-Streaming, and where they differ."""

from typing import Literal, get_args

import msgspec

from voxport.settings import Settings

LanguageCode = Literal[
    "en", "es", "de", "fr", "it", "pt", "tr", "nl", "sv", "no", "da", "fi", "hi", "vi", "ar", "he", "ja", "ur", "zh",
    "ru", "ko", "ca", "gl", "ro", "et", "fa", "yue", "af", "mr", "zu", "xh", "nn", "multi",
]  # fmt: skip
CODES: tuple[str, ...] = get_args(LanguageCode)
NATIVE = ("en", "es", "de", "fr", "pt", "it")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """What sets a model apart from the others."""

    languages: tuple[str, ...] = CODES
    """Those that it knows; empty for all that there are."""
    takes_languages: bool = False
    """``language_codes`` tells it what to expect; the others find out by themselves."""
    tells_language: bool = True
    """It says the language of a turn: when asked to, or (``always``) unasked."""
    always_tells_language: bool = False
    universal_3: bool = False
    """It always punctuates, tells onsets and silences, has modes and prompts, and settles no word before its turn."""
    marks_partials: bool = True
    """``turn_is_formatted`` holds for partials as for finals."""
    word_by_word: bool = False
    """Words become final one by one, a pending one is left out of the transcript, and utterances end within turns."""


US_EN, US_MULTI, WHISPER = "universal-streaming-english", "universal-streaming-multilingual", "whisper-rt"
U3, U35 = "u3-rt-pro", "universal-3-5-pro"
# Of the Universal-3 family the documentation denies that partials are `turn_is_formatted`; `universal-3-5-pro` says so.
_U3 = Model(universal_3=True, languages=NATIVE, marks_partials=False)
_LATEST = Model(universal_3=True, takes_languages=True)
MODELS = {
    US_EN: Model(word_by_word=True, languages=("en",), tells_language=False),
    US_MULTI: Model(word_by_word=True, languages=NATIVE),
    WHISPER: Model(languages=(), always_tells_language=True),
    U3: _U3, "u3-rt-pro-beta-1": _U3, U35: _LATEST, "universal-3-6-pro": _LATEST, "universal-3-6": _LATEST,
    "_universal-3-5-notetaker": _LATEST,
}  # fmt: skip
"""The values of ``speech_model`` that the service takes."""


def name_of(settings: Settings) -> str:
    """The model that is asked for."""
    return str(settings.options.get("speech_model") or settings.model or U3)


def model_of(settings: Settings) -> Model:
    """The same with its properties; one that is not known is taken for one of the latest."""
    return MODELS.get(name_of(settings), _LATEST)
