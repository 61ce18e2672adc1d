"""`zipread scan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.configure import configure
from zipread.cli.listing import list_inputs, require_output
from zipread.cli.options import Directory, Engine, Layout, ProgressStyle, cores
from zipread.cli.talk import Talk
from zipread.settings import MAX_PIXELS


def scan(
    context: typer.Context,
    inputs: options.Inputs = None,
    *,
    output: options.Output = None,
    format: options.FormatOption = None,
    settings: options.SettingsOption = None,
    max_error: options.MaxError = None,
    layout: options.LayoutOption = Layout.auto,
    digits: options.Digits = 5,
    directory: options.DirectoryOption = Directory.us,
    form: options.FormOption = None,
    accept: options.Accept = 0.95,
    jobs: options.Jobs = None,
    debug: Annotated[
        Path | None,
        typer.Option("--debug", metavar="DIR", show_default=False, help="Folder for a picture of what was found."),
    ] = None,
    engine: options.EngineOption = Engine.onnx,
    model: options.Model = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    force: options.Force = False,
    fail_fast: options.FailFast = False,
    dry_run: options.DryRun = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    progress: options.ProgressOption = ProgressStyle.auto,
) -> None:
    """Read the codes on pictures of mail and forms: one row per code.

    Example: zipread scan envelopes/ -o codes.csv
    """
    chosen = configure(context, settings, max_error)
    if dry_run:
        raise typer.Exit(list_inputs(inputs, debug))
    target = require_output(output)

    from zipread import batch

    talk = Talk(quiet, verbose, progress)
    with talk.progress() as on_progress:
        summary = batch.scan(
            inputs or [],
            target,
            settings=chosen,
            format=format and format.value,
            jobs=cores() if jobs is None else jobs,
            debug=debug,
            force=force,
            fail_fast=fail_fast,
            on_progress=on_progress,
        )
    talk.finish(summary, "input")
