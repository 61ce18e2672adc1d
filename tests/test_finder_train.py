import itertools

import numpy as np
import pytest

from zipread.errors import DependencyError
from zipread.finder import SIDES, places_in
from zipread.lab import finder_train, pageset
from zipread.lab.finder_train import BATCH, LARGEST_CODE, batches, cells_of, seen
from zipread.lab.pageset import LONGEST, SHARES, Pages, load, make_pages, save
from zipread.lab.synth.families import TRAIN_PRINT
from zipread.lab.synth.fonts import find_fonts
from zipread.lab.synth.hands import Prints
from zipread.lab.synth.mail import MailTruth, Supplies
from zipread.lab.synth.places import Place

SPRINGFIELD, WIEN = Place("62704", "Springfield", "IL"), Place("1010", "Wien", "")
CODE = np.array([(300, 200), (380, 204), (379, 224), (299, 220)], np.float32)
NONE = np.full((4, 2), np.nan, np.float32)


def page(shape=(400, 768)):
    """A light page with a dark code at CODE."""
    gray = np.full(shape, 230, np.uint8)
    gray[200:224, 299:380] = 20
    return gray


@pytest.fixture
def pages():
    import cv2

    _, data = cv2.imencode(".jpg", page())
    return Pages((data.tobytes(),) * 40, np.stack([CODE, NONE] * 20))


def test_what_the_network_is_to_say_is_read_back_as_the_code():
    cells = cells_of(CODE, (384, 768))
    assert cells[..., 0].sum() == pytest.approx(1.0)
    cells[..., 0] = np.where(cells[..., 0] > 0, 5.0, -20.0)
    cells[..., 7] = -20.0

    [place] = places_in(cells, 1.0)

    assert place.center == pytest.approx(tuple(CODE.mean(axis=0)), abs=0.01)
    assert place.size == pytest.approx((80.1, 20.0), rel=0.02)
    assert place.angle == pytest.approx(2.86, abs=0.05)


def test_of_a_page_without_a_code_the_network_is_to_say_nowhere():
    assert not cells_of(NONE, (256, 512)).any()


@pytest.mark.parametrize("side", SIDES.values())
@pytest.mark.parametrize("seed", range(12))
def test_however_a_page_is_seen_its_code_stays_in_the_picture_under_its_corners(seed, side, monkeypatch):
    monkeypatch.setattr(finder_train, "CLOSER", 0.0)
    picture, corners = seen(np.random.default_rng(seed), page(), CODE, side)

    assert max(picture.shape) == side and min(picture.shape) in (side // 2, side * 3 // 4, side)
    assert (corners >= 0).all() and (corners <= picture.shape[::-1]).all()
    x, y = np.round(corners.mean(axis=0)).astype(int)
    assert picture[y - 1 : y + 2, x - 1 : x + 2].mean() < picture.mean() - 30


def test_of_a_page_a_part_is_seen_with_all_of_its_code_or_nothing_of_it(monkeypatch):
    monkeypatch.setattr(finder_train, "CLOSER", 1.0)
    monkeypatch.setattr(finder_train, "OUTSIDE", 230)  # as light as the page
    scales = []
    for seed in range(60):
        picture, corners = seen(np.random.default_rng(seed), page(), CODE, 512)
        assert max(picture.shape) == 512 and min(picture.shape) in (64, 128, 256, 384, 512)
        if np.isnan(corners).any():
            assert picture.std() < 8  # noise
            continue
        assert (corners >= 0).all() and (corners <= picture.shape[::-1]).all()
        x, y = np.round(corners.mean(axis=0)).astype(int)
        assert picture[y - 1 : y + 2, x - 1 : x + 2].mean() < picture.mean() - 30
        assert (np.ptp(corners, axis=0) <= LARGEST_CODE * np.array(picture.shape[::-1]) + 1).all()
        scales.append(np.hypot(*(corners[1] - corners[0])) / np.hypot(*(CODE[1] - CODE[0])))
    assert 40 < len(scales) < 60  # most show the code
    assert min(scales) < 0.8 < 1.8 < max(scales)  # as a whole 512 / 768, near or far


def test_batches_are_of_one_shape_and_the_same_again(pages):
    first, again = (list(itertools.islice(batches(pages, 512, 3), 2)) for _ in range(2))

    for (pictures, cells), (others, _) in zip(first, again, strict=True):
        assert pictures.shape[0] == BATCH and pictures.dtype == np.uint8
        assert cells.shape == (BATCH, (pictures.shape[1] - 3) // 8, (pictures.shape[2] - 3) // 8, 8)
        assert np.array_equal(pictures, others)


def test_pages_come_back_from_their_file_unless_made_otherwise(tmp_path, pages):
    save(tmp_path / "pages.npz", pages, np.array([1, 40]))
    assert load(tmp_path / "pages.npz", np.array([2, 40])) is None
    again = load(tmp_path / "pages.npz", np.array([1, 40]))
    assert again.pictures == pages.pictures
    assert np.array_equal(again.corners, pages.corners, equal_nan=True)


def test_most_of_the_mail_that_trains_goes_to_other_countries_where_any_does(monkeypatch):
    home, abroad = (Supplies((place,), Prints(()), Prints(()), None) for place in (SPRINGFIELD, WIEN))
    went = []

    def make(rng, supplies, **_):
        went.append(supplies)
        return np.full((200, 300, 3), 230, np.uint8), MailTruth("", "", None, "printed", "letter", (), 0.0)

    monkeypatch.setattr(pageset, "make_mail", make)
    monkeypatch.setattr(pageset, "OTHER_MAIL", dict.fromkeys(pageset.OTHER_MAIL, make))
    monkeypatch.setattr(pageset, "make_stray", lambda *_: np.full((200, 300, 3), 230, np.uint8))
    for name in ("make_note", "make_receipt"):
        monkeypatch.setattr(pageset, name, lambda *_: np.full((200, 300, 3), 230, np.uint8))
    for index in range(300):
        pageset._page(np.random.default_rng(index), home, abroad)
    assert 0.7 < sum(supplies is abroad for supplies in went) / len(went) < 0.9
    went.clear()
    for index in range(30):
        pageset._page(np.random.default_rng(index), home, None)
    assert all(supplies is home for supplies in went)


def test_pages_of_all_kinds_are_made():
    try:
        prints = Prints(find_fonts([family for family in TRAIN_PRINT if family.name == "DejaVu Sans"]))
    except DependencyError as error:
        pytest.skip(str(error))
    supplies = Supplies((SPRINGFIELD,), prints, prints, None)

    made = make_pages(supplies, (), 24, seed=3, jobs=1)

    assert sum(SHARES.values()) == pytest.approx(1.0)
    assert len(made) == 24 and made.corners.shape == (24, 4, 2)
    coded = [row for row in range(24) if not np.isnan(made.corners[row]).any()]
    assert 12 <= len(coded) < 24
    for row in coded:
        gray, corners = made.picture(row), made.corners[row]
        assert max(gray.shape) == LONGEST
        (left, top), (right, bottom) = (
            np.floor(corners.min(axis=0)).astype(int),
            np.ceil(corners.max(axis=0)).astype(int),
        )
        inside = gray[max(0, top) : bottom, max(0, left) : right]
        assert np.ptp(inside) > 25  # there is ink
