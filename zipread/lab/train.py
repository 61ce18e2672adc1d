"""Train the networks, export them, calibrate, and write the manifest. Needs the extra [train]."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from zipread import __version__
from zipread.errors import DependencyError
from zipread.lab import lineset, pageset
from zipread.lab.calibration import Unseen
from zipread.lab.calibration import fit as calibrate
from zipread.lab.characters import font_glyphs
from zipread.lab.digit_train import train_digits
from zipread.lab.directory import existing_codes
from zipread.lab.finder_train import train_finder
from zipread.lab.line_train import train_lines
from zipread.lab.lineset import Lines, make_lines
from zipread.lab.mnist import Digits, load_digits, split_by_writer
from zipread.lab.pageset import Pages, make_pages
from zipread.lab.synth.deck import load_supplies
from zipread.lab.synth.families import (
    CHOOSING_PRINT,
    CHOOSING_SCRIPT,
    MORE_PRINT,
    TRAIN_HAND,
    TRAIN_PRINT,
    TRAIN_SCRIPT,
)
from zipread.lab.synth.fonts import FontFile, find_fonts
from zipread.lab.synth.hands import Hands, Prints
from zipread.lab.synth.mail import Supplies
from zipread.lab.synth.places import as_people_write
from zipread.lab.trainset import RECIPE, make_set
from zipread.lab.writers import drawn_writers, font_writers, together
from zipread.normalize import NORMALIZATION_VERSION

Report = Callable[[str], None]

SETS = 3
"""Counted up where what is made for training changes: sets that a stopped run kept are then made anew."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a training: the same recipe on the same machine gives the same weights."""

    seed: int = 1
    epochs: int = 20  # of the digits' network, each of 128,000 pictures
    scale: float = 1.0  # size of the digits' training set relative to the full one
    lines: int = 300_000  # training set of the lines' network
    passes: int = 4  # of the lines' network, over its set
    held_out_lines: int = 1_500
    pages: int = 12_000  # training set of the finder
    rounds: int = 16  # of the finder, over its set
    held_out_pages: int = 300
    jobs: int = 2  # processes that make pictures
    calibration_fields: int = 4_000  # made fields the confidence is fitted on


def train(data: Path | None, out: Path, recipe: Recipe, report: Report, resume: bool = False) -> Path:
    """Train, export to ONNX, calibrate and write the manifest.

    Args:
        data: .npz with MNIST's training digits, or None to let Keras fetch them.
        out: folder for the networks and manifest.json; `out/work` keeps what a stopped run needs to resume.
        recipe: what decides the result.
        report: called with one line of progress at a time.
        resume: go on from `out/work`.

    Returns:
        The manifest's path.

    Raises:
        DependencyError: the extra [train] is not installed, or fonts are missing.
        InputError: `data` cannot be read, or there is a stopped run of another recipe.
    """
    try:
        import keras
    except ImportError as error:
        raise DependencyError("training needs Keras and TensorFlow: pip install 'zipread[train]'") from error
    work = out / "work"
    work.mkdir(parents=True, exist_ok=True)
    training, held_out = split_by_writer(load_digits(data), recipe.seed)
    # Fonts that are missing are told now, not after hours.
    find_fonts((*TRAIN_PRINT, *MORE_PRINT, *TRAIN_HAND, *TRAIN_SCRIPT, *CHOOSING_PRINT, *CHOOSING_SCRIPT))
    report(f"{len(training.y)} digits train, {len(held_out.y)} of other writers are held out")
    pictures = partial(_digit_set, training, recipe, work, report, resume)
    digits = train_digits(pictures, recipe.epochs, held_out, out, recipe.seed, report, resume)
    lines, other_lines = _line_sets(training, held_out, recipe, work, report, resume)
    line_record = train_lines(lines, other_lines, out, recipe.seed, recipe.passes, report, resume)
    pages, other_pages = _page_sets(training, held_out, recipe, work, report, resume)
    finder_record = train_finder(pages, other_pages, out, recipe.seed, recipe.rounds, report, resume)
    record = {
        "recipe": asdict(recipe),
        "keras": keras.__version__,
        "handwritten_digits": len(training.y),
        "held_out_writers": len(np.unique(held_out.writer)),
        "digits": digits,
        "lines": line_record,
        "finder": finder_record,
    }
    manifest = write_manifest(out, record)
    report(f"wrote {manifest}")
    calibrate(out, _unseen(held_out, recipe.seed), recipe.calibration_fields, recipe.seed, recipe.jobs, report)
    return manifest


