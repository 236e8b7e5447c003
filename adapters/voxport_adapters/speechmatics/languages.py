"""Which language packs there are, and how a BCP-47 code is one of them."""

from collections.abc import Sequence

PACKS = frozenset(
    """ar ar_en ba be bg bn ca cmn cmn_en cmn_en_ms_ta cs cy da de el en en_ms en_ta eo es et eu fa fi fr ga gl he hi hr
    hu ia id it ja ko lt lv mn mr ms mt no pl pt ro ru sk sl sv sw ta th tl tr ug uk ur vi yue""".split()  # noqa: SIM905 -- a list would be one a line
)
MULTI = "multi"
"""The pack of the model ``melia-1``, which tells the language word by word."""
DELIMITERS = {"cmn": "", "ja": ""}
"""What stands between words, where that is no space."""
TRANSLATED = frozenset(
    "bg ca cmn cs da de el es et fi fr gl hi hr hu id it ja ko lt lv ms nl no pl pt ro ru sk sl sv tr uk vi".split()  # noqa: SIM905 -- the same
)
"""What can be translated from English and into it."""

_RIGHT_TO_LEFT = frozenset({"ar", "ar_en", "fa", "he", "ug", "ur"})
_PACK_OF = {"zh": "cmn", "nb": "no", "nn": "no", "fil": "tl"}
_LOCALES = {
    "en-gb": "en-GB", "en-us": "en-US", "en-au": "en-AU", "zh-cn": "cmn-Hans", "zh-hans": "cmn-Hans",
    "zh-tw": "cmn-Hant", "zh-hant": "cmn-Hant", "cmn-hans": "cmn-Hans", "cmn-hant": "cmn-Hant",
}  # fmt: skip
_MIXED = {
    frozenset({"ar", "en"}): {"language": "ar_en"},
    frozenset({"cmn", "en"}): {"language": "cmn_en"},
    frozenset({"cmn", "en", "ms", "ta"}): {"language": "cmn_en_ms_ta"},
    frozenset({"en", "ms"}): {"language": "en_ms"},
    frozenset({"en", "ta"}): {"language": "en_ta"},
    frozenset({"en", "es"}): {"language": "es", "domain": "bilingual-en"},
}


def pack(tag: str) -> str:
    """The pack for a BCP-47 code; one serves all regions."""
    primary = tag.lower().partition("-")[0]
    return _PACK_OF.get(primary, primary)


def direction(language: str) -> str:
    """Which way it is written, in the service's words."""
    return "right-to-left" if language in _RIGHT_TO_LEFT else "left-to-right"


def options(tag: str) -> dict[str, str]:
    """The same as options, with how to spell what is heard."""
    locale = _LOCALES.get(tag.lower())
    return {"language": pack(tag), **({"output_locale": locale} if locale else {})}


def mixed(tags: Sequence[str]) -> dict[str, str] | None:
    """The options for speech in exactly these languages, where one pack has them all."""
    return _MIXED.get(frozenset(map(pack, tags)))


def parts(language: str, domain: str | None) -> tuple[str, ...]:
    """The languages of a pack that has several, else none."""
    found = (codes for codes, asked in _MIXED.items() if asked == _asked(language, domain))
    return tuple(sorted(next(found, ())))


def _asked(language: str, domain: str | None) -> dict[str, str]:
    return {"language": language, **({"domain": domain} if domain == "bilingual-en" else {})}
