"""Made pages that train the finder: small gray pictures, and where the code stands on them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from zipread.lab.synth import marks, photo
from zipread.lab.synth.deck import OTHER_MAIL
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.mail import Capture, Supplies, make_mail
from zipread.lab.synth.notes import make_note
from zipread.lab.synth.notmail import STRAYS, Stray, make_stray
from zipread.lab.synth.places import Place
from zipread.lab.synth.receipts import make_receipt

LONGEST = 960
"""Longer side of a page as it is kept, pixels; training turns and cuts it, and enlarges small parts alone."""
RESOLUTIONS = (100.0, 110.0, 120.0, 130.0, 150.0, 200.0)
"""Pixels an inch that pieces are made with: enough for what is kept, and soon made."""
QUALITY = 92
"""Of the JPEG a page is kept as."""
SHARES = {
    "mail": 0.26,
    "letter": 0.14,
    "parcel": 0.11,
    "reply": 0.13,
    "postcard": 0.1,
    "boxed": 0.06,
    "note": 0.13,
    "receipt": 0.03,
    "no mail": 0.04,
}
"""Of the kinds of pages."""
UNCODED = 0.07
"""Share of those with an address that have no code."""
CLUTTERED = 0.3
"""Share of mail with something else printed on it."""
PRINTED_ON: tuple[Stray, ...] = ("text", "table", "plot", "drawing", "receipt", "barcode")
"""What that may be, as in `synth.notmail`."""
NOTE_ON = 0.25
"""How often it is a note instead."""
ABROAD = 0.8
"""Share of mail that goes to other countries where some does; envelopes with boxes for the code all do then."""
EDGED = 0.06
"""Share of mail with an ornament along its edges, as airmail and greeting cards have."""
CHUNK = 50
"""Pages that one process makes at a time."""


@dataclass(frozen=True, slots=True)
class Pages:
    """Pages and their truth."""

    pictures: tuple[bytes, ...]  # JPEG, gray
    corners: np.ndarray  # (n, 4, 2) float32, of the code with its +4, pixels, clockwise from where it begins; NaN: none

    def __len__(self) -> int:
        return len(self.pictures)

    def picture(self, row: int) -> np.ndarray:
        """One page: (h, w) uint8."""
        page = cv2.imdecode(np.frombuffer(self.pictures[row], np.uint8), cv2.IMREAD_GRAYSCALE)
        assert page is not None  # we wrote it
        return page


def make_pages(
    supplies: Supplies,
    abroad: tuple[Place, ...],
    count: int,
    seed: int,
    jobs: int,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Pages:
    """Make pages, in any number of processes the same.

    Args:
        supplies: what they are made from.
        abroad: places in other countries that some mail goes to; empty: none does.
        count: of pages.
        seed: decides them.
        jobs: processes.
        progress: called with how many are made, and of how many.
    """
    tasks = [(seed, first, min(CHUNK, count - first)) for first in range(0, count, CHUNK)]
    pictures: list[bytes] = []
    corners: list[np.ndarray] = []
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, _begin, (supplies, abroad)) as pool:
        for pages in pool.imap(_chunk, tasks):
            for data, where in pages:
                pictures.append(data)
                corners.append(where)
            progress(len(pictures), count)
    return Pages(tuple(pictures), np.array(corners, np.float32).reshape(-1, 4, 2))


def save(path: Path, pages: Pages, made_from: np.ndarray) -> None:
    """Write pages to a file, and what they were made from."""
    lengths = np.array([len(data) for data in pages.pictures], np.int64)
    data = np.frombuffer(b"".join(pages.pictures), np.uint8)
    np.savez(path, data=data, lengths=lengths, corners=pages.corners, made_from=made_from)


def load(path: Path, made_from: np.ndarray) -> Pages | None:
    """Read pages that `save` wrote; None where they were made from something else."""
    with np.load(path) as archive:
        if not np.array_equal(archive["made_from"], made_from):
            return None
        data, ends = archive["data"].tobytes(), np.cumsum(archive["lengths"]).tolist()
        pictures = tuple(data[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True))
        return Pages(pictures, archive["corners"])


_supplies: tuple[Supplies, Supplies | None] | None = None
"""Of a process of the pool: for mail at home and, where some goes there, for mail abroad."""


def _begin(supplies: Supplies, abroad: tuple[Place, ...]) -> None:
    global _supplies  # noqa: PLW0603
    cv2.setNumThreads(1)
    _supplies = supplies, replace(supplies, places=abroad) if abroad else None


def _chunk(task: tuple[int, int, int]) -> list[tuple[bytes, np.ndarray]]:
    assert _supplies is not None
    seed, first, count = task
    return [_page(np.random.default_rng((seed, index)), *_supplies) for index in range(first, first + count)]


def _page(rng: np.random.Generator, supplies: Supplies, abroad: Supplies | None) -> tuple[bytes, np.ndarray]:
    """One page as it is kept: its JPEG, and the code's corners (4, 2)."""
    kind = str(rng.choice(list(SHARES), p=list(SHARES.values())))
    if abroad is not None and (kind == "boxed" or rng.random() < ABROAD):
        supplies = abroad
    writing: Writing = "handwritten" if rng.random() < 0.5 else "printed"
    corners = np.full((4, 2), np.nan)
    if kind == "no mail":
        picture = make_stray(rng, supplies.print_fonts, STRAYS[rng.integers(len(STRAYS))])
    elif kind == "receipt":
        picture = make_receipt(rng, supplies.print_fonts, _capture(rng))
    elif kind == "note":
        picture = make_note(rng, writing, supplies, _capture(rng))
    else:
        make = partial(make_mail, writing=writing) if kind == "mail" else OTHER_MAIL[kind]
        picture, truth = make(rng, supplies=supplies, uncoded=UNCODED, capture=_capture(rng), resolutions=RESOLUTIONS)
        corners = np.array(truth.corners) if truth.corners else corners
    gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    scale = LONGEST / max(gray.shape)
    size = round(gray.shape[1] * scale), round(gray.shape[0] * scale)
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    corners = corners * (size[0] / gray.shape[1], size[1] / gray.shape[0])
    if kind == "mail" and not np.isnan(corners).any() and rng.random() < CLUTTERED:
        small = _cluttered(rng, small, corners, supplies)
    if kind == "mail" and rng.random() < EDGED:
        small = _edged(rng, small, corners)
    _, data = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes(), corners


