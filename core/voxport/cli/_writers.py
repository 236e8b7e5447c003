"""What a session's events look like on stdout: as text or as JSON, and elsewhere (``_cues``) as subtitles."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from voxport.cli._output import Screen
from voxport.events import AnyEvent, Ended, Notice, Transcript, TurnEnded


class Writer(Protocol):
    """One output format."""

    def take(self, event: AnyEvent) -> None:
        """Write what ``event`` completes."""
        ...

    def close(self) -> None:
        """Write what is held. Called once at least, at whatever end."""
        ...


class Text:
    """Finals, a line for each turn; the turn in progress is the screen's live line.

    ``turns`` says of a provider whether it tells where turns end; otherwise each final is a line, with what is glued to
    it.
    """

    def __init__(self, screen: Screen, turns: Callable[[str], bool]) -> None:
        self._screen = screen
        self._turns = turns
        self._lines: dict[int | None, str] = {}
        self._partials: dict[int | None, str] = {}

    def take(self, event: AnyEvent) -> None:
        """See ``Writer``."""
        match event:
            case Transcript(is_final=True):
                done = self._add(event)
            case Transcript(text=text, channel=channel):
                self._partials[channel] = text
                done = ""
            case TurnEnded(channel=channel):
                done = self._end(channel)
            case _:
                return
        self._screen.live(*(" ".join(filter(None, held.values())) for held in (self._lines, self._partials)))
        self._screen.data(done)

    def close(self) -> None:
        """See ``Writer``."""
        self._screen.live("", "")
        self._screen.data("".join(map(self._end, list(self._lines))))

    def _add(self, final: Transcript) -> str:
        """Take the final; returns the line before it, if that is done."""
        channel = final.channel
        self._partials.pop(channel, None)
        done = "" if final.glued or self._turns(final.provider) else self._end(channel)
        line = self._lines.get(channel, "")
        self._lines[channel] = f"{line}{'' if final.glued or not line else ' '}{final.text}"
        return done

    def _end(self, channel: int | None) -> str:
        """The channel's line, or every line when the end of a turn names no channel."""
        ended = list(self._lines) if channel is None else [channel]
        return "".join(f"{line}\n" for name in ended if (line := self._lines.pop(name, "")))


class JsonLines:
    """Every event, one JSON object a line; with ``raw`` the provider's own message is in it."""

    def __init__(self, screen: Screen, *, raw: bool) -> None:
        self._screen = screen
        self._raw = raw

    def take(self, event: AnyEvent) -> None:
        """See ``Writer``."""
        tree: dict[str, Any] = msgspec.to_builtins(msgspec.structs.replace(event, raw=None))
        del tree["raw"]
        if self._raw:
            tree["raw"] = _parsed(event.raw)
        self._screen.data(f"{msgspec.json.encode(tree).decode()}\n")

    def close(self) -> None:
        """See ``Writer``."""


def _parsed(raw: str | bytes | None) -> Any:
    """The provider's message as JSON; as it came where it is none."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return raw


class Told:
    """What a session has said so far, as far as a person must be told when it ends."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._partials: dict[int | None, str] = {}
        self.finals = 0
        self.tail_lost = False

    def take(self, event: AnyEvent) -> None:
        """Tell notices, and remember the rest."""
        match event:
            case Notice(message=message):
                self._screen.message(message)
            case Transcript(is_final=True, channel=channel):
                self.finals += 1
                self._partials.pop(channel, None)
            case Transcript(text=text, channel=channel):
                self._partials[channel] = text
            case Ended(tail_lost=tail_lost):
                self.tail_lost = tail_lost
            case _:
                pass

    def unfinished(self) -> None:
        """Tell of the words that no final came for."""
        left = " ".join(filter(None, self._partials.values()))
        if left:
            self._screen.message(f"heard, but never made final: {left}")
