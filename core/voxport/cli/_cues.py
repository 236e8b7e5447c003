"""Subtitles: one cue for each final."""

import html
import textwrap
from typing import Protocol

import msgspec

from voxport.cli._output import Screen
from voxport.events import AnyEvent, Transcript, TurnEnded

LINE = 42
"""Characters of a line of subtitles, as broadcasters have it."""
SHORTEST = 0.001
"""Seconds: a cue must end after it starts."""


class Style(Protocol):
    """How one format writes cues."""

    header: str

    def cue(self, number: int, start: float, end: float, lines: list[str]) -> str:
        """A cue with the empty line after it; ``number`` counts from 1, times are seconds."""
        ...


class Srt:
    """SubRip."""

    header = ""

    def cue(self, number: int, start: float, end: float, lines: list[str]) -> str:
        """See ``Style``."""
        return "\n".join((str(number), f"{_clock(start, ',')} --> {_clock(end, ',')}", *lines, "", ""))


class Vtt:
    """WebVTT."""

    header = "WEBVTT\n\n"

    def cue(self, number: int, start: float, end: float, lines: list[str]) -> str:
        """See ``Style``."""
        escaped = (html.escape(line, quote=False) for line in lines)
        return "\n".join((f"{_clock(start, '.')} --> {_clock(end, '.')}", *escaped, "", ""))


class Cues:
    """A ``Writer`` of subtitles. A final waits for what may be glued to it."""

    def __init__(self, screen: Screen, style: Style) -> None:
        self._screen = screen
        self._style = style
        self._held: dict[int | None, Transcript] = {}
        self._number = 0
        self._until = 0.0
        screen.data(style.header)

    def take(self, event: AnyEvent) -> None:
        """See ``Writer``."""
        match event:
            case Transcript(is_final=True, channel=channel):
                held = self._held.pop(channel, None)
                if held and event.glued:
                    event = _glued(held, event)
                elif held:
                    self._write(held)
                self._held[channel] = event
            case TurnEnded(channel=None):
                self.close()
            case TurnEnded(channel=channel) if channel in self._held:
                self._write(self._held.pop(channel))
            case _:
                pass

    def close(self) -> None:
        """See ``Writer``."""
        while self._held:
            self._write(self._held.pop(next(iter(self._held))))

    def _write(self, final: Transcript) -> None:
        lines = textwrap.wrap(final.text, LINE)
        if not lines:
            return
        start, end = self._times(final)
        self._number += 1
        self._until = end
        self._screen.data(self._style.cue(self._number, start, end, lines))

    def _times(self, final: Transcript) -> tuple[float, float]:
        """From the words; else the final's own; else from the cue before to the audio sent by then."""
        starts = [word.start for word in final.words if word.start is not None]
        ends = [word.end for word in final.words if word.end is not None]
        start = min(starts, default=self._until if final.start is None else final.start)
        end = max(ends, default=final.audio_sent if final.end is None else final.end)
        return start, max(end, start + SHORTEST)


def _glued(held: Transcript, more: Transcript) -> Transcript:
    return msgspec.structs.replace(
        held, text=held.text + more.text, end=more.end, words=held.words + more.words, audio_sent=more.audio_sent
    )


def _clock(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(max(0.0, seconds) * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"
