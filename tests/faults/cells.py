"""The matrix: every state of a conversation, every fault, every provider; what must come of each, or why there is none."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import msgspec

from faults.blows import FAULTS, Named, close, http
from faults.frames import BINARY
from faults.numbered import Layout, numbers
from faults.proxy import Moment, Trigger, Where
from support.emulated import REMOTE
from voxport import registry
from voxport.codec import Dial, Opened
from voxport.events import Begun, Ended, FailureKind, Transcript
from voxport.settings import Settings

PROVIDERS = tuple(name for name in REMOTE if name != "gladia")
"""Those of the matrix. Gladia's cells do not all hold on every run: a drained session may lose words (``table.py gladia``)."""

LAYOUT = Layout()
TURNS = 5
WORDS = TURNS * LAYOUT.per_turn


class State(msgspec.Struct, frozen=True):
    """Where in a conversation a fault strikes.

    ``gates`` are the seconds of audio that a source gives before it waits for each strike; without any it gives all
    and finishes. ``part`` is what the client is about then.
    """

    name: str
    part: Literal["handshake", "beginning", "live", "draining", "over"]
    when: Callable[[Moment], bool]
    where: Where
    gates: tuple[float, ...] = ()
    stage: str = "down"

    def __str__(self) -> str:
        """For the names of tests."""
        return self.name

    def trigger(self) -> Trigger:
        """For the proxy."""
        return Trigger(self.when, self.where, max(1, len(self.gates), self.times))

    @property
    def times(self) -> int:
        """How often in a row it strikes."""
        return 2 if "twice" in self.name else 1


def _stage(stage: str) -> Callable[[Moment], bool]:
    return lambda moment: moment.stage == stage


def _partial(moment: Moment) -> bool:
    """The second turn has two of its words; a session that is resumed does not say so again, but goes on."""
    return any(
        isinstance(e, Transcript) and not e.is_final and max(numbers(e.text), default=0) >= 4 for e in moment.events
    )


def _final(moment: Moment) -> bool:
    """The second turn or the third is over."""
    return any(isinstance(e, Transcript) and e.is_final and numbers(e.text)[-1:] in ([5], [8]) for e in moment.events)


def _tail(moment: Moment) -> bool:
    """The last turn is over, which only the end of the audio makes so."""
    return any(isinstance(e, Transcript) and e.is_final and numbers(e.text)[-1:] == [WORDS - 1] for e in moment.events)


def _begun(moment: Moment) -> bool:
    return moment.stage == "down" and any(isinstance(event, Begun) for event in moment.events)


def _ended(moment: Moment) -> bool:
    return any(isinstance(event, Ended) for event in moment.events)


def _audio(moment: Moment) -> bool:
    return moment.stage == "up" and moment.frame is not None and moment.frame.opcode == BINARY and moment.count >= 20


def _finishes(moment: Moment) -> bool:
    return moment.finishes


AT_PARTIAL = LAYOUT.start(5) + 0.05
AT_FINAL = LAYOUT.end(5) + 0.3
LATER = LAYOUT.end(8) + 0.3

STATES = (
    State("HTTP request", "handshake", _stage("request"), "instead", (0.2,), "request"),
    State("half of its answer", "handshake", _stage("answer"), "half", (0.2,), "answer"),
    State("upgrade", "handshake", _stage("upgrade"), "instead", (0.2,), "upgrade"),
    State("upgrade, twice", "handshake", _stage("upgrade"), "instead", (0.2, 0.2), "upgrade"),
    State("half of the 101", "handshake", _stage("opened"), "half", (0.2,), "opened"),
    State("after the 101", "beginning", _stage("opened"), "after", (0.2,), "opened"),
    State("after the 101, twice", "beginning", _stage("opened"), "after", (0.2, 0.2), "opened"),
    State("before Begun", "beginning", _begun, "instead", (0.2,)),
    State("after Begun", "live", _begun, "after", (0.2,)),
    State("half of an audio frame", "live", _audio, "half", (1.2,), "up"),
    State("after a partial", "live", _partial, "after", (AT_PARTIAL,)),
    State("after a partial, twice", "live", _partial, "after", (AT_PARTIAL, AT_FINAL)),
    State("half of a final", "live", _final, "half", (AT_FINAL,)),
    State("after a final", "live", _final, "after", (AT_FINAL,)),
    State("after a final, twice", "live", _final, "after", (AT_FINAL, LATER)),
    State("finishing", "draining", _finishes, "instead", stage="up"),
    State("draining", "draining", _finishes, "after", stage="up"),
    State("draining, twice", "draining", _finishes, "after", stage="up"),
    State("draining, after the final", "draining", _tail, "after"),
    State("before the last message", "draining", _ended, "instead"),
    State("after the last message", "over", _ended, "after"),
)