def _unseen(held_out: Digits, seed: int) -> Unseen:
    """What the confidence is fitted on: writers and fonts that trained nothing."""
    scripts = font_writers(find_fonts(CHOOSING_SCRIPT), seed)
    prints = Prints(find_fonts(CHOOSING_PRINT))
    return Unseen(held_out, scripts, prints, np.flatnonzero(existing_codes()))


def _fonts() -> tuple[FontFile, ...]:
    """The fonts that may train; none of those that measure."""
    return find_fonts((*TRAIN_PRINT, *MORE_PRINT, *TRAIN_HAND))


def _progress(report: Report, what: str) -> Callable[[int, int], None]:
    """Report every twentieth of a set."""
    told = 0

    def progress(made: int, total: int) -> None:
        nonlocal told
        if made * 20 // total > told:
            told = made * 20 // total
            report(f"made {made} of {total} {what}")

    return progress


def _digit_set(
    digits: Digits, recipe: Recipe, work: Path, report: Report, resume: bool
) -> tuple[np.ndarray, np.ndarray]:
    """The digits' training set, or what a run before left of it in `work`."""
    cached = work / "trainset.npz"
    made_from = np.array([recipe.seed, recipe.scale, SETS])
    if resume and cached.exists():
        with np.load(cached) as archive:
            if np.array_equal(archive["made_from"], made_from):
                return archive["images"], archive["labels"]
    progress = _progress(report, "training pictures")
    glyphs = font_glyphs(_fonts())
    images, labels = make_set(RECIPE, digits, glyphs, recipe.scale, recipe.seed, recipe.jobs, progress)
    order = np.random.default_rng(recipe.seed).permutation(len(labels))
    images, labels = images[order], labels[order]
    np.savez(cached, images=images, labels=labels, made_from=made_from)
    return images, labels


def _line_sets(
    training: Digits, held_out: Digits, recipe: Recipe, work: Path, report: Report, resume: bool
) -> tuple[dict[int, Lines], dict[int, Lines]]:
    """Lines that train, and lines of other writers that only report."""
    prints = Prints(tuple(_fonts()))
    other = make_lines(held_out, prints, recipe.held_out_lines, recipe.seed + 1, recipe.jobs, lambda *_: None)
    cached = work / "lineset.npz"
    made_from = np.array([recipe.seed, recipe.lines, SETS])
    if resume and cached.exists():
        lines = lineset.load(cached, made_from)
        if lines is not None:
            return lines, other
    scripts = font_writers(find_fonts(TRAIN_SCRIPT), recipe.seed)
    writers = together(training, drawn_writers(recipe.seed), scripts)
    progress = _progress(report, "training lines")
    lines = make_lines(writers, prints, recipe.lines, recipe.seed, recipe.jobs, progress)
    lineset.save(cached, lines, made_from)
    return lines, other


def _page_sets(
    training: Digits, held_out: Digits, recipe: Recipe, work: Path, report: Report, resume: bool
) -> tuple[Pages, Pages]:
    """Pages that train the finder, and pages with digits of other writers that only report."""
    other = make_pages(_supplies(held_out), recipe.held_out_pages, recipe.seed + 1, recipe.jobs)
    cached = work / "pageset.npz"
    made_from = np.array([recipe.seed, recipe.pages, SETS])
    if resume and cached.exists():
        pages = pageset.load(cached, made_from)
        if pages is not None:
            return pages, other
    pages = make_pages(_supplies(training), recipe.pages, recipe.seed, recipe.jobs, _progress(report, "training pages"))
    pageset.save(cached, pages, made_from)
    return pages, other


def _supplies(digits: Digits) -> Supplies:
    """What made mail of some writers is made from; its fonts may train."""
    supplies = load_supplies("train")
    places = as_people_write(supplies.places, seed=1)
    return replace(supplies, places=places, digits=Hands(digits.x, digits.y, digits.writer))


def write_manifest(out: Path, training: dict[str, Any]) -> Path:
    """Write what the folder holds: the files with their hashes, and how they were trained."""
    files = [out / f"{name}.{suffix}" for name in ("digits", "lines", "finder") for suffix in ("keras", "onnx")]
    manifest = {
        "zipread": __version__,
        "normalization": NORMALIZATION_VERSION,
        "classes": [*"0123456789", "not one digit"],
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "training": training,
    }
    path = out / "manifest.json"
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    return path
