"""The truth of a labelled folder: which code stands on which page."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from zipread.errors import UsageError
from zipread.inputs import expand

GROUP_COLUMNS = ("kind", "writing")
"""Columns by whose values the rates are given apart, where the truth has them."""

PLUS4_DASHED = re.compile(r"[0-9]{5}-[0-9]{4}")
LENGTH_WITH_PLUS4 = 9


@dataclass(frozen=True, slots=True)
class Label:
    """One line of the truth: what reading it should give."""

    name: str  # the picture as the truth names it
    path: str  # the picture as it can be opened
    page: int = 1  # from 1
    field: str = ""  # empty: whatever field of the page is read with the most confidence
    code: str = ""  # empty: there is nothing to read
    plus4: str = ""  # empty: none, or not known
    groups: tuple[tuple[str, str], ...] = ()  # (column, value) for GROUP_COLUMNS
    line: int = 0  # of the truth, from 1


@dataclass(frozen=True, slots=True)
class Truth:
    """A truth and what of it can be judged."""

    labels: tuple[Label, ...]
    missing: tuple[Label, ...]  # their pictures are not there
    left_out: tuple[Label, ...]  # their codes have another number of digits
    elsewhere: int  # lines whose pictures lie outside the folder
    unlabelled: tuple[str, ...]  # pictures of the folder that the truth does not name


def read_truth(path: Path, folder: Path, digits: int | None = 5) -> Truth:
    """Read the labels of the pictures below `folder`.

    Args:
        path: CSV in UTF-8, parted by commas or semicolons, with the columns `path` and `code`, and perhaps `page`,
            `field`, `plus4`, `kind` and `writing`. A path counts from `folder`, or from the truth's own folder; a code
            may have a +4 behind it.
        folder: what is to be read.
        digits: length of a code. Lines whose codes are longer or shorter are left out. None: any length, as on a form.

    Raises:
        UsageError: the truth cannot be read, or contradicts itself; names the line.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: is no folder")
    inside = folder.resolve()
    labels: list[Label] = []
    missing: list[Label] = []
    left_out: list[Label] = []
    elsewhere = 0
    seen: dict[tuple[str, int, str], int] = {}
    named: set[Path] = set()
    for label in _lines(path, folder, digits):
        place = (label.path, label.page, label.field)
        if place in seen:
            raise UsageError(f"{path} line {label.line}: {label.name} has its label in line {seen[place]} already")
        seen[place] = label.line
        real = Path(label.path).resolve()
        named.add(real)
        if not real.exists():
            missing.append(label)
        elif not real.is_relative_to(inside):
            elsewhere += 1
        else:
            (labels if digits is None or len(label.code) in (0, digits) else left_out).append(label)
    pictures = (item.path for item in expand([folder]) if not item.problem)
    unlabelled = tuple(picture for picture in pictures if Path(picture).resolve() not in named)
    return Truth(tuple(labels), tuple(missing), tuple(left_out), elsewhere, unlabelled)


def _lines(path: Path, folder: Path, digits: int | None) -> Iterator[Label]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            header = file.readline()
            file.seek(0)
            # Where the comma is the decimal sign, spreadsheets part columns by semicolons.
            rows = csv.DictReader(file, restval="", delimiter=";" if ";" in header and "," not in header else ",")
            columns = rows.fieldnames or ()
            for column in ("path", "code"):
                if column not in columns:
                    raise UsageError(f"{path}: has no column {column}; it has {', '.join(columns) or 'none'}")
            for row in rows:
                yield _label(row, f"{path} line {rows.line_num}", rows.line_num, (folder, path.parent), digits)
    except OSError as error:
        raise UsageError(f"{path}: the truth cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: is no CSV in UTF-8: {error}") from error


def _label(row: dict[str, str], place: str, line: int, roots: tuple[Path, ...], digits: int | None) -> Label:
    name, page = row["path"], row.get("page", "").strip() or "1"
    if not name:
        raise UsageError(f"{place}: names no picture")
    if not (page.isascii() and page.isdigit() and int(page) > 0):
        raise UsageError(f"{place}: page {page!r} is no number from 1")
    code, plus4 = _split(row["code"].strip(), digits)
    plus4 = row.get("plus4", "").strip() or plus4
    for column, value in (("code", code), ("plus4", plus4)):
        if value and not (value.isascii() and value.isdigit()):
            raise UsageError(f"{place}: {column} {value!r} is not digits")
    groups = tuple((column, row[column].strip() or "not given") for column in GROUP_COLUMNS if column in row)
    return Label(name, _find(name, roots), int(page), row.get("field", "").strip(), code, plus4, groups, line)


def _split(written: str, digits: int | None) -> tuple[str, str]:
    """A code and its +4, where it has one."""
    if digits in (5, None) and PLUS4_DASHED.fullmatch(written):
        return written[:5], written[6:]
    if digits == 5 and len(written) == LENGTH_WITH_PLUS4:
        return written[:5], written[5:]
    return written, ""


def _find(name: str, roots: tuple[Path, ...]) -> str:
    """The picture below the first root that has it; below the first root where none has."""
    places = [os.fspath(root / name) for root in roots]
    return next((place for place in places if os.path.exists(place)), places[0])


def notes(truth: Truth, path: Path, folder: Path, digits: int | None = 5) -> list[str]:
    """What of a truth is not judged, and why: one line each."""
    lines = []
    if truth.missing:
        first = truth.missing[0]
        lines.append(
            f"{path}: {len(truth.missing)} of its lines name pictures that are not there "
            f"(the first: {first.name}, line {first.line}); they are not counted"
        )
    if truth.left_out and digits is not None:
        first = truth.left_out[0]
        short = "; were leading zeros lost?" if len(first.code) < digits else ""
        lines.append(
            f"{path}: {len(truth.left_out)} of its codes have not {digits} digits "
            f"(the first: {first.code}, line {first.line}{short}); they are not counted"
        )
    if truth.elsewhere:
        lines.append(f"{path}: {truth.elsewhere} of its lines name pictures outside {folder}; they are not counted")
    if truth.unlabelled:
        lines.append(
            f"{folder}: {len(truth.unlabelled)} of its pictures are not in {path} "
            f"(the first: {truth.unlabelled[0]}); they are not read"
        )
    return lines
