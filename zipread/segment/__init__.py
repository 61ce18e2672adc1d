"""Cut a field into everything that may be a digit: over-segmentation into a lattice.

The field is split into atoms, left to right: connected components, those too wide for one digit cut where little ink
has to be crossed. Every short run of atoms is a candidate; the classifier and the decoder choose. Idea of
over-segmentation and a graph of candidates: Casey, Lecolinet, "A survey of methods and strategies in character
segmentation" (IEEE PAMI 1996).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.records import Box, Candidate, FieldImage, Lattice
from zipread.segment.atoms import Atom, components, digit_height, join_broken, may_be_ink, merge, split
from zipread.segment.lines import remove_cell_frames, remove_lines
from zipread.segment.points import are_of_amount, points_among
from zipread.segment.slant import deslant

__all__ = ["Parts", "are_of_amount", "cut_apart", "cut_out", "lattice_of", "part", "points_among", "segment"]


MAX_ATOMS = 40
"""More pieces than this is texture, not writing; the smallest ones go."""

CUT_START = 1.0
CUT_COST = 3.0
"""Cost of ending a digit inside a component: for the cut itself, and for each digit height of ink it crosses."""

MAX_RUN = 5
"""Atoms one digit may be made of."""

MAX_WIDTH = 1.5
"""Width of the widest candidate, in digit heights: zeros in a row of them are wider than tall."""

CRUMB = 0.06
"""Pieces with less than this share of the ink of the largest piece in a printed box are left out."""

LEAST_DIGIT = 0.22
"""Longer side of the smallest digit in a printed box, in the box's shorter side."""

INSIDE = 0.15
"""Distance from a box's frame within which ink may be what is left of it, in the box's shorter side.

A single digit may stand there; a row that holds nothing farther inside is empty.
"""

NEVER = 20.0
"""Cost of leaving out a box: a row of boxes is read box by box."""

LEAST_HEIGHT = 0.35
"""Height of the lowest candidate, in digit heights."""

FINE_HEIGHT = 32.0
"""Digits lower than this, pixels, are cut at twice their resolution."""

_EDGE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True)
class Parts:
    """The ink of a field in parts."""

    image: FieldImage  # deslanted; what boxes of the lattice are in pixels of
    pieces: tuple[Atom, ...]  # left to right; none of a row of printed boxes, which is parted by its boxes
    height: float  # of its digits, pixels


def segment(field: FieldImage) -> tuple[Lattice, FieldImage]:
    """Build the lattice of a free field, or of a row of printed boxes where the field has cells.

    Returns:
        The lattice, and the field as it was deslanted: the lattice's boxes are in its pixels.
    """
    parts = cut_apart(part(field))
    return lattice_of(parts), parts.image


def part(field: FieldImage) -> Parts:
    """The connected components of a field without its lines, broken ones joined, nothing cut."""
    if field.cells:
        return Parts(field, (), float(field.mask.shape[0]))
    mask = remove_lines(field.mask)
    field = FieldImage(field.gray, field.ink, mask, field.to_page)
    field, _ = deslant(field)
    found = components(field.mask)
    height = digit_height([atom.box for atom in found], field.mask.shape[0])
    if height < FINE_HEIGHT:
        field, height = _enlarge(field), 2 * height
        found = components(field.mask)
    found = [atom for atom in found if may_be_ink(atom.box, height)]
    return Parts(field, tuple(join_broken(found, height)), height)


def cut_apart(parts: Parts) -> Parts:
    """Cut every part that may be several digits."""
    return replace(parts, pieces=tuple(itertools.chain(*(split(piece, parts.height) for piece in parts.pieces))))


def lattice_of(parts: Parts) -> Lattice:
    """Every short run of a field's parts is a candidate; in printed boxes, what stands in each box."""
    field, height = parts.image, parts.height
    if field.cells:
        return _lattice_of_cells(field)
    largest = sorted(parts.pieces, key=lambda piece: -piece.box.height)[:MAX_ATOMS]
    pieces = sorted(largest, key=lambda piece: piece.box.x + piece.box.width / 2)
    runs = _runs(pieces, height)
    candidates = [Candidate(*run, union.box, union.mask) for run, union in runs.items()]
    shape = (field.mask.shape[0], field.mask.shape[1])
    costs = tuple(_skip_cost(piece.box, height, shape) for piece in pieces)
    gaps = tuple((b.box.x - a.box.right) / height for a, b in itertools.pairwise(pieces))
    cuts = tuple(CUT_COST * piece.cut + (CUT_START if piece.cut else 0.0) for piece in pieces[1:])
    return Lattice(len(pieces), tuple(candidates), costs, height, gaps, cuts)


def _runs(pieces: list[Atom], height: float) -> dict[tuple[int, int], Atom]:
    """The runs of pieces that may be one digit, by their first piece and the one past their last."""
    runs: dict[tuple[int, int], Atom] = {}
    for start, piece in enumerate(pieces):
        union = piece
        for stop in range(start + 1, min(len(pieces), start + MAX_RUN) + 1):
            if stop > start + 1:
                union = merge(union, pieces[stop - 1])
                if union.box.width > MAX_WIDTH * height:
                    break
            if union.box.height >= LEAST_HEIGHT * height:
                runs[start, stop] = union
    return runs


