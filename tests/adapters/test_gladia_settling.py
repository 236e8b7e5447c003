"""Which silence is settled at Gladia, and when: never before the service could have told of speech in it."""

from typing import Any

import pytest

from support.gladia import SECOND, client, final, partial, speech, stereo, taken, told
from voxport.events import Acknowledged
from voxport.settings import AudioSettings
from voxport_adapters.gladia import Client
from voxport_adapters.gladia.memory import LEAD, MARGIN, WORDLESS


def settled(heard: list[Any], channel: int | None = None) -> list[float]:
    """Up to where what was heard settles the channel."""
    return [
        event.until for event in heard if isinstance(event, Acknowledged) and event.settled and event.channel == channel
    ]


def listen(end: Client, seconds: int, since: int = 0, *, late: float = 0.0, rate: int = SECOND) -> list[Any]:
    """Audio at the pace of speech: each second is acknowledged when it was spoken, ``late`` seconds later."""
    frames = [taken(s * rate, (s + 1) * rate, s + 1 + late, rate) for s in range(since, since + seconds)]
    return told(end, *frames)


def test_silence_is_settled_once_the_service_has_had_the_time_to_tell_of_speech() -> None:
    until = settled(listen(client(), 20))
    # At second 20 what was taken at second 16, and took a second to hear, has been heard for the margin's 3 seconds.
    assert until[0] == 1.0
    assert until[-1] == 20 - MARGIN - 1
    assert until == sorted(set(until))


def test_a_burst_is_settled_only_as_fast_as_it_would_be_spoken() -> None:
    end = client()
    told(end, *(taken(s * SECOND, (s + 1) * SECOND) for s in range(60)))
    assert settled(told(end, taken(60 * SECOND, 60 * SECOND + 2, 10.1))) == [10 - MARGIN]
    assert settled(told(end, taken(60 * SECOND + 2, 60 * SECOND + 4, 63.5))) == [pytest.approx(60.0, abs=0.001)]


def test_time_that_passes_after_a_burst_makes_up_for_it_but_is_not_saved() -> None:
    end = client()
    told(end, taken(0, SECOND, 100.0), taken(SECOND, 31 * SECOND, 100.0))
    assert settled(told(end, taken(31 * SECOND, 31 * SECOND + 2, 100.0 + 1 + MARGIN))) == [1.0]
    assert settled(told(end, taken(31 * SECOND + 2, 31 * SECOND + 4, 100.0 + 30 + MARGIN))) == []
    assert settled(told(end, taken(31 * SECOND + 4, 31 * SECOND + 6, 100.0 + 31 + MARGIN))) == [31.0]


def test_open_speech_is_not_settled_and_neither_is_what_comes_after_it() -> None:
    end = client()
    listen(end, 5)
    told(end, speech("start", 5.5, at=5.8))
    assert settled(listen(end, 30, 5))[-1] == 5.5 - LEAD


def test_a_partial_is_speech_even_when_none_was_told_to_start() -> None:
    end = client()
    told(end, partial(" a", 5.5, 5.4))
    assert settled(listen(end, 30))[-1] == 5.5 - LEAD


@pytest.mark.parametrize("order", ["end first", "final first"])
def test_after_its_final_speech_is_no_longer_open(order: str) -> None:
    end = client()
    listen(end, 5)
    last = [speech("end", 7.0, at=7.2), final(" a", 5.6, 6.9)]
    told(end, speech("start", 5.5, at=5.8), *(last if order == "end first" else last[::-1]))
    assert settled(listen(end, 30, 5))[-1] == 35 - MARGIN - 1


def test_a_final_that_was_cut_leaves_the_rest_of_the_speech_open() -> None:
    end = client()
    listen(end, 5)
    told(end, speech("start", 5.5, at=5.8), final(" a", 5.6, 10.5))
    assert settled(listen(end, 30, 5))[-1] == 10.5 - LEAD
    told(end, speech("end", 12.0, at=35.2))  # not close to the final: more is to come
    assert settled(listen(end, 1, 35)) == []
    told(end, final(" b", 10.6, 11.9, name="00_00000004"))
    assert settled(listen(end, 1, 36)) == [33.0]


def test_speech_that_went_on_after_an_utterance_is_open_whatever_comes_late() -> None:
    end = client()
    listen(end, 5)
    told(end, speech("start", 5.5), speech("end", 6.0), speech("start", 6.5), final(" a", 5.6, 5.9))
    assert settled(listen(end, 30, 5))[-1] == 6.5 - LEAD


def test_noise_that_gets_no_final_is_waited_for_but_not_for_ever() -> None:
    end = client()
    listen(end, 5)
    told(end, speech("start", 5.5, at=5.7), speech("end", 5.8, at=6.0))
    assert settled(listen(end, 11, 5))[-1] == 5.5 - LEAD
    assert settled(listen(end, 2, 16)) == [17 - MARGIN - 1, 18 - MARGIN - 1]
    assert WORDLESS == 10.0


def test_speech_after_noise_stays_open_when_the_noise_is_given_up() -> None:
    end = client()
    listen(end, 5)
    told(end, speech("start", 5.5, at=5.7), speech("end", 5.8, at=6.0), speech("start", 8.5, at=8.7))
    assert settled(listen(end, 30, 5))[-1] == 8.5 - LEAD


def test_channels_are_settled_one_by_one() -> None:
    end, rate = client(**stereo()), 2 * SECOND
    listen(end, 5, rate=rate)
    told(end, speech("start", 5.5, 1, at=5.8))
    heard = listen(end, 30, 5, rate=rate)
    assert settled(heard, 0)[-1] == 35 - MARGIN - 1
    assert settled(heard, 1)[-1] == 5.5 - LEAD
    assert settled(heard) == []


def test_without_events_of_speech_silence_tells_nothing() -> None:
    end = client(options={"messages_config": {"receive_speech_events": False}})
    assert settled(listen(end, 30)) == []


@pytest.mark.parametrize("stamp", ["", "yesterday", "12:00"])
def test_without_the_services_clock_silence_tells_nothing(stamp: str) -> None:
    end = client()
    frames = [
        f'{{"type":"audio_chunk","created_at":"{stamp}","acknowledged":true,"data":{{"byte_range":[{s},{s + 2}]}}}}'
        for s in range(0, 20 * SECOND, SECOND)
    ]
    heard = told(end, *frames)
    assert len(heard) == 20
    assert settled(heard) == []


def test_a_clock_that_goes_back_settles_nothing_too_early() -> None:
    end = client()
    listen(end, 20)
    assert settled(listen(end, 10, 20, late=-15.0)) == []


def test_all_that_is_taken_is_acknowledged_whoever_speaks() -> None:
    end = client(audio=AudioSettings(encoding="mulaw", sample_rate=8000))
    told(end, speech("start", 0.1))
    heard = listen(end, 5, rate=8000)
    assert [event.until for event in heard] == [1.0, 2.0, 3.0, 4.0, 5.0]
