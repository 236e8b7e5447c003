"""What a session costs: each provider session as it will be billed, and whether the provider counts as we do."""

from collections.abc import Iterable

import msgspec

from voxport.engine.route import Route
from voxport.events import Billing, Ended, Usage

DIFFERENCE = 0.01
"""The share by which a provider's figure may differ from ours before that is worth a notice."""
WHOLE = 1.0
"""Seconds that a figure given in whole seconds may differ besides, and ``HANDSHAKE`` the length of an open session."""
HANDSHAKE = 2.0
EXACT = 0.05
"""The same for a figure given in fractions: what rounding and a last partial frame make."""


class Ledger:
    """One row for each session of a provider's own; a session that is resumed has one over all its connections."""

    def __init__(self) -> None:
        """No session yet."""
        self._rows: list[Usage] = []
        self._channels = 1
        self._start = 0.0
        self._first_opened_at: float | None = None
        self.opened_at = 0.0
        """When the provider session that is open now was opened."""

    def open(self, route: Route, connection: int, now: float, start: float) -> None:
        """A provider session begins with the audio at ``start``, in seconds."""
        self._channels, self._start, self.opened_at = route.settings.audio.channels, start, now
        self._first_opened_at = now if self._first_opened_at is None else self._first_opened_at
        row = Usage(provider=route.adapter.name, connection=connection, billed_by=route.can.billed_by)
        self._rows.append(row)

    def close(self, now: float, position: float, told: Ended | None = None) -> tuple[str, ...]:
        """The session is over, or its connection is, with audio sent up to ``position``; ``told`` is its last message.

        Returns what the provider counts in another way than we do, each in one line.
        """
        if not self._rows:
            return ()
        row = msgspec.structs.replace(
            self._rows[-1],
            audio_seconds=max(0.0, position - self._start),
            session_seconds=now - self.opened_at,
            reported_audio_seconds=told.reported_audio_seconds if told else None,
            reported_session_seconds=told.reported_session_seconds if told else None,
        )
        self._rows[-1] = msgspec.structs.replace(row, billed_seconds=self._billed(row))
        return tuple(_differences(row))

    def _billed(self, row: Usage) -> float:
        audio = row.audio_seconds if row.reported_audio_seconds is None else row.reported_audio_seconds
        session = row.session_seconds if row.reported_session_seconds is None else row.reported_session_seconds
        return billed(row.billed_by, audio, session, self._channels)

    def totals(self, ended: Ended, now: float, audio_seconds: float) -> Ended:
        """``ended`` with the figures of the whole session, of which ``audio_seconds`` were sent."""
        opened_at = now if self._first_opened_at is None else self._first_opened_at
        return msgspec.structs.replace(
            ended, audio_seconds=audio_seconds, session_seconds=now - opened_at, usage=tuple(self._rows),
            reported_audio_seconds=self._reported("reported_audio_seconds"),
            reported_session_seconds=self._reported("reported_session_seconds"),
        )  # fmt: skip

    def _reported(self, name: str) -> float | None:
        """The sum over the sessions of which the provider told it; ``None`` when it did of none."""
        said = [value for row in self._rows if (value := getattr(row, name)) is not None]
        return sum(said) if said else None


def billed(rule: Billing, audio: float, session: float, channels: int) -> float:
    """What a provider charges for, in seconds: of audio, of audio by channels, or of open session."""
    return {"audio": audio, "audio_per_channel": audio * channels, "session": session, "nothing": 0.0}[rule]


def _differences(row: Usage) -> Iterable[str]:
    counted = (
        ("audio", row.reported_audio_seconds, row.audio_seconds, 0.0),
        ("open session", row.reported_session_seconds, row.session_seconds, HANDSHAKE),
    )
    for what, theirs, ours, slack in counted:
        if theirs is None:
            continue
        rounding = WHOLE if theirs == int(theirs) else EXACT
        if abs(theirs - ours) > max(DIFFERENCE * ours, rounding, slack):
            yield f"the provider counts {theirs:.2f} s of {what}, here it is {ours:.2f} s"
