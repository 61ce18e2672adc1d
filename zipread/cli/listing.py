"""What commands check and show before anything is read."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from zipread.cli.talk import counted, say
from zipread.errors import UsageError

SOME_FAILED = 4


def require_output(output: str | None) -> str:
    """Return the output; raise UsageError where none was named."""
    if output is None:
        raise UsageError("where shall the rows go? Add -o codes.csv, or -o - for stdout")
    return output


def list_inputs(inputs: list[str] | None, debug: Path | None = None) -> int:
    """Write the pictures that would be read to stdout, one per line, and return the exit code."""
    from zipread.inputs import expand
    from zipread.output import printable

    found = missing = 0
    for item in expand(inputs or [], skip=filter(None, [debug])):
        problem = item.problem or ("" if item.path == "-" or os.path.exists(item.path) else "no such file")
        if problem:
            missing += 1
            say(printable(f"{item.path}: {problem}"))
        else:
            found += 1
            sys.stdout.buffer.write(os.fsencode(item.path) + b"\n")
    sys.stdout.buffer.flush()
    if not found and not missing:
        raise UsageError("nothing to read: name pictures, folders, globs or @list.txt")
    say(f"{counted(found, 'picture')} would be read, {missing} missing")
    return SOME_FAILED if missing else 0
