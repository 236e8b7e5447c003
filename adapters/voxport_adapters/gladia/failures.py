"""What Gladia's refusals, errors and closes mean."""

from voxport import codec, events, wire
from voxport_adapters.gladia.messages import ErrorData

KEY = "check the API key, the account's plan and the region"
GO_ON = "dial again: a new session goes on"
BUSY = "wait, end other live sessions, or ask Gladia for more"
SEE = "see what the service says; start anew"

# No source names a single code from 4400 on; the service's own SDKs dial again after none of them.
CLOSES: dict[int, events.Failed] = {
    code: events.Failed(kind="invalid", code=str(code), message="", remedy=SEE) for code in range(4400, 4500)
}

# Of low reliability: these codes stand in the provider's own skill files only.
ERRORS: dict[str, events.Failed] = {
    "invalid_audio_format": events.Failed(
        kind="invalid", code="", message="", remedy="send the audio in the encoding, rate and channels of the settings"
    ),
    "session_timeout": events.Failed(kind="provider", code="", message="", remedy=GO_ON, retryable=True),
    "rate_limit_exceeded": events.Failed(kind="refused", code="", message="", remedy=BUSY, retryable=True),
    "internal_error": events.Failed(
        kind="provider", code="", message="", remedy="dial again later; see the provider's status page", retryable=True
    ),
}  # fmt: skip

REMEDIES = {
    401: "check the API key",
    403: KEY,
    404: "dial again: the session is gone, a new one goes on",
    429: BUSY,
}


def failure_of(error: ErrorData, code: int | None) -> events.Failed:
    """The failure of a socket that was closed, with ``code``, after this error."""
    known = ERRORS.get(error.code) or CLOSES.get(code or 0) or wire.dropped_connection(code, "")
    return events.Failed(
        kind=known.kind, code=error.code, message=error.message or error.code, remedy=known.remedy,
        retryable=known.retryable,
    )  # fmt: skip


def explain(response: codec.HttpResponse) -> events.Failed:
    """The fields at fault stand beside the message. What is no JSON (5xx may be text) is told as it is."""
    body = wire.json_of(response.body)
    told = body.get("validation_errors")
    said = (body.get("message"), *(told if isinstance(told, list) else ()))
    message = "; ".join(str(part) for part in said if part) or _plain(response)
    failed = wire.refusal(response, " ".join(message.split()))
    remedy = REMEDIES.get(response.status, failed.remedy)
    return events.Failed(
        kind=failed.kind, code=failed.code, message=failed.message, remedy=remedy, retryable=failed.retryable,
        retry_after=failed.retry_after,
    )  # fmt: skip


def _plain(response: codec.HttpResponse) -> str:
    text = response.body[:200].decode(errors="replace").strip()
    return "" if text.startswith(("<", "{", "[")) else text
