"""What a close means that nobody asked for: the same for both of Deepgram's protocols."""

from collections.abc import Iterable, Mapping

import msgspec

from voxport import ends, events

AUDIO = "check that encoding, sample_rate and channels are those of the audio"
_BROKEN = events.Failed(
    kind="protocol", code="", message="", remedy="report it: the service did not understand what it was sent"
)

CLOSES: Mapping[int, events.Failed] = {
    1000: events.Failed(
        kind="provider", code="1000", message="the service ended the session unasked", remedy=AUDIO, retryable=True
    ),
    # The service's own examples dial again after none of the next four; the first once meant what 1008 does.
    1002: msgspec.structs.replace(_BROKEN, code="1002"),
    1003: msgspec.structs.replace(_BROKEN, code="1003"),
    1007: msgspec.structs.replace(_BROKEN, code="1007"),
    1008: events.Failed(
        kind="invalid", code="1008 DATA-0000", message="the audio cannot be decoded", remedy=AUDIO
    ),
    1011: events.Failed(
        kind="provider", code="1011", message="", remedy="try again later; see the provider's status page",
        retryable=True,
    ),
}  # fmt: skip

TIMEOUTS: Mapping[str, events.Failed] = {
    "net0000": events.Failed(
        kind="provider", code="1011 NET-0000", message="", remedy=f"send audio, not only keep-alives, and {AUDIO}",
        retryable=True,
    ),
    "net0001": events.Failed(
        kind="provider", code="1011 NET-0001", message="", retryable=True,
        remedy="send audio or, where there is none, keep-alives: the event loop or thread that sends may be blocked",
    ),
}  # fmt: skip
"""Those of 1011, by a word in its reason."""

NET = {
    "1011 NET-0000": (
        "Deepgram did not provide a response message within the timeout window. See https://dpgr.am/net0000"
    ),
    "1011 NET-0001": (
        "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
    ),
}
"""The reasons of the closes when nothing came from the server, or from the client."""


def timed_out(code: str) -> events.Failed:
    """The answer of a timer."""
    return events.Failed(kind="provider", code=code, message=NET[code], retryable=True)


class ClientEnd(ends.ClientEnd[ends.Message]):
    """Knows the closes."""

    closes = CLOSES

    def closed(self, code: int | None, reason: str) -> Iterable[events.AnyEvent]:
        """See ``ends.ClientEnd``."""
        known = next((failed for word, failed in TIMEOUTS.items() if code == 1011 and word in reason), None)
        return self.fail(msgspec.structs.replace(known, message=reason)) if known else super().closed(code, reason)
