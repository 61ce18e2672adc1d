"""Pieces of ink that are never divided further: components, joined where broken, cut where touching."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from zipread.records import Box

CUTS_PER_HEIGHT = 2.0
"""Cuts of each kind through a component, for each digit height of its width."""

MOST_COMPONENTS = 120
"""More components than this in a field is texture: the smallest are left out."""

SPECK = 0.10
"""Components smaller than this in both directions, in digit heights, are specks and never ink of a digit."""

MIN_SPLIT_WIDTH = 0.66
"""Components narrower than this, in digit heights, are not cut."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of ink that is never divided further."""

    mask: np.ndarray  # (h, w) uint8, 255 on its ink, the size of its box
    box: Box
    cut: float = 0.0  # ink crossed by the cut on its left, digit heights; 0: it was never joined there


def components(mask: np.ndarray) -> list[Atom]:
    """The connected components (8-neighbours) of a (h, w) uint8 mask, the MOST_COMPONENTS largest of them."""
    # On masks as small as a field this algorithm takes half the time of the default.
    _, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_32S, cv2.CCL_GRANA)
    atoms = []
    for index in 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA], kind="stable")[:MOST_COMPONENTS]:
        x, y, width, height, _ = (int(v) for v in stats[index])
        part = np.where(labels[y : y + height, x : x + width] == index, 255, 0).astype(np.uint8)
        atoms.append(Atom(part, Box(x, y, width, height)))
    return atoms


def digit_height(boxes: list[Box], field_height: int) -> float:
    """Typical height of the digits in a field, pixels: the median of the tall components' heights."""
    solid = [box for box in boxes if box.height >= 0.12 * field_height and box.width <= 8 * box.height]
    if not solid:
        return float(field_height)
    heights = np.array([box.height for box in solid], np.float64)
    # Wide components are several digits, and vouch for more than one.
    votes = np.array([min(5, max(1, round(box.width / box.height))) for box in solid])
    tall = heights >= 0.5 * np.sort(heights)[-2 if len(heights) > 2 else -1]
    return float(np.median(np.repeat(heights[tall], votes[tall])))


def merge(first: Atom, second: Atom) -> Atom:
    """Two pieces of ink as one."""
    x, y = min(first.box.x, second.box.x), min(first.box.y, second.box.y)
    right, bottom = max(first.box.right, second.box.right), max(first.box.bottom, second.box.bottom)
    mask = np.zeros((bottom - y, right - x), np.uint8)
    for atom in (first, second):
        top, left = atom.box.y - y, atom.box.x - x
        mask[top : top + atom.box.height, left : left + atom.box.width] |= atom.mask
    return Atom(mask, Box(x, y, right - x, bottom - y))


def crop(mask: np.ndarray, frame: Box) -> Atom:
    """The ink of a (h, w) uint8 mask that covers `frame`, cut to its own box; the mask must not be empty."""
    x, y, width, height = cv2.boundingRect(mask)
    return Atom(mask[y : y + height, x : x + width], Box(frame.x + x, frame.y + y, width, height))


def join_broken(atoms: list[Atom], height: float) -> list[Atom]:
    """Join pieces that stand above each other: a five and its hat, a stroke broken in two."""
    joined: list[Atom] = []
    for atom in sorted(atoms, key=lambda atom: atom.box.x):
        piece = atom
        # What a join makes larger may belong to a further piece.
        while (at := _partner(piece, joined, height)) is not None:
            piece = merge(joined.pop(at), piece)
        joined.append(piece)
    return sorted(joined, key=lambda atom: atom.box.x + atom.box.width / 2)


def _partner(piece: Atom, others: list[Atom], height: float) -> int | None:
    """Index of the first of the others that a piece belongs to."""
    return next((at for at, other in enumerate(others) if _belong_together(other.box, piece.box, height)), None)


def may_be_ink(box: Box, height: float) -> bool:
    """Neither a speck nor what is left of a line."""
    is_speck = max(box.width, box.height) < max(2.0, SPECK * height)
    is_line = box.height < 0.18 * height and box.width > 1.2 * height
    return not (is_speck or is_line)


def _belong_together(a: Box, b: Box, height: float) -> bool:
    overlap = min(a.right, b.right) - max(a.x, b.x)
    narrower = min(a.width, b.width)
    if overlap < 0.6 * narrower:
        return False
    joined = max(a.right, b.right) - min(a.x, b.x)
    tall = max(a.bottom, b.bottom) - min(a.y, b.y)
    return joined <= 1.1 * height and tall <= 1.35 * height


