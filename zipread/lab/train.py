"""Train the networks, export them, calibrate, and write the manifest. Needs the extra [train]."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from zipread import __version__
from zipread.errors import DependencyError
from zipread.finder import Mail
from zipread.lab import pageset, widths
from zipread.lab.calibration import Unseen
from zipread.lab.calibration import fit as calibrate
from zipread.lab.calibration import keep as keep_calibration
from zipread.lab.characters import font_glyphs
from zipread.lab.course import Course, Report, digest
from zipread.lab.digit_train import train_digits
from zipread.lab.directory import existing_codes
from zipread.lab.finder_train import train_finder
from zipread.lab.letter_train import train_letters
from zipread.lab.letterset import Texts, make_texts
from zipread.lab.line_train import train_lines
from zipread.lab.lineset import Fonts, Lines, make_lines
from zipread.lab.mnist import Digits, load_digits, split_by_writer
from zipread.lab.pageset import Pages, make_pages
from zipread.lab.synth.abroad import COUNTRIES, countries_with, places_abroad
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
from zipread.lab.synth.places import Place, as_people_write, load_places
from zipread.lab.trainset import RECIPE, make_set
from zipread.lab.widths import Set
from zipread.lab.writers import drawn_writers, font_writers, together
from zipread.model import read_manifest
from zipread.normalize import NORMALIZATION_VERSION

NETWORKS = ("digits", "lines", "letters", "finder", "finder_abroad")
PLACES_ABROAD = 1_000
"""Places in other countries that mail goes to, of each length of code."""
WRITERS = 1
"""Seed of which writers train and which are held out: the same for every training, since one may go on with another."""
SETS = 13
"""Counted up where what is made for training changes: sets that a stopped run kept are then made anew."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a training: the same recipe on the same machine with the same seed gives the same weights."""

    epochs: int = 20  # of the digits' network, each of 128,000 pictures
    scale: float = 1.0  # size of the digits' training set relative to the full one
    lines: int = 300_000  # training set of the lines' network
    passes: int = 5  # of the lines' network, over its set
    held_out_lines: int = 1_500
    texts: int = 200_000  # training set of the letters' network
    text_passes: int = 4  # over it
    held_out_texts: int = 3_000
    pages: int = 16_000  # training set of each finder
    rounds: int = 12  # of a finder, over its set
    held_out_pages: int = 300
    jobs: int = 2  # processes that make pictures
    calibration_fields: int = 12_000  # made fields the confidence is fitted on


def train(data: Path | None, recipe: Recipe, course: Course, only: Sequence[str] = NETWORKS) -> Path:
    """Train, export to ONNX, calibrate and write the manifest.

    Args:
        data: .npz with MNIST's training digits, or None to let Keras fetch them.
        recipe: what decides the result, with the course's seed and start.
        course: where training begins, reports and writes: the networks and manifest.json.
        only: the networks to train; the others are those of the course's start.

    Returns:
        The manifest's path.

    Raises:
        DependencyError: the extra [train] is not installed, fonts are missing, or the start lacks a network.
        InputError: `data` cannot be read, or there is a stopped run of another recipe.
    """
    try:
        import keras
    except ImportError as error:
        raise DependencyError("training needs Keras and TensorFlow: pip install 'zipread[train]'") from error
    course.work.mkdir(parents=True, exist_ok=True)
    training, held_out = split_by_writer(load_digits(data), WRITERS)
    # Fonts that are missing are told now, not after hours.
    find_fonts((*TRAIN_PRINT, *MORE_PRINT, *TRAIN_HAND, *TRAIN_SCRIPT, *CHOOSING_PRINT, *CHOOSING_SCRIPT))
    course.report(f"{len(training.y)} digits train, {len(held_out.y)} of other writers are held out")
    record = _record_before(course)
    page_sets = partial(_page_sets, training, held_out, recipe, course)
    trainers: dict[str, Callable[[], dict[str, Any]]] = {
        "digits": lambda: train_digits(partial(_digit_set, training, recipe, course), recipe.epochs, held_out, course),
        "lines": lambda: train_lines(*_line_sets(training, held_out, recipe, course), recipe.passes, course),
        "letters": lambda: train_letters(*_text_sets(training, held_out, recipe, course), recipe.text_passes, course),
        "finder": lambda: train_finder(*page_sets("us"), recipe.rounds, course, "us"),
        "finder_abroad": lambda: train_finder(*page_sets("abroad"), recipe.rounds, course, "abroad"),
    }
    for name, train_network in trainers.items():
        if name in only:
            with course.arithmetic():
                trained = train_network()
            record[name] = _with_stages(record.get(name), trained, course, name)
        else:
            _copy(course, name)
    if course.start is None:  # else each stage has its own
        record["recipe"] = {**asdict(recipe), "seed": course.seed, "bfloat16": course.bfloat16}
    record |= {
        "keras": keras.__version__,
        "handwritten_digits": len(training.y),
        "held_out_writers": len(np.unique(held_out.writer)),
    }
    manifest = write_manifest(course.out, record)
    course.report(f"wrote {manifest}")
    if course.start is not None and not {"digits", "lines"} & set(only):
        # The confidence of a reading hangs on the two readers alone.
        keep_calibration(course.out, read_manifest(course.start)["calibration"])
    else:
        calibrate(course.out, _unseen(held_out), recipe.calibration_fields, course.seed, recipe.jobs, course.report)
    return manifest


