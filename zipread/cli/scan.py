"""`zipread scan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.configure import configure
from zipread.cli.listing import list_inputs, require_output, total_of
from zipread.cli.options import Directory, Engine, Layout, RunOptions
from zipread.cli.talk import Talk
from zipread.settings import MAX_PIXELS


@options.with_run_options
def scan(
    context: typer.Context,
    inputs: options.Inputs = None,
    *,
    settings: options.SettingsOption = None,
    max_error: options.MaxError = None,
    layout: options.LayoutOption = Layout.auto,
    digits: options.Digits = 5,
    directory: options.DirectoryOption = Directory.us,
    form: options.FormOption = None,
    accept: options.Accept = 0.95,
    debug: Annotated[
        Path | None,
        typer.Option("--debug", metavar="DIR", show_default=False, help="Folder for a picture of what was found."),
    ] = None,
    engine: options.EngineOption = Engine.onnx,
    model: options.Model = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    run: RunOptions,
) -> None:
    """Read the codes on pictures of mail and forms: one row per code.

    Example: zipread scan envelopes/ -o codes.csv
    """
    chosen = configure(context, settings, max_error)
    if run.dry_run:
        raise typer.Exit(list_inputs(inputs, run.shard, debug))
    target = require_output(run.output)

    from zipread import batch

    talk = Talk(run.quiet, run.verbose, run.progress)
    with talk.progress(total_of(inputs, run.shard, debug)) as on_progress:
        summary = batch.scan(inputs or [], target, settings=chosen, debug=debug, on_progress=on_progress, **run.plan())
    talk.finish(summary, "input")
