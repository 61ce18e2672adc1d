"""Cut a field into everything that may be a digit: over-segmentation into a lattice.

The field is split into atoms, left to right: connected components, those too wide for one digit cut where little ink
has to be crossed. Every short run of atoms is a candidate; the classifier and the decoder choose. Idea of
over-segmentation and a graph of candidates: Casey, Lecolinet, "A survey of methods and strategies in character
segmentation" (IEEE PAMI 1996).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zipread.records import Box, Candidate, FieldImage, Lattice

MAX_ATOMS = 40
"""More pieces than this is texture, not writing; the smallest ones go."""

MAX_RUN = 4
"""Atoms one digit may be made of."""

MAX_WIDTH = 1.35
"""Width of the widest candidate, in digit heights."""

SPECK = 0.10
"""Components smaller than this in both directions, in digit heights, are specks and never ink of a digit."""

MIN_SPLIT_WIDTH = 0.66
"""Components narrower than this, in digit heights, are not cut."""


FRAME_ZONE = 0.25
"""Part of a field at its left and right end where a frame's upright line is looked for, in field heights."""

MAX_SHEARED_POINTS = 3_000
"""Ink pixels looked at to find the slant."""


@dataclass(frozen=True, slots=True)
class Atom:
    """A piece of ink that is never divided further."""

    mask: np.ndarray  # (h, w) uint8, 255 on its ink, the size of its box
    box: Box


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
    """Rub out long thin straight strokes, keeping what crosses them.

    Args:
        mask: (h, w) uint8, 255 ink.

    Returns:
        (h, w) uint8 mask without underlines and baselines, and without frame lines at its left and right end.
    """
    height, width = mask.shape
    out = _remove_horizontal(mask, max(12, round(width * 0.3), round(height * 0.8)))
    # A tall stroke in the middle may be a one; only at the ends does a full-height line belong to a frame.
    end = round(FRAME_ZONE * height)
    if height > 12 and width > 4 * end:
        out = out.copy()
        for part in (out[:, :end], out[:, width - end :]):
            part[:] = _remove_horizontal(part.T.copy(), round(0.97 * height)).T
    return out


