"""Fit the confidence: P(whole code right) from the features of the winning path.

Logistic regression (Platt 1999) on made fields whose digits were written by people, and set in fonts, that took no
part in training the network, together with fields that hold no code at all. Some are by hands that were made into
fonts: unlike the writers of one collection, they come from many countries.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from zipread.decode import FEATURES
from zipread.lab.habits import WithHabits
from zipread.lab.mnist import Digits
from zipread.lab.synth.fields import Style, make_field
from zipread.lab.synth.hands import DigitSource, Hands, Prints
from zipread.lab.synth.negatives import make_negative
from zipread.reader import Reader

STYLES: tuple[Style, ...] = ("clean", "boxed", "underlined", "noisy", "touching")
CHUNK = 100
"""Fields made from one seed."""

PRINTED_SHARE = 0.15
SCRIPT_SHARE = 0.15
"""Share of the handwritten fields whose hand was made into a font."""

NEGATIVE_SHARE = 0.12
HABITS_SHARE = 0.4
MARKED_SHARE = 0.25
PLUS4_SHARE = 0.08


@dataclass(frozen=True, slots=True)
class Unseen:
    """What made fields are made from; none of it trained a network."""

    digits: Digits  # of real writers
    scripts: Digits  # of hands that were made into fonts
    prints: Prints
    codes: np.ndarray  # (n,) int, existing codes; one code in two is drawn from all numbers instead, as forms have them


def made_fields(count: int, unseen: Unseen, seed: int) -> Iterator[tuple[np.ndarray, str]]:
    """Yield `count` pictures of fields, (h, w) uint8, with their code ("" where there is none)."""
    rng = np.random.default_rng(seed)
    hands, scripts = (Hands(of.x, of.y, of.writer) for of in (unseen.digits, unseen.scripts))
    prints, codes = unseen.prints, unseen.codes
    for _ in range(count):
        if rng.random() < NEGATIVE_SHARE:
            yield make_negative(rng, prints), ""
            continue
        code = f"{int(rng.choice(codes)) if rng.random() < 0.5 else int(rng.integers(100_000)):05d}"
        plus4 = f"-{rng.integers(10_000):04d}" if rng.random() < PLUS4_SHARE else ""
        style = STYLES[rng.integers(len(STYLES))]
        hand = scripts if rng.random() < SCRIPT_SHARE else hands
        source: DigitSource = hand
        if rng.random() < PRINTED_SHARE:
            source = prints
        elif rng.random() < HABITS_SHARE:
            source = WithHabits(hand, marked=MARKED_SHARE if style != "boxed" else 0.0)
        picture, _ = make_field(rng, code + plus4, style, source)
        yield picture, code


def fit(
    folder: Path, unseen: Unseen, count: int, seed: int, jobs: int, report: Callable[[str], None]
) -> dict[str, Any]:
    """Fit on `count` made fields and write the result into the model's manifest.

    Args:
        folder: holds the model and its manifest.json.
        unseen: what the fields are made from.
        count: fields to make.
        seed: decides which; the same whatever the number of processes.
        jobs: processes that make and read fields.
        report: called with one line of progress at a time.

    Returns:
        The manifest's calibration record.
    """
    from sklearn.linear_model import LogisticRegression

    rows: list[tuple[tuple[float, ...], bool]] = []
    tasks = [(min(CHUNK, count - first), seed * 1_000_003 + first) for first in range(0, count, CHUNK)]
    done = 0
    with get_context("spawn").Pool(jobs, _start_worker, (folder, unseen)) as pool:
        for (wanted, _), part in zip(tasks, pool.imap(_read_chunk, tasks), strict=True):
            rows += part
            done += wanted
            if done % (5 * CHUNK) == 0:
                report(f"calibrating: {done} of {count} fields")
    features = np.array([row for row, _ in rows])
    target = np.array([was_right for _, was_right in rows])
    scale = np.maximum(features.std(axis=0), 1e-6)
    model = LogisticRegression(C=1.0, max_iter=2000).fit(features / scale, target)
    weights = model.coef_[0] / scale
    confidence = 1.0 / (1.0 + np.exp(-(features @ weights + model.intercept_[0])))
    record = {
        "features": list(FEATURES),
        "weights": [float(w) for w in weights],
        "bias": float(model.intercept_[0]),
        "fields": len(target),
        "right": int(target.sum()),
        "fit_error": float(expected_calibration_error(confidence, target)),
    }
    keep(folder, record)
    report(f"calibrated on {len(target)} fields, {target.mean():.1%} read right")
    return record


def keep(folder: Path, record: dict[str, Any]) -> None:
    """Write a calibration into a model's manifest."""
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["calibration"] = record
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


_worker_data: tuple[Reader, Unseen] | None = None


def _start_worker(folder: Path, unseen: Unseen) -> None:
    global _worker_data  # noqa: PLW0603  one copy a process instead of one a chunk
    cv2.setNumThreads(1)
    # Neither prior nor threshold: the features of a reading must not depend on who asks.
    _worker_data = (Reader(model=folder, directory="none", layout="field"), unseen)


def _read_chunk(task: tuple[int, int]) -> list[tuple[tuple[float, ...], bool]]:
    """Features of the fields that gave a code, and whether it was right."""
    assert _worker_data is not None
    reader, unseen = _worker_data
    rows = []
    for picture, code in made_fields(task[0], unseen, task[1]):
        decoded = reader.decode_field(picture)
        if decoded is not None:
            rows.append((decoded.features, decoded.code == code))
    return rows


def expected_calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Mean distance between confidence and rate of right answers over equally filled bins (Naeini et al. 2015).

    Args:
        confidence: (n,) probabilities.
        right: (n,) bool.
        bins: number of bins, each holding n / bins answers.
    """
    order = np.argsort(confidence)
    parts = np.array_split(order, min(bins, len(order)))
    return float(sum(len(p) * abs(confidence[p].mean() - right[p].mean()) for p in parts) / len(order))
