"""`zipread evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zipread.cli import options
from zipread.cli.configure import configure
from zipread.cli.options import Directory, Engine, Layout, ProgressStyle, cores
from zipread.cli.talk import Talk, say
from zipread.errors import NothingReadError, UsageError
from zipread.settings import MAX_PIXELS

if TYPE_CHECKING:
    from zipread.evaluate.examine import Examined
    from zipread.evaluate.summary import Evaluation

SOME_FAILED = 4

WIDE = 200
"""Characters a table may be wide where no terminal limits it."""


def evaluate(
    context: typer.Context,
    folder: options.LabelledFolder,
    *,
    truth: options.Truth = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Folder for report.json and report.html.")
    ] = Path("evaluation"),
    settings: options.SettingsOption = None,
    max_error: options.MaxError = None,
    layout: options.LayoutOption = Layout.auto,
    digits: options.Digits = 5,
    directory: options.DirectoryOption = Directory.us,
    form: options.FormOption = None,
    accept: options.Accept = 0.95,
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
    """Read labelled pictures and say how well they were read: a table here, JSON and a page with plots in a folder.

    Example: zipread evaluate mail/ --truth mail/truth.csv -o evaluation
    """
    chosen = configure(context, settings, max_error)
    targets = (output / "report.json", output / "report.html")
    for target in targets:
        if target.exists() and not force:
            raise UsageError(f"{target}: exists already; --force overwrites it")

    from zipread.evaluate.examine import examine_folder
    from zipread.evaluate.page import html_page
    from zipread.evaluate.summary import as_json, evaluation

    with Talk(quiet, verbose, progress).progress() as on_progress:
        found = examine_folder(folder, truth, chosen, cores() if jobs is None else jobs, on_progress, timeout)
    shown = evaluation(found.outcomes, str(folder), chosen.accept, found.notes)
    record = as_json(shown, _as_text(chosen))
    _write(output, {targets[0]: json.dumps(record, indent=1) + "\n", targets[1]: html_page(shown)})
    _print(shown)
    finish(found, quiet)
    if not quiet:
        say(f"{targets[0]} and {targets[1].name}: written")
    if found.failed or found.missing:
        raise typer.Exit(SOME_FAILED)


def finish(found: Examined, quiet: bool) -> None:
    """Say what was left out. Raises NothingReadError where nothing could be read."""
    if not quiet:
        for note in found.notes:
            say(note)
        if found.failed:
            say(f"{found.failed} of {len(found.outcomes)} labels: the picture could not be read")
    if found.failed == len(found.outcomes):
        raise NothingReadError("none of the labelled pictures could be read")


def _as_text(settings: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(settings).items()}


def _write(folder: Path, files: dict[Path, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder}: cannot be written: {error.strerror}") from error


def _print(shown: Evaluation) -> None:
    """Print the tables on stdout."""
    from zipread.evaluate.page import (
        REJECT_COLUMNS,
        VERDICT_COLUMNS,
        between,
        reject_rows,
        share,
        verdict_rows,
    )
    from zipread.evaluate.summary import INTERVAL_NAME

    print_table(VERDICT_COLUMNS, verdict_rows(shown), f"Intervals: {INTERVAL_NAME}")
    print_table(REJECT_COLUMNS, reject_rows(shown), "Thresholds chosen on this sample: possible, not promised")
    typer.echo(f"digits right, of codes given: {share(shown.digits)} ({between(shown.digits)}), n = {shown.digits.n}")
    given = sum(part.right.n for part in shown.bins)
    typer.echo(f"expected calibration error: {100 * shown.calibration_error:.2f}%, n = {given}")


def print_table(columns: tuple[str, ...], rows: list[tuple[str, ...]], caption: str) -> None:
    """Print a table on stdout, numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, caption=caption, caption_justify="left")
    for index, name in enumerate(columns):
        table.add_column(name, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console()
    if not console.is_terminal:  # a file or a pipe has no width to keep to
        console.width = WIDE
    console.print(table)
