"""What ``voxport record`` and ``voxport replay`` do."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec

from voxport import registry
from voxport.audio import AudioFile
from voxport.cassette.player import play
from voxport.cassette.reading import Cassette, read
from voxport.cassette.session import SUFFIX, recorded
from voxport.cli._config import config_file
from voxport.cli._exits import Exit, code_of
from voxport.cli._output import say, write
from voxport.errors import SettingsError, VoxportError
from voxport.events import Ended, Notice
from voxport.opening import routes
from voxport.settings import load
from voxport.timeline import texts


def run(audio: Sequence[Path], out: Path, config: Path | None, provider: str | None, *, fast: bool) -> Exit:
    """Record each file that is not there yet. One that fails stops none of the others; the worst of it is returned."""
    asked = routes(load(config_file(config), provider))
    places = _places(audio, out)
    worst = Exit.DONE
    for number, (file, place) in enumerate(places.items(), 1):
        if _complete(place):
            say(f"{number}/{len(places)} {file.name}: is there already")
            continue
        place.unlink(missing_ok=True)
        try:
            events = []
            with recorded(asked, place, note=file.name) as session:
                session.feed(AudioFile(file, realtime=not fast))
                events += list(session)
        except VoxportError as error:
            say(f"{number}/{len(places)} {file.name}: {error}")
            worst = max(worst, code_of(error))
            continue
        lost = any(isinstance(event, Ended) and event.tail_lost for event in events)
        worst = max(worst, Exit.TAIL_LOST) if lost else worst
        notices = sum(isinstance(event, Notice) for event in events)
        say(f"{number}/{len(places)} {file.name}: {len(texts(events).split())} words, {notices} notices")
        write(f"{place}\n")
    return worst


def _places(audio: Iterable[Path], out: Path) -> dict[Path, Path]:
    """Where each file's cassette goes. Raises ``SettingsError`` when two would go to the same place."""
    places = {file: out / f"{file.stem}{SUFFIX}" for file in audio}
    for file, place in places.items():
        twin = next((other for other, there in places.items() if there == place and other != file), None)
        if twin is not None:
            raise SettingsError(f"{file} and {twin} would both be recorded as {place.name}; rename one")
    return places


def _complete(place: Path) -> bool:
    if not place.exists():
        return False
    try:
        return read(place).end is not None
    except VoxportError:
        return False


# --------------------------------------------------------------------------- replaying


class Checked(msgspec.Struct, frozen=True):
    """What became of one cassette."""

    cassette: str
    provider: str
    created: str
    days: float
    text: str
    differences: tuple[str, ...]


def replay(cassettes: Sequence[Path], today: Callable[[], float], warn_days: float, fail_days: float) -> list[Checked]:
    """Decode each anew. One that is too old differs by that alone; one that is getting old is told of."""
    checked = []
    for path in cassettes:
        cassette = read(path)
        played, days = play(cassette, registry.adapter), _days(cassette, today())
        if days > warn_days:
            say(f"{path}: recorded {days:.0f} days ago; record it anew before it is {fail_days:.0f} days old")
        old = (f"{path}: recorded {days:.0f} days ago, more than {fail_days:.0f}",) if days > fail_days else ()
        head = cassette.head
        differences = (*played.differences, *old)
        checked.append(Checked(str(path), head.providers[0], head.created, days, texts(played.events), differences))
    return checked


def _days(cassette: Cassette, today: float) -> float:
    try:
        created = dt.datetime.fromisoformat(cassette.head.created).timestamp()
    except ValueError:
        raise SettingsError(f"{cassette.path}:1: created: {cassette.head.created!r} is no date") from None
    return max(0.0, (today - created) / 86_400)
