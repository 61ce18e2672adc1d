"""Many machines, one result: the share of the inputs that one run reads, and the parts put together again.

Beside a part lies a record of what it is a part of: `part.csv.shard`, JSON, a few hundred bytes.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zipread.errors import UsageError
from zipread.formats import stored_rows
from zipread.inputs import Input
from zipread.origin import Origin
from zipread.output import DIGIT_COLUMNS, SCAN_COLUMNS, check_target, choose_format, open_writer, printable

SUFFIX = ".shard"

RECORD_VERSION = 1

NAMED_AT_MOST = 10
"""Shards that a message names before it breaks off."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Every `count`-th input, beginning with number `index` (from 1)."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Read `I/N`. Raises UsageError for anything but 1 <= I <= N."""
        index, slash, count = text.partition("/")
        if slash and index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count):
            return cls(int(index), int(count))
        raise UsageError(f"--shard {text}: say which of how many, as 1/4, 2/4, 3/4, 4/4")

    def share(self, inputs: int) -> int:
        """Return how many of so many inputs this shard reads."""
        return len(range(self.index - 1, inputs, self.count))

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"


@dataclass(frozen=True, slots=True)
class Record:
    """What a part must have in common with the others, and what tells it from them."""

    shard: Shard
    origin: Origin
    format: str  # csv, jsonl, parquet
    inputs: int  # of all shards together
    inputs_digest: str  # SHA-256 of their paths, in order
    rows: list[tuple[int, int]]  # (rows of an input, number of inputs in a row with so many), in order
    digest: str  # SHA-256 of the part itself


class Share:
    """Picks one run's share out of all inputs, and keeps the record of it."""

    def __init__(self, shard: Shard) -> None:
        self.shard = shard
        self._inputs = 0
        self._digest = hashlib.sha256()
        self._rows: list[tuple[int, int]] = []

    def pick(self, items: Iterable[Input]) -> Iterator[Input]:
        """Yield the inputs of this shard."""
        for number, item in enumerate(items):
            self._inputs += 1
            self._digest.update(os.fsencode(item.path) + b"\0")
            if number % self.shard.count == self.shard.index - 1:
                yield item

    def add(self, rows: int) -> None:
        """Note how many rows the next input has."""
        if self._rows and self._rows[-1][0] == rows:
            self._rows[-1] = (rows, self._rows[-1][1] + 1)
        else:
            self._rows.append((rows, 1))

    def write(self, target: str, part: Path, format: str, origin: Origin) -> None:
        """Write the record of the finished `part`, which is going to be called `target`."""
        record = Record(
            self.shard, origin, format, self._inputs, self._digest.hexdigest(), self._rows, _file_digest(part)
        )
        fields = {**dataclasses.asdict(record), "shard": str(self.shard), "record": RECORD_VERSION}
        path = record_path(Path(target).resolve())
        unfinished = path.with_name(f".{path.name}.part")
        try:
            unfinished.write_text(json.dumps(fields), encoding="utf-8")
            os.replace(unfinished, path)
        except OSError as error:
            raise UsageError(f"{printable(str(path))}: cannot be written: {error.strerror}") from error
        finally:
            unfinished.unlink(missing_ok=True)


def record_path(part: Path) -> Path:
    """Return where the record of a part lies."""
    return part.with_name(part.name + SUFFIX)


def merge(parts: Sequence[str | Path], output: str, format: str | None = None, force: bool = False) -> int:
    """Put parts together in the order of the inputs; return the number of inputs.

    The result is byte for byte what one run over all inputs writes.

    Raises UsageError for parts that do not fit: another model or other settings, other inputs, a shard that is missing
    or there twice, a part that was changed or is not whole.
    """
    chosen = choose_format(output, format)
    check_target(output, force)
    if not parts:
        raise UsageError("nothing to merge: name the files that `zipread scan --shard` wrote")
    if any(Path(part).resolve() == Path(output).resolve() for part in parts):
        raise UsageError(f"{printable(output)}: is one of the parts; name another output")
    records = {Path(part): _read_record(Path(part)) for part in parts}
    _check_fit(records)
    first = next(iter(records.values()))
    if chosen != first.format:
        raise UsageError(f"{printable(output)}: the parts are {first.format}, so the output must be too")
    in_order = sorted(records, key=lambda part: records[part].shard.index)
    streams = [stored_rows(part, chosen) for part in in_order]
    counts = [(rows for rows, inputs in records[part].rows for _ in range(inputs)) for part in in_order]
    columns = DIGIT_COLUMNS if first.origin.command == "digits" else SCAN_COLUMNS
    with open_writer(output, chosen, columns) as writer:
        for number in range(first.inputs):
            shard = number % len(in_order)
            for _ in range(next(counts[shard])):
                writer.copy(next(streams[shard]))
    return first.inputs


def _read_record(part: Path) -> Record:
    shown = printable(str(part))
    if not part.is_file():
        raise UsageError(f"{shown}: no such file")
    path = record_path(part)
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("record") != RECORD_VERSION:
            raise UsageError(f"{printable(str(path))}: was written by another version of zipread")
        record = Record(**{**fields, **_parsed(fields)})
    except FileNotFoundError as error:
        raise UsageError(f"{shown}: is not a part, or its record {printable(path.name)} is not beside it") from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UsageError(f"{printable(str(path))}: cannot be read as the record of a part") from error
    if _file_digest(part) != record.digest:
        raise UsageError(f"{shown}: was changed after it was written; read the shard {record.shard} again")
    return record


def _parsed(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "shard": Shard.parse(fields["shard"]),
        "origin": Origin(**fields["origin"]),
        "rows": [(int(rows), int(inputs)) for rows, inputs in fields["rows"]],
    }


def _check_fit(records: dict[Path, Record]) -> None:
    """Raise UsageError unless the parts are all the shards of one run."""
    (first_part, first), *_ = records.items()
    there: dict[int, Path] = {}
    for part, record in records.items():
        shown, other = printable(str(part)), printable(str(first_part))
        if difference := first.origin.difference(record.origin):
            raise UsageError(f"{shown}: was read with {difference} ({other} was not)")
        if record.shard.count != first.shard.count:
            raise UsageError(f"{shown}: is shard {record.shard}, but {other} is {first.shard}")
        if record.shard.index in there:
            earlier = printable(str(there[record.shard.index]))
            raise UsageError(f"{shown}: is shard {record.shard}, and so is {earlier}")
        if sum(inputs for _, inputs in record.rows) != record.shard.share(record.inputs):
            raise UsageError(f"{shown}: does not hold all of its shard {record.shard}; read it without --fail-fast")
        if (record.inputs, record.inputs_digest) != (first.inputs, first.inputs_digest):
            raise UsageError(
                f"{shown}: its run found other inputs than that of {other} ({record.inputs} and {first.inputs}); "
                "name the same inputs in the same order everywhere"
            )
        if record.format != first.format:
            raise UsageError(f"{shown}: is {record.format}, but {other} is {first.format}")
        there[record.shard.index] = part
    missing = [index for index in range(1, first.shard.count + 1) if index not in there]
    if missing:
        named = ", ".join(f"{index}/{first.shard.count}" for index in missing[:NAMED_AT_MOST])
        named += ", ..." if len(missing) > NAMED_AT_MOST else ""
        raise UsageError(f"missing: shard {named}; all {first.shard.count} are needed")


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
