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
    """End at once where a picture still hangs on a thread: to wait for it is in vain, to tear libraries down under it
    may crash."""
    import os
    import sys
    import threading

    if isinstance(code, int) and any(thread.daemon for thread in threading.enumerate()):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