def _record_before(course: Course) -> dict[str, Any]:
    """What is on record of the training that made the networks to start from."""
    record: dict[str, Any] = {} if course.start is None else read_manifest(course.start)["training"]
    return record


def _with_stages(before: dict[str, Any] | None, now: dict[str, Any], course: Course, name: str) -> dict[str, Any]:
    """The record of a network: of the training now, or with it as the last of its stages."""
    if course.start is None or before is None:
        return now
    stage = {key: value for key, value in now.items() if key != "parameters"}
    stage |= {"seed": course.seed, "bfloat16": course.bfloat16, "share_of_the_start_in_the_mean": course.kept}
    stage |= {"started_from": digest(course.start / f"{name}.keras")}
    parameters = {"parameters": now["parameters"]}
    if "stages" in before:
        return {**before, **parameters, "stages": [*before["stages"], stage]}
    return {**parameters, "stages": [{key: v for key, v in before.items() if key != "parameters"}, stage]}


def _copy(course: Course, name: str) -> None:
    """Take a network over from the start. Raises DependencyError where there is no start, or no such network in it."""
    if course.start is None:
        raise DependencyError(f"the network of {name} is to be neither trained nor taken from another model")
    for suffix in ("keras", "onnx"):
        file = course.start / f"{name}.{suffix}"
        try:
            shutil.copyfile(file, course.out / file.name)
        except OSError as error:
            raise DependencyError(f"{file}: cannot be taken over ({error.strerror})") from error


def _unseen(held_out: Digits) -> Unseen:
    """What the confidence is fitted on: writers and fonts that trained nothing."""
    scripts = font_writers(find_fonts(CHOOSING_SCRIPT), WRITERS)
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


def _digit_set(digits: Digits, recipe: Recipe, course: Course) -> tuple[np.ndarray, np.ndarray]:
    """The digits' training set, or what a run before left of it in the course's `work`."""
    cached = course.work / "trainset.npz"
    made_from = np.array([course.seed, recipe.scale, SETS])
    if course.resume and cached.exists():
        with np.load(cached) as archive:
            if np.array_equal(archive["made_from"], made_from):
                return archive["images"], archive["labels"]
    progress = _progress(course.report, "training pictures")
    glyphs = font_glyphs(_fonts())
    images, labels = make_set(RECIPE, digits, glyphs, recipe.scale, course.seed, recipe.jobs, progress)
    order = np.random.default_rng(course.seed).permutation(len(labels))
    images, labels = images[order], labels[order]
    np.savez(cached, images=images, labels=labels, made_from=made_from)
    return images, labels