# --------------------------------------------------------------------------- what must come of it


class Recovers(msgspec.Struct, frozen=True):
    """The session dials again; the transcript is whole."""


class Undisturbed(msgspec.Struct, frozen=True):
    """Nothing is lost and nobody dials again; where it is ``told``, one ``Notice`` says what came."""

    told: bool = False


class Whole(msgspec.Struct, frozen=True):
    """The transcript is whole. Whether the session dials again depends on what the client has read by then."""


class Fails(msgspec.Struct, frozen=True):
    """The session fails at once, with this kind and a code that begins so."""

    kind: FailureKind
    code: str


class TailLost(msgspec.Struct, frozen=True):
    """The session ends in time and says that the end may be missing; what was told before is right."""


class NoCell(msgspec.Struct, frozen=True):
    """There is no such cell: ``why``."""

    why: str


Outcome = Recovers | Undisturbed | Whole | Fails | TailLost | NoCell

AGAIN = Recovers()
REFUSED: Mapping[int, Fails] = {
    401: Fails("refused", "401"), 402: Fails("refused", "402"), 403: Fails("refused", "403"),
    400: Fails("invalid", "400"), 404: Fails("invalid", "404"),
}  # fmt: skip
"""By HTTP status; every other one is worth another try."""

DEEPGRAM: Mapping[int | None, Outcome] = {
    1008: Fails("invalid", "1008"), **{code: Fails("protocol", str(code)) for code in (1002, 1003, 1007)},
}  # fmt: skip
USUAL: Mapping[int | None, Outcome] = dict.fromkeys((None, 1000, 1001, 1011, 1012, 1013), AGAIN)
CLOSES: Mapping[str, Mapping[int | None, Outcome]] = {
    "assemblyai": {
        **USUAL, 3005: AGAIN, 3009: AGAIN,
        1008: Fails("refused", "1008"), 3006: Fails("invalid", "3006"), 3007: Fails("invalid", "3007"),
    },
    "deepgram": {**USUAL, **DEEPGRAM},
    "deepgram-flux": {**USUAL, **DEEPGRAM},
    "gladia": {
        **USUAL, 1009: AGAIN, 3000: AGAIN, 4399: AGAIN, 4500: AGAIN,
        4408: AGAIN, 4429: AGAIN, 4400: Fails("invalid", "4400"), 4404: Fails("invalid", "4404"),
        4401: Fails("refused", "4401"), 4403: Fails("refused", "4403"),
    },
    "speechmatics": {
        **USUAL, 4005: AGAIN, 4013: AGAIN,
        1003: Fails("invalid", "protocol_error"), 4001: Fails("refused", "not_authorised"),
        4003: Fails("refused", "not_allowed"), 4004: Fails("invalid", "invalid_model"),
        4006: Fails("refused", "timelimit_exceeded"),
    },
}  # fmt: skip
"""By provider and close code, as its protocol page has them; the standard ones for all."""


ENDS_BY_CLOSING = {"deepgram-flux"}
"""Providers that tell the end by a Close frame, normally one without a code, and by nothing else."""
END_CLOSES = {close(code).name for code in (None, 1000)}


class Cell(msgspec.Struct, frozen=True):
    """One cell of the matrix."""

    provider: str
    state: State
    fault: Named
    expected: Outcome

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.provider}: {self.fault.name}, {self.state.name}"


