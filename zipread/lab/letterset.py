"""The training set of the reader of letters: the words before a code, as normalized lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.lab import widths
from zipread.lab.lineset import soft
from zipread.lab.synth.addresses import COMPANIES, FIRST_NAMES, LAST_NAMES, STREETS, WAYS, Address
from zipread.lab.synth.fields import Style, plan_field, put_on_paper
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.ink import Line
from zipread.lab.synth.lettering import write_address
from zipread.lab.synth.mail import Supplies, choose_hand
from zipread.lab.synth.places import Place
from zipread.letters import LETTERS, NO_LETTER
from zipread.sequence import DIGIT_ROWS, ROWS, normalize_line

LONGEST = 36
"""Letters of the longest line that trains."""

WIDTHS = (160, 224, 320, 448, 576)
"""Lines are padded to the next of these, so that batches have one shape; wider ones are left out."""

HAND_SHARE = 0.6
TOWN_SHARE, NAME_SHARE, STREET_SHARE = 0.75, 0.08, 0.08
"""Shares of lines that name a town and its state, a person or a company, and a street; others are any letters."""

NOISY_SHARE = 0.3
ABOVE_SHARE = 0.5
"""Share of lines with another above them, whose tails may reach down."""

COUNTRY_SHARE, PLUS4_SHARE = 0.03, 0.15
CAPITALS_SHARE = 0.5
"""Share of lines of any letters that are capitals."""

MOST_HEIGHT = 44.0
"""Height of the digits at most, pixels: larger ones teach no more."""

BESIDE = (-0.4, 1.2)
CODE_SEEN_SHARE = 0.15
"""How far a line is seen beyond where its code begins, digit heights; share of lines of which all the code is seen."""

PAPER_SHARE, MOST_PAPER = 0.5, 12.0
"""Share of lines with paper before the first letter, and how much at most, digit heights."""

MISJUDGED, MISPLACED = 0.12, 0.08
"""Standard deviations of what the reader takes for the digits' height, its logarithm, and of their place, heights."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Lines of one width."""

    images: np.ndarray  # (n, 32, w) uint8
    letters: np.ndarray  # (n, LONGEST) uint8, 0 for A, padded with NO_LETTER


def numbered(text: str) -> np.ndarray:
    """The letters of a text, 0 for A or a, (n,) uint8; all else is left out."""
    return np.array([LETTERS.index(c) for c in text.upper() if c in LETTERS], np.uint8)


def make_text(rng: np.random.Generator, supplies: Supplies) -> tuple[np.ndarray, np.ndarray] | None:
    """A line (32, w) uint8 as the reader of letters sees it, and its letters; None where there is no line."""
    writing: Writing = "handwritten" if rng.random() < HAND_SHARE else "printed"
    style: Style = "noisy" if rng.random() < NOISY_SHARE else "clean"
    plan = plan_field(rng, style, writing)
    height = min(plan.script.height, MOST_HEIGHT)
    hand = choose_hand(rng, writing, supplies, height)
    plan = replace(plan, script=hand.script)
    place = supplies.places[rng.integers(len(supplies.places))]
    text = _text(rng, place)
    above = (_words(rng),) if rng.random() < ABOVE_SHARE else ()
    plus4 = f"{rng.integers(1, 9999):04d}" if rng.random() < PLUS4_SHARE else ""
    block = write_address(rng, Address(above, text, place, plus4), hand)
    code, last = block.code, block.last_line
    if code is None or last is None:
        return None
    line = Line(block.coverage, float(code.bottom), (code, last), ("0", "0"))
    picture, (code, last), _ = put_on_paper(rng, line, plan, style, writing)
    picture = soft(rng, picture, code.height)
    spread, shift = np.exp(rng.normal(0.0, MISJUDGED)), rng.normal(0.0, MISPLACED) * code.height
    middle, half = code.y + code.height / 2 + shift, code.height * spread / 2
    beyond = code.width if rng.random() < CODE_SEEN_SHARE else rng.uniform(*BESIDE) * code.height
    right = int(np.clip(code.x + beyond, last.x + 1, picture.shape[1]))
    seen = normalize_line(picture[:, :right], middle - half, middle + half)
    if seen is None or seen.shape[1] > WIDTHS[-1]:
        return None
    paper = rng.uniform(0.0, MOST_PAPER) * DIGIT_ROWS if rng.random() < PAPER_SHARE else 0.0
    paper = int(min(paper, WIDTHS[-1] - seen.shape[1])) // 16 * 16
    return cv2.copyMakeBorder(seen, 0, 0, paper, 0, cv2.BORDER_CONSTANT, value=0), numbered(text)


def _text(rng: np.random.Generator, place: Place) -> str:
    """What stands before a code: mostly its town."""
    if rng.random() < TOWN_SHARE:
        comma = "," if rng.random() < 0.7 else ""
        return f"{place.city}{comma} {place.state}"
    return _words(rng)


def _words(rng: np.random.Generator) -> str:
    """A name, a street, or any letters."""
    chance = rng.random() * (1.0 - TOWN_SHARE)
    if chance < NAME_SHARE:
        return _one(rng, COMPANIES) if rng.random() < 0.2 else f"{_one(rng, FIRST_NAMES)} {_one(rng, LAST_NAMES)}"
    if chance < NAME_SHARE + STREET_SHARE:
        return f"{rng.integers(1, 10 ** rng.integers(2, 6))} {_one(rng, STREETS)} {_one(rng, WAYS)}"
    words = ["".join(rng.choice(list(LETTERS), rng.integers(2, 9))) for _ in range(rng.integers(1, 4))]
    if rng.random() >= CAPITALS_SHARE:
        words = [word.capitalize() for word in words]
    return " ".join(words)


def _one(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[rng.integers(len(choices))]


_worker_supplies: Supplies | None = None


def _start_worker(supplies: Supplies) -> None:
    global _worker_supplies  # noqa: PLW0603  one copy a process instead of one a chunk
    cv2.setNumThreads(1)
    _worker_supplies = supplies


def _make_chunk(task: tuple[int, int]) -> dict[int, Texts]:
    assert _worker_supplies is not None
    count, seed = task
    rng = np.random.default_rng((seed, 78))
    rows: dict[int, list[tuple[np.ndarray, np.ndarray]]] = {width: [] for width in WIDTHS}
    made = 0
    while made < count:
        result = make_text(rng, _worker_supplies)
        if result is None or len(result[1]) > LONGEST:
            continue
        made += 1
        rows[next(width for width in WIDTHS if result[0].shape[1] <= width)].append(result)
    return {width: _stacked(lines, width) for width, lines in rows.items() if lines}


def _stacked(rows: list[tuple[np.ndarray, np.ndarray]], width: int) -> Texts:
    images = np.zeros((len(rows), ROWS, width), np.uint8)
    letters = np.full((len(rows), LONGEST), NO_LETTER, np.uint8)
    for row, (line, text) in enumerate(rows):
        images[row, :, : line.shape[1]] = line
        letters[row, : len(text)] = text
    return Texts(images, letters)


def make_texts(
    supplies: Supplies, count: int, seed: int, jobs: int, on_progress: Callable[[int, int], None] = lambda *_: None
) -> dict[int, Texts]:
    """Make `count` lines in `jobs` processes; returns them by width. The same whatever the number of processes."""
    return widths.made_in_chunks(Texts, _make_chunk, (_start_worker, (supplies,)), count, seed, jobs, on_progress)
