"""Strangers are programs that we did not write: the providers' own SDKs, unmodified, as clients of our server ends."""

import shutil
import ssl
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

from strangers.emulators import listener
from strangers.programs import HERE, Companion, Program, once
from support.emulated import emulator
from voxport.listener import Listener
from voxport.recogniser import recogniser

INSTALL = "bash tests/strangers/install brings it"

MakeProgram = Callable[..., Program]


@pytest.fixture
def emulated() -> Iterator[Listener]:
    """A listener for all providers that hears the script of ``support.emulated``; no codec may have raised."""
    with emulator() as listener:
        yield listener
    assert listener.failures() == ()


@pytest.fixture
def listening() -> Iterator[Listener]:
    """The same, with real ears, which are loaded before anybody waits for them."""
    ears = recogniser()
    with emulator(lambda: ears) as listener:
        yield listener
    assert listener.failures() == ()


@pytest.fixture
def emulate() -> Iterator[Callable[..., Listener]]:
    """Starts a listener as ``strangers.emulators`` makes it."""
    started: list[Listener] = []

    def start(*args: Any, **options: Any) -> Listener:
        started.append(listener(*args, **options))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.close()
        assert one.failures() == ()


@pytest.fixture
def tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ssl.SSLContext:
    """For a server on loopback; every client of this test trusts its authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def node(tmp_path: Path) -> MakeProgram:
    """Makes a ``Program`` of a driver in ``node/``."""

    def make(driver: str, options: Mapping[str, Any], until: tuple[str, int]) -> Program:
        if not shutil.which("node") or not (HERE / "node" / "node_modules").is_dir():
            pytest.skip(f"no Node, or not the SDKs for it: {INSTALL}")
        return Program(once("node", str(HERE / "node" / driver)), tmp_path, options=options, until=until)

    return make


@pytest.fixture(scope="module")
def framework() -> Iterator[Callable[[str], Companion]]:
    """Starts the driver of a framework, in the environment that is its own."""
    started: list[Companion] = []

    def start(name: str) -> Companion:
        python = HERE / "frameworks" / f".{name}" / "bin" / "python"
        if not python.exists():
            pytest.skip(f"{name} is not installed: {INSTALL}")
        started.append(Companion(str(python), str(HERE / "frameworks" / f"{name}_driver.py")))
        return started[-1]

    yield start
    for companion in started:
        companion.close()
