"""Every provider, emulated on this machine: for the demonstration, for comparisons without keys, and for strangers."""

import atexit
import threading
from functools import partial

import msgspec

from voxport import registry
from voxport.codec import Adapter
from voxport.ear import Ear
from voxport.listener import Listener
from voxport.recogniser import Recogniser, recogniser
from voxport.settings import Secret, Settings

KEY = "emulator-key"
"""The key that emulators take unless they are told another."""

_running: dict[str, Listener] = {}
_changing = threading.Lock()


def emulated() -> dict[str, Adapter]:
    """The adapters worth emulating, by name: those of services, which need a key."""
    adapters = {name: registry.adapter(name) for name in registry.names()}
    return {name: adapter for name, adapter in adapters.items() if adapter.capabilities.needs_key}


def emulator(heard_by: Recogniser, *, key: str = KEY, host: str = "127.0.0.1", port: int = 0) -> Listener:
    """A listener, not started yet, that answers as every provider; ``heard_by`` hears what it is sent."""
    return Listener(emulated().values(), partial(Ear, heard_by), keys=[key], host=host, port=port)


def endpoint(adapter: Adapter, listener: Listener) -> str:
    """The ``endpoint:`` that makes this adapter talk to ``listener``, in the scheme that the provider's own has."""
    return listener.ws_url if adapter.capabilities.default_endpoint.startswith("ws") else listener.url


def redirected(settings: Settings, heard_by: str) -> Settings:
    """``settings`` for the emulator of this process that hears by the recogniser called ``heard_by``.

    It is started when it is first wanted, and serves until ``close``. Raises what starting it raises.
    """
    adapter = registry.adapter(settings.provider, settings.origin)
    with _changing:
        if heard_by not in _running:
            _running[heard_by] = _started(heard_by)
    return msgspec.structs.replace(
        settings, api_key=Secret(KEY), endpoint=endpoint(adapter, _running[heard_by]), region=None
    )


def _started(heard_by: str) -> Listener:
    from voxport.recogniser.shared import Shared  # noqa: PLC0415 -- numpy

    listener = emulator(Shared(recogniser(heard_by)))
    listener.start()
    return listener


def close() -> None:
    """Stop the emulators of this process. Threads cannot be started any more when the interpreter ends: call it before,
    or a conversation that is just ending complains.
    """
    with _changing:
        while _running:
            _running.popitem()[1].close()


atexit.register(close)
