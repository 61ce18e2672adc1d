"""Inputs as a user names them (files, folders, globs, lists, stdin), turned into single pictures, lazily."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zipread.errors import UsageError

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".pdf"}
)
"""Suffixes, in lower case, of the files a folder is searched for."""

STDIN = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """One picture to read, or a reason why there is none."""

    path: str  # as given; "-" for stdin
    problem: str = ""  # why it cannot be read, one line; empty: not known to be unreadable
    data: bytes | None = None  # the picture itself, where it came over stdin


def expand(names: Iterable[str | Path], skip: Iterable[Path] = ()) -> Iterator[Input]:
    """Yield the pictures that `names` stand for, in the order given; folders are walked as they are needed.

    A name is a file (taken whatever its suffix), a folder (every picture below it, sorted, hidden ones left out), a
    glob, `@list.txt` (one name per line), `@-` (the same from stdin) or `-` (one picture on stdin). Folders in `skip`
    are not entered. What is missing, unreadable or matches nothing is an Input with a `problem`.

    Raises UsageError for a list that cannot be read.
    """
    skipped = frozenset(_identity(folder) for folder in skip if folder.is_dir())
    for given in names:
        name = os.fspath(given)
        if name.startswith("@"):
            for line in _read_list(name[1:]):
                yield from _expand_name(line, skipped)
        else:
            yield from _expand_name(name, skipped)


def _read_list(name: str) -> Iterator[str]:
    try:
        if name == STDIN:
            yield from filter(None, (line.rstrip("\r\n") for line in sys.stdin))
            return
        with open(name, encoding="utf-8-sig", errors="surrogateescape", newline="\n") as lines:
            yield from filter(None, (line.rstrip("\r\n") for line in lines))
    except OSError as error:
        raise UsageError(f"@{name}: the list of inputs cannot be read: {error.strerror}") from error


def _expand_name(name: str, skipped: frozenset[tuple[int, int]]) -> Iterator[Input]:
    if name == STDIN:
        yield Input(name)
    elif os.path.isdir(name):
        yield from _expand_folder(name, skipped)
    elif glob.has_magic(name) and not os.path.lexists(name):
        matches = sorted(glob.iglob(name, recursive=True))
        if not matches:
            yield Input(name, "nothing matches this pattern")
        for match in matches:
            if os.path.isdir(match):
                yield from _expand_folder(match, skipped)
            else:
                yield Input(match)
    else:
        yield Input(name)


def _expand_folder(folder: str, skipped: frozenset[tuple[int, int]]) -> Iterator[Input]:
    found = False
    for item in _walk(folder, skipped):
        found = True
        yield item
    if not found:
        yield Input(folder, "no pictures in this folder")


def _walk(folder: str, skipped: frozenset[tuple[int, int]]) -> Iterator[Input]:
    """Yield the pictures below `folder`, sorted by name at every level.

    Links to folders are followed, but each folder is entered once, so a loop of links ends.
    """
    entered: set[tuple[int, int]] = set(skipped)
    pending = [folder]  # a stack: what comes next is last
    while pending:
        path = pending.pop()
        if not os.path.isdir(path):
            yield Input(path)
            continue
        try:
            if (identity := _identity(path)) in entered:
                continue
            entered.add(identity)
            with os.scandir(path) as entries:
                wanted = sorted((entry.path for entry in entries if _is_wanted(entry)), reverse=True)
        except OSError as error:
            yield Input(path, f"the folder cannot be read: {error.strerror}")
            continue
        pending.extend(wanted)


def _is_wanted(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    return os.path.splitext(entry.name)[1].lower() in PICTURE_SUFFIXES or entry.is_dir()


def _identity(path: str | Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_dev, status.st_ino
