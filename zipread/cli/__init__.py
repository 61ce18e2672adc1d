"""The command line."""

from __future__ import annotations


def main() -> None:
    """Run `zipread` with the arguments of this process, and exit with its code."""
    try:
        from zipread.cli.app import app

        app(prog_name="zipread")
    except KeyboardInterrupt:  # before any command could catch it
        raise SystemExit(130) from None
    except SystemExit as end:
        _leave(end.code)
        raise


def _leave(code: object) -> None:
    """End at once where a picture hangs on a thread: waiting is in vain, and tearing libraries down may crash."""
    import os
    import sys

    workers = sys.modules.get("zipread.workers")  # loaded only by commands that read
    if workers is not None and isinstance(code, int) and workers.left_behind():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
