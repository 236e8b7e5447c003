"""Text as it is compared: normalisers, each with its name and version, and the words that they make.

A transcript is compared word by word, and what counts as the same word is a choice that alone can change a ranking. So
every figure names its normaliser:

- ``raw``: the text as it is displayed, split at white space.
- ``plain``: case, punctuation and width aside, in any language. It makes no two spellings the same.
- ``whisper-english``: the English normaliser of OpenAI's Whisper, of the package ``whisper-normalizer``: numbers in
  digits, contractions written out, British spelling made American, fillers dropped.
- any other name is a preset of the package that is imported as ``normalization``.

The last two come with the extra ``compare``.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from typing import Any

import msgspec

from voxport.errors import MissingExtraError, SettingsError
from voxport.settings import unknown_name

EXTRA = "compare"


class Normaliser:
    """Makes texts comparable; the same text is normalised once. ``words`` is what figures are made from."""

    def __init__(self, name: str, version: str, apply: Callable[[str], str], languages: tuple[str, ...] = ()) -> None:
        """``languages`` are primary subtags, none for all."""
        self.name = name
        self.version = version
        self._apply = apply
        self._languages = languages
        self._known: dict[str, tuple[str, ...]] = {}

    def words(self, text: str) -> tuple[str, ...]:
        """The words of ``text`` in their comparable form."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = tuple(self._apply(text).split())
        return found

    def serves(self, language: str | None) -> bool:
        """It is made for this language (BCP-47); one that is not told is taken to be."""
        return not self._languages or language is None or primary_subtag(language) in self._languages


def primary_subtag(language: str) -> str:
    """``en`` of ``en-GB``."""
    return language.replace("_", "-").partition("-")[0].lower()


def normaliser(name: str, language: str | None = None) -> Normaliser:
    """The normaliser of this name, for texts in this language; see the module.

    Raises ``MissingExtraError`` when its package is not installed, ``SettingsError`` when nothing has this name.
    """
    return _normaliser(name, primary_subtag(language) if language else "en")


@cache
def _normaliser(name: str, language: str) -> Normaliser:
    if name == "raw":
        return Normaliser(name, "1", str)
    if name == "plain":
        return Normaliser(name, "1", lambda text: " ".join(plain_words(text)))
    if name == "whisper-english":
        return _whisper()
    return _preset(name, language)


def _whisper() -> Normaliser:
    try:
        from whisper_normalizer.english import EnglishTextNormalizer  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise MissingExtraError("the normaliser whisper-english", EXTRA) from error
    version = f"whisper-normalizer {_version('whisper-normalizer')}"
    return Normaliser("whisper-english", version, EnglishTextNormalizer(), languages=("en",))


def _preset(name: str, language: str) -> Normaliser:
    try:
        import normalization  # noqa: PLC0415 -- optional
    except ImportError as error:
        raise MissingExtraError(f"the normaliser {name}", EXTRA) from error
    try:
        pipeline = normalization.load_pipeline(name, language=language)
    except (OSError, ValueError) as error:
        known = ("raw", "plain", "whisper-english", *_presets())
        raise SettingsError(f"normalisers: {unknown_name(f'normaliser {name!r}', name, known)}") from error
    pipeline.text_pre_steps = [_sparing(step, pipeline.operators.config) for step in pipeline.text_pre_steps]
    from importlib.metadata import packages_distributions  # noqa: PLC0415 -- slow, and seldom wanted

    package = packages_distributions()[normalization.__name__][0]
    return Normaliser(name, f"{package} {_version(package)}", pipeline.normalize)


def _presets() -> Iterable[str]:
    from importlib.resources import files  # noqa: PLC0415 -- only for an error

    return (path.name.removesuffix(".yaml") for path in (files("normalization") / "presets").iterdir())


def _version(package: str) -> str:
    from importlib.metadata import version  # noqa: PLC0415 -- slow, and seldom wanted

    return version(package)


def _sparing(step: Any, config: Any) -> Any:
    """The step, spared where it can do nothing: one tries 2,600 patterns on each text, each of which needs "a.m.",
    "p.m." or "o'clock" after a space, and that is three quarters of the time.
    """
    if step.name != "convert_word_based_time_patterns" or not (config.am_word and config.pm_word):
        return step
    halves = re.escape(config.am_word[0] + config.pm_word[0])
    hour = f"|{re.escape(config.oclock_word)}" if config.oclock_word else ""
    needed = re.compile(rf"\s[{halves}]\.?m{hour}", re.IGNORECASE)
    return lambda text, operators: step(text, operators) if needed.search(text) else text


# --------------------------------------------------------------------------- plain words, one by one


def plain_words(text: str) -> Iterable[str]:
    """The words of ``text`` by the normaliser ``plain``."""
    return (plain for word in text.split() for plain in plain_of(word))


@lru_cache(maxsize=1 << 16)
def plain_of(word: str) -> tuple[str, ...]:
    """What ``plain`` makes of one displayed word: usually one, none of a lone dash, two of "twenty-two".

    Compatibility forms (NFKC) and case are folded. A dash, a slash and other punctuation part words; full stops, commas
    and symbols vanish, but an apostrophe within a word stays, and so do the point and colon of a number.
    """
    folded = unicodedata.normalize("NFKC", word).casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    ends = f" {folded} "
    return tuple("".join(_kept(*ends[at : at + 3]) for at in range(len(folded))).split())


def _kept(before: str, character: str, after: str) -> str:
    """What stays of a character between its neighbours."""
    kind = unicodedata.category(character)[0]
    if kind not in "PSZC":
        return character
    if character in ".:" and before.isdigit() and after.isdigit():
        return character
    if character == "'" and before.isalnum() and after.isalnum():
        return character
    return "" if kind == "S" or character in "'.," else " "


class Shown(msgspec.Struct, frozen=True):
    """Displayed words and, in one row, the plain words that they are made of; ``owners`` says of which each is."""

    words: tuple[str, ...]
    plain: tuple[str, ...]
    owners: tuple[int, ...]

    def alone(self, at: int) -> bool:
        """The plain word there is all that its displayed word is made of."""
        owner = self.owners[at]
        return (at == 0 or self.owners[at - 1] != owner) and self.owners[at + 1 : at + 2] != (owner,)


def shown(words: Iterable[str]) -> Shown:
    """Displayed words and what they are made of."""
    words = tuple(words)
    parts = [(plain, at) for at, word in enumerate(words) for plain in plain_of(word)]
    return Shown(words, tuple(plain for plain, _ in parts), tuple(at for _, at in parts))
