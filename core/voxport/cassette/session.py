"""Sessions that are written down."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from voxport.cassette.keeping import BLOCK, AudioKeeper
from voxport.cassette.recorder import Recorder
from voxport.engine.route import Route
from voxport.errors import SettingsError
from voxport.session import Session

SUFFIX = ".jsonl"


def recorded(routes: Sequence[Route], place: str | os.PathLike[str], note: str = "") -> Session:
    """A session that is written down as it happens: to the file ``place``, if it ends in ``.jsonl``, else to a new file
    in the folder ``place``, named by the time and the provider. Its audio is kept beside it.

    Raises ``SettingsError`` when nothing can be written there.
    """
    wall, now = time.time(), time.monotonic()
    path = _path(Path(place), routes[0].adapter.name, wall)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("xb", buffering=BLOCK)
    except FileExistsError:
        raise SettingsError(f"record: {path}: exists already; move it away, or record to another place") from None
    except OSError as error:
        raise SettingsError(f"record: {path}: cannot be created: {error.strerror}; choose another place") from None
    keeper = AudioKeeper(path.with_suffix(""), routes[0].settings.audio)
    recorder = Recorder(file, routes, wall=wall, now=now, hear=keeper.hear, finish=keeper.finish, note=note)
    return Session(*routes, tap=recorder)


def _path(place: Path, provider: str, wall: float) -> Path:
    if place.suffix == SUFFIX:
        return place
    stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%S.%f")
    return place / f"{stamp}-{provider}{SUFFIX}"
