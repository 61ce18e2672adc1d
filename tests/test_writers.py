"""Writers beside those of a collection."""

from __future__ import annotations

import numpy as np
import pytest

from zipread.errors import DependencyError
from zipread.lab import writers
from zipread.lab.mnist import Digits
from zipread.lab.synth import families, fonts
from zipread.lab.writers import drawn_writers, font_writers, together


@pytest.fixture(scope="module")
def font():
    try:
        return fonts.find_fonts([family for family in families.TRAIN_PRINT if family.name == "DejaVu Sans"])[:1]
    except DependencyError as error:
        pytest.skip(str(error))


def test_every_drawn_writer_writes_every_digit(monkeypatch):
    monkeypatch.setattr(writers, "DRAWN_WRITERS", 3)

    made = drawn_writers(seed=1)

    assert made.x.shape == (3 * 10 * writers.SPECIMENS, 28, 28)
    assert sorted(set(made.writer.tolist())) == [-3, -2, -1]
    for writer in (-3, -2, -1):
        assert np.bincount(made.y[made.writer == writer]).tolist() == [writers.SPECIMENS] * 10


def test_a_font_makes_hands_that_write_its_digits_each_in_a_way_of_its_own(font):
    made = font_writers(font, seed=1)
    hands = sorted(set(made.writer.tolist()))

    assert len(hands) == writers.HANDS_A_FONT
    assert max(hands) < -writers.DRAWN_WRITERS  # none of the drawn writers
    means = [[made.x[(made.writer == hand) & (made.y == digit)].mean(axis=0) for digit in range(10)] for hand in hands]
    first, second = np.array(means, np.float32)
    assert np.abs(first - second).mean() > 5
    # A one is narrow and a zero has a hole, whoever writes them.
    one, zero = (made.x[made.y == digit].mean(axis=0) for digit in (1, 0))
    assert one[8:20, 12:16].mean() > 3 * zero[11:17, 12:16].mean()


def test_the_same_seed_makes_the_same_writers(font):
    assert np.array_equal(font_writers(font, seed=2).x, font_writers(font, seed=2).x)
    assert not np.array_equal(font_writers(font, seed=2).x, font_writers(font, seed=3).x)


def test_collections_are_put_together_in_order():
    parts = [Digits(np.full((2, 28, 28), k, np.uint8), np.full(2, k, np.uint8), np.full(2, -k)) for k in (1, 2)]

    both = together(*parts)

    assert both.x.shape == (4, 28, 28)
    assert both.y.tolist() == [1, 1, 2, 2]
    assert both.writer.tolist() == [-1, -1, -2, -2]
