"""From a YAML file, or settings in memory, to a session that can start."""

import os

import msgspec

from voxport import registry
from voxport.codec import Adapter
from voxport.engine.route import Route
from voxport.errors import SettingsError
from voxport.session import Session
from voxport.settings import Secret, Settings, from_environment, load, unknown_name

replace = msgspec.structs.replace


def open(  # noqa: A001 -- voxport.open
    source: str | os.PathLike[str] | Settings,
    provider: str | None = None,
    *,
    record: str | os.PathLike[str] | None = None,
) -> Session:
    """A session as the YAML file ``source`` describes it, or as ``Settings`` do; ``provider`` overrides the file's.

    With ``record`` (or ``record:`` in the file) it is written down, without secrets, to that ``.jsonl`` file or to a
    new one in that folder, and its audio is kept beside it; see ``voxport.cassette``.

    Everything that can be checked without the network is: raises ``SettingsError`` for a setting that this provider
    cannot take, a missing key, or, with ``strict: true``, one that would be dropped.
    """
    settings = source if isinstance(source, Settings) else load(source, provider)
    place = record or settings.record
    if not place:
        return Session(*routes(settings))
    from voxport.cassette.session import recorded  # noqa: PLC0415 -- few sessions are recorded

    return recorded(routes(settings), place)


def routes(settings: Settings) -> list[Route]:
    """The provider and those to go on with, each checked; see ``open`` for what is raised."""
    found = []
    for asked in (settings, *settings.fallback):
        adapter = registry.adapter(asked.provider, asked.origin)
        found.append(Route(adapter, checked(adapter, asked)))
    return found


def checked(adapter: Adapter, settings: Settings) -> Settings:
    """The settings with the key filled in from its customary variable; see ``open`` for what is raised."""
    settings = _with_key(adapter, settings)
    _check_region(adapter, settings)
    _check_audio(adapter, settings)
    lost = adapter.translate(settings).of("dropped")
    if settings.strict and lost:
        names = ", ".join(f"{item.setting} ({item.support.note})" for item in lost)
        raise SettingsError(f"{settings.origin}: strict: {settings.provider} would drop {names}")
    return settings


def _with_key(adapter: Adapter, settings: Settings) -> Settings:
    can = adapter.capabilities
    asked = settings.temporary_token or settings.token
    if asked and not can.temporary_tokens:
        name = "token" if settings.token else "temporary_token"
        raise SettingsError(f"{settings.origin}: {name}: {settings.provider} has no temporary tokens")
    if settings.temporary_token and settings.token:
        raise SettingsError(f"{settings.origin}: token: it is one already; leave out temporary_token")
    if settings.api_key or settings.token or not can.needs_key:
        return settings
    key = from_environment(can.key_variable)
    if not key:
        raise SettingsError(
            f"{settings.origin}: {settings.provider} needs a key; set it with: export {can.key_variable}=..."
        )
    return replace(settings, api_key=Secret(key))


def _check_region(adapter: Adapter, settings: Settings) -> None:
    """A region that is not known is no matter of approximation: the audio would go elsewhere."""
    regions = adapter.capabilities.regions
    if settings.region and settings.region not in regions:
        known = unknown_name("region", settings.region, regions) if regions else "it has no regions; leave it out"
        raise SettingsError(f"{settings.origin}: region: {settings.region}: {settings.provider}: {known}")


def _check_audio(adapter: Adapter, settings: Settings) -> None:
    can, audio = adapter.capabilities, settings.audio
    shortest, longest = can.chunk_seconds
    low, high = can.sample_rate_range
    rates = can.sample_rates
    in_range = audio.sample_rate in rates if rates else low <= audio.sample_rate <= high
    problems = {
        f"encoding: {audio.encoding}": audio.encoding not in can.encodings and f"takes {', '.join(can.encodings)}",
        f"sample_rate: {audio.sample_rate}": not in_range
        and (f"takes {', '.join(map(str, rates))} Hz" if rates else f"takes {low} to {high} Hz"),
        f"channels: {audio.channels}": audio.channels > can.max_channels and f"takes {can.max_channels} at most",
        f"chunk_ms: {audio.chunk_ms}": not shortest <= audio.chunk_ms / 1000 <= longest
        and f"takes {shortest * 1000:.0f} to {longest * 1000:.0f}",
    }
    for setting, problem in problems.items():
        if problem:
            raise SettingsError(f"{settings.origin}: audio.{setting}: {settings.provider} {problem}")
