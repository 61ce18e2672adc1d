import cv2
import numpy as np
import pytest

from zipread.normalize import normalize_ink, to_mnist


def bar(height: int, width: int, top: int, left: int, rows: int, columns: int) -> np.ndarray:
    picture = np.zeros((height, width), np.uint8)
    picture[top : top + rows, left : left + columns] = 255
    return picture


def ink_box(digit: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(digit.any(axis=1)), np.flatnonzero(digit.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def test_longer_side_becomes_20_and_aspect_is_kept():
    digit = normalize_ink(bar(100, 100, 5, 40, 80, 20))
    assert ink_box(digit) == (4, 24, 12, 17) or ink_box(digit) == (4, 24, 11, 16)
    wide = normalize_ink(bar(100, 100, 40, 5, 20, 80))
    top, bottom, left, right = ink_box(wide)
    assert (right - left, bottom - top) == (20, 5)


def test_centre_of_mass_stands_in_the_middle():
    picture = bar(60, 60, 10, 10, 40, 10)
    picture[40:50, 10:40] = 255  # an L: its mass is low and left
    digit = normalize_ink(picture).astype(float)
    ys, xs = np.mgrid[0:28, 0:28]
    assert abs((digit * ys).sum() / digit.sum() - 13.5) <= 0.5
    assert abs((digit * xs).sum() / digit.sum() - 13.5) <= 0.5


def test_polarity_does_not_matter():
    light_on_dark = np.full((60, 50), 30, np.uint8)
    light_on_dark[10:50, 22:28] = 220
    dark_on_light = 255 - light_on_dark
    assert np.array_equal(to_mnist(light_on_dark), to_mnist(dark_on_light))
    assert to_mnist(dark_on_light)[14, 14] == 255
    assert to_mnist(dark_on_light)[0, 0] == 0


def test_a_mask_is_ink_where_it_is_true():
    mask = bar(30, 30, 3, 13, 24, 4) > 0
    assert np.array_equal(to_mnist(mask), normalize_ink(mask.astype(np.uint8) * 255))


def test_resolution_hardly_matters():
    small = normalize_ink(bar(20, 20, 2, 8, 16, 4))
    large = normalize_ink(bar(200, 200, 20, 80, 160, 40))
    assert np.abs(small.astype(int) - large.astype(int)).mean() < 8


@pytest.mark.parametrize("shape", [(1, 1), (40, 40), (28, 28)])
def test_no_contrast_is_no_ink(shape):
    assert not to_mnist(np.full(shape, 128, np.uint8)).any()


def test_ink_touching_every_border_stays_inside():
    digit = normalize_ink(np.full((7, 7), 255, np.uint8))
    assert ink_box(digit) == (4, 24, 4, 24)


@pytest.mark.parametrize(
    "crop", [np.zeros((0, 5), np.uint8), np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.float32)]
)
def test_what_is_no_crop_is_refused(crop):
    with pytest.raises(ValueError, match="a digit is"):
        to_mnist(crop)


@pytest.mark.parametrize("digit", [0, 8, 7, 4])
@pytest.mark.parametrize("size", [16, 40])
def test_a_crop_cut_close_is_the_right_way_round_in_either_polarity(digit, size):
    canvas = np.zeros((120, 120), np.uint8)
    cv2.putText(canvas, str(digit), (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 3.2, 255, 16)
    x, y, w, h = cv2.boundingRect(canvas)
    tight = cv2.resize(canvas[y : y + h, x : x + w], (round(size * w / h), size), interpolation=cv2.INTER_AREA)
    wanted = to_mnist(np.pad(tight, 8)).astype(int)
    for crop in (tight, 255 - tight):
        assert np.abs(to_mnist(crop) - wanted).mean() < 8
