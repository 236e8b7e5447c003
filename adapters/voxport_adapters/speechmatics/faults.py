"""What goes wrong, by the service's own names: the close code that follows, what it means and what to do."""

from collections.abc import Mapping

import msgspec

from voxport.events import Failed, FailureKind


class Fault(msgspec.Struct, frozen=True):
    """``pause``: seconds to wait before dialling again, the least that the service asks for; ``None``: never dial."""

    close: int
    kind: FailureKind
    pause: float | None
    remedy: str


_KEY = "check the API key; a temporary one must be of type rt and not have expired"
_SETTING = "correct the setting that the provider names"
_BUG = "report this as a bug of the client, with the provider's words"
_LATER = "try again later; see the provider's status page"
_LANGUAGE = "choose a language and model that the account may use"
_PLAN = "check what the account's plan allows"

# Retrying is advised against except for 4005, 4013 and 1011, after 5 s at least. That advice is for sessions refused at
# once: one that was ended for its age or its silence may be dialled again without delay.
FAULTS: Mapping[str, Fault] = {
    "protocol_error": Fault(1003, "invalid", None, _BUG),
    # The close code of the next five is not documented; 1003 is nearest.
    "invalid_message": Fault(1003, "invalid", None, _BUG),
    "invalid_language": Fault(1003, "invalid", None, _LANGUAGE),
    "invalid_config": Fault(1003, "invalid", None, _SETTING),
    "invalid_audio_type": Fault(1003, "invalid", None, "send raw audio in the encoding and at the rate that was said"),
    "invalid_output_format": Fault(1003, "invalid", None, _SETTING),
    "policy_violation": Fault(1008, "provider", 0.0, _LATER),
    "idle_timeout": Fault(1008, "provider", 0.0, "end a session that is not used; an hour without audio ends it"),
    "session_timeout": Fault(1008, "provider", 0.0, "start a new session; one lasts 48 hours at most"),
    "internal_error": Fault(1011, "provider", 5.0, _LATER),
    "unknown_error": Fault(1011, "provider", 5.0, _LATER),
    "not_authorised": Fault(4001, "refused", None, _KEY),
    "not_allowed": Fault(4003, "refused", None, _PLAN),
    "invalid_model": Fault(4004, "invalid", None, _LANGUAGE),
    "quota_exceeded": Fault(4005, "refused", 5.0, "end other sessions, or ask the provider for more at a time"),
    "timelimit_exceeded": Fault(4006, "refused", None, "the hours of the plan are used up; ask the provider for more"),
    "job_error": Fault(4013, "provider", 5.0, _LATER),
    # No longer in the documentation; services on the customer's own machines may be older.
    "insufficient_funds": Fault(4006, "refused", None, "check the account's credit"),
    "data_error": Fault(1003, "invalid", None, _BUG),
    "buffer_error": Fault(1011, "provider", 5.0, "send audio no faster than it is spoken"),
}
NAMES = {
    1003: "protocol_error", 1008: "policy_violation", 1011: "internal_error", 4001: "not_authorised",
    4003: "not_allowed", 4004: "invalid_model", 4005: "quota_exceeded", 4006: "timelimit_exceeded", 4013: "job_error",
}  # fmt: skip
"""The reason that a close frame carries, by its code."""

_NEAREST: Mapping[FailureKind, str] = {"invalid": "invalid_config", "refused": "not_allowed"}


def failed(code: str, reason: str = "") -> Failed:
    """What the error of this type means; one that nobody knows is the server's fault."""
    fault = FAULTS.get(code, FAULTS["unknown_error"])
    return Failed(
        kind=fault.kind, code=code or "unknown_error", message=reason, remedy=fault.remedy,
        retryable=fault.pause is not None, retry_after=fault.pause or None,
    )  # fmt: skip


CLOSES = {code: failed(name) for code, name in NAMES.items()}
"""What a close means that no ``Error`` explained."""


def nearest(failure: Failed) -> str:
    """The type of error that says it."""
    return failure.code if failure.code in FAULTS else _NEAREST.get(failure.kind, "job_error")
