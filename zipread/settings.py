"""How a reader is set up. One frozen record, checked when it is made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zipread.errors import SettingsError

MAX_PIXELS = 150_000_000
"""Pixels a picture may have before it is refused: an A3 page at 1,000 dpi has 193 million, at 800 dpi 124."""

MAX_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that changes what is read.

    Raises SettingsError, naming the option, for a value out of range.
    """

    layout: Literal["auto", "envelope", "boxes", "field"] = "auto"
    digits: int = 5  # length of the code; 5 also looks for a +4
    directory: Literal["us", "none"] = "us"  # which list of existing codes serves as a prior
    accept: float = 0.95  # least confidence of an `accepted` row, probability
    engine: Literal["onnx", "keras"] = "onnx"
    model: Path | None = None  # folder with the model files; None: the one that ships
    max_pixels: int = MAX_PIXELS  # per page
    form: Path | None = None  # template of a form whose fields are read, one row each; None: mail

    def __post_init__(self) -> None:
        choices = {
            "layout": ("auto", "envelope", "boxes", "field"),
            "directory": ("us", "none"),
            "engine": ("onnx", "keras"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise SettingsError(f"--{name} {getattr(self, name)}: use one of {', '.join(allowed)}")
        if not 1 <= self.digits <= MAX_DIGITS:
            raise SettingsError(f"--digits {self.digits}: use a number from 1 to {MAX_DIGITS}")
        if not 0.0 <= self.accept <= 1.0:
            raise SettingsError(f"--accept {self.accept}: use a probability from 0 to 1")
        if self.max_pixels < 1:
            raise SettingsError(f"--max-pixels {self.max_pixels}: use a positive number")
        if self.form is not None and (self.layout != "auto" or self.digits != 5):
            raise SettingsError("--form names the fields and their digits itself: leave out --layout and --digits")
