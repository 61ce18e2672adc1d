"""The command line."""

from __future__ import annotations


def main() -> None:
    """Run `zipread` with the arguments of this process, and exit with its code."""
    try:
        from zipread.cli.app import app

        app(prog_name="zipread")
    except KeyboardInterrupt:  # before any command could catch it
        raise SystemExit(130) from None
