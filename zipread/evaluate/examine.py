"""Reading labelled pictures, in one process or several, and keeping pictures of the worst mistakes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from heapq import nlargest
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np

from zipread.batch import CRASHES
from zipread.debug import guesses
from zipread.errors import InputError, UsageError
from zipread.evaluate.outcomes import Evidence, Outcome, pair
from zipread.evaluate.truth import Label, notes, read_truth
from zipread.load import load_pages
from zipread.pool import TIMEOUT_S, run_here, run_workers
from zipread.reader import Reader
from zipread.records import PageError, Reading
from zipread.run import HERE_BELOW, Progress, Summary
from zipread.settings import Settings
from zipread.workers import Line

WORST = 40
"""Mistakes that are kept as pictures, the most confident ones."""

FIELD_WIDTH = 480
"""Most columns of a field's picture, pixels."""

FIELD_MARGIN = 0.1
"""Surroundings shown around a field, as a share of its sides."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and all its labels."""

    path: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class ExamTask:
    """Reads a labelled picture and judges what was read. See `workers.Task`."""

    settings: Settings

    def start(self, line: Line) -> Callable[[Labelled], list[Outcome]]:
        """Load the model."""
        return partial(self._examine, Reader(self.settings), line)

    def lost(self, item: Labelled, reason: str) -> list[Outcome]:
        """Return the outcomes of a picture that could not be read."""
        return pair(item.labels, [Reading(field="", status="error", message=reason)])

    def _examine(self, reader: Reader, line: Line, item: Labelled) -> list[Outcome]:
        try:
            return _judge(reader, line, item)
        except InputError as error:
            return self.lost(item, str(error).removeprefix(f"{item.path}: "))
        except CRASHES as error:
            return self.lost(item, f"internal error, please report it: {type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Examined:
    """A labelled folder, read."""

    outcomes: tuple[Outcome, ...]  # one for each label whose picture is there
    notes: tuple[str, ...]  # what was left out and why, one line each
    missing: int  # labels whose pictures are not there

    @property
    def failed(self) -> int:
        """Labels whose pictures could not be read."""
        return sum(outcome.verdict == "failed" for outcome in self.outcomes)


def examine_folder(
    folder: Path,
    truth: Path | None,
    settings: Settings,
    jobs: int,
    on_progress: Progress,
    timeout_s: float = TIMEOUT_S,
) -> Examined:
    """Read the labelled pictures below `folder`.

    Args:
        folder: what to read.
        truth: see `read_truth`; None: `truth.csv` in the folder.
        settings, jobs, on_progress, timeout_s: as of `examine`.

    Raises:
        UsageError: the truth cannot be read, or names no picture that is there.
        DependencyError: the model is missing.
    """
    source = truth or folder / "truth.csv"
    digits = settings.digits if settings.form is None else None
    labelled = read_truth(source, folder, digits)
    told = notes(labelled, source, folder, digits)
    if not labelled.labels:
        raise UsageError("; ".join([f"{source}: labels nothing that could be read in {folder}", *told]))
    outcomes = examine(labelled.labels, settings, jobs, on_progress, timeout_s)
    return Examined(tuple(outcomes), tuple(told), len(labelled.missing))


def examine(
    labels: Sequence[Label], settings: Settings, jobs: int, on_progress: Progress, timeout_s: float = TIMEOUT_S
) -> list[Outcome]:
    """Read every labelled picture once and judge it, in the order of the labels' pictures.

    Only the WORST most confident mistakes keep their evidence.

    Args:
        labels: of any number of pictures; those of one picture need not stand together.
        settings: how to read.
        jobs: processes; the outcomes are the same whatever the number.
        on_progress: called after every picture, as by `batch.scan`.
        timeout_s: seconds a page may take.

    Raises:
        UsageError: no processes.
        DependencyError: the model is missing.
    """
    if jobs < 1:
        raise UsageError(f"--jobs {jobs}: use a positive number")
    items = _by_picture(labels)
    task, outcomes, summary = ExamTask(settings), list[Outcome](), Summary()
    here = jobs == 1 or len(items) < HERE_BELOW
    with closing(run_here(task, items, timeout_s) if here else run_workers(task, items, jobs, timeout_s)) as results:
        for item, found in zip(items, results, strict=True):
            summary = summary.plus([outcome.reading.status for outcome in found])
            on_progress(summary, item.path, [outcome.reading for outcome in found])
            outcomes += found
            if sum(outcome.evidence is not None for outcome in outcomes) > 2 * WORST:
                outcomes = _keep_worst(outcomes)
    return _keep_worst(outcomes)


def _by_picture(labels: Sequence[Label]) -> list[Labelled]:
    ordered = sorted(labels, key=lambda label: label.path)
    return [Labelled(path, tuple(group)) for path, group in groupby(ordered, key=lambda label: label.path)]


def _keep_worst(outcomes: list[Outcome]) -> list[Outcome]:
    shown = (index for index, outcome in enumerate(outcomes) if outcome.evidence is not None)
    kept = set(nlargest(WORST, shown, key=lambda index: outcomes[index].reading.confidence))
    return [outcome if index in kept else replace(outcome, evidence=None) for index, outcome in enumerate(outcomes)]


def _judge(reader: Reader, line: Line, item: Labelled) -> list[Outcome]:
    """Read the pages that have labels; the digits of a reading stay only as evidence of a mistake."""
    wanted = {label.page for label in item.labels}
    outcomes: list[Outcome] = []
    for page in load_pages(item.path, reader.settings.max_pixels, item.path):
        line.alive()
        if isinstance(page, PageError):
            number, gray = page.number, None
            readings = [Reading(number, field="", status="error", message=page.message)]
        else:
            number, gray = page.number, page.gray
            readings = reader.read_page(page) if number in wanted else []
        found = pair([label for label in item.labels if label.page == number], readings)
        outcomes += [_slim(outcome, gray) for outcome in found]
        wanted.discard(number)
    return outcomes + pair([label for label in item.labels if label.page in wanted], [])


def _slim(outcome: Outcome, gray: np.ndarray | None) -> Outcome:
    evidence = None if gray is None or outcome.verdict != "wrong" else _evidence(gray, outcome.reading)
    return Outcome(outcome.label, replace(outcome.reading, digits=(), outline=()), evidence)


def _evidence(gray: np.ndarray, reading: Reading) -> Evidence:
    crop = _crop(gray, reading)
    scale = min(1.0, FIELD_WIDTH / crop.shape[1])
    size = tuple(max(1, round(side * scale)) for side in crop.shape[::-1])
    field = _encoded(".jpg", cv2.resize(crop, size, interpolation=cv2.INTER_AREA) if scale < 1.0 else crop)
    return Evidence(field, tuple((_encoded(".png", d.image), ", ".join(guesses(d))) for d in reading.digits))


def _crop(gray: np.ndarray, reading: Reading) -> np.ndarray:
    """The upright rectangle around a reading's field, with some margin, (h, w) uint8."""
    corners = np.array(reading.outline, np.float64).reshape(-1, 2)
    if not len(corners):
        return gray
    margin = FIELD_MARGIN * np.ptp(corners, axis=0)
    left, top = np.maximum(np.floor(corners.min(axis=0) - margin), 0).astype(int)
    right, bottom = np.ceil(corners.max(axis=0) + margin).astype(int)
    crop = gray[top:bottom, left:right]
    return crop if crop.size else gray


def _encoded(suffix: str, picture: np.ndarray) -> bytes:
    _, data = cv2.imencode(suffix, picture)
    return data.tobytes()


def mistakes(outcomes: Sequence[Outcome]) -> Iterator[Outcome]:
    """Yield the wrong readings, the most confident first."""
    wrong = (outcome for outcome in outcomes if outcome.verdict == "wrong")
    yield from sorted(wrong, key=lambda outcome: -outcome.reading.confidence)
