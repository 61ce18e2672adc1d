"""`zipread calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zipread.cli import options
from zipread.cli.configure import configure
from zipread.cli.evaluate import SOME_FAILED, finish, print_table
from zipread.cli.options import Directory, Engine, Layout, ProgressStyle, cores
from zipread.cli.talk import Talk, say
from zipread.errors import SettingsError, UsageError
from zipread.settings import MAX_PIXELS

if TYPE_CHECKING:
    from zipread.evaluate.bounds import Shortage, Threshold

COLUMNS = ("error at most", "threshold", "accepted", "read rate", "wrong", "bound")


def calibrate(
    context: typer.Context,
    folder: options.LabelledFolder,
    *,
    truth: options.Truth = None,
    max_error: Annotated[
        float, typer.Option("--max-error", metavar="E", help="Highest error among accepted codes, as 0.005.")
    ],
    certainty: Annotated[
        float, typer.Option("--certainty", metavar="P", help="Probability that the promise holds.")
    ] = 0.95,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The settings file to write.")] = Path(
        "settings.toml"
    ),
    layout: options.LayoutOption = Layout.auto,
    digits: options.Digits = 5,
    directory: options.DirectoryOption = Directory.us,
    form: options.FormOption = None,
    jobs: options.Jobs = None,
    engine: options.EngineOption = Engine.onnx,
    model: options.Model = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    timeout: options.Timeout = 30.0,
    force: options.Force = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    progress: options.ProgressOption = ProgressStyle.auto,
) -> None:
    """Find the least threshold that keeps an error on labelled pictures, and write it to a settings file.

    Example: zipread calibrate mail/ --truth mail/truth.csv --max-error 0.005 -o settings.toml
    """
    chosen = configure(context)
    for name, value in (("max-error", max_error), ("certainty", certainty)):
        if not 0.0 < value < 1.0:
            raise SettingsError(f"--{name} {value:g}: use a number between 0 and 1")
    if output.exists() and not force:
        raise UsageError(f"{output}: exists already; --force overwrites it")

    from zipread.evaluate.bounds import Shortage
    from zipread.evaluate.examine import examine_folder
    from zipread.evaluate.promise import explain, find_thresholds, promise, settings_with
    from zipread.settings_file import settings_text, write_settings_file

    with Talk(quiet, verbose, progress).progress() as on_progress:
        examined = examine_folder(folder, truth, chosen, cores() if jobs is None else jobs, on_progress, timeout)
    found = find_thresholds(examined.outcomes, max_error, certainty)
    wanted = found[max_error]
    finish(examined, quiet)
    caption = f"{len(examined.outcomes)} labels; each threshold by itself with {certainty:.4g} certainty"
    print_table(COLUMNS, _rows(found, len(examined.outcomes)), caption)
    if isinstance(wanted, Shortage):
        acceptable = sum(outcome.acceptable for outcome in examined.outcomes)
        raise SettingsError(explain(max_error, certainty, wanted, acceptable))
    record = promise(found, certainty, len(examined.outcomes), chosen.model)
    write_settings_file(output, settings_text(settings_with(chosen, wanted.accept), record), force=force)
    if not quiet:
        say(f"{output}: written; codes are accepted from {wanted.accept:.4f} on")
    if examined.failed or examined.missing:
        raise typer.Exit(SOME_FAILED)


def _rows(found: dict[float, Threshold | Shortage], labels: int) -> list[tuple[str, ...]]:
    from zipread.evaluate.bounds import Shortage

    rows: list[tuple[str, ...]] = []
    for error, one in found.items():
        if isinstance(one, Shortage):
            lacking = f"{one.needed - one.accepted} more right ones"
            rows.append((f"{100 * error:g}%", "lacks", lacking, "", "", ""))
            continue
        numbers = (f"{one.accept:.4f}", str(one.accepted), f"{100 * one.accepted / labels:.1f}%", str(one.wrong))
        rows.append((f"{100 * error:g}%", *numbers, f"{100 * one.bound:.3f}%"))
    return rows
