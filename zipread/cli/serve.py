"""`zipread serve`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.configure import configure
from zipread.cli.options import Directory, Engine, Layout, ProgressStyle
from zipread.cli.talk import Talk
from zipread.errors import UsageError
from zipread.settings import MAX_PIXELS


def serve(
    context: typer.Context,
    *,
    stdio: Annotated[bool, typer.Option("--stdio", help="Requests on stdin, answers on stdout.")] = False,
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
    verbose: options.Verbose = False,
) -> None:
    """Answer requests for as long as they come: a line of JSON in, a line of JSON out, the model loaded once.

    Example: echo '{"path": "envelope.jpg"}' | zipread serve --stdio
    """
    if not stdio:
        raise UsageError("add --stdio: requests come on stdin, a JSON object a line, and answers go to stdout")
    chosen = configure(context, settings, max_error)

    from zipread.apart import Apart
    from zipread.batch import PageTask
    from zipread.formats import Row
    from zipread.inputs import Input
    from zipread.output import scan_row
    from zipread.serve import serve as answer

    with Talk(True, verbose, ProgressStyle.none).progress(), Apart(PageTask(chosen), timeout) as read:

        def rows(item: Input) -> list[Row]:
            return [scan_row(item.path, reading) for reading in read(item).readings]

        answer(sys.stdin.buffer, sys.stdout.buffer, rows)
