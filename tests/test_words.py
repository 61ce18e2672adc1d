"""The line before a code, as the reader of letters is shown it."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import ROOT
from test_letters import TOWNS, columns

from zipread import Reader
from zipread.letters import LetterReader
from zipread.load import load_pages
from zipread.records import Box, FieldImage, Page
from zipread.towns import load_towns
from zipread.words import APART, LENGTH, Words

HEIGHT = 40  # of the digits, pixels of the page
DIGITS = [Box(10 + 30 * at, 8, 24, HEIGHT) for at in range(5)]  # in a picture of their place
CODE_AT = (1200, 100)
TO_PAGE = np.array([[1.0, 0.0, 1200.0], [0.0, 1.0, 100.0]])


def place_with(to_page: np.ndarray, paper: int = 240, ink: int = 20) -> FieldImage:
    """A picture of the place of the digits."""
    gray = np.full((60, 180), paper, np.uint8)
    mask = np.zeros_like(gray)
    for box in DIGITS:  # a bar in the middle of each box, and paper beside it
        bar = np.s_[box.y : box.bottom, box.x + 6 : box.right - 6]
        gray[bar], mask[bar] = ink, 255
    return FieldImage(gray, np.where(mask > 0, 255, 0).astype(np.uint8), mask, to_page)


class Shown:
    """A network that keeps what it is shown, and says one thing of everything."""

    def __init__(self, says: np.ndarray) -> None:
        self.lines: list[np.ndarray] = []
        self.says = says

    def __call__(self, batch: np.ndarray) -> np.ndarray:
        self.lines.append(batch[0])
        return self.says[None]


def page_with(paper: int = 240, ink: int = 20, bed: int | None = None) -> Page:
    """A code of five bars, another bar that ends two digit heights left of it; and the bed that the piece lies on."""
    gray = np.full((300, 1500), paper, np.uint8)
    x, y = CODE_AT
    if bed is not None:
        gray[:, : x - 6 * HEIGHT] = bed
    for box in DIGITS:
        gray[y + box.y : y + box.bottom, x + box.x : x + box.right] = ink
    word_ends = x + DIGITS[0].x - 2 * HEIGHT
    gray[y + 8 : y + 8 + HEIGHT, word_ends - 30 : word_ends] = ink
    return Page(gray)


def inked(line: np.ndarray) -> np.ndarray:
    return np.flatnonzero(line[6:26].mean(axis=0) > 100)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_what_stands_left_of_a_code_is_seen_without_it(quarters):
    shown = Shown(columns("A"))
    page = page_with()
    width, height = 1500.0, 300.0
    turns = [
        ([[1, 0, 0], [0, 1, 0]], 0.0),
        ([[0, 1, 0], [-1, 0, width]], -90.0),
        ([[-1, 0, width], [0, -1, height]], 180.0),
        ([[0, -1, height], [1, 0, 0]], 90.0),
    ]
    turn, angle = turns[quarters]
    turned = Page(np.ascontiguousarray(np.rot90(page.gray, quarters)))
    to_turned = np.array(turn, float) @ np.vstack([TO_PAGE, [0, 0, 1]])
    said = Words(LetterReader(shown), TOWNS).before(turned, DIGITS, place_with(to_turned), angle)
    assert said is not None and np.array_equal(said.columns, columns("A"))
    [line] = shown.lines
    assert line.shape == (32, LENGTH * 20 // 16 * 16 + (16 if LENGTH * 20 % 16 else 0))
    found = inked(line)
    # The bar is 15 columns wide, and ends two digit heights before the code.
    assert found[-1] - found[0] == pytest.approx(15, abs=2)
    assert found[-1] == pytest.approx((LENGTH + APART - 2) * 20, abs=3)


@pytest.mark.parametrize(("paper", "ink", "bed"), [(60, 230, 245), (60, 230, None), (235, 20, 15), (170, 20, 250)])
def test_ink_is_told_from_paper_whatever_the_piece_lies_on(paper, ink, bed):
    shown = Shown(columns("A"))
    words, page = Words(LetterReader(shown), TOWNS), page_with(paper, ink, bed)
    assert words.before(page, DIGITS, place_with(TO_PAGE, paper, ink), 0.0) is not None
    [line] = shown.lines
    on_the_piece = inked(line[:, -5 * 20 :])
    assert on_the_piece[-1] - on_the_piece[0] == pytest.approx(15, abs=2)
    assert on_the_piece[-1] == pytest.approx((5 + APART - 2) * 20, abs=20)


def test_where_there_is_nothing_but_paper_nothing_is_said():
    shown, page = Shown(columns("A")), Page(np.full((300, 1500), 240, np.uint8))
    assert Words(LetterReader(shown), TOWNS).before(page, DIGITS, place_with(TO_PAGE), 0.0) is None
    assert not shown.lines


def read_with(line: str):
    """The sample whose fourth digit may be a 7 or a 1, as it is read with these words before its code."""
    reader = Reader()
    viewer = reader._viewer
    words = Words(LetterReader(Shown(columns(line))), load_towns())
    reader._viewer = replace(viewer, fields=replace(viewer.fields, words=words))
    [reading] = reader.read(ROOT / "samples" / "envelopes" / "hand-4.jpg")
    return reading


def test_the_town_before_a_code_rules_others_out():
    town, nothing = (read_with(line) for line in ("JOHN DOE REE HEIGHTS SD", " "))
    assert town.code == nothing.code == "57371"
    assert dict(town.alternatives)["57311"] < dict(nothing.alternatives)["57311"] / 5


def test_the_town_before_a_code_says_which_of_two_it_is():
    other_town = read_with("ALEXANDRIA SD")
    assert other_town.code == "57311" or dict(other_town.alternatives)["57311"] > 0.2
    assert other_town.confidence < read_with("REE HEIGHTS SD").confidence


def test_the_state_in_a_form_speaks_for_the_codes_that_lie_in_it():
    its_own, another = (read_with(f"CITY SOMEWHERE STATE {state} ZIP") for state in ("SD", "WY"))
    assert another.code == its_own.code
    assert another.confidence < its_own.confidence


@pytest.mark.parametrize(("line", "is_labelled"), [("STATE SD ZIP", True), ("REE HEIGHTS SD", False)])
def test_a_place_behind_a_label_is_known_to_be(line, is_labelled):
    viewer = Reader()._viewer
    words = Words(LetterReader(Shown(columns(line))), load_towns())
    [page] = load_pages(ROOT / "samples" / "envelopes" / "hand-4.jpg", 100_000_000)
    view = replace(viewer, fields=replace(viewer.fields, words=words)).view(page, "auto")
    assert view.best is not None and view.best.is_labelled == is_labelled


def test_without_the_directory_nobody_looks_at_words():
    reader = Reader(directory="none")
    assert reader._viewer.fields.words is None
    assert Reader()._viewer.fields.words is not None


def test_what_was_read_before_a_code_is_told():
    reader = Reader()
    [page] = load_pages(ROOT / "samples" / "envelopes" / "hand-4.jpg", 100_000_000)
    _, search = reader.explain_page(page)
    assert search.places[0].before.endswith("SD")
