"""Settings from the command line and a settings file: what is said on the command line wins."""

from __future__ import annotations

import dataclasses
from enum import Enum
from pathlib import Path
from typing import Any

import typer

from zipread.errors import SettingsError, UsageError
from zipread.settings import Settings

HARMLESS = frozenset({"accept", "engine", "model", "max_pixels"})
"""Options that may differ from the file's although it holds a promise; the model is checked by its content."""

PATHS = frozenset({"model", "form"})


def configure(context: typer.Context, file: Path | None = None, max_error: float | None = None) -> Settings:
    """Settings of a command whose options bear the names of the fields of Settings.

    Args:
        context: of the command.
        file: the settings file, where one is named.
        max_error: the promise of the file that decides on `accept`; None: the file's own `accept`.

    Raises:
        SettingsError: a value cannot be used, or the file's promise does not hold here.
        UsageError: --max-error beside --accept.
    """
    names = [field.name for field in dataclasses.fields(Settings) if field.name in context.params]
    values = {name: _plain(name, context.params[name]) for name in names}
    said = {name for name in names if _is_said(context, name)}
    if max_error is not None:
        if file is None:
            raise SettingsError(
                f"--max-error {max_error:g}: needs --settings FILE with the thresholds that `zipread calibrate` found"
            )
        if "accept" in said:
            raise UsageError("--max-error and --accept both decide what is accepted; give one of them")
    if file is not None:
        values |= _from_file(file, max_error, {name: values[name] for name in said})
    return Settings(**values)


def _from_file(path: Path, max_error: float | None, said: dict[str, Any]) -> dict[str, Any]:
    from zipread.settings_file import load_settings_file

    loaded = load_settings_file(path)
    values = {**loaded.scan, **said}
    if max_error is not None:
        values["accept"] = loaded.threshold(max_error)
    if loaded.promise is not None:
        from zipread import __version__
        from zipread.evaluate.promise import fingerprint

        loaded.require(__version__, fingerprint(values.get("model")))
        for name in sorted(said.keys() - HARMLESS):
            made = loaded.scan.get(name, _default(name))
            if _resolved(said[name]) != _resolved(made):
                option = name.replace("_", "-")
                raise SettingsError(f"{path}: promise: holds for --{option} {made}, not for {said[name]}")
    return values


def _default(name: str) -> Any:
    return next(field.default for field in dataclasses.fields(Settings) if field.name == name)


def _resolved(value: Any) -> Any:
    """The value, or the full path where it is one."""
    return value.resolve() if isinstance(value, Path) else value


def _plain(name: str, value: Any) -> Any:
    """The value as Settings has it: some releases of typer leave enumerations and paths as they were typed."""
    if name in PATHS and value is not None:
        return Path(value)
    return value.value if isinstance(value, Enum) else value


def _is_said(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name not in ("DEFAULT", "DEFAULT_MAP")
