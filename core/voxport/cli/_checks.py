"""What ``voxport doctor`` looks at."""

import os
import platform
import re
import socket
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from voxport import registry
from voxport.audio import microphones
from voxport.codec import Adapter, Dial, HttpRequest
from voxport.errors import VoxportError
from voxport.opening import checked
from voxport.settings import Settings, load

EXTRAS = {
    "local": "the demo, the emulators and the local recogniser",
    "compare": "comparisons and their reports",
    "mic": "microphones",
}
"""What each extra is for."""
CONNECT_SECONDS = 3.0
PORTS = {"ws": 80, "http": 80}
"""Of schemes without TLS."""

State = Literal["ok", "missing", "failed"]


class Check(msgspec.Struct, frozen=True):
    """One thing looked at. ``remedy`` is what to do about it; ``needed``: the selected provider cannot do without."""

    name: str
    state: State
    found: str
    remedy: str = ""
    needed: bool = False


class Diagnosis(msgspec.Struct, frozen=True):
    """All checks, and whether the selected provider can be used."""

    provider: str | None
    usable: bool
    checks: tuple[Check, ...]


def examine(config: Path) -> Diagnosis:
    """Look at everything; a check that fails stops none of the others."""
    configured, settings, url = _configured(config)
    here = settings is not None and "://" not in url
    reached = (_reached(url),) if settings and not here else ()
    checks = (*_system(recognises=here), *_keys(), configured, *reached, _inputs())
    usable = all(check.state == "ok" for check in checks if check.needed)
    return Diagnosis(settings.provider if settings else None, usable, checks)


def as_json(diagnosis: Diagnosis) -> str:
    """One JSON object."""
    return f"{msgspec.json.encode(diagnosis).decode()}\n"


def as_text(diagnosis: Diagnosis) -> str:
    """A line for each check, and one for what to do."""
    width = max(len(check.name) for check in diagnosis.checks)
    verdict = f"{diagnosis.provider or 'the provider'} can{'' if diagnosis.usable else 'not'} be used"
    return "\n".join((*(_told(check, width) for check in diagnosis.checks), verdict, ""))


def _told(check: Check, width: int) -> str:
    remedy = f"\n{'':9}{'':{width}}  {check.remedy}" if check.remedy else ""
    return f"{check.state:8} {check.name:{width}}  {check.found}{remedy}"


# --------------------------------------------------------------------------- the machine


def _system(*, recognises: bool) -> Iterator[Check]:
    """``recognises``: the selected provider is a recogniser in this process."""
    yield Check("Python", "ok", f"{platform.python_version()} on {platform.platform()}")
    yield Check("voxport", "ok", metadata.version("voxport"))
    yield _extra("local", needed=recognises)
    yield _extra("compare")
    yield _extra("mic")


def _extra(extra: str, *, needed: bool = False) -> Check:
    lacking = [package for package in _packages(extra) if not _installed(package)]
    found = f"not installed: {', '.join(lacking)}" if lacking else f"installed: {', '.join(_packages(extra))}"
    remedy = f"for {EXTRAS[extra]}: pip install 'voxport[{extra}]'" if lacking else ""
    return Check(f"extra {extra}", "missing" if lacking else "ok", found, remedy, needed)


def _packages(extra: str) -> list[str]:
    """The packages of an extra, as voxport's own metadata name them."""
    asked = re.compile(rf"([\w.-]+).*extra == ['\"]{extra}['\"]")
    return [found[1] for line in metadata.requires("voxport") or () if (found := asked.match(line))]


def _installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _inputs() -> Check:
    try:
        found = microphones()
    except VoxportError as error:
        return Check("microphones", "failed", "none can be used", str(error))
    if not found:
        return Check("microphones", "missing", "none found", "connect one, or transcribe files")
    return Check(
        "microphones", "ok", "; ".join(f"{device}{' (default)' if device.default else ''}" for device in found)
    )


# --------------------------------------------------------------------------- keys and configuration


def _keys() -> Iterator[Check]:
    for name in registry.names():
        can = registry.adapter(name).capabilities
        if can.needs_key:
            yield _key(name, can.key_variable)


def _key(provider: str, variable: str) -> Check:
    for found in (variable, f"{variable}_FILE"):
        if os.environ.get(found):
            return Check(f"key of {provider}", "ok", f"{found} is set")
    return Check(f"key of {provider}", "missing", f"{variable} is not set", f"to use {provider}: export {variable}=...")


def _configured(config: Path) -> tuple[Check, Settings | None, str]:
    """The configuration, and where the first step of the handshake goes."""
    try:
        settings = load(config)
        adapter = registry.adapter(settings.provider, settings.origin)
        settings = checked(adapter, settings)
    except VoxportError as error:
        return Check("configuration", "failed", str(config), str(error), needed=True), None, ""
    check = Check("configuration", "ok", f"{config} selects {settings.provider}", needed=True)
    return check, settings, _first_step(adapter, settings).url


def _first_step(adapter: Adapter, settings: Settings) -> HttpRequest | Dial:
    try:
        return next(adapter.dial(settings))
    except StopIteration as done:
        dial: Dial = done.value
        return dial


# --------------------------------------------------------------------------- the way to the provider


def _reached(url: str) -> Check:
    where = urlsplit(url)
    port = where.port or PORTS.get(where.scheme, 443)
    place = f"{where.hostname}:{port}"
    try:
        socket.create_connection((where.hostname or "", port), CONNECT_SECONDS).close()
    except OSError as error:
        why = "no answer in time" if isinstance(error, TimeoutError) else error.strerror or str(error)
        return Check("endpoint", "failed", f"{place}: {why}", "check endpoint: and the network", needed=True)
    return Check("endpoint", "ok", f"{place} takes connections", needed=True)
