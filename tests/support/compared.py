"""A comparison of two labels on three recordings, all of it made by hand."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import soundfile

from voxport.codec import Support, Translated, Translation
from voxport.events import AnyEvent, Begun, Ended, Failed, Transcript, TurnEnded, Word
from voxport.metrics import Method, PriceList
from voxport.report.comparison import Comparison, compare
from voxport.take import Item, Sent, Take

RATE = 16_000
SECONDS = 3.0
METHOD = Method(normalisers=("raw", "plain"), primary="plain", resamples=200)
SETTINGS = Translation(
    {"lang": "en"},
    (
        Translated("language", "en", Support("mapped", "lang")),
        Translated("key_terms", ["<script>alert(1)</script>"], Support("dropped", note="it has no vocabulary")),
    ),
)
SAID = {"one": "good morning to you", "two": "press 1 for sales & <b>more</b>", "silence": ""}
HEARD: Mapping[str, Mapping[str, str | None]] = {
    "right": {"one": "Good morning to you.", "two": "Press 1 for sales & <b>more</b>.", "silence": ""},
    "wrong": {"one": "good mourning to you there", "two": None, "silence": "hello"},
}
"""By label and item; ``None`` for a session that failed."""


def take(label: str, item: str, heard: str | None, *, realtime: bool = True) -> Take:
    """A session dialled at second 100, begun at 101, whose audio starts at 102 and whose final comes 0.4 s after it."""
    begun = Begun(session_id="s", received_at=101.0, details={"version": "7"})
    over: list[AnyEvent] = [begun, Failed(kind="network", code="1006", message="the line broke", received_at=103.0)]
    if heard is not None:
        words = tuple(Word(word, 0.3 * at, 0.3 * at + 0.2) for at, word in enumerate(heard.split()))
        end = words[-1].end if words else 0.0
        final = Transcript(is_final=True, text=heard, start=0.0, end=end, words=words, received_at=105.4)
        partial = Transcript(is_final=False, text=" ".join(heard.split()[:2]), start=0.0, end=0.5, received_at=103.1)
        turn = TurnEnded(at=end, received_at=105.5)
        said: list[AnyEvent] = [partial, final, turn] if words else []
        over = [begun, *said, Ended(received_at=105.6)]
    chunks = tuple(Sent(0.1 * at, 102.0 + 0.1 * at) for at in range(1, round(SECONDS * 10) + 1))
    return Take(
        label=label, provider=f"provider of {label}", item=item, date=1_780_000_000.0, dialled_at=100.0,
        events=tuple(over), sent=chunks, finished_at=105.01, realtime=realtime, model="m", settings=SETTINGS,
    )  # fmt: skip


def made(items: Sequence[Item], takes: Mapping[str, Mapping[str, Take]]) -> Comparison:
    return compare(items, lambda item: takes[item], list(HEARD), METHOD, PriceList(currency="USD", prices=()))


def recordings(folder: Path) -> list[Item]:
    """The three, as files."""
    found = []
    for number, (name, text) in enumerate(SAID.items()):
        path = folder / f"{name}.wav"
        soundfile.write(path, [0.1 * (number + 1) * (-1) ** at for at in range(int(RATE * SECONDS))], RATE)
        found.append(Item(id=name, audio=str(path), text=text, tags=("short", name)))
    return found


def sessions() -> dict[str, dict[str, Take]]:
    """By item and label."""
    return {name: {label: take(label, name, heard[name]) for label, heard in HEARD.items()} for name in SAID}
