from dataclasses import replace

import numpy as np
import pytest

from zipread.records import Field, Page, Strip
from zipread.sequence import SeenLine
from zipread.skim import numbers_in, skim

HEIGHT = 20.0  # of a digit, pixels of the page and of a normalized line: a column is 2 pixels of the page
STRIP = Strip((200.0, 30.0), (360.0, 36.0), 0.0, 2 / 9)  # from x = 20 to 380


class Told:
    """A second reader that names what it is told, at columns of the strip."""

    def __init__(self, *shown: tuple[str, int]) -> None:
        self.shown = shown

    def see(self, line: np.ndarray) -> SeenLine:
        columns = np.full((line.shape[1] // 2, 11), 0.01, np.float32)
        columns[:, 10] = 0.9
        for name, at in self.shown:
            columns[at, int(name)], columns[at, 10] = 0.95, 0.01
        return SeenLine(columns, 0.0)


@pytest.fixture
def page() -> Page:
    gray = np.full((60, 400), 240, np.uint8)
    gray[20:40, 30:370:12] = 20
    return Page(gray)


def place(left: float, right: float, prior: float) -> Field:
    return Field(((left + right) / 2, 30.0), (right - left + 12.0, 38.0), 0.0, "envelope", prior=prior, line=STRIP)


def digits_at(text: str, first: int, apart: int = 7) -> list[tuple[str, int]]:
    return [(name, first + apart * i) for i, name in enumerate(text)]


def test_digits_far_apart_are_of_two_numbers(page):
    found = numbers_in(page, STRIP, Told(*digits_at("12", 5), *digits_at("62704", 100)))
    assert [number.digits for number in found] == ["12", "62704"]
    assert found[1].start == pytest.approx(2 * 100.5 - 8, abs=2)
    assert found[1].stop == pytest.approx(2 * 128.5 + 8, abs=2)


def test_a_place_where_a_code_stands_overtakes_one_where_letters_do(page):
    letters, code = place(30, 100, 0.5), place(212, 285, -1.0)
    first, second = skim(page, [letters, code], 5, Told(*digits_at("62704", 100)))
    assert first.is_at(code)
    assert second.is_at(letters)
    assert first.prior > 0.5 > letters.prior - 0.1 > second.prior


def test_of_two_numbers_the_better_shaped_one_has_no_advantage(page):
    above = Strip((200.0, 15.0), (360.0, 36.0), 0.0, 2 / 9)
    neat = replace(place(212, 285, -0.2), of_letters=4.0)
    smeared = replace(place(212, 285, -0.8), center=(248.5, 15.0), line=above, of_letters=1.0)
    first, second = skim(page, [neat, smeared], 5, Told(*digits_at("62704", 100)))
    assert (first.center, second.center) == (smeared.center, neat.center)
    letters, none = skim(page, [neat, smeared], 5, Told())
    assert (letters.center, none.center) == (neat.center, smeared.center)


def test_of_two_places_of_one_number_the_better_shaped_one_stays_first(page):
    whole, more = replace(place(212, 285, -0.2), of_letters=4.0), replace(place(205, 292, -0.8), of_letters=1.0)
    first, second = skim(page, [whole, more], 5, Told(*digits_at("62704", 100)))
    assert first.is_at(whole)
    assert second.is_at(more)


@pytest.mark.parametrize(
    ("text", "offered"), [("62704", True), ("627041234", True), ("6270", False), ("627041", False)]
)
def test_only_numbers_of_the_code_s_length_become_places(page, text, offered):
    places = skim(page, [place(30, 60, 0.0)], 5, Told(*digits_at(text, 90)))
    new = [found for found in places if found.center[0] > 150]
    assert bool(new) == offered
    if offered:
        assert new[0].layout == "envelope"
        left = new[0].center[0] - new[0].size[0] / 2
        assert 20 + 2 * 90 - 20 < left < 20 + 2 * 90


def test_a_letter_taken_for_a_digit_does_not_hide_the_code_beside_it(page):
    letters, code = place(30, 100, 0.5), place(212, 285, -0.3)
    first, _ = skim(page, [letters, code], 5, Told(*digits_at("162704", 93)))
    assert first.is_at(code)


def test_no_add_on_follows_a_code_of_six(page):
    assert len(skim(page, [place(30, 60, 0.0)], 6, Told(*digits_at("1234567890", 60)))) == 1


def test_places_in_boxes_compete_but_are_not_skimmed(page):
    boxed = Field((100.0, 30.0), (80.0, 30.0), 0.0, "boxes", prior=1.0)
    first, *_ = skim(page, [boxed, place(30, 100, 0.9)], 5, Told())
    assert first.is_at(boxed)
    assert first.prior > 1.0  # what speaks against the other place speaks for this one


def test_an_empty_strip_has_no_numbers():
    assert numbers_in(Page(np.full((60, 400), 240, np.uint8)), STRIP, Told(*digits_at("1", 5))) == []
