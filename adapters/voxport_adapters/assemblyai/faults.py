"""What the service means by its errors and close codes, and whether dialling again can help."""

import msgspec

from voxport.events import Failed, FailureKind

DETAILS = "See Error message for details"
"""The reason of every close after an ``Error``."""
SPOKEN = (1008, 3005, 3006, 3007, 3008, 3009)
"""The codes that version 3 says; the others are those of version 2, which its SDK still knows."""


class Fault(msgspec.Struct, frozen=True):
    """``meaning`` stands in for words that the service does not give."""

    kind: FailureKind
    retryable: bool
    meaning: str
    remedy: str
    retry_after: float | None = None


_KEY = "check the API key or token"
_ACCOUNT = "check the account's credit and plan"
_SETTING = "correct the setting or message that the provider names"
_CHUNKS = "send 50 to 1000 ms of audio in a message, in its true encoding and rate"
_PACE = "send audio at the pace of speech"
_AGAIN = "try again later; see the provider's status page"
_NEW = "nothing; a new session goes on"
_IDLE = "send audio or KeepAlive more often, or leave inactivity_timeout out"

# The limit counts the new sessions of a minute: four tries so far apart span one.
_CROWDED = Fault("refused", True, "too many new sessions", "wait, or ask for a higher limit", retry_after=15.0)
_TOO_FAST = Fault("invalid", True, "audio came faster than speech", _PACE)
_TOO_IDLE = Fault("invalid", False, "nothing was sent for too long", _IDLE)

FAULTS = {
    1008: Fault("refused", False, "not authorised", f"{_KEY}, and the account's credit"),
    1013: Fault("provider", True, "temporarily blocked", _AGAIN),
    3005: Fault("provider", True, "the server failed", _AGAIN),
    3006: Fault("invalid", False, "a setting or message was not accepted", _SETTING),
    3007: Fault("invalid", False, "audio was not accepted", _CHUNKS),
    3008: Fault("provider", True, "the longest time of a session is over", _NEW),
    3009: _CROWDED,
    4000: Fault("invalid", False, "the sample rate was not accepted", _SETTING),
    4001: Fault("refused", False, "not authorised", _KEY),
    4002: Fault("refused", False, "no credit is left", _ACCOUNT),
    4003: Fault("refused", False, "the plan does not include this", _ACCOUNT),
    4004: Fault("provider", True, "the session was not found", _NEW),
    4008: Fault("provider", True, "the session has expired", _NEW),
    4010: Fault("provider", True, "the session was closed before", _NEW),
    4029: _TOO_FAST,
    4030: Fault("provider", True, "the session went on on another connection", _NEW),
    4031: _TOO_IDLE,
    4032: Fault("invalid", False, "a message of audio was too short", _CHUNKS),
    4033: Fault("invalid", False, "a message of audio was too long", _CHUNKS),
    4034: Fault("invalid", False, "a message of audio was too small", _CHUNKS),
    4100: Fault("invalid", False, "a message was no JSON", _SETTING),
    4101: Fault("invalid", False, "a message was not as it should be", _SETTING),
    4102: _CROWDED,
    4103: Fault("provider", True, "the session went on on another connection", _NEW),
}
"""By close code."""

_TELLING = (
    ("concurrent sessions", _CROWDED),  # pages differ on 1008 or 3009
    ("Transmission Rate", _TOO_FAST),  # one code with messages that are too short or long
    ("due to inactivity", _TOO_IDLE),
)
"""Words that say more than the code that comes with them."""
_UNCODED = (
    ("Unauthorized", 1008), ("Session Expired", 3008), ("Input Duration", 3007), ("User Input Validation", 3006),
    ("Invalid ", 3006),
)  # fmt: skip
"""What an error without a code of its own means; until 2026 all of 3006 to 3009 were 3005."""


def failed(code: int | None, text: str = "") -> Failed:
    """What an ``Error`` means, or a close with ``text`` as its reason."""
    said = " ".join(text.split()).removeprefix(DETAILS)
    number = code or 3005
    if number == 3005:
        number = next((known for words, known in _UNCODED if said.startswith(words)), 3005)
    fault = next((found for words, found in _TELLING if words in said), FAULTS.get(number, FAULTS[3005]))
    return Failed(
        kind=fault.kind, code=str(code or number), message=said or fault.meaning, remedy=fault.remedy,
        retryable=fault.retryable, retry_after=fault.retry_after,
    )  # fmt: skip


def code_of(failed: Failed) -> int:
    """The code by which the service would tell a failure, whoever's it is."""
    own = {str(code): code for code in SPOKEN}
    by_kind = {"refused": 3009 if failed.retryable else 1008, "invalid": 3006}
    return own.get(failed.code, by_kind.get(failed.kind, 3005))
