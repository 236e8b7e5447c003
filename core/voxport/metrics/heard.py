"""What a take heard, channel by channel: the words of its finals, and what stood on the screen as they came."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from voxport.events import AnyEvent, SpeakersRevised, Transcript, Word
from voxport.metrics.text import plain_words
from voxport.take import Sent, Take
from voxport.timeline import texts

SLACK = 1e-6
"""Positions closer than this, in seconds, are the same: they were once floats of milliseconds or samples."""


class HeardWord(msgspec.Struct, frozen=True):
    """A word of a final as it is displayed; ``at`` is when the final arrived."""

    text: str
    at: float
    start: float | None = None
    end: float | None = None
    speaker: str | None = None
    estimated: bool = False

    @property
    def timed(self) -> bool:
        """The provider measured its times."""
        return self.start is not None and self.end is not None and not self.estimated


class Heard:
    """The transcripts of a take, in the order of arrival."""

    def __init__(self, take: Take) -> None:
        """Revised speakers are taken over into the words."""
        self.messages = tuple(event for event in take.events if isinstance(event, Transcript))
        self.channels = tuple(sorted({_channel(message) for message in self.messages}))
        self._revised = _revisions(take.events)
        self._words: dict[int | None, tuple[HeardWord, ...]] = {}
        self._screens: dict[int, tuple[Screen, ...]] = {}

    def on(self, channel: int) -> tuple[Transcript, ...]:
        """The transcripts of one channel."""
        return tuple(message for message in self.messages if _channel(message) == channel)

    def text(self, channel: int | None = None) -> str:
        """The finals joined: of one channel, or of all as they came."""
        return texts(self.messages if channel is None else self.on(channel))

    def words(self, channel: int | None = None) -> tuple[HeardWord, ...]:
        """The words of ``text``, with the times that are known."""
        if len(self.channels) == 1:
            channel = self.channels[0]
        if channel not in self._words:
            self._words[channel] = tuple(self._joined(channel))
        return self._words[channel]

    def screens(self, channel: int) -> tuple["Screen", ...]:
        """What one channel displayed, in plain words."""
        if channel not in self._screens:
            self._screens[channel] = tuple(screens(self.on(channel), lambda text: tuple(plain_words(text))))
        return self._screens[channel]

    def _joined(self, channel: int | None) -> list[HeardWord]:
        heard: list[HeardWord] = []
        for message in self.messages if channel is None else self.on(channel):
            if message.is_final:
                words = list(self._said(message))
                if message.glued and heard and words:
                    before, first = heard.pop(), words.pop(0)
                    heard.append(msgspec.structs.replace(before, text=before.text + first.text))
                heard += words
        return heard

    def _said(self, message: Transcript) -> Iterator[HeardWord]:
        shown = message.text.split()
        words: Sequence[Word] = self._revised.get((message.connection, message.utterance), message.words)
        if [word.text for word in words] != shown:
            words = _fitted(shown, words)
        for word in words:
            speaker = word.speaker if word.speaker is not None else message.speaker
            yield HeardWord(word.text, message.received_at, word.start, word.end, speaker, word.estimated)


def _channel(message: Transcript) -> int:
    return message.channel or 0


def _revisions(events: Iterable[AnyEvent]) -> dict[tuple[int, str | None], tuple[Word, ...]]:
    """The words of each utterance whose speakers were corrected, by connection and utterance; the last word counts."""
    return {
        (event.connection, revision.utterance): revision.words
        for event in events
        if isinstance(event, SpeakersRevised)
        for revision in event.revisions
        if revision.words
    }


def _fitted(shown: Sequence[str], words: Sequence[Word]) -> list[Word]:
    """The displayed words, each with the times of the word that stands in its place, if both are equally many.

    A provider's words may be spelled otherwise than its text; what cannot be paired has no times.
    """
    if len(shown) != len(words):
        return [Word(text) for text in shown]
    return [msgspec.structs.replace(word, text=text) for text, word in zip(shown, words, strict=True)]


# --------------------------------------------------------------------------- when audio was sent


class SendClock:
    """When each position of the audio had been sent, and how much had been sent when."""

    def __init__(self, sent: Sequence[Sent]) -> None:
        """In the order of sending."""
        self._until = [chunk.until for chunk in sent]
        self._at = [chunk.at for chunk in sent]

    def at(self, position: float) -> float | None:
        """When the chunk that holds ``position`` had been sent; for a position beyond the audio, the last one."""
        if not self._until:
            return None
        return self._at[min(bisect_left(self._until, position - SLACK), len(self._at) - 1)]

    def position(self, at: float) -> float:
        """How much audio had been sent by then."""
        index = bisect_left(self._at, at + SLACK)
        return self._until[index - 1] if index else 0.0


# --------------------------------------------------------------------------- what stood on the screen


class Screen(msgspec.Struct, frozen=True):
    """What one channel shows after a message: ``final`` words that will not change, and the ``partial`` after them.

    A final that says only the beginning of the partial before it leaves the rest standing until the next message: some
    providers send the rest at once as a partial of its own.
    """

    at: float
    is_final: bool
    final: tuple[str, ...]
    """Only those that this message added."""
    partial: tuple[str, ...]
    rest: tuple[str, ...] = ()
    """What stands of the partial before, after a final."""


def screens(messages: Iterable[Transcript], words: Callable[[str], tuple[str, ...]]) -> Iterator[Screen]:
    """The screens of one channel's messages; ``words`` makes words of a text."""
    standing: tuple[str, ...] = ()
    for message in messages:
        said = words(message.text)
        if message.is_final:
            standing = standing[len(said) :]
            yield Screen(message.received_at, True, said, (), standing)
        else:
            standing = said
            yield Screen(message.received_at, False, (), said)
