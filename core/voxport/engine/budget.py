"""How often a session dials again, and how long it waits before it does."""

from collections.abc import Callable

from voxport.events import Failed
from voxport.settings import Resilience


class Budget:
    """Connections that may fail in a row. One for a provider, whatever fails; whole again once the provider lives."""

    def __init__(self, patience: Resilience, jitter: Callable[[], float]) -> None:
        """``jitter`` gives numbers in [0, 1) that spread the pauses."""
        self._patience = patience
        self._jitter = jitter
        self.spent = 0

    def restore(self) -> None:
        """The provider lives."""
        self.spent = 0

    def pause(self, failed: Failed) -> float | None:
        """Seconds to wait before dialling again; ``None`` when that cannot help, or has been tried often enough.

        The pause doubles each time. It is never shorter than the provider asks for, and where that is longer than
        ``retry_after_max``, the provider is not waited for at all.
        """
        asked = failed.retry_after or 0.0
        patience = self._patience
        if not failed.retryable or self.spent >= patience.max_retries or asked > patience.retry_after_max:
            return None
        pause = min(patience.backoff * 2.0**self.spent, patience.backoff_max)
        self.spent += 1
        return max(pause * (0.5 + self._jitter() / 2), asked)

    def __str__(self) -> str:
        """How much of it is spent."""
        return f"retry {self.spent} of {self._patience.max_retries}"
