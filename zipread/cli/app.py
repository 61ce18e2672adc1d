"""The application: its commands, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from zipread import __version__
from zipread.cli.talk import complain, let_go
from zipread.errors import ZipreadError

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
TERMINATED = 143  # 128 + SIGTERM
BROKEN_PIPE = 141  # 128 + SIGPIPE

COMMANDS = ("scan", "digits", "merge", "watch", "serve", "evaluate", "calibrate", "form", "train", "lab")
"""Names of the commands, of their modules, and of what these call them, unless that is an `app` of its own."""


class Translator(TyperGroup):
    """Runs a command and turns what it raises into one line on stderr and an exit code.

    Loads a command when it is asked for: all of them together would add a twentieth to the cost of a single picture.
    """

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name; None where there is none: all are loaded then, to propose the one meant."""
        for name in [cmd_name] if cmd_name in COMMANDS else COMMANDS:
            if name not in self.commands:
                module = import_module(f"zipread.cli.{name}")
                own = getattr(module, "app", None) or _alone(getattr(module, name))
                self.commands[name] = typer.main.get_command(own)
                self.commands[name].name = name
        return self.commands.get(cmd_name)

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        previous = signal.signal(signal.SIGTERM, _terminate)
        try:
            return super().invoke(ctx)
        except ZipreadError as error:
            complain(_with_notes(str(error), error))
            let_go(sys.stdout)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt as error:
            complain(_with_notes("interrupted", error))
            raise typer.Exit(INTERRUPTED) from error
        except SystemExit as error:
            if error.code == TERMINATED:
                complain(_with_notes("terminated", error))
            raise
        except BrokenPipeError as error:
            complain("stdout: whoever read it has gone; the rest was not written")
            let_go(sys.stdout)
            raise typer.Exit(BROKEN_PIPE) from error
        finally:
            signal.signal(signal.SIGTERM, previous)


def _alone(command: Callable[..., None]) -> typer.Typer:
    """A command as an application of its own."""
    own = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    own.command()(command)
    return own


def _with_notes(message: str, error: BaseException) -> str:
    return "; ".join([message, *getattr(error, "__notes__", [])])


def _terminate(number: int, frame: object) -> None:
    """End as an exception, so that half-written files and workers are cleared away."""
    raise SystemExit(TERMINATED)


# Typer's own panels load rich for every --help, which doubles the time it takes; hence the plain mode.
app = typer.Typer(cls=Translator, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"zipread {__version__}")
        raise typer.Exit()


@app.callback()
def about(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read ZIP codes off pictures of mail and forms, and say how sure it is.

    Exit codes: 0 all inputs read, 2 usage, 3 no input could be read, 4 some inputs failed, 5 model or dependency
    missing, 6 bad configuration, 130 interrupted.
    """
