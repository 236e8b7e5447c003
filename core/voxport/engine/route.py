"""A provider that a session may use, and what is lost by going from one to the next."""

from collections.abc import Container, Iterator, Mapping
from typing import Any

import msgspec

from voxport.codec import Adapter, Capabilities
from voxport.commands import Command, Configure, EndUtterance, IdentifySpeakers
from voxport.events import Failed, Notice
from voxport.settings import Settings

ABILITIES = {
    "tells_words": "times of words", "tells_turns": "ends of turns", "tells_speech_start": "starts of speech",
    "forces_endpoint": "ending a turn on demand",    "identifies_speakers": "identifying speakers",
}  # fmt: skip
"""What a provider can or cannot do, in words."""


LAST_CALL = 0.25
"""The share of ``roll_over_margin`` that is left when a session is rolled over in mid-speech, for want of a pause."""


class Route(msgspec.Struct, frozen=True):
    """One provider and what is asked of it."""

    adapter: Adapter
    settings: Settings

    @property
    def can(self) -> Capabilities:
        """What the provider can do."""
        return self.adapter.capabilities

    def objection(self, command: Command) -> str:
        """Why ``command`` cannot be passed on, in words; empty when it can."""
        match command:
            case EndUtterance() if not self.can.forces_endpoint:
                return "this provider cannot be asked to end an utterance"
            case IdentifySpeakers() if not self.can.identifies_speakers:
                return "this provider does not identify speakers"
            case Configure(changes=changes, options=options):
                fixed = {*changes} - {*self.can.configures} | {*options} - {*self.can.configures_options}
                names = ", ".join(sorted(fixed))
                return f"{names} cannot be changed in mid-session with this provider" if names else ""
        return ""

    def changeable(self, command: Configure) -> Configure:
        """What of ``command`` can be changed in mid-session."""
        changes = {name: value for name, value in command.changes.items() if name in self.can.configures}
        options = {name: value for name, value in command.options.items() if name in self.can.configures_options}
        return Configure(changes, options)

    def reservations(self, only: Container[str] | None = None) -> Iterator[Notice]:
        """A notice for each setting, or each of ``only`` these, that is not carried as it was asked for."""
        for item in self.adapter.translate(self.settings).settings:
            support = item.support
            if support.status != "mapped" and (only is None or item.setting in only):
                way = f" as {support.option}" if support.option else ""
                why = f": {support.note}" if support.note else ""
                yield Notice(code=f"setting_{support.status}", message=f"{item.setting} is {support.status}{way}{why}")

    def dropped(self) -> dict[str, str]:
        """The settings that the provider drops, each with why."""
        lost = self.adapter.translate(self.settings).of("dropped")
        return {item.setting: item.support.note for item in lost}

    def roll_over(self, opened_at: float, expires_at: float | None, epoch: float, now: float) -> dict[str, float]:
        """When a provider session, opened at ``opened_at``, must make way for a new one: ``roll`` in the next pause, at
        the latest ``roll_now``. Empty where there is no limit; see ``Capabilities.session_left`` for the rest.
        """
        left = self.can.session_left(now - opened_at, expires_at, epoch + now)
        if left is None:
            return {}
        margin = min(self.settings.resilience.roll_over_margin, left / 4)
        return {"roll": now + left - margin, "roll_now": now + left - margin * LAST_CALL}

    def asking(self, changes: Mapping[str, Any], options: Mapping[str, Any]) -> "Route":
        """The same with other neutral settings and other options of the provider's own."""
        replace = msgspec.structs.replace
        settings = replace(
            self.settings,
            transcription=replace(self.settings.transcription, **changes),
            options={**self.settings.options, **options},
        )
        return Route(self.adapter, settings)


def handover(before: Route, after: Route, failed: Failed) -> str:
    """One line that says who has failed and why, who goes on, and what only ``before`` could do."""
    lost = ", ".join(_losses(before, after))
    return (
        f"{before.adapter.name} has failed: {failed.message} ({failed.code}); {after.adapter.name} goes on"
        f"{lost and f', without: {lost}'}"
    )


def _losses(before: Route, after: Route) -> Iterator[str]:
    yield from (
        words for name, words in ABILITIES.items() if getattr(before.can, name) and not getattr(after.can, name)
    )
    yield from (f"events {tag}" for tag in before.can.tells_beside if tag not in after.can.tells_beside)
    yield from (f"changing {name}" for name in before.can.configures if name not in after.can.configures)
    kept = before.dropped()
    yield from (f"the setting {name}" for name in after.dropped() if name not in kept)
