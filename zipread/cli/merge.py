"""`zipread merge`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.listing import require_output
from zipread.cli.talk import counted, say


def merge(
    parts: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PART...", show_default=False, help="What `scan --shard` wrote, in any order."),
    ] = None,
    *,
    output: options.Output = None,
    format: options.FormatOption = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an output that exists.")] = False,
    quiet: options.Quiet = False,
) -> None:
    """Put the parts of a run with --shard together, in the order of the inputs.

    Refuses parts that do not fit: a shard that is missing, another model, other settings, other inputs.

    Example: zipread merge part-*.csv -o codes.csv
    """
    target = require_output(output)

    from zipread.output import STDOUT, printable
    from zipread.shards import merge as put_together

    inputs = put_together(parts or [], target, format and format.value, force)
    if not quiet:
        where = "stdout" if target == STDOUT else printable(target)
        say(f"{where}: {counted(len(parts or []), 'part')}, {counted(inputs, 'input')}")
