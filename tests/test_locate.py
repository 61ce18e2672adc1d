"""Locate: the places where a code can stand, on small drawn pages."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from zipread.clean import clean_page, cut_field
from zipread.locate import MAX_FIELDS, locate, outline_text, shows_row
from zipread.locate.rank import LINE_WEIGHTS, Lines, score_runs
from zipread.locate.runs import Runs
from zipread.records import Page

FONT = cv2.FONT_HERSHEY_SIMPLEX


def write(gray, text, x, y, scale=1.0, thickness=2):
    """Write a line with its foot at y; returns (left, top, right, bottom) of its last word."""
    (width, height), _ = cv2.getTextSize(text, FONT, scale, thickness)
    cv2.putText(gray, text, (x, y), FONT, scale, 40, thickness, cv2.LINE_AA)
    (before, _), _ = cv2.getTextSize(text[: text.rfind(" ") + 1], FONT, scale, thickness)
    return x + before, y - height, x + width, y


def envelope():
    gray = np.full((620, 1100), 232, np.uint8)
    write(gray, "ACME SUPPLY CO", 40, 60, 0.7)
    write(gray, "PO BOX 4410", 40, 90, 0.7)
    write(gray, "AMARILLO TX 79101", 40, 120, 0.7)
    write(gray, "MARGARET WHITFIELD", 430, 330)
    write(gray, "2417 CEDAR HOLLOW RD", 430, 380)
    return gray, write(gray, "SPRINGFIELD IL 62704", 430, 430)


def turned(gray, angle, fill=232):
    height, width = gray.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    return cv2.warpAffine(gray, matrix, (width, height), borderValue=fill), matrix


def find(gray, layout="auto", digits=5):
    page = Page(gray)
    return page, locate(page, clean_page(page), layout, digits)


def rank(fields, box, matrix=None):
    """Position of the first field that holds the box tightly; None where there is none."""
    left, top, right, bottom = box
    corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]], np.float64)
    truth = (corners @ matrix.T if matrix is not None else corners[:, :2]).astype(np.float32)
    area = (right - left) * (bottom - top)
    for position, field in enumerate(fields):
        outline = cv2.boxPoints((field.center, field.size, field.angle)).astype(np.float32)
        shared, _ = cv2.intersectConvexConvex(truth, cv2.convexHull(outline)[:, 0])
        if shared > 0.85 * area and field.size[0] * field.size[1] < 2.6 * area:
            return position
    return None


def test_the_code_ends_the_recipients_last_line():
    gray, box = envelope()
    _, fields = find(gray)
    assert rank(fields, box) == 0
    assert fields[0].layout == "envelope"
    assert [f.prior for f in fields] == sorted((f.prior for f in fields), reverse=True)
    assert len(fields) <= MAX_FIELDS


@pytest.mark.parametrize("angle", [-14, -6, 3, 11])
def test_the_code_is_found_on_a_skewed_page(angle):
    gray, box = envelope()
    gray, matrix = turned(gray, angle)
    _, fields = find(gray)
    assert rank(fields, box, matrix) in (0, 1)
    assert fields[0].angle == pytest.approx(angle, abs=0.8)


@pytest.mark.parametrize("last", ["62704", "IL 62704", "CHICAGO ILLINOIS 62704"])
def test_the_code_alone_or_wrapped_below_the_city(last):
    gray = np.full((620, 1100), 232, np.uint8)
    write(gray, "MARGARET WHITFIELD", 430, 330)
    write(gray, "2417 CEDAR HOLLOW RD", 430, 380)
    write(gray, "SPRINGFIELD", 430, 430)
    box = write(gray, last, 430, 480)
    _, fields = find(gray)
    assert rank(fields, box) is not None and rank(fields, box) < 4


def test_digits_far_apart_are_one_code():
    gray = np.full((620, 1100), 232, np.uint8)
    write(gray, "MARGARET WHITFIELD", 130, 330)
    write(gray, "2417 CEDAR HOLLOW RD", 130, 380)
    write(gray, "SPRINGFIELD IL", 130, 430)
    for i, digit in enumerate("62704"):
        write(gray, digit, 470 + 45 * i, 430)
    _, fields = find(gray)
    position = rank(fields, (470, 408, 672, 430))
    assert position is not None and position < 4


def test_a_barcode_below_the_address_is_no_line():
    gray, box = envelope()
    for i in range(65):
        top = 470 - 6 * (i % 3)
        cv2.line(gray, (430 + 7 * i, top), (430 + 7 * i, 485), 30, 2)
    _, fields = find(gray)
    assert rank(fields, box) == 0


def test_underline_does_not_swallow_the_code():
    gray, box = envelope()
    cv2.line(gray, (420, 436), (900, 436), 40, 2)
    _, fields = find(gray)
    assert rank(fields, box) in (0, 1)


@pytest.mark.parametrize("size", [(60, 180), (150, 420), (400, 1300)])
def test_a_picture_of_one_line_is_one_field(size):
    height, width = size
    gray = np.full(size, 225, np.uint8)
    write(gray, "62704", width // 20, round(0.8 * height), height / 36, max(1, height // 25))
    _, fields = find(gray)
    assert len(fields) == 1
    assert fields[0].layout == "field"
    assert fields[0].size == (width, height) and fields[0].angle == 0.0


def test_layout_field_is_always_the_whole_picture():
    _, fields = find(np.full((620, 1100), 232, np.uint8), "field")
    assert [f.layout for f in fields] == ["field"]


@pytest.mark.parametrize("layout", ["auto", "envelope", "boxes"])
def test_an_empty_page_has_no_places(layout):
    assert find(np.full((620, 1100), 232, np.uint8), layout)[1] == []


# --- boxes


def boxed(text="62704", gap=8, color=60, thickness=2, cell=(40, 54), at=(400, 300), paper=232, size=(620, 1100)):
    gray = np.full(size, paper, np.uint8)
    width, height = cell
    inside = []
    for i, digit in enumerate(text):
        x, y = at[0] + i * (width + gap), at[1]
        cv2.rectangle(gray, (x, y), (x + width, y + height), color, thickness)
        scale, pen = height / 42, max(2, height // 18)
        (w, h), _ = cv2.getTextSize(digit, FONT, scale, pen)
        cv2.putText(gray, digit, (x + (width - w) // 2, y + (height + h) // 2), FONT, scale, 40, pen, cv2.LINE_AA)
        inside.append((x, y, x + width, y + height))
    return gray, inside


def cells_on_page(page, field):
    image = cut_field(page, field)
    corners = []
    for cell in image.cells:
        points = np.array([[cell.x, cell.y, 1], [cell.right, cell.bottom, 1]], np.float64)
        corners.append((points @ image.to_page.T).ravel())
    return np.array(corners)


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"gap": 0},
        {"gap": 20},
        {"color": 200, "thickness": 1},
        {"color": 0, "thickness": 4},
        {"text": "     "},
        {"at": (60, 60)},
        {"cell": (26, 34), "thickness": 1},
    ],
    ids=["apart", "shared walls", "wide gaps", "pale", "thick", "empty", "corner", "small"],
)
def test_a_row_of_boxes_gives_its_cells(how):
    gray, inside = boxed(**how)
    page, fields = find(gray)
    assert fields[0].layout == "boxes"
    assert len(fields[0].cells) == 5
    assert cells_on_page(page, fields[0]) == pytest.approx(np.array(inside, float), abs=4.5)


@pytest.mark.parametrize(("text", "thickness", "shows"), [("62704", 2, True), ("6270", 2, False), ("62704", 0, False)])
def test_a_place_shows_a_row_of_boxes_where_each_digit_has_one(text, thickness, shows):
    gray, _ = boxed(text, color=60 if thickness else 232, thickness=max(1, thickness))
    assert shows_row(gray[270:390, 340:700], 5) == shows


def comb(digits=5, tick=1.0, outer=1.0, cell=(44, 54), at=(400, 300), size=(620, 1100), thickness=2):
    """A base line with walls on it, as tall as shares of the cells' height: the picture and the cells."""
    gray = np.full(size, 232, np.uint8)
    (width, height), (x, y) = cell, at
    foot = y + height
    cv2.line(gray, (x, foot), (x + digits * width, foot), 90, thickness)
    for i in range(digits + 1):
        tall = round(height * (outer if i in (0, digits) else tick))
        cv2.line(gray, (x + i * width, foot), (x + i * width, foot - tall), 90, thickness)
    return gray, [(x + i * width, y, x + (i + 1) * width, foot) for i in range(digits)]


