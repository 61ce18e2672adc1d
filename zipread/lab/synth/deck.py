"""A deck of made mail as files, with its truth."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from zipread.errors import UsageError
from zipread.lab.synth.boxed import make_boxed
from zipread.lab.synth.families import (
    CHOOSING_PRINT,
    CHOOSING_SCRIPT,
    HELD_OUT_HAND,
    HELD_OUT_PRINT,
    TRAIN_HAND,
    TRAIN_PRINT,
)
from zipread.lab.synth.fonts import find_fonts
from zipread.lab.synth.hands import Prints, Writing, load_hands
from zipread.lab.synth.letters import make_letter
from zipread.lab.synth.mail import MailTruth, Supplies, make_mail
from zipread.lab.synth.parcels import make_parcel
from zipread.lab.synth.places import load_places
from zipread.lab.synth.postcards import make_postcard
from zipread.lab.synth.replies import make_reply

COLUMNS = ("path", "code", "plus4", "x", "y", "width", "height", "writing", "kind", "conditions")
TRUTH_NAME = "truth.csv"

Use = Literal["measure", "choose", "train"]

FAMILIES = {
    "measure": (HELD_OUT_PRINT, HELD_OUT_HAND),
    "choose": (CHOOSING_PRINT, CHOOSING_SCRIPT),
    "train": (TRAIN_PRINT, TRAIN_HAND),
}
"""Families of print and of handwriting for each use."""


OTHER_MAIL: dict[str, Callable[..., tuple[np.ndarray, MailTruth]]] = {
    "letter": make_letter,
    "parcel": make_parcel,
    "reply": make_reply,
    "postcard": make_postcard,
    "boxed": make_boxed,
}
"""Makers of mail that is no plain envelope, by its kind; each takes (rng, supplies, uncoded, capture, resolutions)."""


def load_supplies(use: Use, digits: Path | None = None, fonts: Path | None = None) -> Supplies:
    """Collect fonts, digits and places.

    use: "measure" and "choose" take fonts that no training sees, "train" others; digits: an .npz of handwritten
    digits, of which "measure" takes the part test and the others the part train, if it has such parts; fonts: a folder
    searched instead of the fonts of this machine. Raises DependencyError for missing fonts, InputError for a bad
    archive.
    """
    print_fonts, hand_fonts = (Prints(find_fonts(group, fonts)) for group in FAMILIES[use])
    hands = load_hands(digits, "test" if use == "measure" else "train") if digits is not None else None
    return Supplies(load_places(), print_fonts, hand_fonts, hands)


def make_deck(
    seed: int, count: int, writings: tuple[Writing, ...], supplies: Supplies, uncoded: float = 0.0
) -> Iterator[tuple[np.ndarray, MailTruth]]:
    """Make `count` pieces, taking turns among `writings`. A piece depends on its seed and position, not on `count`."""
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        yield make_mail(rng, writings[index % len(writings)], supplies, uncoded)


def make_others(
    seed: int, count: int, kind: str, supplies: Supplies, uncoded: float = 0.0
) -> Iterator[tuple[np.ndarray, MailTruth]]:
    """Make `count` pieces of one of OTHER_MAIL, as `make_deck` makes envelopes."""
    for index in range(count):
        yield OTHER_MAIL[kind](np.random.default_rng((seed, index)), supplies, uncoded)


def write_deck(folder: Path, deck: Iterator[tuple[np.ndarray, MailTruth]]) -> Iterator[Path]:
    """Write pictures and their truth, yielding each picture's path when it is written.

    Raises UsageError when `folder` already holds a truth or cannot be made, OSError when writing fails later.
    """
    truth_path = folder / TRUTH_NAME
    if truth_path.exists():
        raise UsageError(f"{truth_path} exists; name a new folder, so that pictures and truth stay together")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}") from error
    with truth_path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(COLUMNS)
        for index, (picture, truth) in enumerate(deck):
            path = folder / f"{index:05d}.jpg"
            _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
            path.write_bytes(data.tobytes())
            box = ("", "", "", "") if truth.box is None else astuple(truth.box)
            conditions = "; ".join(truth.conditions)
            rows.writerow([path.name, truth.code, truth.plus4, *box, truth.writing, truth.kind, conditions])
            yield path
