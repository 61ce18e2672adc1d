"""Cut a field into everything that may be a digit: over-segmentation into a lattice.

The field is split into atoms, left to right: connected components, those too wide for one digit cut where little ink
has to be crossed. Every short run of atoms is a candidate; the classifier and the decoder choose. Idea of
over-segmentation and a graph of candidates: Casey, Lecolinet, "A survey of methods and strategies in character
segmentation" (IEEE PAMI 1996).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.records import Box, Candidate, FieldImage, Lattice

MAX_ATOMS = 40
"""More pieces than this is texture, not writing; the smallest ones go."""

CUTS_PER_HEIGHT = 2.0
"""Cuts of each kind through a component, for each digit height of its width."""

CUT_START = 1.0
CUT_COST = 3.0
"""Cost of ending a digit inside a component: for the cut itself, and for each digit height of ink it crosses."""

MAX_RUN = 5
"""Atoms one digit may be made of."""

MAX_WIDTH = 1.2
"""Width of the widest candidate, in digit heights."""

SPECK = 0.10
"""Components smaller than this in both directions, in digit heights, are specks and never ink of a digit."""

MIN_SPLIT_WIDTH = 0.66
"""Components narrower than this, in digit heights, are not cut."""


FRAME_ZONE = 0.25
"""Part of a field at its left and right end where a frame's upright line is looked for, in field heights."""

FRAME_BAND = 0.16
"""A frame line lies this near to the edge of its box, in box heights (its upright lines: box widths)."""

FRAME_RUN = 0.35
"""Shortest straight run of a frame line, in box widths (its upright lines: box heights)."""

FINE_HEIGHT = 32.0
"""Digits lower than this, pixels, are cut at twice their resolution."""

LINE_COVERAGE = 0.8
"""Share of its length that a line is inked; the flat tops of printed digits in a row cover less."""

MAX_SHEARED_POINTS = 3_000
"""Ink pixels looked at to find the slant."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of ink that is never divided further."""

    mask: np.ndarray  # (h, w) uint8, 255 on its ink, the size of its box
    box: Box
    cut: float = 0.0  # ink crossed by the cut on its left, digit heights; 0: it was never joined there


