"""A day of audio in seconds: drops, drops in a row, roll-overs; no word lost, none twice, and memory flat."""

import random

import pytest

from faults.day import HOUR, Day, words_until
from support.emulated import REMOTE
from voxport.events import Ended

HOURS = 24
BURSTS = 5
"""Times of trouble in the day, each of a few drops."""
HELD = 60
"""Chunks of a second: a turn and the pause after it, what is on the way, and what waits for a connection."""
GROWTH = 20_000
"""Blocks that may be held more in the last hours than in the first, of both halves: a day has 86,400 chunks."""
AGAIN = 60.0
"""Seconds that one connection may send again of what the one before it was sent."""


def drops(seconds: int, seed: int) -> list[float]:
    """When the connection is lost."""
    chance = random.Random(seed)  # noqa: S311 -- to be the same each time
    bursts = (chance.uniform(0, seconds) for _ in range(BURSTS))
    return sorted(burst + chance.uniform(0, 40) for burst in bursts for _ in range(chance.randint(1, 3)))


@pytest.mark.parametrize("provider", REMOTE)
def test_a_day_with_drops_and_roll_overs_is_whole(provider: str) -> None:
    day = Day(provider, HOURS * HOUR)
    day.run(drops(day.seconds, seed=1))
    heard, last = day.heard, day.heard.last
    assert heard.wrong == []
    assert heard.words == words_until(day.seconds)
    assert heard.begun == 1
    assert isinstance(last, Ended)
    assert not last.tail_lost
    assert last.audio_seconds == day.seconds
    sent = sum(row.audio_seconds for row in last.usage)
    assert day.seconds <= sent <= day.seconds + AGAIN * len(last.usage)
    assert not {"audio_lost", "usage_differs", "malformed", "tail_lost"} & {*heard.notices}
    assert day.drops >= BURSTS
    limit = day.can.max_session
    if limit is not None and limit < day.seconds:
        assert heard.notices["rolling_over"] >= 2
        assert day.dropped_rolling
    assert day.struck == []
    assert day.most_held <= HELD
    first, final = ([day.memory[hour] for hour in hours] for hours in ((1, 2, 3), (22, 23, 24)))
    # The far side of one provider remembers its session; so the least of the last hours counts.
    assert min(final) - max(first) < GROWTH
