"""`zipread digits`."""

from __future__ import annotations

import typer

from zipread.cli import options
from zipread.cli.listing import list_inputs, require_output
from zipread.cli.options import Engine, ProgressStyle, cores
from zipread.cli.talk import Talk
from zipread.settings import MAX_PIXELS


def digits(
    inputs: options.Inputs = None,
    *,
    output: options.Output = None,
    format: options.FormatOption = None,
    accept: options.Accept = 0.95,
    jobs: options.Jobs = None,
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
    """Read pictures of single digits, drawn or cut from a scan: one row per picture.

    Example: zipread digits drawn/*.png -o digits.csv
    """
    from zipread.settings import Settings

    settings = Settings(accept=accept, engine=engine.value, model=model, max_pixels=max_pixels)
    if dry_run:
        raise typer.Exit(list_inputs(inputs))
    target = require_output(output)

    from zipread import batch

    talk = Talk(quiet, verbose, progress)
    with talk.progress() as on_progress:
        summary = batch.scan_digits(
            inputs or [],
            target,
            settings=settings,
            format=format and format.value,
            jobs=cores() if jobs is None else jobs,
            force=force,
            fail_fast=fail_fast,
            on_progress=on_progress,
        )
    talk.finish(summary, "input")
