"""Wavy lines of a cancellation are taken out of the ink; letters and other lines stay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from zipread.clean import without_waves, without_waves_at
from zipread.records import CleanPage, Field, Page


def paper() -> np.ndarray:
    return np.zeros((240, 400), np.uint8)


def with_waves(ink: np.ndarray, number: int, first: int = 60) -> np.ndarray:
    """Waves of 50 pixels' length, 7 pixels up and down, 25 pixels below each other."""
    ink = ink.copy()
    x = np.arange(40, 360)
    for wave in range(number):
        y = first + 25 * wave + 7 * np.sin(2 * np.pi * x / 50)
        cv2.polylines(ink, [np.stack([x, np.round(y)], axis=1).astype(np.int32)], False, 255, 2)
    return ink


def with_letters(ink: np.ndarray) -> np.ndarray:
    ink = ink.copy()
    cv2.putText(ink, "HILL 4307", (90, 118), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 255, 3)
    return ink


def lifted(ink: np.ndarray, angle: float = 0.0) -> np.ndarray | None:
    """The ink that is left where all of it is equally dark."""
    rest = without_waves(Page(255 - ink), CleanPage(255 - ink, ink, 1.0, angle))
    return None if rest is None else rest[1].ink


def stamped(letters: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Paper with black letters, and gray waves across them."""
    return np.minimum(255 - letters, np.where(waves > 0, 120, 255).astype(np.uint8))


def test_waves_on_bare_paper_go():
    rest = lifted(with_waves(paper(), 3))
    assert rest is not None
    assert np.count_nonzero(rest) < 0.02 * np.count_nonzero(with_waves(paper(), 3))


def test_strokes_stay_where_waves_cross_them():
    letters = with_letters(paper())
    rest = lifted(with_waves(letters, 4))
    assert rest is not None
    assert np.count_nonzero(rest & letters) > 0.85 * np.count_nonzero(letters)
    outside = cv2.dilate(letters, np.ones((25, 25), np.uint8)) == 0
    assert np.count_nonzero(rest[outside]) < 0.05 * np.count_nonzero(with_waves(paper(), 4)[outside])


def test_what_is_darker_than_the_waves_stays_and_the_rest_is_painted_over():
    letters, waves = with_letters(paper()), with_waves(paper(), 4)
    gray = stamped(letters, waves)
    rest = without_waves(Page(gray), CleanPage(gray, letters | waves, 1.0, 0.0))
    assert rest is not None
    page, clean = rest
    assert np.count_nonzero(clean.ink & letters) > 0.95 * np.count_nonzero(letters)
    assert (page.gray[letters == 255] == 0).mean() > 0.95
    away = cv2.dilate(letters, np.ones((3, 3), np.uint8)) == 0
    assert (page.gray[away] == 255).mean() > 0.99


def test_a_page_is_painted_at_its_own_resolution():
    letters, waves = with_letters(paper()), with_waves(paper(), 4)
    gray = stamped(letters, waves)
    large = cv2.resize(gray, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_NEAREST)
    rest = without_waves(Page(large), CleanPage(gray, letters | waves, 0.5, 0.0))
    assert rest is not None
    assert rest[0].gray.shape == large.shape
    assert (rest[0].gray[large == 120] == 255).mean() > 0.9
    assert (rest[0].gray[large == 0] == 0).mean() > 0.95


def test_a_wave_is_followed_under_text_as_it_repeats_itself():
    ink = with_waves(paper(), 4)
    block = np.zeros_like(ink)
    block[56:66, 90:210] = 255  # hides more than two periods of the first wave, but for their tops and bottoms
    around = np.s_[40:80, 90:210]
    shown = np.count_nonzero((ink & ~block)[around])
    rest = lifted(ink | block)
    assert rest is not None
    assert shown > 100
    assert np.count_nonzero((rest & ~block)[around]) < 0.1 * shown


def test_waves_on_a_page_that_lies_on_its_side_go():
    ink = with_waves(with_letters(paper()), 4)
    level, side = lifted(ink), lifted(cv2.transpose(ink), 90.0)
    assert level is not None and side is not None
    assert np.array_equal(cv2.transpose(side), level)


def test_two_waves_are_an_ornament():
    assert lifted(with_waves(paper(), 2)) is None


def test_straight_lines_and_letters_are_no_waves():
    ruled = with_letters(paper())
    for y in (60, 85, 130, 155):
        cv2.line(ruled, (40, y), (360, y + 8), 255, 2)
    assert lifted(ruled) is None
    assert lifted(paper()) is None


def test_the_page_itself_is_not_changed():
    ink = with_waves(paper(), 3)
    page, clean = Page(255 - ink), CleanPage(255 - ink, ink.copy(), 1.0, 0.0)
    without_waves(page, clean)
    assert np.array_equal(clean.ink, ink) and np.array_equal(page.gray, 255 - ink)


def field_at(x: float, y: float, angle: float = 0.0) -> Field:
    return Field((x, y), (60.0, 20.0), angle, "envelope")


def test_waves_around_a_place_go_and_others_stay():
    ink = np.hstack([with_waves(paper(), 4), paper(), with_waves(paper(), 4)])
    page = Page(255 - ink)
    rest = without_waves_at(page, field_at(200.0, 100.0))
    assert rest is not None
    assert (page.gray[40:160, 130:270] == 255).mean() < 0.95
    assert (rest.gray[40:160, 130:270] == 255).mean() > 0.99
    assert np.array_equal(rest.gray[:, 400:], page.gray[:, 400:])
    assert without_waves_at(page, field_at(600.0, 100.0)) is None
    assert np.array_equal(page.gray, 255 - ink)


@pytest.mark.parametrize("scale", [1, 2])
def test_waves_around_a_place_on_its_side_go_at_the_resolution_of_the_page(scale):
    ink = np.zeros((1600, 1000), np.uint8)
    ink[:400, 80:320] = cv2.transpose(with_waves(paper(), 4))
    large = cv2.resize(255 - ink, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    place = Field((180.0 * scale, 200.0 * scale), (60.0 * scale, 20.0 * scale), 90.0, "envelope")
    rest = without_waves_at(Page(large), place)
    assert rest is not None
    assert rest.gray.shape == large.shape
    seen = np.s_[170 * scale : 230 * scale, 120 * scale : 240 * scale]
    assert (large[seen] > 200).mean() < 0.95
    assert (rest.gray[seen] > 200).mean() > 0.98
