"""Strings as a hand writes them: marks around amounts, zeros written in one go."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from zipread.lab import zeros
from zipread.lab.habits import WithHabits
from zipread.lab.synth.hands import Hands, Script
from zipread.lab.zeros import RunningZeros

SCRIPT = Script(height=40.0, stroke=3.0)


@pytest.fixture(scope="module")
def hands() -> Hands:
    """One writer with two specimens of each digit, drawn with a plotter's letters."""
    specimens = np.zeros((20, 28, 28), np.uint8)
    for at in range(20):
        cv2.putText(specimens[at], str(at // 2), (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2)
    return Hands(specimens, np.repeat(np.arange(10), 2).astype(np.uint8), np.zeros(20, np.int32))


def written(source, text: str, seeds: int) -> list:
    return [source.glyphs(np.random.default_rng(seed), text, SCRIPT) for seed in range(seeds)]


def test_marks_stand_around_the_digits_and_before_the_last_three(hands):
    strings = ["".join(glyph.text for glyph in glyphs) for glyphs in written(WithHabits(hands, 1.0), "10800", 40)]
    assert {"".join(filter(str.isdigit, string)) for string in strings} == {"10800"}
    assert any(string.endswith(("0-", "0.-", "0,-")) for string in strings)
    assert any(mark in string for string in strings for mark in ("10.800", "10,800"))


def test_without_marks_there_are_digits_alone(hands):
    for glyphs in written(WithHabits(hands), "10800", 20):
        assert [glyph.text for glyph in glyphs] == list("10800")


def test_dashes_are_strokes_of_the_pen_above_the_line(hands):
    dashes = [g for glyphs in written(WithHabits(hands, 1.0), "10800", 60) for g in glyphs if g.text == "-"]
    assert len(dashes) > 20
    for dash in dashes:
        height, width = dash.coverage.shape
        assert dash.coverage.max() == 1.0
        assert width >= 0.2 * SCRIPT.height
        assert dash.top < 0 and dash.top + height / 2 <= 0.0


def test_last_zeros_are_of_one_height_that_is_lower_than_the_line(hands, monkeypatch):
    monkeypatch.setattr(zeros, "FLATTENED_SHARE", 0.0)
    for glyphs in written(RunningZeros(hands), "97000", 30):
        assert [glyph.text for glyph in glyphs] == list("97000")
        heights = np.array([glyph.coverage.shape[0] for glyph in glyphs[2:]])
        assert heights.max() <= 1.3 * zeros.HEIGHTS[1] * SCRIPT.height + 2 * SCRIPT.stroke
        assert heights.min() >= 0.6 * heights.max()


def test_some_writers_flatten_them_towards_the_end(hands, monkeypatch):
    monkeypatch.setattr(zeros, "FLATTENED_SHARE", 1.0)
    monkeypatch.setattr(zeros, "JOINED", 0.0)
    monkeypatch.setattr(zeros, "CURLED_SHARE", 0.0)
    shapes = np.array([[g.coverage.shape for g in glyphs[1:]] for glyphs in written(RunningZeros(hands), "90000", 40)])
    heights, widths = np.median(shapes[:, -1] / shapes[:, 0], axis=0)
    assert heights < 0.8
    assert 0.85 < widths < 1.15


def test_a_single_last_zero_is_the_hands_own(hands):
    drawn = hands.glyphs(np.random.default_rng(3), "97510", SCRIPT)
    running = RunningZeros(hands).glyphs(np.random.default_rng(3), "97510", SCRIPT)
    assert all(np.array_equal(a.coverage, b.coverage) for a, b in zip(drawn, running, strict=True))
