"""The settings file: how to scan, and the promises a calibration found, as TOML."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zipread.errors import SettingsError, UsageError
from zipread.settings import Settings

HEAD = """\
# Settings for `zipread scan --settings`, written by `zipread calibrate`.
"""

PROMISE_HEAD = """\
# What was found on a labelled sample: codes accepted from `accept` on are wrong no more often than `max_error`, with
# this certainty, for each line by itself. It holds for mail like the sample, read by this model and these settings.
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A threshold that keeps an error, and what was seen when it was found."""

    max_error: float  # highest error among accepted codes
    accept: float  # the threshold
    accepted: int  # codes of the sample at or above it
    wrong: int  # of these


@dataclass(frozen=True, slots=True)
class Promise:
    """What a calibration found, and with what."""

    certainty: float  # of each threshold by itself, probability
    zipread: str  # version
    model: str  # fingerprint
    labels: int  # of the sample
    thresholds: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """A settings file as read."""

    path: Path
    scan: dict[str, Any]  # fields of Settings
    promise: Promise | None = None

    def require(self, version: str, model: str) -> None:
        """Raise SettingsError where the promise was made by another zipread or another model."""
        if self.promise is None:
            return
        for name, made, here in (("zipread", self.promise.zipread, version), ("model", self.promise.model, model)):
            if made != here:
                raise SettingsError(
                    f"{self.path}: promise.{name}: made with {name} {made[:12]}, this is {here[:12]}; "
                    "run `zipread calibrate` again"
                )

    def threshold(self, max_error: float) -> float:
        """The threshold that keeps `max_error`, or the next lower error that is in the file.

        Raises SettingsError where the file promises no error as low.
        """
        kept = self.promise.thresholds if self.promise is not None else ()
        fitting = [one for one in kept if one.max_error <= max_error]
        if not fitting:
            least = min((one.max_error for one in kept), default=None)
            known = "it promises none" if least is None else f"the least it promises is {least:g}"
            raise SettingsError(f"{self.path}: promise: holds no threshold for --max-error {max_error:g}; {known}")
        return max(fitting, key=lambda one: one.max_error).accept


def load_settings_file(path: Path) -> SettingsFile:
    """Read a settings file and check every key.

    Raises SettingsError, naming file and key.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path}: the settings file cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: is no TOML: {error}") from error
    _check_keys(path, "", content, ("scan", "promise"))
    scan = _scan(path, _table(path, content, "scan"))
    promise = _promise(path, _table(path, content, "promise")) if "promise" in content else None
    return SettingsFile(path, scan, promise)


def _scan(path: Path, table: dict[str, Any]) -> dict[str, Any]:
    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    _check_keys(path, "scan.", table, fields)
    values = {}
    for name, value in table.items():
        default = fields[name]
        wanted = str if default is None else type(default)
        values[name] = _typed(path, f"scan.{name}", value, wanted)
        if default is None:  # a path, which counts from the file that names it
            values[name] = path.parent / value
        try:
            Settings(**{name: values[name]})
        except SettingsError as error:
            raise SettingsError(f"{path}: scan.{name}: {error}") from error
    return values


def _promise(path: Path, table: dict[str, Any]) -> Promise:
    types = {"certainty": float, "zipread": str, "model": str, "labels": int, "thresholds": list}
    values = _record(path, "promise", table, types)
    _probability(path, "promise.certainty", values["certainty"])
    kept = []
    for number, row in enumerate(values["thresholds"], 1):
        key = f"promise.thresholds, number {number}"
        if not isinstance(row, dict):
            raise SettingsError(f"{path}: {key}: is no table")
        one = Kept(**_record(path, key, row, {"max_error": float, "accept": float, "accepted": int, "wrong": int}))
        _probability(path, f"{key}.max_error", one.max_error)
        _probability(path, f"{key}.accept", one.accept)
        kept.append(one)
    return Promise(**{**values, "thresholds": tuple(kept)})


def _record(path: Path, key: str, table: dict[str, Any], types: Mapping[str, type]) -> dict[str, Any]:
    """The values of a table that must hold exactly these keys."""
    _check_keys(path, f"{key}.", table, types)
    for name in types:
        if name not in table:
            raise SettingsError(f"{path}: {key}.{name}: is missing")
    return {name: _typed(path, f"{key}.{name}", table[name], wanted) for name, wanted in types.items()}


def _check_keys(path: Path, prefix: str, table: Mapping[str, Any], known: Sequence[str] | Mapping[str, Any]) -> None:
    for name in table:
        if name not in known:
            raise SettingsError(f"{path}: {prefix}{name}: is no key here; use {', '.join(known)}")


def _table(path: Path, content: dict[str, Any], name: str) -> dict[str, Any]:
    table = content.get(name, {})
    if not isinstance(table, dict):
        raise SettingsError(f"{path}: {name}: is no table; write [{name}]")
    return table


def _typed(path: Path, key: str, value: Any, wanted: type) -> Any:
    if wanted is float and type(value) is int:
        return float(value)
    if type(value) is not wanted:
        names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list"}
        raise SettingsError(f"{path}: {key}: {value!r} is not {names.get(wanted, wanted.__name__)}")
    return value


def _probability(path: Path, key: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise SettingsError(f"{path}: {key}: {value!r} is no probability from 0 to 1")


def settings_text(scan: Mapping[str, str | int | float], promise: Promise) -> str:
    """The text of a settings file; `load_settings_file` reads the same values back."""
    record = dataclasses.asdict(promise)
    rows = record.pop("thresholds")
    parts = [HEAD, "[scan]", *_lines(scan), "", PROMISE_HEAD + "[promise]", *_lines(record)]
    for row in rows:
        parts += ["", "[[promise.thresholds]]", *_lines(row)]
    return "\n".join(parts) + "\n"


def write_settings_file(path: Path, text: str, *, force: bool) -> None:
    """Write a settings file. Raises UsageError where it exists (without `force`) or the disk refuses."""
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError(f"{path}: exists already; --force overwrites it") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _lines(table: Mapping[str, str | int | float]) -> list[str]:
    """Lines `key = value`. JSON writes texts and numbers as TOML reads them."""
    return [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in table.items()]
