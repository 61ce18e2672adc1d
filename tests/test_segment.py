from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from zipread.records import Box, FieldImage
from zipread.segment import are_of_amount, cut_apart, lattice_of, part, points_among, segment
from zipread.segment.atoms import Atom, digit_height, split
from zipread.segment.lines import remove_cell_frames, remove_lines
from zipread.segment.slant import deslant

IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def field_of(mask: np.ndarray, cells: tuple[Box, ...] = ()) -> FieldImage:
    return FieldImage(255 - mask, mask.copy(), mask, IDENTITY, cells)


def written(text: str, thickness: int = 3) -> np.ndarray:
    mask = np.zeros((60, 30 + 32 * len(text)), np.uint8)
    for at, character in enumerate(text):
        cv2.putText(mask, character, (15 + 32 * at, 46), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, thickness)
    return mask


def test_separate_digits_are_one_atom_each():
    lattice, _ = segment(field_of(written("82605")))
    whole = [c.box.x for c in lattice.candidates if 26 <= c.box.width <= 44]  # at twice the resolution
    for at in range(5):
        assert any(abs(x - 2 * (17 + 32 * at)) <= 5 for x in whole)


def test_touching_digits_can_be_told_apart():
    mask = np.zeros((60, 90), np.uint8)
    cv2.circle(mask, (25, 30), 17, 255, 4)
    cv2.circle(mask, (61, 30), 17, 255, 4)  # two zeros that share a few pixels
    assert cv2.connectedComponents(mask)[0] == 2
    lattice, _ = segment(field_of(mask))
    halves = [
        (a, b)
        for a in lattice.candidates
        for b in lattice.candidates
        if a.start == 0 and a.stop == b.start and b.stop == lattice.atoms
    ]
    assert any(abs(a.box.right - 43) <= 5 and abs(b.box.x - 43) <= 5 for a, b in halves)


def test_parts_are_whole_until_they_are_cut_apart():
    mask = np.zeros((60, 140), np.uint8)
    cv2.circle(mask, (25, 30), 17, 255, 4)
    cv2.circle(mask, (61, 30), 17, 255, 4)  # joined to the first
    cv2.line(mask, (110, 12), (110, 48), 255, 4)
    parts = part(field_of(mask))
    assert len(parts.pieces) == lattice_of(parts).atoms == 2
    assert all(piece.cut == 0 for piece in parts.pieces)
    cut = cut_apart(parts)
    assert len(cut.pieces) > 2
    assert np.array_equal(cut.image.mask, parts.image.mask)


def test_a_hat_belongs_to_its_five():
    mask = np.zeros((60, 120), np.uint8)
    cv2.ellipse(mask, (85, 38), (12, 12), 0, -120, 140, 255, 4)
    cv2.line(mask, (78, 14), (96, 12), 255, 4)  # the hat, detached
    cv2.line(mask, (30, 12), (30, 50), 255, 4)  # a one beside it
    lattice, _ = segment(field_of(mask))
    assert any(c.box.x > 60 and c.box.y <= 13 and c.box.bottom >= 48 for c in lattice.candidates)


def test_dots_cost_little_to_skip_and_digits_much():
    mask = written("41")
    cv2.circle(mask, (40 + 3, 46), 3, 255, -1)
    lattice, _ = segment(field_of(mask))
    costs = sorted(lattice.skip_costs)
    assert costs[0] < 1.0
    assert costs[-1] > 5.0


def test_underline_goes_and_digits_stay():
    plain = written("70318")
    ruled = plain.copy()
    cv2.line(ruled, (0, 52), (ruled.shape[1] - 1, 53), 255, 2)
    cleaned = remove_lines(ruled)
    assert np.count_nonzero(cleaned[51:55]) < 0.1 * np.count_nonzero(ruled[51:55])
    kept = np.count_nonzero(cv2.bitwise_and(cleaned, plain)) / np.count_nonzero(plain)
    assert kept > 0.97


def test_a_stroke_across_the_line_is_not_broken():
    mask = np.zeros((60, 200), np.uint8)
    cv2.line(mask, (100, 10), (100, 50), 255, 5)
    cv2.line(mask, (0, 40), (199, 40), 255, 2)
    cleaned = remove_lines(mask)
    assert cv2.connectedComponents(cv2.morphologyEx(cleaned, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))[0] == 2


def test_slanted_writing_is_set_upright():
    mask = np.zeros((80, 260), np.uint8)
    for at in range(5):
        cv2.line(mask, (40 + 40 * at + 20, 15), (40 + 40 * at, 65), 255, 4)
    upright, shear = deslant(field_of(mask))
    assert 0.25 <= shear <= 0.55
    columns = (upright.mask > 0).sum(axis=0)
    assert columns.max() > 40  # the strokes now stand in single columns


def test_strokes_at_the_ends_of_a_field_are_not_drawn_out_when_it_is_set_upright():
    mask = np.zeros((80, 200), np.uint8)
    for at in range(-1, 5):  # the first and the last cross the edges
        cv2.line(mask, (40 + 40 * at + 20, 15), (40 + 40 * at, 65), 255, 4)
    gray = np.where(mask > 0, 40, 220).astype(np.uint8)
    upright, _ = deslant(replace(field_of(mask), gray=gray))
    rows = (upright.gray < 130).sum(axis=1)
    assert upright.gray.shape[1] > gray.shape[1] + 20
    assert rows.max() < 6 * 8


