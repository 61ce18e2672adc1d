"""`zipread digits`."""

from __future__ import annotations

import typer

from zipread.cli import options
from zipread.cli.listing import list_inputs, require_output, total_of
from zipread.cli.options import Engine, RunOptions
from zipread.cli.talk import Talk
from zipread.settings import MAX_PIXELS


@options.with_run_options
def digits(
    inputs: options.Inputs = None,
    *,
    accept: options.Accept = 0.95,
    engine: options.EngineOption = Engine.onnx,
    model: options.Model = None,
    max_pixels: options.MaxPixels = MAX_PIXELS,
    run: RunOptions,
) -> None:
    """Read pictures of single digits, drawn or cut from a scan: one row per picture.

    Example: zipread digits drawn/*.png -o digits.csv
    """
    from zipread.settings import Settings

    settings = Settings(accept=accept, engine=engine.value, model=model, max_pixels=max_pixels)
    if run.dry_run:
        raise typer.Exit(list_inputs(inputs, run.shard))
    target = require_output(run.output)

    from zipread import batch

    talk = Talk(run.quiet, run.verbose, run.progress)
    with talk.progress(total_of(inputs, run.shard)) as on_progress:
        summary = batch.scan_digits(inputs or [], target, settings=settings, on_progress=on_progress, **run.plan())
    talk.finish(summary, "input")
