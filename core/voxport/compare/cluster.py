"""A Dask cluster as an executor, for a corpus that one machine is too small for.

The cluster's workers have voxport, the audio under the same paths and, in their environment, the providers' keys.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from voxport.errors import MissingExtraError, SettingsError

CONNECT_SECONDS = 10


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """The executor of the cluster whose scheduler is at ``address``. Raises ``SettingsError`` when it is not there."""
    try:
        from distributed import Client  # noqa: PLC0415 -- optional and heavy
    except ImportError as error:
        raise MissingExtraError("a cluster", "compare") from error
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--scheduler {address}: cannot be reached: {error}; start it with: dask scheduler"
        ) from None
    with client, client.get_executor(pure=False) as executor:
        yield executor
