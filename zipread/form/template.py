"""Form templates: where the fields of a form are, kept as a TOML file beside a picture of the blank form."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from zipread.errors import SettingsError
from zipread.settings import MAX_DIGITS

FieldLayout = Literal["boxed", "free"]
FieldDirectory = Literal["us", "none"]

_FORM_KEYS = ("reference", "field")
_FIELD_KEYS = ("name", "box", "digits", "layout", "directory")
_EDGE = 1e-4
"""How far a box may leave the reference by rounding, shares of its sides."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form."""

    name: str  # what stands in the output's `field` column
    box: tuple[float, float, float, float]  # left, top, width, height, shares of the reference's width and height
    digits: int
    layout: FieldLayout  # boxed: a printed box for each digit; free: one space for all of them, framed or not
    directory: FieldDirectory = "none"  # us: five digits that are a ZIP code


@dataclass(frozen=True, slots=True)
class FormTemplate:
    """The fields of a form, and the picture they were measured on."""

    reference: Path
    fields: tuple[FormField, ...]


def read_template(path: Path) -> FormTemplate:
    """Read and check a template.

    Raises SettingsError, naming the file and the key, for whatever is missing, unknown or out of range.
    """
    try:
        return parse_template(path.read_text(encoding="utf-8"), path.parent)
    except OSError as error:
        raise SettingsError(f"{path}: the form template cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: the form template is not UTF-8 text") from error
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from error


def parse_template(text: str, folder: Path) -> FormTemplate:
    """Read a template from its text; its reference is looked for in `folder`.

    Raises SettingsError, naming the key.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"not valid TOML: {error}") from error
    _only_known(table, _FORM_KEYS, "")
    reference = _value(table, "reference", "", str)
    if not reference:
        raise SettingsError("reference: name the picture of the blank form")
    listed = _value(table, "field", "", list)
    if not listed:
        raise SettingsError("field: a form needs at least one [[field]]")
    fields = tuple(_field(entry, number) for number, entry in enumerate(listed, start=1))
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"field {name}: name: {names.count(name)} fields have this name")
    return FormTemplate(folder / reference, fields)


def _field(entry: Any, number: int) -> FormField:
    place = f"field {number}: "
    if not isinstance(entry, dict):
        raise SettingsError(f"{place}write it as a [[field]] table")
    _only_known(entry, _FIELD_KEYS, place)
    name = _value(entry, "name", place, str)
    if not name or not name.isprintable():
        raise SettingsError(f"{place}name: use at least one character, and no line breaks")
    place = f"field {name}: "
    digits = _value(entry, "digits", place, int)
    if isinstance(digits, bool) or not 1 <= digits <= MAX_DIGITS:
        raise SettingsError(f"{place}digits = {digits}: use a number from 1 to {MAX_DIGITS}")
    layout = _choice(entry, "layout", place, get_args(FieldLayout))
    directory = _choice({"directory": "none", **entry}, "directory", place, get_args(FieldDirectory))
    if directory == "us" and digits != 5:
        raise SettingsError(f'{place}directory = "us": ZIP codes have 5 digits, this field {digits}')
    return FormField(name, _box(entry, place), digits, layout, directory)


def _box(entry: dict[str, Any], place: str) -> tuple[float, float, float, float]:
    numbers = _value(entry, "box", place, list)
    if len(numbers) != 4 or any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in numbers):
        raise SettingsError(f"{place}box: use four numbers, [left, top, width, height]")
    left, top, width, height = (float(n) for n in numbers)
    inside = left >= -_EDGE and top >= -_EDGE and left + width <= 1 + _EDGE and top + height <= 1 + _EDGE
    if not (inside and width > 0 and height > 0):
        raise SettingsError(f"{place}box: the box must lie within the reference, whose sides count as 1")
    return left, top, width, height


def _value(table: dict[str, Any], key: str, place: str, kind: type) -> Any:
    if key not in table:
        raise SettingsError(f"{place}{key} is missing")
    if not isinstance(table[key], kind):
        wanted = {str: "a text in quotes", int: "a whole number", list: "a list"}[kind]
        raise SettingsError(f"{place}{key}: use {wanted}")
    return table[key]


def _choice(table: dict[str, Any], key: str, place: str, allowed: tuple[str, ...]) -> Any:
    value = _value(table, key, place, str)
    if value not in allowed:
        raise SettingsError(f"{place}{key} = {json.dumps(value)}: use one of {', '.join(allowed)}")
    return value


def _only_known(table: dict[str, Any], known: tuple[str, ...], place: str) -> None:
    for key in table:
        if key not in known:
            raise SettingsError(f"{place}{key}: unknown; the keys are {', '.join(known)}")


def template_text(template: FormTemplate, folder: Path) -> str:
    """Return a template as TOML, for a file in `folder`; `read_template` reads it back."""
    try:
        reference = Path(os.path.relpath(template.reference, folder)).as_posix()
    except ValueError:  # on another drive
        reference = str(template.reference)
    lines = [
        "# The picture of the blank form, seen from this file's folder.",
        f"reference = {_quoted(reference)}",
        "",
        "# One [[field]] a number. box = [left, top, width, height], shares of the reference's width and height.",
        "# digits: 1 to 12. layout: boxed (a printed box for each digit) or free (one space for all).",
        '# directory = "us" may be added to a field of five digits that is a ZIP code.',
    ]
    for field in template.fields:
        box = ", ".join(f"{number:.5f}" for number in field.box)
        lines += ["", "[[field]]", f"name = {_quoted(field.name)}", f"box = [{box}]", f"digits = {field.digits}"]
        lines.append(f"layout = {_quoted(field.layout)}")
        if field.directory != "none":
            lines.append(f"directory = {_quoted(field.directory)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A text as TOML's basic string: JSON's escapes are among TOML's, but for DEL, which JSON leaves as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