def deslant(field: FieldImage) -> tuple[FieldImage, float]:
    """Shear a field so that its digits stand upright.

    The shear whose column sums are most concentrated wins (Vinciarelli & Luettin 2001, simplified).

    Returns:
        The sheared field, its `to_page` adjusted, and the shear (columns per row; 0 where none helps).
    """
    height, width = field.mask.shape
    ys, xs = np.nonzero(field.mask)
    if len(ys) < 20:
        return field, 0.0
    if len(ys) > MAX_SHEARED_POINTS:
        step = len(ys) // MAX_SHEARED_POINTS + 1
        ys, xs = ys[::step], xs[::step]
    middle = height / 2
    shears = np.arange(-0.45, 0.8, 0.05)
    scores = []
    for shear in shears:
        columns = (xs + (shear * (ys - middle) + height)).astype(np.int32)
        counts = np.bincount(columns, minlength=width + 2 * height)
        scores.append(float(counts @ counts))
    # A mild preference for leaving writing as it is: the scores of print are flat around zero.
    weighted = np.array(scores) * (1.0 - 0.12 * np.abs(shears))
    best = float(shears[int(np.argmax(weighted))])
    if abs(best) < 0.09:
        return field, 0.0
    pad = int(np.ceil(abs(best) * middle))
    shift = np.array([[1.0, best, pad - best * middle], [0.0, 1.0, 0.0]])
    size = (width + 2 * pad, height)
    ink = cv2.warpAffine(field.ink, shift, size, flags=cv2.INTER_LINEAR)
    mask = cv2.warpAffine(field.mask, shift, size, flags=cv2.INTER_LINEAR)
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    back = np.linalg.inv(np.vstack((shift, [0.0, 0.0, 1.0])))
    to_page = field.to_page @ back
    gray = cv2.warpAffine(field.gray, shift, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return FieldImage(gray, ink, mask, to_page), best


def remove_lines(mask: np.ndarray) -> np.ndarray:
    """Rub out underlines, baselines and the upright frame lines at the ends, keeping what crosses them.

    Args:
        mask: (h, w) uint8, 255 ink.

    Returns:
        (h, w) uint8 mask without them.
    """
    height, width = mask.shape
    out = _remove_horizontal(mask, max(1.2 * height, 0.35 * width))
    # A tall stroke in the middle may be a one; only at the ends does a full-height line belong to a frame.
    end = round(FRAME_ZONE * height)
    if height > 12 and width > 4 * end:
        out = out.copy()
        for part in (out[:, :end], out[:, width - end :]):
            part[:] = _remove_horizontal(part.T.copy(), 0.95 * height).T
    return out


def _remove_horizontal(mask: np.ndarray, shortest: float) -> np.ndarray:
    """Remove straight lines at least `shortest` columns long, level or sloping by a few degrees.

    Level runs of ink are chained into lines; a line is fitted through each chain, which must keep close to it.
    """
    height, width = mask.shape
    run = max(6, round(min(0.3 * height, 0.12 * shortest)))
    if width < shortest or width <= run:
        return mask
    runs = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    if not runs.any():
        return mask
    joined = cv2.dilate(runs, np.ones((3, run), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(joined, 8, cv2.CV_16U, cv2.CCL_DEFAULT)
    zone = np.zeros_like(mask)
    for index in range(1, count):
        if stats[index][cv2.CC_STAT_WIDTH] >= shortest:
            _mark_line(zone, (runs > 0) & (labels == index), run)
    if not zone.any():
        return mask
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(zone))
    # A stroke that crosses the line has ink above and below it: there the line's pixels stay.
    reach = int(zone.any(axis=1).sum() > 0) + int((zone > 0).sum(axis=0).max())
    above = cv2.dilate(rest, np.ones((reach + 1, 1), np.uint8), anchor=(0, reach))
    below = cv2.dilate(rest, np.ones((reach + 1, 1), np.uint8), anchor=(0, 0))
    crossing = cv2.bitwise_and(cv2.bitwise_and(above, below), mask)
    return cv2.bitwise_or(rest, cv2.bitwise_and(crossing, zone))


def _mark_line(zone: np.ndarray, chain: np.ndarray, run: int) -> None:
    """Mark the pixels along the line through a chain of level runs, if it is one line; (h, w) uint8, in place."""
    ys, xs = np.nonzero(chain)
    slope, start = np.polyfit(xs, ys, 1)
    away = np.abs(ys - (slope * xs + start))
    near = away <= max(2.0, 2.0 * float(np.median(away)))
    slope, start = np.polyfit(xs[near], ys[near], 1)
    thickness = float(np.median(np.bincount(xs[near], minlength=1)[np.unique(xs[near])]))
    away = np.abs(ys - (slope * xs + start))
    straight = float(np.mean(away <= thickness / 2 + 1.5))
    if straight < 0.75 or thickness > max(4.0, zone.shape[0] / 8):
        return
    covered = len(np.unique(xs[near])) / (int(xs.max()) - int(xs.min()) + 1)
    if covered < LINE_COVERAGE:
        return
    left, right = max(0, int(xs.min()) - run), min(zone.shape[1], int(xs.max()) + run)
    columns = np.arange(left, right)
    middle = slope * columns + start
    rows = np.arange(zone.shape[0])[:, None]
    zone[:, left:right][np.abs(rows - middle[None, :]) <= thickness / 2 + 1.0] = 255


def _components(mask: np.ndarray) -> list[Atom]:
    count, labels, stats, _ = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT)
    atoms = []
    for index in range(1, count):
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


def _merge(first: Atom, second: Atom) -> Atom:
    x, y = min(first.box.x, second.box.x), min(first.box.y, second.box.y)
    right, bottom = max(first.box.right, second.box.right), max(first.box.bottom, second.box.bottom)
    mask = np.zeros((bottom - y, right - x), np.uint8)
    for atom in (first, second):
        top, left = atom.box.y - y, atom.box.x - x
        part = mask[top : top + atom.box.height, left : left + atom.box.width]
        np.maximum(part, atom.mask, out=part)
    return Atom(mask, Box(x, y, right - x, bottom - y))


def _join_broken(atoms: list[Atom], height: float) -> list[Atom]:
    """Join pieces that stand above each other: a five and its hat, a stroke broken in two."""
    atoms = sorted(atoms, key=lambda atom: atom.box.x)
    merged = True
    while merged:
        merged = False
        for i, first in enumerate(atoms):
            for j in range(i + 1, len(atoms)):
                if _belong_together(first.box, atoms[j].box, height):
                    atoms[i] = _merge(first, atoms.pop(j))
                    merged = True
                    break
            if merged:
                break
    return sorted(atoms, key=lambda atom: atom.box.x + atom.box.width / 2)


def _may_be_ink(box: Box, height: float) -> bool:
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


def _split(atom: Atom, height: float) -> list[Atom]:
    """Cut a component that may be several digits where little ink has to be crossed."""
    width = atom.box.width
    if width < MIN_SPLIT_WIDTH * height or atom.box.height < 0.5 * height:
        return [atom]
    margin = max(2, round(0.12 * height))
    columns = np.arange(margin, width - margin)
    seams, costs = _seams(atom.mask, columns, max(2, round(0.15 * height)))
    extent = _contour_distance(atom.mask)[columns]
    most = max(1, round(CUTS_PER_HEIGHT * width / height))
    pieces, crossed, rest = [], [0.0], atom.mask.copy()
    for at in _best_cuts(costs, extent, most, max(2, round(0.1 * height))):
        left_of_seam = np.arange(width)[None, :] < seams[at][:, None]
        pieces.append(np.where(left_of_seam, rest, 0).astype(np.uint8))
        rest = np.where(left_of_seam, 0, rest).astype(np.uint8)
        crossed.append(float(costs[at]) / height)
    pieces.append(rest)
    return [
        replace(_crop(piece, atom.box), cut=cut) for piece, cut in zip(pieces, crossed, strict=True) if piece.any()
    ]


def _best_cuts(ink_crossed: np.ndarray, extent: np.ndarray, most: int, apart: int) -> list[int]:
    """Places to cut, ascending: local minima of the ink crossed and of the distance between the contours.

    The two see different things: a bridge between digits is thin, a place where two bows meet is low.
    At most `most` of each kind, all at least `apart` columns from each other.
    """
    chosen: list[int] = []
    for cost in (extent + 0.5 * ink_crossed, ink_crossed):
        taken = 0
        for at in np.argsort(cost, kind="stable"):
            near = cost[max(0, at - apart) : at + apart + 1]
            if cost[at] > near.min() or any(abs(int(at) - other) < apart for other in chosen):
                continue
            chosen.append(int(at))
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


def _crop(mask: np.ndarray, frame: Box) -> Atom:
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    x, y = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
    return Atom(mask[y : y + height, x : x + width], Box(frame.x + x, frame.y + y, width, height))


def _seams(mask: np.ndarray, columns: np.ndarray, reach: int) -> tuple[np.ndarray, np.ndarray]:
    """Paths of least ink from top to bottom near some columns (dynamic programming, as in seam carving).

    Returns:
        (k, h) int64: for each of k columns and each row the first column right of the cut; and (k,) float64 what
        each cut costs: the pixels of ink it crosses, and a little for leaving its column.
    """
    rows = mask.shape[0]
    offsets = np.arange(-reach, reach + 1)
    at = columns[:, None] + offsets[None, :]
    outside = (at < 0) | (at >= mask.shape[1])
    ink = (mask > 0)[:, np.clip(at, 0, mask.shape[1] - 1)].astype(np.float64)  # (h, k, window)
    cost = ink + np.where(outside, 1e3, np.abs(offsets) * 0.02)
    total = np.full((rows, len(columns), len(offsets) + 2), np.inf)
    total[0, :, 1:-1] = cost[0]
    for row in range(1, rows):
        before = total[row - 1]
        aside = np.minimum(before[:, :-2], before[:, 2:]) + 0.1
        total[row, :, 1:-1] = np.minimum(aside, before[:, 1:-1]) + cost[row]
    seams = np.empty((len(columns), rows), np.int64)
    each = np.arange(len(columns))
    place = total[-1].argmin(axis=1)
    seams[:, -1] = place
    for row in range(rows - 2, -1, -1):
        here = total[row]
        options = np.stack((here[each, place - 1] + 0.1, here[each, place], here[each, place + 1] + 0.1))
        place = place + options.argmin(axis=0) - 1
        seams[:, row] = place
    return seams - 1 - reach + columns[:, None], total[-1].min(axis=1)


def _skip_cost(box: Box, height: float, field: tuple[int, int]) -> float:
    """Cost of calling an atom noise: next to nothing for a dot or a dash, much for what is as tall as a digit."""
    tall = box.height / height
    cost = 0.3 + 7.0 * min(1.0, max(0.0, tall - 0.25) / 0.5) if tall > 0.25 else 0.3
    if box.width > 2.2 * box.height and tall < 0.4:
        cost = 0.3
    touches_side = box.x <= 1 or box.right >= field[1] - 1
    touches_edge = touches_side or box.y <= 1 or box.bottom >= field[0] - 1
    return cost * (0.5 if touches_edge else 1.0)


def segment(field: FieldImage) -> tuple[Lattice, FieldImage]:
    """Build the lattice of a free field, or of a row of printed boxes where the field has cells.

    Returns:
        The lattice, and the field as it was deslanted: the lattice's boxes are in its pixels.
    """
    if field.cells:
        return _segment_cells(field), field
    mask = remove_lines(field.mask)
    field = FieldImage(field.gray, field.ink, mask, field.to_page)
    field, _ = deslant(field)
    components = _components(field.mask)
    height = digit_height([atom.box for atom in components], field.mask.shape[0])
    if height < FINE_HEIGHT:
        field, height = _enlarge(field), 2 * height
        components = _components(field.mask)
    components = [atom for atom in components if _may_be_ink(atom.box, height)]
    pieces: list[Atom] = []
    for atom in _join_broken(components, height):
        pieces += _split(atom, height)
    pieces = sorted(sorted(pieces, key=lambda p: -p.box.height)[:MAX_ATOMS], key=lambda p: p.box.x + p.box.width / 2)
    candidates = []
    for start in range(len(pieces)):
        union = pieces[start]
        for stop in range(start + 1, min(len(pieces), start + MAX_RUN) + 1):
            if stop > start + 1:
                union = _merge(union, pieces[stop - 1])
            if union.box.width > MAX_WIDTH * height and stop > start + 1:
                break
            if union.box.height >= 0.35 * height:
                candidates.append(Candidate(start, stop, union.box, _cut_out(field.ink, union)))
    shape = (field.mask.shape[0], field.mask.shape[1])
    costs = tuple(_skip_cost(piece.box, height, shape) for piece in pieces)
    gaps = tuple((b.box.x - a.box.right) / height for a, b in zip(pieces, pieces[1:], strict=False))
    cuts = tuple(CUT_COST * piece.cut + (CUT_START if piece.cut else 0.0) for piece in pieces[1:])
    return Lattice(len(pieces), tuple(candidates), costs, height, gaps, cuts), field


def _enlarge(field: FieldImage) -> FieldImage:
    """A field at twice its resolution: cuts through small digits need finer steps than their pixels."""
    size = (2 * field.mask.shape[1], 2 * field.mask.shape[0])
    ink = cv2.resize(field.ink, size, interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(field.mask, size, interpolation=cv2.INTER_LINEAR)
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    to_page = field.to_page @ np.diag([0.5, 0.5, 1.0])
    return FieldImage(cv2.resize(field.gray, size), ink, mask, to_page)


def _cut_out(ink: np.ndarray, atom: Atom) -> np.ndarray:
    """The antialiased ink of one candidate, without its neighbours'."""
    pad = 1
    box = atom.box
    top, left = max(0, box.y - pad), max(0, box.x - pad)
    bottom, right = min(ink.shape[0], box.bottom + pad), min(ink.shape[1], box.right + pad)
    own = np.zeros((bottom - top, right - left), np.uint8)
    own[box.y - top : box.bottom - top, box.x - left : box.right - left] = atom.mask
    # One pixel around the mask belongs to the stroke's antialiased edge.
    return cv2.bitwise_and(ink[top:bottom, left:right], cv2.dilate(own, np.ones((3, 3), np.uint8)))


def _segment_cells(field: FieldImage) -> Lattice:
    """One atom for each printed box: the components whose ink lies mostly in it, frame lines rubbed out."""
    mask = remove_cell_frames(field.mask, field.cells)
    count, labels, stats, centers = cv2.connectedComponentsWithStatsWithAlgorithm(mask, 8, cv2.CV_16U, cv2.CCL_DEFAULT)
    height = float(np.median([cell.height for cell in field.cells]))
    owner = np.full(count, -1)
    for index in range(1, count):
        if max(stats[index][2], stats[index][3]) < 0.12 * height:
            continue
        for at, cell in enumerate(field.cells):
            inside = cell.x - 0.1 * cell.width <= centers[index][0] <= cell.right + 0.1 * cell.width
            if inside and cell.y - 0.25 * cell.height <= centers[index][1] <= cell.bottom + 0.25 * cell.height:
                owner[index] = at
    whole = Box(0, 0, mask.shape[1], mask.shape[0])
    candidates = []
    for at, _cell in enumerate(field.cells):
        own = np.where(np.isin(labels, np.flatnonzero(owner == at)), 255, 0).astype(np.uint8)
        if own.any():
            atom = _crop(own, whole)
            if max(atom.box.height, atom.box.width) >= 0.25 * height:
                candidates.append(Candidate(at, at + 1, atom.box, _cut_out(field.ink, atom)))
    return Lattice(len(field.cells), tuple(candidates), (20.0,) * len(field.cells), 0.7 * height)


def remove_cell_frames(mask: np.ndarray, cells: tuple[Box, ...]) -> np.ndarray:
    """Rub out the frames of printed boxes, keeping strokes that cross them.

    Args:
        mask: (h, w) uint8, 255 ink.
        cells: interiors of the boxes, pixels.

    Returns:
        (h, w) uint8 mask; straight runs along a box's border, and ink far from every box, are gone.
    """
    width = float(np.median([cell.width for cell in cells]))
    height = float(np.median([cell.height for cell in cells]))
    out = mask
    for along, across, upright in ((width, height, False), (height, width, True)):
        band = _border_bands(mask.shape[:2], cells, max(2.0, FRAME_BAND * across), upright)
        run = max(5, round(FRAME_RUN * along))
        kernel = np.ones((run, 1) if upright else (1, run), np.uint8)
        lines = cv2.bitwise_and(cv2.morphologyEx(out, cv2.MORPH_OPEN, kernel), band)
        lines = cv2.bitwise_and(cv2.dilate(lines, np.ones((3, 3), np.uint8)), band)
        out = _without(out, lines, upright)
    near = np.zeros_like(mask)
    for cell in cells:
        reach = round(0.25 * cell.height)
        near[max(0, cell.y - reach) : cell.bottom + reach, max(0, cell.x - reach // 2) : cell.right + reach // 2] = 255
    return cv2.bitwise_and(out, near)


def _border_bands(shape: tuple[int, ...], cells: tuple[Box, ...], reach: float, upright: bool) -> np.ndarray:
    """(h, w) uint8, 255 within `reach` pixels of the cells' left and right edges, or of their tops and bottoms."""
    band = np.zeros(shape, np.uint8)
    r = round(reach)
    for cell in cells:
        for edge in (cell.x, cell.right) if upright else (cell.y, cell.bottom):
            if upright:
                band[max(0, cell.y - r) : cell.bottom + r, max(0, edge - r) : edge + r] = 255
            else:
                band[max(0, edge - r) : edge + r, max(0, cell.x - r) : cell.right + r] = 255
    return band


def _without(mask: np.ndarray, lines: np.ndarray, upright: bool) -> np.ndarray:
    """The mask without some lines; where ink goes on at both sides of a line, its pixels stay."""
    if not lines.any():
        return mask
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(lines))
    reach = int((lines > 0).sum(axis=1 if upright else 0).max()) + 1
    reach = min(reach, 9)
    size = (1, reach) if upright else (reach, 1)
    first, last = ((0, 0), (reach - 1, 0)) if upright else ((0, 0), (0, reach - 1))
    kernel = np.ones(size, np.uint8)
    both = cv2.bitwise_and(cv2.dilate(rest, kernel, anchor=first), cv2.dilate(rest, kernel, anchor=last))
    return cv2.bitwise_or(rest, cv2.bitwise_and(cv2.bitwise_and(both, lines), mask))
