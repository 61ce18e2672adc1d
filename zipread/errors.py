"""What can go wrong, and the exit code each failure ends a run with.

The library raises these; the command line translates them once, by reading `exit_code`.
"""

from __future__ import annotations


class ZipreadError(Exception):
    """Base of every error zipread raises on purpose. The message is one line, fit to be shown."""

    exit_code = 1


class UsageError(ZipreadError):
    """The call contradicts itself or would destroy something (an output that exists, no inputs)."""

    exit_code = 2


class OutputError(UsageError):
    """The output cannot be written to its end: a full disk, mostly."""


class NothingReadError(ZipreadError):
    """Not one input could be read."""

    exit_code = 3


class InputError(ZipreadError):
    """One input cannot be read. In a scan this becomes an `error` row; it never ends the run."""

    exit_code = 4


class DependencyError(ZipreadError):
    """A model file or an optional package is missing or damaged."""

    exit_code = 5


class SettingsError(ZipreadError):
    """A setting has a value that cannot be used."""

    exit_code = 6