def test_boxes_of_a_deslanted_field_map_back_to_the_page():
    mask = np.zeros((80, 260), np.uint8)
    for at in range(5):
        cv2.line(mask, (40 + 40 * at + 20, 15), (40 + 40 * at, 65), 255, 4)
    lattice, upright = segment(field_of(mask))
    first = lattice.candidates[0].box
    corner = upright.to_page @ np.array([first.x + first.width / 2, first.y + first.height / 2, 1.0])
    assert np.hypot(*(corner - (50, 40))) < 4


def test_each_printed_box_is_one_candidate_and_frames_are_not_ink():
    mask = np.zeros((60, 210), np.uint8)
    cells = tuple(Box(5 + 40 * at, 5, 38, 50) for at in range(5))
    for cell in cells:
        cv2.rectangle(mask, (cell.x, cell.y), (cell.right - 1, cell.bottom - 1), 255, 1)
    for at in (0, 1, 3, 4):
        cv2.putText(mask, "3", (cells[at].x + 9, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 255, 3)
    lattice, _ = segment(field_of(mask, cells))
    assert [c.start for c in lattice.candidates] == [0, 1, 3, 4]
    assert all(c.box.height < 36 for c in lattice.candidates)
    empty = (slice(0, 60), slice(cells[2].x, cells[2].right))
    left_over = np.count_nonzero(remove_cell_frames(mask, cells)[empty])
    assert left_over <= 0.1 * np.count_nonzero(mask[empty])


def test_a_row_with_nothing_but_ill_fitting_frames_is_empty_and_one_digit_makes_it_written():
    mask = np.zeros((70, 230), np.uint8)
    cells = tuple(Box(10 + 40 * at, 10, 38, 50) for at in range(5))
    for cell in cells:  # printed three pixels beside where they were found, thick, with specks
        cv2.rectangle(mask, (cell.x + 3, cell.y + 3), (cell.right + 2, cell.bottom + 2), 255, 4)
        cv2.circle(mask, (cell.x + 20, cell.y + 25), 2, 255, -1)
    assert segment(field_of(mask, cells))[0].candidates == ()
    cv2.line(mask, (cells[1].x + 20, 20), (cells[1].x + 16, 50), 255, 3)
    assert 1 in [candidate.start for candidate in segment(field_of(mask, cells))[0].candidates]


def test_an_empty_field_has_no_candidates():
    lattice, _ = segment(field_of(np.zeros((40, 120), np.uint8)))
    assert lattice.atoms == 0
    assert lattice.candidates == ()


def test_digit_height_is_that_of_the_digits_not_of_the_dots():
    boxes = [Box(0, 0, 20, 40), Box(30, 2, 20, 38), Box(60, 36, 4, 4), Box(70, 36, 4, 4), Box(80, 0, 60, 42)]
    assert 38 <= digit_height(boxes, 60) <= 42


def test_a_component_is_cut_at_its_bridge_and_a_tiny_one_not_at_all():
    mask = np.zeros((40, 60), np.uint8)
    mask[:, 2:26] = mask[:, 34:58] = 255
    mask[18:21, 26:34] = 255
    atom = Atom(mask, Box(5, 7, 60, 40))
    pieces = split(atom, 40.0)
    assert any(piece.box.x + piece.box.width in range(31, 40) for piece in pieces)
    assert all(0 < piece.cut <= 4 / 40 for piece in pieces if 31 <= piece.box.x <= 40)
    assert sum(np.count_nonzero(piece.mask) for piece in pieces) == np.count_nonzero(mask)
    tiny = Atom(np.full((3, 3), 255, np.uint8), Box(0, 0, 3, 3))
    assert split(tiny, 4.0) == [tiny]


@pytest.mark.parametrize(
    ("mark", "there"),
    [
        (Box(52, 37, 4, 4), True),  # a point
        (Box(51, 37, 5, 10), True),  # a comma
        (Box(52, 39, 2, 2), False),  # a speck
        (Box(52, 24, 4, 4), False),  # in the middle of the line
        (Box(52, 50, 4, 4), False),  # below it
        (Box(49, 30, 10, 3), False),  # a hyphen
        (Box(52, 22, 4, 19), False),  # as high as half a digit
        (Box(30, 37, 4, 4), False),  # inside a digit's box
    ],
)
def test_points_among_digits_are_low_and_small(mark, there):
    mask = np.zeros((60, 130), np.uint8)
    digits = [Box(10, 10, 14, 30), Box(28, 12, 18, 29), Box(62, 9, 14, 31), Box(84, 10, 16, 30)]
    for box in digits:
        cv2.rectangle(mask, (box.x, box.y), (box.right - 1, box.bottom - 1), 255, 1)
    mask[mark.y : mark.bottom, mark.x : mark.right] = 255
    assert points_among(mask, digits) == [False, there, False]


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("12345", False),
        ("123.45", True),
        ("12,345", True),
        ("1234.5", False),
        ("1.2345", False),
        ("1.23.45", False),
        ("1,234.56", True),
        ("1,234,567.89", True),
        ("12.345678", False),  # a Brazilian code, its hyphen being none of these
        ("1,2,3,4,5", False),
    ],
)
def test_points_part_an_amount_by_threes_from_its_end(written, amount):
    digits = [at for at, character in enumerate(written) if character.isdigit()]
    points = [after - before > 1 for before, after in pairwise(digits)]
    assert are_of_amount(points) is amount
