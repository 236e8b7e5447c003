"""The command line. ``voxport --help`` is the manual; each command has a module of its own.

Nothing but typer is imported before a command runs: help and completion must come at once.
"""

import signal
import sys
from io import TextIOWrapper

import typer

from voxport.cli._exits import MEANINGS, Exit
from voxport.cli.compare import compare
from voxport.cli.corpus import corpus
from voxport.cli.demo import demo
from voxport.cli.doctor import doctor
from voxport.cli.emulate import emulate
from voxport.cli.providers import providers
from voxport.cli.record import record
from voxport.cli.replay import replay
from voxport.cli.transcribe import transcribe

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."

# Rich help costs twice the start-up time, and draws boxes into pipes.
app = typer.Typer(
    help="Live speech-to-text from any provider, by changing one word in a YAML file.",
    epilog=EPILOG, rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False,
)  # fmt: skip
for command in (demo, transcribe, compare, corpus, record, replay, emulate, providers, doctor):
    app.command()(command)


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command; returns the exit code, after one line on stderr for what failed."""
    # As Ctrl-C: sessions and servers are left properly.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _speak_utf8()
    try:
        code = app(arguments or ["--help"], prog_name="voxport", standalone_mode=False)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        help_is = f"{context.command_path if context else 'voxport'} --help"
        return _failed(f"{error.format_message().rstrip('.')}; see: {help_is}", Exit.USAGE)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except Exception as error:
        from voxport.cli._exits import code_of  # noqa: PLC0415 -- help stays fast
        from voxport.cli._output import ReaderGoneError  # noqa: PLC0415 -- help stays fast
        from voxport.errors import VoxportError  # noqa: PLC0415 -- help stays fast

        if isinstance(error, ReaderGoneError):
            return Exit.DONE
        if not isinstance(error, VoxportError):
            raise
        return _failed(str(error), code_of(error))
    return int(code or Exit.DONE)


def _failed(message: str, code: Exit) -> Exit:
    from voxport.cli._output import say  # noqa: PLC0415 -- help stays fast

    say(message)
    return code


def _speak_utf8() -> None:
    """Transcripts are in any language, and formats want UTF-8, whatever the locale of a pipe."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
