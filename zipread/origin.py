"""What a row depends on besides the picture: the program, the model and the settings."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zipread import __version__
from zipread.model import model_folder
from zipread.settings import Settings

FILES = frozenset({"model", "form"})
"""Settings that only say where a file lies. Its hash counts instead."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from. Rows of the same bytes and the same origin are the same."""

    command: str  # "scan" or "digits"
    version: str  # of zipread
    model: str  # SHA-256 of the model's manifest, in hexadecimal; empty where there is none
    settings: dict[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, in hexadecimal."""
        return hashlib.sha256(json.dumps(dataclasses.asdict(self), sort_keys=True).encode()).hexdigest()

    def difference(self, other: Origin) -> str:
        """Say in a few words in what the other one differs; empty where it does not."""
        if self.command != other.command:
            return f"zipread {other.command} instead of zipread {self.command}"
        if self.version != other.version:
            return f"zipread {other.version} instead of {self.version}"
        if self.model != other.model:
            return "another model"
        names = sorted(
            name
            for name in self.settings.keys() | other.settings.keys()
            if self.settings.get(name) != other.settings.get(name)
        )
        shown = ", ".join(f"{name} {other.settings.get(name)} instead of {self.settings.get(name)}" for name in names)
        return f"other settings ({shown})" if names else ""


def origin_of(command: str, settings: Settings) -> Origin:
    """Return the origin of what `command` writes with these settings.

    The manifest stands for the model: it holds the hashes of the network's files, which the classifier checks, and the
    calibration. Without a manifest no reader starts, so nothing is lost by an empty hash.
    """
    try:
        manifest = ((settings.model or model_folder()) / "manifest.json").read_bytes()
    except OSError:
        manifest = b""
    model = hashlib.sha256(manifest).hexdigest() if manifest else ""
    fields = {
        field.name: getattr(settings, field.name) for field in dataclasses.fields(settings) if field.name not in FILES
    }
    if settings.form is not None:
        fields["form"] = _form_digest(Path(settings.form))
    return Origin(command, __version__, model, json.loads(json.dumps(fields, default=str)))


def _form_digest(path: Path) -> str:
    """Return the SHA-256 of a form's template and its reference picture together."""
    from zipread.form.template import read_template

    reference = read_template(path).reference
    contents = (path.read_bytes(), reference.read_bytes() if reference.is_file() else b"")
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in contents)).hexdigest()
