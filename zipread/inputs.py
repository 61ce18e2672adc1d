"""Inputs as a user names them (files, folders, globs, lists, stdin), turned into single pictures, lazily."""

from __future__ import annotations

import fnmatch
import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from zipread.errors import UsageError

PICTURE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".pdf", ".heic", ".heif"}
    | {".avif", ".jp2", ".jpx", ".jpf", ".j2k", ".j2c", ".jpc"}
    | {".jxl"}  # not read, but a picture all the same: it gets a row that says so
)
"""Suffixes, in lower case, of the files a folder is searched for."""

_ENDINGS = tuple(PICTURE_SUFFIXES)

STDIN = "-"

Identity = tuple[int, int]
"""Device and inode: what a folder is, by whatever path it is reached."""


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


def _expand_name(name: str, skipped: frozenset[Identity]) -> Iterator[Input]:
    if name == STDIN:
        yield Input(name)
    elif os.path.isdir(name):
        yield from _expand_folder(name, skipped)
    elif glob.has_magic(name) and not os.path.lexists(name):
        yield from _expand_pattern(name, skipped)
    else:
        yield Input(name)


def _expand_pattern(pattern: str, skipped: frozenset[Identity]) -> Iterator[Input]:
    found = False
    for match in _below(pattern) if "**" in pattern.split(os.sep) else sorted(glob.iglob(pattern)):
        found = True
        if os.path.isdir(match):
            yield from _expand_folder(match, skipped)
        else:
            yield Input(match)
    if not found:
        yield Input(pattern, "nothing matches this pattern")


def _below(pattern: str) -> Iterator[str]:
    """Yield the files that a pattern with `**` matches, sorted by name at every level.

    The standard library's own `**` follows a loop of links until the path is too long.
    """
    parts = pattern.split(os.sep)
    first = parts.index("**")
    top = os.sep.join(parts[:first]) or (os.sep if first else "")
    for start in sorted(glob.iglob(top)) if glob.has_magic(top) else [top]:
        for path, problem in _walk(start or os.curdir, frozenset(), lambda name: True):
            relative = os.path.relpath(path, start or os.curdir)
            if not problem and _is_meant(relative.split(os.sep), parts[first:]):
                yield os.path.join(start, relative)


def _is_meant(path: list[str], pattern: list[str]) -> bool:
    """Return whether a file fits a pattern, or is a picture in a folder that does."""
    folders = range(1, len(path)) if _is_picture(path[-1]) else ()
    return _fits(path, pattern) or any(_fits(path[:length], pattern) for length in folders)


def _fits(path: list[str], pattern: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return any(_fits(path[skipped:], pattern[1:]) for skipped in range(len(path) + 1))
    return bool(path) and fnmatch.fnmatchcase(path[0], pattern[0]) and _fits(path[1:], pattern[1:])


def _expand_folder(folder: str, skipped: frozenset[Identity]) -> Iterator[Input]:
    found = False
    for path, problem in _walk(folder, skipped, _is_picture):
        found = True
        yield Input(path, problem)
    if not found:
        yield Input(folder, "no pictures in this folder")


def _walk(folder: str, skipped: frozenset[Identity], wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """Yield the wanted files below `folder`, sorted by name at every level, and what cannot be read with its problem.

    Links to folders are followed, but each folder is entered once, so a loop of links ends. Of a folder only the names
    are held: a million of them are about 80 MB and a second.
    """
    entered = set(skipped)
    levels: list[
        tuple[str, Iterator[str], frozenset[str]]
    ] = []  # folders being walked: path, names, folders among them

    def enter(path: str) -> str:
        """Begin with a folder; return why that is not possible."""
        try:
            if (identity := _identity(path)) not in entered:
                entered.add(identity)
                levels.append((path, *_list(path, wanted)))
        except OSError as error:
            return f"the folder cannot be read: {error.strerror}"
        return ""

    if problem := enter(folder):
        yield folder, problem
    while levels:
        path, names, folders = levels[-1]
        name = next(names, None)
        if name is None:
            levels.pop()
            continue
        inner = os.path.join(path, name)
        problem = enter(inner) if name in folders else ""
        if problem or name not in folders:
            yield inner, problem


def _list(folder: str, wanted: Callable[[str], bool]) -> tuple[Iterator[str], frozenset[str]]:
    """Return the names of what is wanted in a folder, sorted, and which of them are folders."""
    names, folders = [], set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.add(entry.name)
            elif not wanted(entry.name):
                continue
            names.append(entry.name)
    names.sort()
    return iter(names), frozenset(folders)


def _is_picture(name: str) -> bool:
    return name.lower().endswith(_ENDINGS)


def _identity(path: str | Path) -> Identity:
    status = os.stat(path)
    return status.st_dev, status.st_ino
