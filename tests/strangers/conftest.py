"""Strangers are programs that we did not write: the providers' own SDKs, unmodified, as clients of our server ends."""

from collections.abc import Iterator

import pytest

from support.emulated import emulator
from voxport.listener import Listener
from voxport.recogniser import recogniser


@pytest.fixture
def emulated() -> Iterator[Listener]:
    """A listener for all providers that hears the script of ``support.emulated``; no codec may have raised."""
    with emulator() as listener:
        yield listener
    assert listener.failures() == ()


@pytest.fixture
def listening() -> Iterator[Listener]:
    """The same, with real ears."""
    with emulator(recogniser) as listener:
        yield listener
    assert listener.failures() == ()