def _line_sets(
    training: Digits, held_out: Digits, recipe: Recipe, course: Course
) -> tuple[dict[int, Lines], dict[int, Lines]]:
    """Lines that train, and lines of other writers that only report."""
    prints = Prints(find_fonts((*TRAIN_PRINT, *MORE_PRINT)))
    fonts = Fonts(prints, Prints(find_fonts(TRAIN_HAND), "handwritten"))
    other = make_lines(held_out, fonts, recipe.held_out_lines, course.seed + 1, recipe.jobs, lambda *_: None)

    def made() -> dict[int, Lines]:
        scripts = font_writers(find_fonts(TRAIN_SCRIPT), course.seed)
        writers = together(training, drawn_writers(course.seed), scripts)
        return make_lines(
            writers, fonts, recipe.lines, course.seed, recipe.jobs, _progress(course.report, "training lines")
        )

    return _kept("lineset", Lines, recipe.lines, course, made), other


def _text_sets(
    training: Digits, held_out: Digits, recipe: Recipe, course: Course
) -> tuple[dict[int, Texts], dict[int, Texts]]:
    """Lines of words that train, and lines in fonts that choose, which only report."""
    fonts = Prints(find_fonts(CHOOSING_PRINT)), Prints(find_fonts(CHOOSING_SCRIPT))
    other = make_texts(_supplies(held_out, *fonts), recipe.held_out_texts, course.seed + 1, recipe.jobs)
    progress = _progress(course.report, "training lines of words")
    made = partial(make_texts, _supplies(training), recipe.texts, course.seed, recipe.jobs, progress)
    return _kept("texts", Texts, recipe.texts, course, made), other


def _kept(name: str, kind: type[Set], count: int, course: Course, make: Callable[[], dict[int, Set]]) -> dict[int, Set]:
    """A set of lines, or what a run before left of it in the course's `work`."""
    cached = course.work / f"{name}.npz"
    made_from = np.array([course.seed, count, SETS])
    if course.resume and cached.exists():
        lines = widths.load(cached, made_from, kind)
        if lines is not None:
            return lines
    lines = make()
    widths.save(cached, lines, made_from)
    return lines


def _page_sets(training: Digits, held_out: Digits, recipe: Recipe, course: Course, mail: Mail) -> tuple[Pages, Pages]:
    """Pages that train a finder, and pages with digits of other writers that only report."""
    abroad = _places_abroad() if mail == "abroad" else ()
    other = make_pages(_supplies(held_out), abroad, recipe.held_out_pages, course.seed + 1, recipe.jobs)
    cached = course.work / f"pages_{mail}.npz"
    made_from = np.array([course.seed, recipe.pages, SETS])
    if course.resume and cached.exists():
        pages = pageset.load(cached, made_from)
        if pages is not None:
            return pages, other
    progress = _progress(course.report, "training pages")
    pages = make_pages(_supplies(training), abroad, recipe.pages, course.seed, recipe.jobs, progress)
    pageset.save(cached, pages, made_from)
    return pages, other


def _places_abroad() -> tuple[Place, ...]:
    """Places in other countries: each length of code is as likely as any other, however many countries have it."""
    lengths = sorted({country.digits for country in COUNTRIES})
    return tuple(place for digits in lengths for place in places_abroad(1, PLACES_ABROAD, countries_with(digits)))


def _supplies(digits: Digits, prints: Prints | None = None, hands: Prints | None = None) -> Supplies:
    """What made mail of some writers is made from; its fonts are those that may train, where none are given."""
    prints = prints or Prints(find_fonts((*TRAIN_PRINT, *MORE_PRINT)))
    hands = hands or Prints(find_fonts((*TRAIN_HAND, *TRAIN_SCRIPT)))
    places = as_people_write(load_places(), seed=1)
    return Supplies(places, prints, hands, Hands(digits.x, digits.y, digits.writer))


def write_manifest(out: Path, training: dict[str, Any]) -> Path:
    """Write what the folder holds: the files with their hashes, and how they were trained."""
    files = [out / f"{name}.{suffix}" for name in NETWORKS for suffix in ("keras", "onnx")]
    manifest = {
        "zipread": __version__,
        "normalization": NORMALIZATION_VERSION,
        "classes": [*"0123456789", "not one digit"],
        "sha256": {path.name: digest(path) for path in files},
        "training": training,
    }
    path = out / "manifest.json"
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    return path
