"""Read ZIP codes off pictures of mail and forms, with a confidence that keeps its promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Reader", "Reading", "Settings", "ZipreadError", "__version__", "scan"]

if TYPE_CHECKING:
    from zipread.batch import scan
    from zipread.errors import ZipreadError
    from zipread.reader import Reader
    from zipread.records import Reading
    from zipread.settings import Settings

_HOMES = {
    "Reader": "zipread.reader",
    "Reading": "zipread.records",
    "Settings": "zipread.settings",
    "ZipreadError": "zipread.errors",
    "scan": "zipread.batch",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562): `import zipread` alone stays cheap."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'zipread' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