def cells(provider: str | None = None, state: State | None = None) -> Iterator[Cell]:
    """All of them, those that cannot be included; or one provider's, or one state's."""
    for name in (provider,) if provider else PROVIDERS:
        for fault in (*FAULTS, *map(close, CLOSES.get(name, {})), *HTTP):
            for struck in (state,) if state else STATES:
                yield Cell(name, struck, fault, expected(name, struck, fault))


HTTP = (*map(http, (400, 401, 402, 403, 404, 429, 500, 503)), http(429, 1), http(503, 1))


def expected(provider: str, state: State, fault: Named) -> Outcome:
    """What must come of one cell."""
    return (
        _no_state(provider, state)
        or _no_cell(provider, state, fault)
        or _said_with_a_code(provider, state, fault)
        or _without(state, fault)
    )


def _no_state(provider: str, state: State) -> NoCell | None:
    if state.when is _begun and _upgrade_is_the_greeting(provider):
        return NoCell("the 101 is the greeting: see 'after the 101'")
    if state.when is _tail and provider in ENDS_BY_CLOSING:
        return NoCell("the last final comes with the end: see 'after the last message'")
    return None


def _no_cell(provider: str, state: State, fault: Named) -> NoCell | None:
    """The first reason why there is none."""
    handshake, half = state.part == "handshake", state.where == "half"
    can = registry.adapter(provider).capabilities
    once_more = state.times > 1 and (
        fault.effect == "harmless"
        or (
            state.part == "draining" and (fault.name == "half open, up" or fault.effect == "mute" or fault.code == 1000)
        )
    )
    reasons = {
        "HTTP refuses only before the 101": fault.effect == "refusal" and (
            state.stage not in {"request", "upgrade"} or half
        ),
        "there are no frames before the 101": handshake and (
            fault.effect in {"close", "mute"} or fault.name in {"nonsense", "duplicate"}
        ),
        "no frame fits into the middle of another": half and (
            fault.effect == "close" or fault.name in {"nonsense", "duplicate"}
        ),
        "HTTP has no frames to break": half and handshake and fault.name == "bad frame",
        "no message has just passed to the client": fault.name == "duplicate" and (
            state.stage != "down" or state.where != "after"
        ),
        "a far side that answers pings has sent whole frames": fault.effect == "mute" and half,
        "the provider promises no answer while nobody speaks": (
            fault.effect == "mute" and state.part == "live" and not can.answers_regularly
        ),
        "that is how it ends: nothing tells it from the end": (
            provider in ENDS_BY_CLOSING and state.part == "draining" and fault.name in END_CLOSES
        ),
        "a session that is resumed is stopped already, and its end waits for nothing": (
            can.resumes and state.part == "draining" and state.times > 1
        ),
        "after the first, there is no other connection to strike": once_more,
    }  # fmt: skip
    return next((NoCell(why) for why, applies in reasons.items() if applies), None)


def _said_with_a_code(provider: str, state: State, fault: Named) -> Outcome | None:
    if fault.effect == "refusal":
        return REFUSED.get(fault.code or 0, AGAIN)
    if fault.effect != "close":
        return None
    if state.part == "over":
        return Undisturbed()
    if fault.code == 1000 and state.part == "draining":
        return TailLost()
    return CLOSES[provider][fault.code]


def _without(state: State, fault: Named) -> Outcome:
    if fault.name == "reset" and state.part == "over":
        return Whole()  # an RST takes back what has not been read
    said_all = state.name == "half of its answer" or (state.part == "draining" and state.name != "finishing")
    if fault.effect == "harmless" or state.part == "over" or (fault.name == "half open, up" and said_all):
        greeted_twice = fault.name == "duplicate" and state.name == "after Begun"
        return Undisturbed(told=state.part != "over" and (greeted_twice or fault.name == "nonsense"))
    if fault.effect == "mute" and state.part == "draining":
        return TailLost()
    return AGAIN


def _upgrade_is_the_greeting(provider: str) -> bool:
    client = registry.adapter(provider).client(Settings(provider=provider), Dial("ws://nowhere"))
    return any(isinstance(event, Begun) for event in client.receive(Opened()))