def split(atom: Atom, height: float) -> list[Atom]:
    """Cut a component that may be several digits where little ink has to be crossed."""
    width = atom.box.width
    margin = max(2, round(0.12 * height))
    if width < MIN_SPLIT_WIDTH * height or width <= 2 * margin or atom.box.height < 0.5 * height:
        return [atom]
    columns = np.arange(margin, width - margin)
    total = _seam_costs(atom.mask, columns, max(2, round(0.15 * height)))
    costs = total[-1].min(axis=1)
    extent = _contour_distance(atom.mask)[columns]
    most = max(1, round(CUTS_PER_HEIGHT * width / height))
    pieces, crossed, rest = [], [0.0], atom.mask.copy()
    for at in _best_cuts(costs, extent, most, max(2, round(0.1 * height))):
        left_of_seam = np.arange(width)[None, :] < _seam(total[:, at], int(columns[at]))[:, None]
        pieces.append(np.where(left_of_seam, rest, 0).astype(np.uint8))
        rest = np.where(left_of_seam, 0, rest).astype(np.uint8)
        crossed.append(float(costs[at]) / height)
    pieces.append(rest)
    return [replace(crop(piece, atom.box), cut=cut) for piece, cut in zip(pieces, crossed, strict=True) if piece.any()]


def _best_cuts(ink_crossed: np.ndarray, extent: np.ndarray, most: int, apart: int) -> list[int]:
    """Places to cut, ascending: local minima of the ink crossed and of the distance between the contours.

    The two see different things: a bridge between digits is thin, a place where two bows meet is low.
    At most `most` of each kind, all at least `apart` columns from each other.
    """
    chosen: list[int] = []
    for cost in (extent + 0.5 * ink_crossed, ink_crossed):
        around = cv2.erode(cost[None], np.ones((1, 2 * apart + 1), np.uint8))[0]
        lowest = np.flatnonzero(cost <= around)
        taken = 0
        for at in lowest[np.argsort(cost[lowest], kind="stable")].tolist():
            if any(abs(at - other) < apart for other in chosen):
                continue
            chosen.append(at)
            taken += 1
            if taken == most:
                break
    return sorted(chosen)


def _contour_distance(mask: np.ndarray) -> np.ndarray:
    """(w,) float64: rows from the uppermost to the lowest ink of each column, smoothed."""
    ink = mask > 0
    upper = ink.argmax(axis=0)
    lower = mask.shape[0] - ink[::-1].argmax(axis=0)
    distance = np.where(ink.any(axis=0), lower - upper, 0).astype(np.float64)
    return np.convolve(distance, np.ones(3) / 3, mode="same")


def _seam_costs(mask: np.ndarray, columns: np.ndarray, reach: int) -> np.ndarray:
    """What the paths of least ink from the top cost, as in seam carving by dynamic programming.

    Returns:
        (h, k, 2 * reach + 3) float64: for each row and each of k neighbouring columns the least cost of a path that
        begins near the column and has come to each place near it: the pixels of ink crossed, and a little for
        leaving the column. The outermost places are out of reach.
    """
    near = np.arange(-reach - 1, reach + 2)
    leaving = np.where(np.abs(near) > reach, np.inf, np.abs(near) * 0.02)
    ink = np.full((mask.shape[0], mask.shape[1] + 2 * reach + 2), np.inf)
    ink[:, reach + 1 : -reach - 1] = mask > 0
    windows = sliding_window_view(ink, len(near), axis=1)[:, columns[0] : columns[-1] + 1]
    total = windows + leaving
    # In one row of memory the places of all columns are neighbours; where columns meet, both are out of reach.
    flat = total.reshape(len(mask), -1)
    aside = np.empty(flat.shape[1] - 2)
    for before, here in itertools.pairwise(flat):
        np.minimum(before[:-2], before[2:], out=aside)
        aside += 0.1
        np.minimum(aside, before[1:-1], out=aside)
        here[1:-1] += aside
    return total


def _seam(total: np.ndarray, column: int) -> np.ndarray:
    """The cheapest path to the last row, (h,) int64: for each row the first column right of the cut.

    Args:
        total: (h, 2 * reach + 3) float64, the costs near a column.
        column: that column.
    """
    aside = total[:-1] + 0.1
    steps = np.stack([aside[:, :-2], total[:-1, 1:-1], aside[:, 2:]]).argmin(axis=0) - 1
    place = int(total[-1].argmin())
    seam = [place]
    for step in reversed(steps.tolist()):
        place += step[place - 1]
        seam.append(place)
    return np.array(seam[::-1]) + (column - total.shape[1] // 2)
