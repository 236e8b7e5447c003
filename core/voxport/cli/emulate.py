"""``voxport emulate``: answer as every provider does."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voxport.cli._exits import Exit

if TYPE_CHECKING:
    from voxport.cassette.front import Tape
    from voxport.listener import Listener
    from voxport.recogniser import Recogniser

Port = typer.Option(min=0, max=65_535, help="Where to listen; 0 for any free port.")
Host = typer.Option(metavar="ADDRESS", help="Where to listen; 127.0.0.1 can be reached from this machine only.")
HeardBy = typer.Option(
    "--recogniser", metavar="NAME", show_default=False, help="What hears the audio. Default: moonshine."
)
ScriptFile = typer.Option(
    metavar="FILE", show_default=False, help="YAML list of words with times, to be heard instead of the audio."
)
CassetteFile = typer.Option(
    metavar="FILE", show_default=False, help="Answer as recorded in this cassette, once, instead of hearing anything."
)
Speed = typer.Option(metavar="X", help="With --cassette: play so many times as fast; 0 does not wait at all.")
Key = typer.Option(
    metavar="KEY", show_default=False, help="The one key that is valid, no secret. Default: emulator-key."
)


def emulate(
    port: Annotated[int, Port] = 0,
    host: Annotated[str, Host] = "127.0.0.1",
    heard_by: Annotated[str | None, HeardBy] = None,
    script: Annotated[Path | None, ScriptFile] = None,
    key: Annotated[str | None, Key] = None,
    cassette: Annotated[Path | None, CassetteFile] = None,
    speed: Annotated[float, Speed] = 1.0,
) -> Exit:
    """Answer as every provider, on one port, until Ctrl-C.

    For tests, and for the providers' own SDKs. The first line on stdout is a
    JSON object that says where to connect, with what key.
    """
    if heard_by and script:
        raise typer.BadParameter("goes without --recogniser", param_hint="--script")
    if cassette and (heard_by or script):
        raise typer.BadParameter("goes without --recogniser and --script", param_hint="--cassette")
    import threading  # noqa: PLC0415 -- help stays fast

    import msgspec  # noqa: PLC0415 -- help stays fast

    from voxport import emulator  # noqa: PLC0415 -- help stays fast
    from voxport.cli._output import write  # noqa: PLC0415 -- help stays fast

    key = key or emulator.KEY
    tape = _tape(cassette) if cassette else None
    if tape:
        from voxport.cassette.front import Playback  # noqa: PLC0415 -- help stays fast
        from voxport.listener import Listener  # noqa: PLC0415 -- help stays fast

        listener = Listener([tape], lambda: Playback(speed), keys=[], host=host, port=port)
    else:
        listener = emulator.emulator(_recogniser(heard_by, script), key=key, host=host, port=port)
    with listener:
        try:
            write(f"{msgspec.json.encode(_described(listener, key)).decode()}\n")
            threading.Event().wait()
        except KeyboardInterrupt:
            pass
    return _left(tape) if tape else Exit.DONE


def _tape(cassette: Path) -> "Tape":
    from voxport.cassette.front import Tape  # noqa: PLC0415 -- help stays fast
    from voxport.cassette.reading import read  # noqa: PLC0415 -- help stays fast

    return Tape(read(cassette))


def _left(tape: "Tape") -> Exit:
    from voxport.cli._output import say  # noqa: PLC0415 -- help stays fast

    complaints = tape.complaints()
    for complaint in complaints:
        say(complaint)
    return Exit.DIFFERS if complaints else Exit.DONE


def _recogniser(name: str | None, script: Path | None) -> "Recogniser":
    if script:
        from voxport.recogniser.script import Script  # noqa: PLC0415 -- help stays fast

        return Script.load(script)
    from voxport.recogniser import RECOGNISERS, recogniser  # noqa: PLC0415 -- help stays fast
    from voxport.recogniser.shared import Shared  # noqa: PLC0415 -- numpy

    return Shared(recogniser(name or RECOGNISERS[0]))


def _described(listener: "Listener", key: str) -> dict[str, Any]:
    from voxport import emulator  # noqa: PLC0415 -- help stays fast

    providers = {
        name: {"endpoint": emulator.endpoint(adapter, listener), "env": {adapter.capabilities.key_variable: key}}
        for name, adapter in emulator.emulated().items()
    }
    return {"http": listener.url, "ws": listener.ws_url, "key": key, "providers": providers}