def _skip_cost(box: Box, height: float, field: tuple[int, int]) -> float:
    """Cost of calling an atom noise: next to nothing for a dot or a dash, much for what is as tall as a digit."""
    tall = box.height / height
    cost = 0.3 + 7.0 * min(1.0, max(0.0, tall - 0.25) / 0.5) if tall > 0.25 else 0.3
    if box.width > 2.2 * box.height and tall < 0.4:
        cost = 0.3
    touches_side = box.x <= 1 or box.right >= field[1] - 1
    touches_edge = touches_side or box.y <= 1 or box.bottom >= field[0] - 1
    return cost * (0.5 if touches_edge else 1.0)


def _enlarge(field: FieldImage) -> FieldImage:
    """A field at twice its resolution: cuts through small digits need finer steps than their pixels."""
    size = (2 * field.mask.shape[1], 2 * field.mask.shape[0])
    ink = cv2.resize(field.ink, size, interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(field.mask, size, interpolation=cv2.INTER_LINEAR)
    mask = np.where(mask > 127, 255, 0).astype(np.uint8)
    to_page = field.to_page @ np.diag([0.5, 0.5, 1.0])
    return FieldImage(cv2.resize(field.gray, size), ink, mask, to_page)


def cut_out(ink: np.ndarray, candidate: Candidate) -> np.ndarray:
    """The antialiased ink of one candidate, without its neighbours': (h, w) uint8, a pixel larger than its box.

    Args:
        ink: (h, w) uint8, of the field as it was segmented.
        candidate: of its lattice.
    """
    pad = 1
    box = candidate.box
    top, left = max(0, box.y - pad), max(0, box.x - pad)
    bottom, right = min(ink.shape[0], box.bottom + pad), min(ink.shape[1], box.right + pad)
    own = np.zeros((bottom - top, right - left), np.uint8)
    own[box.y - top : box.bottom - top, box.x - left : box.right - left] = candidate.mask
    # One pixel around the mask belongs to the stroke's antialiased edge.
    return cv2.bitwise_and(ink[top:bottom, left:right], cv2.dilate(own, _EDGE))


def _lattice_of_cells(field: FieldImage) -> Lattice:
    """One atom for each printed box: the components whose ink lies mostly in it, frame lines rubbed out."""
    mask = remove_cell_frames(field.mask, field.cells)
    pieces = components(mask) if any(_is_written_in(mask, cell) for cell in field.cells) else []
    candidates = []
    for at, cell in enumerate(field.cells):
        own = [piece for piece in pieces if _belongs(piece.box, cell)]
        largest = max((np.count_nonzero(piece.mask) for piece in own), default=0)
        own = [p for p in own if np.count_nonzero(p.mask) >= CRUMB * largest and not _is_frame_rest(p.box, cell, own)]
        if not own:
            continue
        atom = own[0]
        for piece in own[1:]:
            atom = merge(atom, piece)
        if max(atom.box.height, atom.box.width) >= LEAST_DIGIT * min(cell.width, cell.height):
            candidates.append(Candidate(at, at + 1, atom.box, atom.mask))
    height = float(np.median([candidate.box.height for candidate in candidates] or [field.mask.shape[0]]))
    return Lattice(len(field.cells), tuple(candidates), (NEVER,) * len(field.cells), height)


def _is_written_in(mask: np.ndarray, cell: Box) -> bool:
    """Whether ink as large as a digit stands inside a printed box, away from its frame."""
    inset = round(INSIDE * min(cell.width, cell.height))
    inner = mask[max(0, cell.y + inset) : cell.bottom - inset, max(0, cell.x + inset) : cell.right - inset]
    least = LEAST_DIGIT * min(cell.width, cell.height)
    return any(max(piece.box.width, piece.box.height) >= least for piece in components(inner))


def _belongs(box: Box, cell: Box) -> bool:
    """Whether a component's middle lies in a printed box, or just outside where digits stick out."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    aside, above = 0.1 * cell.width, 0.2 * cell.height
    return cell.x - aside <= x <= cell.right + aside and cell.y - above <= y <= cell.bottom + above


def _is_frame_rest(box: Box, cell: Box, others: list[Atom]) -> bool:
    """Whether a component is what is left of a frame line: thin, along the border, and not alone in its box."""
    thin = min(box.width, box.height) <= max(2, 0.12 * cell.width)
    x, y = box.x + box.width / 2, box.y + box.height / 2
    inside = (
        abs(x - cell.x - cell.width / 2) < 0.4 * cell.width and abs(y - cell.y - cell.height / 2) < 0.42 * cell.height
    )
    larger = any(other.box.width * other.box.height > box.width * box.height for other in others)
    return thin and not inside and (larger or box.height >= 0.9 * cell.height)
