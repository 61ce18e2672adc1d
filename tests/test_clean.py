"""Clean: ink from paper, the skew of a page, fields cut out and mapped back."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from zipread.clean import (
    Look,
    clean_page,
    cut_field,
    drop_out,
    estimate_skew,
    sample_gray,
    separate_ink,
    taken_as_level,
)
from zipread.clean.scale import shrink
from zipread.records import Box, Field, Page

ADDRESS = ("MARGARET WHITFIELD", "2417 CEDAR HOLLOW RD", "SPRINGFIELD IL 62704")


def letter(paper=235, ink=40, size=(900, 500)):
    gray = np.full(size[::-1], paper, np.uint8)
    for row, text in enumerate(ADDRESS):
        cv2.putText(gray, text, (250, 220 + 60 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.1, ink, 3, cv2.LINE_AA)
    return gray


def turned(gray, angle, fill):
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    return cv2.warpAffine(gray, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=fill)


@pytest.mark.parametrize("angle", [-15, -8.5, -2, 0, 1.5, 6, 14.5])
def test_skew_is_found_and_positive_when_lines_run_downwards(angle):
    clean = clean_page(Page(turned(letter(), angle, 235)))
    assert clean.angle == pytest.approx(angle, abs=0.6)


def test_skew_ignores_a_long_edge_that_disagrees_with_the_text():
    gray = letter()
    cv2.line(gray, (0, 20), (899, 110), 60, 3)
    assert abs(clean_page(Page(gray)).angle) <= 0.6


@pytest.mark.parametrize("text", ["", "7", "62704"])
def test_skew_of_almost_nothing_is_zero(text):
    ink = np.zeros((300, 600), np.uint8)
    cv2.putText(ink, text, (200, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 255, 4)
    assert estimate_skew(ink) == pytest.approx(0.0, abs=0.5)


def test_working_scale_is_at_most_1600_and_never_enlarged():
    small = clean_page(Page(np.full((50, 80), 200, np.uint8)))
    assert small.ink.shape == (50, 80) and small.scale == 1.0
    large = clean_page(Page(np.full((1237, 2000), 200, np.uint8)))
    assert large.ink.shape == (990, 1600) and large.scale == pytest.approx(1600 / 2000)


@pytest.mark.parametrize("level", [0, 20, 128, 255])
def test_empty_paper_has_no_ink(level):
    assert not clean_page(Page(np.full((300, 500), level, np.uint8))).ink.any()


def test_grain_alone_is_no_ink():
    rng = np.random.default_rng(1)
    gray = np.clip(rng.normal(190, 9, (400, 700)), 0, 255).astype(np.uint8)
    assert np.count_nonzero(clean_page(Page(gray)).ink) < 0.005 * gray.size


def test_ink_is_found_under_a_shadow():
    flat = clean_page(Page(letter())).ink
    shade = np.linspace(1.0, 0.35, 900)[None, :]
    shaded = clean_page(Page((letter() * shade).astype(np.uint8))).ink
    agree = np.count_nonzero(flat & shaded) / np.count_nonzero(flat | shaded)
    assert agree > 0.85


def test_dark_scanner_border_holds_no_ink():
    gray = letter()
    gray[:60] = 15
    gray[:, :80] = 15
    ink = clean_page(Page(gray)).ink
    assert not ink[:60].any() and not ink[:, :80].any()
    assert np.count_nonzero(ink[150:350, 240:800]) > 3000


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (3, 3), (2, 2000)])
def test_tiny_pages_pass(shape):
    clean = clean_page(Page(np.full(shape, 255, np.uint8)))
    assert clean.ink.size and clean.angle == 0.0


def test_a_printed_pattern_is_paper_and_writing_on_it_is_ink():
    gray = letter()
    inked = clean_page(Page(gray)).ink > 0
    striped = gray.copy()
    striped[:, np.arange(gray.shape[1]) % 14 < 4] = np.minimum(striped[:, np.arange(gray.shape[1]) % 14 < 4], 205)
    on_pattern = clean_page(Page(striped)).ink > 0
    assert np.count_nonzero(on_pattern & inked) > 0.9 * np.count_nonzero(inked)
    assert np.count_nonzero(on_pattern & ~inked) < 0.3 * np.count_nonzero(inked)


def test_a_printed_pattern_is_paper_in_any_light():
    gray = letter()
    inked = clean_page(Page(gray)).ink > 0
    stripes = np.arange(gray.shape[1]) % 28 < 4
    gray[:, stripes] = np.minimum(gray[:, stripes], 200)
    light = np.linspace(0.45, 1.0, gray.shape[1])
    seen = clean_page(Page(np.round(gray * light).astype(np.uint8))).ink > 0
    assert np.count_nonzero(seen & inked) > 0.85 * np.count_nonzero(inked)
    assert np.count_nonzero(seen & ~inked) < 0.3 * np.count_nonzero(inked)


# --- the piece on its background


def laid(corners, table=60, size=(1000, 800)):
    """A letter seen with its corners (4, 2) on a table."""
    sheet = letter()
    height, width = sheet.shape
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    picture = np.full(size[::-1], table, np.uint8)
    cv2.warpPerspective(sheet, matrix, size, dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
    return picture


@pytest.mark.parametrize("table", [10, 130, 255])
@pytest.mark.parametrize(
    "corners",
    [
        [(60, 150), (940, 150), (940, 640), (60, 640)],
        [(80, 220), (900, 110), (950, 560), (130, 680)],
        [(140, 150), (860, 180), (950, 680), (50, 620)],
    ],
)
def test_the_corners_of_a_piece_are_found(corners, table):
    clean = clean_page(Page(laid(corners, table)))
    assert clean.piece == pytest.approx(np.array(corners, float), abs=7)


@pytest.mark.parametrize("picture", [letter(), np.full((400, 600), 90, np.uint8), turned(letter(), 3, 235)])
def test_a_picture_without_a_background_is_all_piece(picture):
    assert clean_page(Page(picture)).piece is None


def test_light_from_a_side_is_no_piece():
    gray = letter()
    gray[-int(0.3 * len(gray)) :] = np.clip(gray[-int(0.3 * len(gray)) :].astype(int) + 60, 0, 255).astype(np.uint8)
    gray[: -int(0.3 * len(gray))] = (0.8 * gray[: -int(0.3 * len(gray))]).astype(np.uint8)
    assert clean_page(Page(gray)).piece is None


@pytest.mark.parametrize("across", [True, False])
def test_the_lit_part_of_a_piece_half_in_the_shade_is_no_piece(across):
    picture = laid([(60, 150), (940, 160), (930, 640), (70, 650)], table=100)
    ramp = np.linspace(-4.0, 4.0, picture.shape[1] if across else picture.shape[0])
    shade = 1.0 - 0.5 / (1.0 + np.exp(-4.0 * ramp))  # falls off over about a seventh of the picture
    shaded = picture * (shade[None, :] if across else shade[:, None])
    assert clean_page(Page(shaded.astype(np.uint8))).piece is None
    assert clean_page(Page((0.5 * picture).astype(np.uint8))).piece is not None


@pytest.mark.parametrize("angle", [-9.0, -3.0, 0.0, 6.0])
@pytest.mark.parametrize("text", ["", "62704"])
def test_too_little_writing_lies_as_its_piece_does(angle, text):
    gray = np.full((400, 700), 235, np.uint8)
    cv2.putText(gray, text, (300, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 40, 3, cv2.LINE_AA)
    table = cv2.copyMakeBorder(gray, 200, 200, 150, 150, cv2.BORDER_CONSTANT, value=30)
    assert clean_page(Page(turned(table, angle, 30))).angle == pytest.approx(angle, abs=0.6)


def test_writing_askew_on_its_piece_is_followed():
    sheet = turned(letter(), 6, 235)
    table = cv2.copyMakeBorder(sheet, 100, 100, 100, 100, cv2.BORDER_CONSTANT, value=30)
    clean = clean_page(Page(table))
    assert clean.piece is not None
    assert clean.angle == pytest.approx(6, abs=0.5)


def test_a_dark_corner_is_no_background():
    gray = letter()
    gray[:200, :300] = 40
    assert clean_page(Page(gray)).piece is None


@pytest.mark.parametrize("angle", [-7, 0, 5])
@pytest.mark.parametrize("quarters", [1, 3])
def test_a_page_on_its_side_is_near_90(quarters, angle):
    gray = np.ascontiguousarray(np.rot90(turned(letter(), angle, 235), -quarters))
    assert clean_page(Page(gray)).angle == pytest.approx(90 + angle, abs=0.6)


def test_a_page_taken_to_lie_on_its_side_can_be_taken_as_level():
    clean = clean_page(Page(turned(letter(), 5, 235)))
    assert taken_as_level(clean) is None
    again = taken_as_level(replace(clean, angle=92.0))
    assert again is not None
    assert again.angle == pytest.approx(5, abs=0.6)
    assert again.ink is clean.ink


def test_a_page_on_its_head_has_the_same_skew():
    gray = np.ascontiguousarray(np.rot90(turned(letter(), 4, 235), 2))
    assert clean_page(Page(gray)).angle == pytest.approx(4, abs=0.6)


def test_a_few_letters_are_never_on_their_side():
    gray = np.full((500, 300), 235, np.uint8)
    for row, digit in enumerate("62704"):
        cv2.putText(gray, digit, (120, 90 + 80 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 40, 4)
    assert abs(clean_page(Page(gray)).angle) <= 15


# --- fields


def test_a_cut_field_is_upright_and_maps_back():
    gray = turned(letter(), 10, 235)
    dot = np.zeros((500, 900), np.uint8)
    cv2.circle(dot, (500, 300), 4, 255, -1)
    where = turned(dot, 10, 0)
    y, x = (float(v.mean()) for v in np.nonzero(where > 128))
    field = Field((x + 0.5, y + 0.5), (220.0, 80.0), 10.0, "field")
    image = cut_field(Page(np.maximum(gray, where)), field)
    assert image.gray.shape == (80, 220)
    centre = image.to_page @ [110.0, 40.0, 1.0]
    assert centre == pytest.approx([x + 0.5, y + 0.5])
    corner = image.to_page @ [0.0, 0.0, 1.0]
    along, across = np.deg2rad(10.0), np.deg2rad(100.0)
    expected = centre - 110 * np.array([np.cos(along), np.sin(along)]) - 40 * np.array([np.cos(across), np.sin(across)])
    assert corner == pytest.approx(expected)


def test_cutting_the_whole_picture_changes_no_pixel():
    gray = np.random.default_rng(2).integers(0, 256, (60, 150), np.uint8)
    image = cut_field(Page(gray), Field((75.0, 30.0), (150.0, 60.0), 0.0, "field"))
    assert np.array_equal(image.gray, gray)


def test_a_tall_field_is_reduced_with_its_cells():
    gray = np.full((800, 2000), 230, np.uint8)
    cv2.putText(gray, "62704", (200, 560), cv2.FONT_HERSHEY_SIMPLEX, 12, 30, 30)
    field = Field((1000.0, 400.0), (2000.0, 800.0), 0.0, "boxes", cells=(Box(100, 200, 300, 400),))
    image = cut_field(Page(gray), field)
    assert image.gray.shape == (160, 400)
    assert image.cells == (Box(20, 40, 60, 80),)
    assert image.to_page @ [400.0, 160.0, 1.0] == pytest.approx([2000.0, 800.0])


def test_a_sampled_place_is_the_cut_one_at_points_of_the_page():
    gray = np.random.default_rng(4).integers(0, 256, (60, 150), np.uint8)
    place = Field((75.0, 30.0), (150.0, 60.0), 0.0, "field")
    assert np.array_equal(sample_gray(Page(gray), place, 60.0), gray)
    # A third as high, each pixel is the middle one of nine.
    assert np.array_equal(sample_gray(Page(gray), place, 20.0), gray[1::3, 1::3])


def test_a_field_beyond_the_page_is_filled():
    image = cut_field(Page(np.full((40, 40), 200, np.uint8)), Field((0.0, 0.0), (100.0, 50.0), 5.0, "field"))
    assert image.gray.shape == (50, 100) and (image.gray == 200).all()


def field_picture(paper, ink, thickness=3):
    gray = np.full((70, 220), paper, np.uint8)
    cv2.putText(gray, "62704", (15, 52), cv2.FONT_HERSHEY_SIMPLEX, 1.6, ink, thickness, cv2.LINE_AA)
    return gray


def strokes(thickness=3):
    return field_picture(0, 255, thickness) > 127


def agreement(mask, truth):
    return np.count_nonzero((mask > 0) & truth) / np.count_nonzero((mask > 0) | truth)


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (240, 150), (110, 60), (60, 10), (0, 255), (40, 220)])
def test_ink_of_either_polarity_and_any_contrast(paper, ink):
    soft, mask = separate_ink(field_picture(paper, ink))
    assert agreement(mask, strokes()) > 0.8
    assert soft.dtype == mask.dtype == np.uint8
    assert set(np.unique(mask)) == {0, 255}
    assert soft[strokes() & (mask > 0)].mean() > 180 and soft[~strokes() & (mask == 0)].mean() < 20


@pytest.mark.parametrize("thickness", [1, 2, 8])
def test_hairlines_and_markers_survive(thickness):
    _, mask = separate_ink(field_picture(230, 60, thickness))
    assert agreement(mask, strokes(thickness)) > 0.6


def test_printed_pattern_under_the_writing_is_no_ink():
    gray = field_picture(225, 50)
    pattern = (np.add.outer(np.arange(70), np.arange(220)) % 9 < 2) & ~strokes()
    gray[pattern] = 190
    _, mask = separate_ink(gray)
    assert np.count_nonzero(mask[pattern]) < 0.12 * np.count_nonzero(pattern)
    assert agreement(mask, strokes()) > 0.6


def test_a_pattern_that_is_most_of_what_is_dark_is_dropped_by_a_look_that_takes_the_darkest_for_full():
    gray = field_picture(225, 60)
    pattern = (np.add.outer(np.arange(70), np.arange(220)) % 6 < 3) & ~strokes(6)
    gray[pattern] = 150
    shares = []
    for look in (Look(darkness=0.6), Look(darkness=0.6, full=0.9)):
        _, mask = separate_ink(gray, look)
        assert np.count_nonzero(mask[strokes()]) > 0.7 * np.count_nonzero(strokes())
        shares.append(np.count_nonzero(mask[pattern]) / np.count_nonzero(pattern))
    assert shares[0] > 0.3
    assert shares[1] < 0.05


@pytest.mark.parametrize("level", [0, 128, 255])
def test_without_contrast_there_is_no_ink(level):
    ink, mask = separate_ink(np.full((50, 150), level, np.uint8))
    assert not ink.any() and not mask.any()


def test_faint_grain_is_no_ink():
    gray = np.random.default_rng(3).normal(200, 3, (60, 200)).astype(np.uint8)
    assert not separate_ink(gray)[1].any()


ORANGE, GRAY, PEN = (236, 130, 50), (140, 140, 140), (50, 50, 60)
CELLS = tuple(Box(10 + 50 * at, 10, 40, 56) for at in range(3))


def boxes_in_color(frame, pen):
    color = np.full((76, 166, 3), 245, np.uint8)
    for cell in CELLS:
        cv2.rectangle(color, (cell.x, cell.y), (cell.right, cell.bottom), frame, 3)
        cv2.putText(color, "4", (cell.x + 8, cell.y + 44), cv2.FONT_HERSHEY_SIMPLEX, 1.3, pen, 3, cv2.LINE_AA)
    page = Page(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY))
    return page, color, Field((83.0, 38.0), (166.0, 76.0), 0.0, "boxes", cells=CELLS)


@pytest.mark.parametrize("frame", [ORANGE, (220, 40, 40), (60, 60, 225), (40, 170, 80)])
def test_boxes_printed_in_a_colour_drop_out(frame):
    page, color, field = boxes_in_color(frame, PEN)
    seen = cut_field(drop_out(page, color, field), field).gray
    edge = [seen[30, cell.x] for cell in CELLS]
    assert min(edge) > 215
    assert cut_field(page, field).gray[30, CELLS[0].x] < 190
    # The foot of each four is still as dark as it was.
    assert all(seen[cell.y + 20 : cell.y + 44, cell.x + 10 : cell.right - 5].min() < 110 for cell in CELLS)


@pytest.mark.parametrize(("frame", "pen"), [(GRAY, PEN), (ORANGE, ORANGE)])
def test_a_page_stays_as_it_is_where_boxes_have_no_colour_of_their_own(frame, pen):
    page, color, field = boxes_in_color(frame, pen)
    assert drop_out(page, color, field) is page


@pytest.mark.parametrize(
    ("size", "working"),
    [
        ((300, 1000), (300, 1000)),  # small enough
        ((1237, 2850), (618, 1425)),  # a half is nearly what is wanted
        ((1000, 2000), (800, 1600)),  # a half would be too little
        ((600, 3200), (300, 1600)),
        ((1500, 6000), (375, 1500)),
        ((1000, 4000), (400, 1600)),
    ],
)
def test_a_picture_is_halved_exactly_where_that_leaves_nearly_the_size_wanted(size, working):
    small, scale = shrink(np.full(size, 200, np.uint8), 1600)
    assert small.shape == working
    assert scale == pytest.approx(working[1] / size[1], rel=1e-9)


def test_halving_leaves_the_mean_of_four_pixels():
    gray = np.array([[0, 40, 100, 100], [80, 120, 200, 200]], np.uint8)
    small, scale = shrink(gray, 2)
    assert (small.tolist(), scale) == ([[60, 150]], 0.5)
