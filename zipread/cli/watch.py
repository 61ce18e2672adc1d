"""`zipread watch`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.configure import configure
from zipread.cli.listing import require_output
from zipread.cli.options import Directory, Engine, Layout, ProgressStyle
from zipread.cli.talk import Talk, say
from zipread.errors import UsageError
from zipread.settings import MAX_PIXELS


def watch(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", show_default=False, help="Where pictures arrive, with all below.")
    ],
    *,
    output: options.Output = None,
    format: options.FormatOption = None,
    move: Annotated[
        bool, typer.Option("--move", help="Move what was read to done/ in the folder, and what failed to failed/.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Read what is there, and end: for cron.")] = False,
    interval: Annotated[float, typer.Option("--interval", metavar="S", min=0.05, help="Seconds between looks.")] = 2.0,
    settle: Annotated[
        float, typer.Option("--settle", metavar="S", min=0.0, help="Seconds a file must have stopped growing.")
    ] = 2.0,
    settings: options.SettingsOption = None,
    max_error: options.MaxError = None,
    layout: options.LayoutOption = Layout.auto,
    digits: options.Digits = 5,
    directory: options.DirectoryOption = Directory.us,
    form: options.FormOption = None,
    accept: options.Accept = 0.95,
    engine: options.EngineOption = Engine.onnx,
    model: options.Model = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    timeout: options.Timeout = 30.0,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Read pictures as they arrive in a folder, and append a row for every code. Ctrl-C ends it.

    Example: zipread watch scanner/ -o codes.csv --move
    """
    target = require_output(output)
    if not folder.is_dir():
        raise UsageError(f"{folder}: is not a folder")
    chosen = configure(context, settings, max_error)

    from contextlib import closing

    from zipread.apart import Apart
    from zipread.append import GrowingOutput
    from zipread.batch import PageTask, Summary
    from zipread.inputs import Input
    from zipread.records import Reading
    from zipread.watch import Watcher

    summary = Summary(output=target)
    talk = Talk(quiet, verbose, ProgressStyle.none)
    with (
        talk.progress() as on_progress,
        closing(GrowingOutput(target, format and format.value)) as growing,
        Apart(PageTask(chosen), timeout) as apart,
    ):

        def read(path: str) -> Sequence[Reading]:
            return apart(Input(path)).readings

        def on_read(path: str, readings: Sequence[Reading]) -> None:
            nonlocal summary
            summary = summary.plus([reading.status for reading in readings])
            on_progress(summary, path, readings)

        watcher = Watcher(folder, growing, read, settle, move, on_read, say)
        if not once:
            watcher.forever(interval)
        watcher.once()
    if summary.inputs_read or summary.inputs_failed:
        talk.finish(summary, "input")
