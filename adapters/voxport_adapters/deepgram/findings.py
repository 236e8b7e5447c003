"""What a server of ``/v1/listen`` adds to a transcript: hits of a search, entities, and names that never change."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from voxport import codec, events, wire
from voxport_adapters.deepgram.messages import FoundEntity, Hit, Search


def search(term: str, words: Sequence[events.Word]) -> Search:
    """Where ``term`` was said, word by word; the service also finds what only sounds like it."""
    sought = [wire.bare(word) for word in term.split()]
    texts = [wire.bare(word.text) for word in words]
    size = len(sought)
    spots = [at for at in range(len(texts) - size + 1) if sought and texts[at : at + size] == sought]
    return Search(term, [_hit(words[at : at + size]) for at in spots])


def _hit(words: Sequence[events.Word]) -> Hit:
    confidence = min(codec.demanded(word.confidence) for word in words)
    snippet = " ".join(wire.bare(word.text) for word in words)
    return Hit(confidence, words[0].start or 0.0, words[-1].end or 0.0, snippet)


def searches(data: Any) -> list[Search]:
    """What a backend that searched by itself has found."""
    try:
        return msgspec.convert(data, list[Search])
    except msgspec.ValidationError:
        return []


def entity(found: events.Entity, words: Sequence[events.Word]) -> FoundEntity:
    """An entity, and which of ``words`` it is."""
    inside = [at for at, word in enumerate(words) if _within(word, found)]
    first, last = (inside[0], inside[-1] + 1) if inside else (0, 0)
    return FoundEntity(
        found.kind, found.text, found.spoken or found.text, codec.demanded(found.confidence), first, last
    )  # fmt: skip


def _within(word: events.Word, found: events.Entity) -> bool:
    if word.start is None or word.end is None or found.start is None or found.end is None:
        return False
    return found.start <= (word.start + word.end) / 2 <= found.end


def by_frequency(languages: Sequence[str | None]) -> list[str]:
    """Each language once, the most frequent first."""
    known = [language for language in languages if language]
    return sorted(dict.fromkeys(known), key=known.count, reverse=True)


def identifier(name: str) -> str:
    """A UUID that is always the same for ``name``."""
    digits = hashlib.sha256(name.encode()).hexdigest()
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


_NAMED = re.compile(r"(nova(?:-\d)?|enhanced|base)(?:-(.+))?")


def architecture(model: str) -> tuple[str, str]:
    """What the service calls a model in its answers, ``("general-nova-3", "nova-3")``, and its architecture."""
    found = _NAMED.fullmatch(model)
    return (f"{found[2] or 'general'}-{found[1]}", found[1]) if found else (model, model)