def _remove_horizontal(mask: np.ndarray, length: int) -> np.ndarray:
    if mask.shape[1] < length:
        return mask
    # Closing bridges the steps of a slightly sloped line; the opening then keeps only long runs.
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (length, 1))
    joined = cv2.dilate(mask, np.ones((2, 1), np.uint8))
    runs = cv2.bitwise_and(cv2.morphologyEx(joined, cv2.MORPH_OPEN, kernel), mask)
    if not runs.any():
        return mask
    lines = _only_thin(runs, mask, max(3, mask.shape[0] // 8))
    if not lines.any():
        return mask
    rest = cv2.bitwise_and(mask, cv2.bitwise_not(lines))
    # A stroke that crosses the line has ink right above and below it: there the line's pixels stay.
    reach = np.ones((5, 3), np.uint8)
    above = cv2.dilate(rest, reach, anchor=(1, 0))
    below = cv2.dilate(rest, reach, anchor=(1, 4))
    crossing = cv2.bitwise_and(cv2.bitwise_and(above, below), lines)
    return cv2.bitwise_or(rest, crossing)


def _only_thin(runs: np.ndarray, mask: np.ndarray, thickest: int) -> np.ndarray:
    """The runs where the ink above and below is at most `thickest` high: a line, not a filled area."""
    solid = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((thickest + 1, thickest + 1), np.uint8))
    return cv2.bitwise_and(runs, cv2.bitwise_not(solid))


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
    if not boxes:
        return float(field_height)
    heights = np.array([box.height for box in boxes], np.float64)
    # Wide components are several digits, and vouch for more than one.
    votes = np.array([max(1.0, round(box.width / max(1, box.height))) for box in boxes])
    tall = heights >= 0.45 * np.percentile(np.repeat(heights, votes.astype(int)), 90)
    values = np.repeat(heights[tall], votes[tall].astype(int))
    return float(np.median(values))


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
    columns = _cut_columns(atom.mask, height, most=max(1, round(3 * width / height) - 1))
    if not columns:
        return [atom]
    pieces, rest = [], atom.mask.copy()
    for seam in _seams(atom.mask, columns, max(2, round(0.15 * height))):
        left_of_seam = np.arange(width)[None, :] < seam[:, None]
        piece = np.where(left_of_seam, rest, 0).astype(np.uint8)
        rest = np.where(left_of_seam, 0, rest).astype(np.uint8)
        pieces.append(piece)
    pieces.append(rest)
    return [_crop(piece, atom.box) for piece in pieces if piece.any()]


def _crop(mask: np.ndarray, frame: Box) -> Atom:
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    x, y = int(columns[0]), int(rows[0])
    width, height = int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y
    return Atom(mask[y : y + height, x : x + width], Box(frame.x + x, frame.y + y, width, height))


def _cut_columns(mask: np.ndarray, height: float, most: int) -> list[int]:
    """Columns worth cutting at, ascending: minima of the ink, and of the distance between upper and lower contour."""
    ink = mask > 0
    count = ink.sum(axis=0).astype(np.float64)
    upper = np.where(ink.any(axis=0), ink.argmax(axis=0), mask.shape[0])
    lower = np.where(ink.any(axis=0), mask.shape[0] - ink[::-1].argmax(axis=0), 0)
    extent = np.maximum(lower - upper, 0).astype(np.float64)
    smooth = max(1, round(0.05 * height)) | 1
    window = np.ones(smooth) / smooth
    cost = np.convolve(count + 0.35 * extent, window, mode="same")
    margin = max(2, round(0.14 * height))
    minimum_distance = max(2, round(0.16 * height))
    minima = [
        column
        for column in range(margin, mask.shape[1] - margin)
        if cost[column] == cost[max(0, column - margin) : column + margin + 1].min()
    ]
    chosen: list[int] = []
    for column in sorted(minima, key=lambda c: cost[c]):
        if len(chosen) == most:
            break
        if all(abs(column - other) >= minimum_distance for other in chosen):
            chosen.append(column)
    return sorted(chosen)


def _seams(mask: np.ndarray, columns: list[int], reach: int) -> np.ndarray:
    """Paths of least ink from top to bottom near some columns (dynamic programming, as in seam carving).

    Returns:
        (k, h) int64: for each of k columns and each row the first column right of the cut.
    """
    rows = mask.shape[0]
    offsets = np.arange(-reach, reach + 1)
    at = np.array(columns)[:, None] + offsets[None, :]
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
    return seams - 1 - reach + np.array(columns)[:, None]


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
    components = [atom for atom in components if max(atom.box.width, atom.box.height) >= max(2.0, SPECK * height)]
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
    return Lattice(len(pieces), tuple(candidates), costs, height, gaps), field


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
    """Rub out the frames of printed boxes.

    Args:
        mask: (h, w) uint8, 255 ink.
        cells: interiors of the boxes, pixels.

    Returns:
        (h, w) uint8 mask; ink outside every box, and frame lines along a box's border, are gone.
    """
    out = np.zeros_like(mask)
    for cell in cells:
        x, y = max(0, cell.x), max(0, cell.y)
        part = mask[y : cell.bottom, x : cell.right].copy()
        if part.size == 0:
            continue
        band = max(2, round(0.12 * min(part.shape)))
        for side in (part[:band], part[-band:]):  # horizontal frame lines: rows of a border band mostly inked
            side[side.mean(axis=1) > 0.6 * 255] = 0
        for side in (part[:, :band], part[:, -band:]):
            side[:, side.mean(axis=0) > 0.6 * 255] = 0
        out[y : cell.bottom, x : cell.right] = np.maximum(out[y : cell.bottom, x : cell.right], part)
    return out
