"""What tests of the command line share: how it is run, and against whom."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from voxport import emulator

PROVIDERS = {name: adapter.capabilities.key_variable for name, adapter in emulator.emulated().items()}
"""The variable of each provider's key."""
VOXPORT = str(Path(sys.executable).with_name("voxport"))
WAIT = 30.0
"""Seconds; only a failing test waits for so long."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Config = Callable[..., str]
Serve = Callable[[Callable[[socket.socket], None]], str]