def _capture(rng: np.random.Generator) -> Capture | None:
    """How a piece becomes a picture: as the deck, a phone over a table, a scan at a slant."""
    kind = rng.random()
    if kind < 0.55:
        return None
    if kind < 0.8:
        return photo.hold_over
    return lambda rng, sheet: photo.scan(rng, sheet, float(rng.uniform(-15, 15)))


def _cluttered(rng: np.random.Generator, gray: np.ndarray, corners: np.ndarray, supplies: Supplies) -> np.ndarray:
    """A page with part of something else printed on it, away from the code."""
    height, width = gray.shape
    for _ in range(int(rng.integers(1, 4))):
        kind = PRINTED_ON[rng.integers(len(PRINTED_ON))]
        note = rng.random() < NOTE_ON
        printed = make_note(rng, "printed", supplies) if note else make_stray(rng, supplies.print_fonts, kind)
        other = cv2.cvtColor(printed, cv2.COLOR_BGR2GRAY)
        w, h = round(width * rng.uniform(0.1, 0.35)), round(height * rng.uniform(0.1, 0.4))
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        room = np.array([0.3 * width, 0.15 * height])
        low, high = corners.min(axis=0) - room, corners.max(axis=0) + room / 3
        if (low < (x + w, y + h)).all() and ((x, y) < high).all():
            continue
        scale = rng.uniform(0.3, 0.6)
        cut = cv2.resize(other, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)[:h, :w]
        under = gray[y : y + cut.shape[0], x : x + cut.shape[1]]
        gray[y : y + cut.shape[0], x : x + cut.shape[1]] = (under * (cut / 255.0)).astype(np.uint8)
    return gray


def _edged(rng: np.random.Generator, gray: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """A page with an ornament along some of its edges, not over the code."""
    ornament = marks.edging(rng, (gray.shape[0], gray.shape[1]))
    if not np.isnan(corners).any():
        left, top = np.floor(corners.min(axis=0)).astype(int) - 4
        right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 4
        ornament[max(0, top) : bottom, max(0, left) : right] = 0.0
    return (gray * (1.0 - ornament * rng.uniform(0.3, 0.9))).astype(np.uint8)
