"""Adapters by name, through the entry-point group ``voxport.adapters``; the built-in ones use the same door."""

from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import cast

from voxport.codec import Adapter
from voxport.errors import SettingsError
from voxport.settings import unknown_name

GROUP = "voxport.adapters"


@cache
def _known() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def names() -> tuple[str, ...]:
    """The names of all adapters installed, sorted."""
    return tuple(sorted(_known()))


def adapter(name: str, origin: str = "settings") -> Adapter:
    """The adapter called ``name``.

    Raises ``SettingsError`` with the nearest name when there is none; ``origin`` says where the name was written.
    """
    try:
        point = _known()[name]
    except KeyError:
        raise SettingsError(f"{origin}: {name}: {unknown_name('provider', name, names())}") from None
    try:
        return cast("Adapter", point.load())
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"{origin}: {name}: its adapter, {point.value}, cannot be loaded: {error}") from error
