"""What commands check, count and show of the inputs before anything is read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from zipread.cli.talk import counted, say, shown
from zipread.errors import UsageError

if TYPE_CHECKING:
    from zipread.inputs import Input

SOME_FAILED = 4


def require_output(output: str | None) -> str:
    """Return the output; raise UsageError where none was named."""
    if output is None:
        raise UsageError("where shall the rows go? Add -o codes.csv, or -o - for stdout")
    return output


def list_inputs(inputs: list[str] | None, shard: str | None = None, debug: Path | None = None) -> int:
    """Write the pictures that would be read to stdout, one per line, and return the exit code."""
    found = missing = 0
    for item in _inputs(inputs or [], shard, debug):
        problem = item.problem or ("" if item.path == "-" or os.path.exists(item.path) else "no such file")
        if problem:
            missing += 1
            say(shown(f"{item.path}: {problem}"))
        else:
            found += 1
            sys.stdout.buffer.write(os.fsencode(item.path) + b"\n")
    sys.stdout.buffer.flush()
    if not found and not missing:
        raise UsageError("nothing to read: name pictures, folders, globs or @list.txt")
    say(f"{counted(found, 'picture')} would be read, {missing} missing")
    return SOME_FAILED if missing else 0


def total_of(
    inputs: list[str] | None, shard: str | None = None, debug: Path | None = None
) -> Callable[[], Iterator[None]]:
    """Return what walks over the inputs once more, to count them. Nothing is walked where they come over stdin."""

    def walk() -> Iterator[None]:
        if "@-" not in (inputs or []):
            for _ in _inputs(inputs or [], shard, debug):
                yield

    return walk


def _inputs(inputs: list[str], shard: str | None, debug: Path | None) -> Iterator[Input]:
    from zipread.inputs import expand

    items = expand(inputs, skip=filter(None, [debug]))
    if shard is None:
        return items

    from zipread.shards import Shard, Share

    return Share(Shard.parse(shard)).pick(items)