@pytest.mark.parametrize("text", ["62704", "11171", ""], ids=["full", "ones", "empty"])
@pytest.mark.parametrize("tick", [1.0, 0.6, 0.2], ids=["walls", "long ticks", "short ticks"])
@pytest.mark.parametrize("where", ["page", "field", "small field"])
def test_a_comb_gives_its_cells(where, tick, text):
    place = {
        "page": {},
        "field": {"at": (30, 25), "size": (100, 290)},
        "small field": {"at": (16, 12), "size": (50, 140), "cell": (22, 27), "thickness": 1},
    }[where]
    gray, inside = comb(tick=tick, **place)
    for digit, (left, _, right, bottom) in zip(text, inside, strict=False):
        scale = (right - left) / 40
        cv2.putText(gray, digit, (left + (right - left) // 4, bottom - 5), FONT, scale, 40, 2, cv2.LINE_AA)
    page, fields = find(gray, "auto" if where == "page" else "field")
    assert fields[0].layout == "boxes"
    assert cells_on_page(page, fields[0]) == pytest.approx(np.array(inside, float), abs=4.5)


def test_a_comb_of_short_ticks_has_cells_taller_than_wide():
    gray, inside = comb(tick=0.3, outer=0.3)
    page, fields = find(gray, "boxes")
    cells = cells_on_page(page, fields[0])
    assert cells[:, [0, 2, 3]] == pytest.approx(np.array(inside, float)[:, [0, 2, 3]], abs=4.5)
    assert np.median(cells[:, 3] - cells[:, 1]) == pytest.approx(1.2 * 44, abs=4)


@pytest.mark.parametrize("digits", [3, 4, 6, 9])
def test_a_comb_has_as_many_cells_as_digits(digits):
    gray, inside = comb(digits, tick=0.5, at=(200, 300))
    page, fields = find(gray, "boxes", digits)
    assert cells_on_page(page, fields[0]) == pytest.approx(np.array(inside, float), abs=4.5)
    assert find(gray, "boxes", digits=5)[1] == []


def test_a_slanting_comb_alone_on_its_picture():
    gray, inside = comb(tick=0.4, at=(40, 50), size=(160, 300))
    gray, matrix = turned(gray, 4)
    page, fields = find(gray, "field")
    assert fields[0].angle == pytest.approx(4, abs=0.7)
    middle = cells_on_page(page, fields[0]).reshape(5, 2, 2).mean(axis=1)
    truth = np.array([[(a + c) / 2, (b + d) / 2, 1] for a, b, c, d in inside]) @ matrix.T
    assert np.abs(middle - truth).max() < 4


@pytest.mark.parametrize("angle", [-5, 3, 6])
def test_slanting_empty_boxes_alone_on_their_picture(angle):
    gray, inside = boxed("     ", at=(40, 60), size=(170, 320))
    gray, matrix = turned(gray, angle)
    page, fields = find(gray, "field")
    assert fields[0].layout == "boxes" and fields[0].angle == pytest.approx(angle, abs=0.7)
    middle = cells_on_page(page, fields[0]).reshape(5, 2, 2).mean(axis=1)
    truth = np.array([[(a + c) / 2, (b + d) / 2, 1] for a, b, c, d in inside]) @ matrix.T
    assert np.abs(middle - truth).max() < 4


@pytest.mark.parametrize("text", ["11111", "111111", "71171", "14411"])
@pytest.mark.parametrize("lift", [0, 3, 8])
def test_underlined_ones_are_no_comb(text, lift):
    gray = np.full((100, 290), 232, np.uint8)
    cv2.line(gray, (20, 80), (270, 80), 60, 2)
    for i, digit in enumerate(text):
        x = 40 + 40 * i
        if digit == "1":
            cv2.line(gray, (x, 80 - lift), (x + i % 2, 30), 60, 3)
        else:
            cv2.putText(gray, digit, (x - 15, 80 - lift), FONT, 2.0, 60, 3, cv2.LINE_AA)
    assert find(gray, "boxes")[1] == []


@pytest.mark.parametrize("seed", range(4))
def test_a_barcode_on_a_line_is_no_comb(seed):
    gray = np.full((120, 400), 232, np.uint8)
    rng = np.random.default_rng(seed)
    bars = np.arange(20, 371, 10)
    tall = rng.random(len(bars)) < 0.5
    tall[[0, -1]] = True
    for x, is_tall in zip(bars.tolist(), tall.tolist(), strict=True):
        cv2.line(gray, (x, 90), (x, 50 if is_tall else 70), 40, 3)
    cv2.line(gray, (20, 90), (370, 90), 40, 2)
    assert find(gray, "boxes")[1] == []


def test_boxes_on_a_skewed_page():
    gray, inside = boxed()
    write(gray, "MARGARET WHITFIELD", 400, 200)
    write(gray, "2417 CEDAR HOLLOW RD", 400, 250)
    gray, matrix = turned(gray, -7)
    page, fields = find(gray)
    assert fields[0].layout == "boxes" and len(fields[0].cells) == 5
    middle = cells_on_page(page, fields[0]).reshape(5, 2, 2).mean(axis=1)
    truth = np.array([[(a + c) / 2, (b + d) / 2, 1] for a, b, c, d in inside]) @ matrix.T
    assert np.abs(middle - truth).max() < 6


def test_a_digit_across_its_frame_leaves_the_row_whole():
    gray, inside = boxed("     ")
    for i, (left, top, right, bottom) in enumerate(inside):
        middle = (left + right) // 2 + 8 * (i % 2)
        cv2.line(gray, (middle, top + 10), (middle - 10, bottom + 9), 30, 4)
        cv2.line(gray, (left - 3, top + 12), (middle, top + 10), 30, 4)
    page, fields = find(gray, "boxes")
    assert cells_on_page(page, fields[0]) == pytest.approx(np.array(inside, float), abs=5)


@pytest.mark.parametrize("parts", [(3, 4), (2, 3), (5, 3)], ids=["Japan", "Poland", "Brazil"])
@pytest.mark.parametrize("space", [20, 40])
def test_a_row_printed_in_two_parts_is_one(parts, space):
    first, inside = boxed("1" * parts[0], at=(200, 300))
    second, others = boxed("2" * parts[1], at=(inside[-1][2] + 8 + space, 300))
    page, fields = find(np.minimum(first, second), digits=sum(parts))
    assert fields[0].layout == "boxes"
    assert cells_on_page(page, fields[0]) == pytest.approx(np.array(inside + others, float), abs=4.5)


def test_two_rows_far_apart_are_not_one():
    first, inside = boxed("16", at=(200, 300))
    second, _ = boxed("270", at=(inside[-1][2] + 120, 300))
    assert find(np.minimum(first, second), "boxes")[1] == []


@pytest.mark.parametrize("text", ["62704", "     "])
def test_boxes_open_on_top_give_their_cells(text):
    gray, inside = boxed(text)
    for left, top, right, _ in inside:
        gray[top - 2 : top + 3, left + 4 : right - 3] = 232
    page, fields = find(gray)
    assert fields[0].layout == "boxes"
    assert cells_on_page(page, fields[0]) == pytest.approx(np.array(inside, float), abs=4.5)


@pytest.mark.parametrize("count", [3, 4, 6, 9])
def test_rows_of_another_length_are_not_taken(count):
    gray, _ = boxed("1" * count)
    assert find(gray, "boxes")[1] == []


def test_a_barcode_is_no_row_of_boxes():
    gray = np.full((620, 1100), 232, np.uint8)
    rng = np.random.default_rng(4)
    x = 200
    while x < 700:
        width = int(rng.integers(2, 8))
        cv2.rectangle(gray, (x, 250), (x + width, 330), 20, -1)
        x += width + int(rng.integers(3, 9))
    assert find(gray, "boxes")[1] == []


def test_every_row_of_a_form_is_found():
    gray = np.full((900, 800), 240, np.uint8)
    for row in range(4):
        drawn, _ = boxed("127", gap=0, at=(500, 120 + 150 * row), paper=240, size=(900, 800))
        gray = np.minimum(gray, drawn)
        write(gray, "TOTAL OF THE ROW", 60, 160 + 150 * row)
    _, fields = find(gray, "boxes", digits=3)
    assert len(fields) == 4
    assert all(len(field.cells) == 3 for field in fields)


@pytest.mark.parametrize("text", ["BOOOO OOOOO 00000", "BBBBB 88888 HHHHH", "2417 CEDAR HOLLOW ROAD"])
def test_letters_are_not_boxes(text):
    gray = np.full((620, 1100), 232, np.uint8)
    for row, scale in enumerate((0.8, 1.2, 1.6, 2.0)):
        write(gray, text, 60, 100 + 120 * row, scale, 2)
    assert find(gray, "boxes")[1] == []


# --- how a page lies


def upright_letter():
    """An envelope whose recipient is written in large and small letters, with a stamp."""
    gray = np.full((620, 1100), 232, np.uint8)
    write(gray, "Acme Supply Co", 40, 60, 0.7)
    write(gray, "Amarillo TX 79101", 40, 90, 0.7)
    cv2.rectangle(gray, (960, 30), (1060, 150), 90, 4)
    cv2.circle(gray, (1010, 90), 30, 60, -1)
    write(gray, "Margaret Whitfield", 430, 330)
    write(gray, "2417 Cedar Hollow Rd Apt 12345", 430, 380)
    return gray, write(gray, "Springfield IL 62704", 430, 430)


def quarter_turned(gray, quarters):
    height, width = gray.shape
    to_turned = {0: [[1, 0, 0], [0, 1, 0]], 1: [[0, -1, height], [1, 0, 0]], 2: [[-1, 0, width], [0, -1, height]],
                 3: [[0, 1, 0], [-1, 0, width]]}  # fmt: skip
    return np.ascontiguousarray(np.rot90(gray, -quarters)), np.array(to_turned[quarters], float)


@pytest.mark.parametrize("layout", ["auto", "envelope"])
@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_the_code_is_found_whichever_way_the_page_lies(quarters, layout):
    gray, box = upright_letter()
    picture, matrix = quarter_turned(gray, quarters)
    _, fields = find(picture, layout)
    assert rank(fields, box, matrix) == 0
    assert (fields[0].angle - 90 * quarters + 180) % 360 - 180 == pytest.approx(0, abs=1)


def test_a_field_of_a_page_on_its_head_is_cut_upright():
    gray, _ = upright_letter()
    picture, _ = quarter_turned(gray, 2)
    (page, fields), (upright, level) = find(picture), find(gray)
    cut, expected = cut_field(page, fields[0]).mask, cut_field(upright, level[0]).mask
    assert cut.shape == expected.shape
    assert np.count_nonzero(cut != expected) < 0.1 * np.count_nonzero(expected)


def test_layout_decides_where_there_are_only_capitals_and_digits():
    gray, box = envelope()
    picture, matrix = quarter_turned(gray, 2)
    _, fields = find(picture)
    assert rank(fields, box, matrix) == 0


@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_the_code_is_found_on_a_piece_seen_at_a_slant(quarters):
    gray, box = upright_letter()
    height, width = gray.shape
    seen = np.array([(150, 120), (1130, 160), (1240, 860), (60, 820)], np.float32)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    slant = cv2.getPerspectiveTransform(source, seen)
    picture = np.full((975, 1300), 70, np.uint8)
    cv2.warpPerspective(gray, slant, (1300, 975), dst=picture, borderMode=cv2.BORDER_TRANSPARENT)
    left, top, right, bottom = box
    corners = np.array([[(left, top), (right, top), (right, bottom), (left, bottom)]], np.float64)
    corners = cv2.perspectiveTransform(corners, slant)[0]
    picture, matrix = quarter_turned(picture, quarters)
    corners = np.column_stack([corners, np.ones(4)]) @ matrix.T
    _, fields = find(picture)
    outline = cv2.boxPoints((fields[0].center, fields[0].size, fields[0].angle))
    shared, _ = cv2.intersectConvexConvex(cv2.convexHull(corners.astype(np.float32)), cv2.convexHull(outline))
    area = cv2.contourArea(corners.astype(np.float32))
    assert shared > 0.8 * area and cv2.contourArea(outline) < 3 * area


def test_a_country_below_the_code_is_not_the_code():
    gray, _ = envelope()
    write(gray, "USA", 430, 480)
    _, fields = find(gray)
    assert rank(fields, write(np.zeros_like(gray), "SPRINGFIELD IL 62704", 430, 430)) == 0


def test_places_on_a_page_of_other_things_are_unlikely():
    gray = np.full((900, 700), 245, np.uint8)
    for row in range(20):
        write(gray, f"item {row} price {row * 7 + 3}", 40, 60 + 40 * row, 0.7)
    _, likely = find(envelope()[0])
    _, unlikely = find(gray)
    assert likely[0].prior > 0 > max((field.prior for field in unlikely), default=-1)


@pytest.mark.parametrize("angle", [0, 7])
def test_lines_and_blocks_are_outlined_where_they_stand(angle):
    gray, _ = envelope()
    gray, matrix = turned(gray, angle)
    lines, blocks = outline_text(clean_page(Page(gray)))
    assert (len(lines), len(blocks)) == (6, 2)
    sender, recipient = sorted(blocks)
    for block, box in ((sender, (40, 46, 252, 120)), (recipient, (430, 309, 795, 430))):
        corners = cv2.convexHull(np.array(block, np.float32))
        left, top, right, bottom = box
        truth = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ matrix.T
        shared, _ = cv2.intersectConvexConvex(corners, truth.astype(np.float32))
        assert shared > 0.85 * max(cv2.contourArea(corners), cv2.contourArea(truth.astype(np.float32)))


def test_a_run_torn_out_of_a_longer_number_is_hardly_a_place():
    letters = np.array([[30.0 * i, 0.0, 30.0 * i + 22, 34.0] for i in range(5)])
    between, open_end, hyphen = (0.10, 0.10, False), (0.10, np.inf, False), (0.80, 0.10, True)
    before, after, dashed = (np.array(column) for column in zip(between, open_end, hyphen, strict=True))
    zeros, no = np.zeros(3, np.int64), np.zeros(3, bool)
    runs = Runs(letters, zeros, zeros, zeros + 5, before, after, np.full(3, 0.10), no, dashed, no)
    lines = Lines([], np.zeros((1, len(LINE_WEIGHTS))), np.array([142.0]))
    (inside, at_end, before_hyphen), _ = score_runs(runs, lines, 5)
    assert inside < before_hyphen - 3.0 and at_end < before_hyphen - 3.0
    loose = replace(runs, gap_inside=np.full(3, 0.02))
    assert score_runs(loose, lines, 5)[0][0] > inside + 3.0
    apart = replace(runs, gap_before=np.full(3, 0.4), gap_after=np.full(3, 0.4), gap_inside=np.full(3, 0.4))
    assert score_runs(apart, lines, 5)[0][0] > inside + 3.0
