from dataclasses import replace

import cv2
import numpy as np
import pytest
from conftest import ROOT

from zipread import views
from zipread.directory import load_directory
from zipread.fields import FieldReader, Networks
from zipread.finder import (
    CELL,
    CHANNELS,
    GRID,
    HEIGHT,
    LENGTH,
    MOST_PLACES,
    MOST_SLENDER,
    OUTSIDE,
    SEEN_AGAIN,
    SIDES,
    SMALLEST,
    Finder,
    Found,
    bordered,
    load_finder,
    places_in,
    pooled,
    shrink,
)
from zipread.glance import BESIDE, NO_NUMBER, TRIES, fitted, glance, joined, line_angle
from zipread.load import load_pages
from zipread.records import Field, Page
from zipread.sequence import load_column_reader
from zipread.skim import Number
from zipread.views import View, Viewer

ENVELOPE = ROOT / "samples/envelopes/print-1.jpg"


def answer(*places, rows=12, columns=20, nowhere=-20.0):
    """What the network says of places (row, column, score, direction in degrees) and of nothing else."""
    cells = np.zeros((rows, columns, CHANNELS), np.float32)
    cells[..., 0], cells[..., 5], cells[..., 7] = -20.0, 1.0, nowhere
    for row, column, score, degrees in places:
        cells[row, column, 0] = score
        cells[row, column, 5:7] = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return cells


def page_of(path):
    return next(iter(load_pages(path, 10**9)))


def test_a_page_is_brought_to_one_size_with_gray_around_it():
    small, scale = shrink(np.full((1000, 2000), 200, np.uint8), 512)

    assert small.shape == (256, 512)
    assert scale == pytest.approx(0.256)
    small, _ = shrink(np.full((2000, 1270), 200, np.uint8), 512)
    assert small.shape == (512, 352)
    assert all(side % GRID == 0 for side in small.shape)
    assert (small[:, :325] == 200).all() and (small[:, 325:] == OUTSIDE).all()
    assert max(shrink(np.full((2000, 1270), 200, np.uint8), 640)[0].shape) == 640
    inside = bordered(small)
    assert np.array_equal(inside[1:-2, 1:-2], small)
    assert (inside[0] == OUTSIDE).all() and (inside[:, -2:] == OUTSIDE).all()


def test_a_page_that_leaves_a_doubt_is_shown_turned_and_the_place_told_as_the_page_lies():
    """A network that knows upright pages alone: those with a dark mark in their upper left corner."""

    def network(batch):
        small = batch[0, 1:-2, 1:-2, 0]
        cells = answer(rows=small.shape[0] // CELL, columns=small.shape[1] // CELL, nowhere=0.0)
        if small[:20, :20].mean() < 60:
            cells[20, 30, 0], cells[20, 30, 5:7] = 9.0, (1.0, 0.0)
        return cells[None]

    upright = np.full((384, 512), 200, np.uint8)
    upright[:24, :24] = 0
    [there] = Finder(network, 512).find(upright)
    assert there.center == pytest.approx((30.5 * CELL, 20.5 * CELL))
    for quarters, center in ((1, (164.0, 268.0)), (2, (268.0, 220.0)), (3, (220.0, 244.0))):
        [place] = Finder(network, 512).find(np.ascontiguousarray(np.rot90(upright, quarters)))
        assert place.center == pytest.approx(center)
        assert abs((place.angle + 90.0 * quarters + 180.0) % 360.0 - 180.0) < 1e-6
        assert place.size == pytest.approx(there.size)


@pytest.mark.parametrize(("mark", "share"), [(40, SEEN_AGAIN[0]), (16, SEEN_AGAIN[1])])
@pytest.mark.parametrize("score", [9.0, 0.5])  # sure of it, or not
def test_a_page_of_large_or_of_small_letters_is_seen_again_and_the_place_told_as_the_page_is(score, mark, share):
    shapes = []

    def network(batch):
        """Knows a mark of twelve pixels alone, in the upper left corner; at 512 pixels the page has one of 20 or 8."""
        small = batch[0, 1:-2, 1:-2, 0]
        shapes.append(small.shape)
        cells = answer(rows=small.shape[0] // CELL, columns=small.shape[1] // CELL, nowhere=0.0)
        if small[:10, :10].mean() < 60 and small[14:18, 14:18].mean() > 180:
            cells[2, 5, 0], cells[2, 5, 5:7] = score, (1.0, 0.0)
        return cells[None]

    page = np.full((768, 1024), 200, np.uint8)
    page[:mark, :mark] = 0

    [place] = Finder(network, 512).find(page)

    shown = round(share * 512) / 1024
    assert place.center == pytest.approx((5.5 * CELL / shown, 2.5 * CELL / shown))
    assert place.size == pytest.approx((LENGTH / shown, HEIGHT / shown))
    known = 1 + SEEN_AGAIN.index(share)
    assert len(shapes) == (1 + known if score > 5 else 3 + 3)  # where it is sure no more, else turned as well


def test_a_page_that_no_view_is_sure_of_has_its_code_where_most_of_them_see_it():
    def network(batch):
        """At 512 pixels a place in the lower right corner; larger or smaller, one in the upper left, less likely."""
        side = batch.shape[1] - 3
        at = side // CELL * 3 // 4 if side == 512 else side // CELL // 4
        score, cells = (1.0 if side == 512 else 0.5), side // CELL
        return answer((at, at, score, 0.0), rows=cells, columns=cells, nowhere=0.0)[None]

    best = Finder(network, 512).find(np.full((640, 640), 200, np.uint8))[0]

    assert best.center == pytest.approx((160.0, 160.0), abs=20.0)


def test_what_most_views_of_a_page_see_comes_first_as_the_surest_of_them_sees_it():
    here, nearly_here = Found((300.0, 200.0), (100.0, 20.0), 0.0, 0.5), Found((310.0, 204.0), (96.0, 22.0), 1.0, 0.4)
    elsewhere = Found((100.0, 50.0), (90.0, 18.0), 0.0, 0.6)

    first, second = pooled([[here], [elsewhere], [nearly_here]])

    assert (first.center, first.size, first.angle) == (here.center, here.size, here.angle)
    assert second.center == elsewhere.center
    # A code stands anywhere with 0.6 in the view that sees most.
    assert first.probability == pytest.approx(0.6 * 0.5 / 1.1) and second.probability == pytest.approx(0.6 * 0.6 / 1.1)
    assert pooled([[here]]) == [here] and pooled([[], []]) == []
    # What one view sees twice speaks no louder.
    assert pooled([[here, nearly_here], [elsewhere]])[0].center == elsewhere.center


@pytest.mark.parametrize("angle", [0.0, 90.0])
def test_views_that_see_two_lines_of_an_address_see_two_places(angle):
    away = {0.0: (0.0, 30.0), 90.0: (30.0, 0.0)}[angle]  # across the line
    one = Found((300.0, 200.0), (100.0, 20.0), angle, 0.4)
    below = replace(one, center=(300.0 + away[0], 200.0 + away[1]))
    along = replace(one, center=(300.0 + away[1], 200.0 + away[0]))
    assert len(pooled([[one], [below]])) == 2
    assert len(pooled([[one], [along]])) == 1


def test_a_cell_names_where_the_code_is_how_large_and_which_way():
    cells = answer((3, 10, 5.0, 90.0))
    cells[3, 10, 1:5] = 0.5, -0.25, np.log(2.0), np.log(0.5)

    [place] = places_in(cells, scale=0.25)

    assert place.center == pytest.approx((4 * CELL * 11.0, 4 * CELL * 3.25))
    assert place.size == pytest.approx((4 * 2 * LENGTH, 4 * HEIGHT / 2))
    assert place.angle == pytest.approx(90.0)
    assert place.probability == pytest.approx(1.0)


def test_cells_that_name_one_place_speak_together_and_others_for_themselves():
    cells = answer((3, 10, 2.0, 0.0), (3, 11, 2.0, 0.0), (8, 4, 2.0, 180.0))
    cells[3, 10, 1], cells[3, 11, 1] = 0.5, -0.5  # both mean the point between them

    first, second = places_in(cells, scale=1.0)

    assert first.probability == pytest.approx(2 / 3, abs=1e-6)
    assert first.center == pytest.approx((11.0 * CELL, 3.5 * CELL))
    assert second.probability == pytest.approx(1 / 3, abs=1e-6)
    assert abs(second.angle) == pytest.approx(180.0)


def test_where_nowhere_is_likelier_a_place_is_told_with_what_is_left_for_it():
    assert places_in(answer(nowhere=10.0), 1.0) == []
    [place] = places_in(answer((3, 10, 2.0, 0.0), nowhere=2.0), 1.0)
    assert place.probability == pytest.approx(0.5)


def test_of_many_places_a_few_are_told():
    many = [(row, column, 3.0, 0.0) for row in (1, 6, 10) for column in (2, 9, 16)]
    assert len(places_in(answer(*many), 1.0)) == MOST_PLACES


@pytest.mark.parametrize("shape", [(SMALLEST // 2, SMALLEST - 1), (int(990 / MOST_SLENDER), 1000), (1, 3000)])
def test_a_picture_too_small_or_too_slender_for_mail_is_not_looked_at(shape):
    def network(batch):
        pytest.fail("looked at")

    assert Finder(network, 512).find(np.zeros(shape, np.uint8)) == []


@pytest.mark.parametrize("mail", ["us", "abroad"])
def test_the_network_of_record_and_the_one_that_runs_say_the_same(mail):
    small, _ = shrink(page_of(ENVELOPE).gray, SIDES[mail])
    batch = bordered(small)[None, ..., None]
    by_onnx, by_keras = (load_finder(engine, mail=mail).network(batch) for engine in ("onnx", "keras"))

    assert by_onnx.shape == (1, small.shape[0] // CELL, small.shape[1] // CELL, CHANNELS)
    assert np.abs(by_onnx - by_keras).max() < 1e-4  # scores reach 20, probabilities are what is held to 1e-5
    for one, other in zip(places_in(by_onnx[0], 1.0), places_in(by_keras[0], 1.0), strict=True):
        assert abs(one.probability - other.probability) < 1e-5


@pytest.mark.parametrize("quarters", range(4))
def test_the_code_is_seen_whichever_way_the_piece_lies(quarters):
    page = Page(np.ascontiguousarray(np.rot90(page_of(ENVELOPE).gray, -quarters)))

    place = glance(page, load_finder(), load_column_reader(), 5)[0]

    assert place.prior > 3.0
    assert abs((place.angle - 90.0 * quarters + 180.0) % 360.0 - 180.0) < 10.0


class Sees:
    """A finder that sees these places."""

    def __init__(self, *places: Found) -> None:
        self.places = list(places)

    def find(self, gray: np.ndarray) -> list[Found]:
        return self.places


LOSS = np.exp(-NO_NUMBER)


@pytest.mark.parametrize(("off", "high"), [(0, 40), (14, 34), (-14, 34), (0, 28)])
def test_a_place_holds_its_digits_where_the_finder_sees_it_too_low_too_high_or_too_small(off, high):
    gray = np.full((400, 900), 235, np.uint8)
    cv2.putText(gray, "60614", (300, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
    ys, xs = np.nonzero(gray < 128)
    seen = Field(
        ((xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2 + off), (np.ptp(xs) + 20.0, 1.8 * high), 0.0, "envelope"
    )
    place = fitted(Page(gray), seen)
    top, bottom = place.center[1] - place.size[1] / 2, place.center[1] + place.size[1] / 2
    assert top < ys.min() and bottom > ys.max()
    assert bottom - top < 2.2 * np.ptp(ys)
    assert (place is seen) == (off == 0)  # it held them already


@pytest.mark.parametrize(
    ("text", "loses"), [("60614", 0.0), ("606146", NO_NUMBER), ("8    60614", NO_NUMBER), ("60614    8", 0.0)]
)
def test_a_place_without_a_number_of_the_codes_length_is_less_likely(text, loses):
    gray = np.full((400, 900), 235, np.uint8)
    cv2.putText(gray, text, (300, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
    ys, xs = np.nonzero(gray < 128)
    seen = Found(
        ((xs.min() + xs.max()) / 2, (ys.min() + ys.max()) / 2), (float(np.ptp(xs)), float(np.ptp(ys))), 0.0, 0.9
    )
    [place] = glance(Page(gray), Sees(seen), load_column_reader(), 5)
    assert place.prior == pytest.approx(np.log(9) - loses)


@pytest.mark.parametrize(
    ("lines", "first", "odds"),
    [  # places of 0.6 and 0.3
        (("60614", "80202"), 0, 0.6 / 0.4),
        (("60614", "Agra"), 0, 0.6 / (0.3 * LOSS + 0.1)),
        (("Pune", "60614"), 1, 0.3 / (0.6 * LOSS + 0.1)),
        (("Pune", "Agra"), 0, 0.6 * LOSS / (0.3 * LOSS + 0.1)),
    ],
)
def test_of_two_places_one_that_shows_a_number_is_likelier_than_one_that_shows_none(lines, first, odds):
    gray, seen = np.full((400, 900), 235, np.uint8), []
    for text, foot, probability in zip(lines, (120, 280), (0.6, 0.3), strict=True):
        alone = np.full_like(gray, 235)
        cv2.putText(alone, text, (300, foot), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
        left, top, width, height = cv2.boundingRect((alone < 128).astype(np.uint8))
        seen.append(Found((left + width / 2, top + height / 2), (float(width), float(height)), 0.0, probability))
        gray = np.minimum(gray, alone)

    best, other = glance(Page(gray), Sees(*seen), load_column_reader(), 5)

    assert best.center[1] == pytest.approx(seen[first].center[1], abs=10)
    assert other.center[1] == pytest.approx(seen[1 - first].center[1], abs=10)
    assert best.prior == pytest.approx(np.log(odds))


def test_where_no_number_is_seen_at_first_the_nearer_of_those_above_and_below_counts(monkeypatch):
    page, lines = Page(np.full((400, 900), 235, np.uint8)), []
    shown = [[], [Number("28538", (60.0, 180.0), 10.0)], [Number("85381", (95.0, 215.0), 10.0)]]
    monkeypatch.setattr("zipread.glance.numbers_in", lambda page, strip, reader: lines.append(strip) or shown.pop(0))
    seen = Found((400.0, 200.0), (120.0, 30.0), 0.0, 0.9)

    [place] = glance(page, Sees(seen), load_column_reader(), 5)

    assert place.center == pytest.approx((400.0 - 300.0 / 2 + 155.0, 200.0 + TRIES[1][1][0] * 30.0))
    assert place.prior == pytest.approx(np.log(9))
    assert not shown and len(lines) == 3


def test_where_one_of_two_tries_sees_a_number_cut_off_the_other_that_sees_all_of_it_counts(monkeypatch):
    whole = Number("606147025", tuple(np.linspace(40.0, 240.0, 9)), 10.0)
    shown = [[], [whole], [Number("47025", whole.middles[4:], 10.0)]]
    monkeypatch.setattr("zipread.glance.numbers_in", lambda page, strip, reader: shown.pop(0))
    seen = Found((400.0, 200.0), (180.0, 30.0), 0.0, 0.9)

    [place] = glance(Page(np.full((400, 900), 235, np.uint8)), Sees(seen), load_column_reader(), 5)

    assert place.center[0] == pytest.approx(400.0 - (180.0 + 2 * BESIDE * 30.0) / 2 + 140.0)
    assert not shown


def test_of_letters_and_a_code_taken_for_one_number_the_code_is_seen_where_the_place_misses_some_of_it(monkeypatch):
    middles = (30.0, 55.0, 100.0, 125.0, 150.0, 175.0, 200.0, 245.0, 270.0, 295.0, 320.0)  # ZA 60614-7025
    shown = [[Number("24606147025", middles, 10.0)]]
    monkeypatch.setattr("zipread.glance.numbers_in", lambda page, strip, reader: shown.pop(0))
    seen = Found((400.0, 200.0), (200.0, 30.0), 0.0, 0.9)  # along the line from 90 to 290: not to the end

    [place] = glance(Page(np.full((400, 900), 235, np.uint8)), Sees(seen), load_column_reader(), 5)

    assert place.center[0] == pytest.approx(400.0 - (200.0 + 2 * BESIDE * 30.0) / 2 + 210.0)
    assert place.prior == pytest.approx(np.log(9))


def test_letters_taken_for_digits_as_far_as_the_line_is_seen_are_no_reason_to_see_more_of_it(monkeypatch):
    shown = [[Number("060614", (15.0, 100.0, 125.0, 150.0, 175.0, 200.0), 10.0)]]
    monkeypatch.setattr("zipread.glance.numbers_in", lambda page, strip, reader: shown.pop(0))
    seen = Found((400.0, 200.0), (120.0, 30.0), 0.0, 0.9)

    [place] = glance(Page(np.full((400, 900), 235, np.uint8)), Sees(seen), load_column_reader(), 5)

    assert place.center == pytest.approx((400.0, 200.0)) and not shown


def test_where_a_place_shows_no_number_at_all_one_on_the_next_line_counts():
    gray = np.full((400, 900), 235, np.uint8)
    cv2.putText(gray, "Pune", (300, 150), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
    above = cv2.boundingRect((gray < 128).astype(np.uint8))
    cv2.putText(gray, "60614", (300, 222), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
    seen = Found((above[0] + 70.0, above[1] + 20.0), (140.0, 40.0), 0.0, 0.9)

    [place] = glance(Page(gray), Sees(seen), load_column_reader(), 5)

    assert place.center[1] - seen.center[1] == pytest.approx(72.0, abs=8)
    assert place.prior == pytest.approx(np.log(9))


@pytest.mark.parametrize(
    ("middles", "is_seen"),
    [  # the place reaches from 90 to 210
        ((40.0, 60.0, 100.0, 125.0, 150.0, 175.0, 200.0), True),  # letters before the code
        ((40.0, 75.0, 100.0, 125.0, 150.0, 175.0, 200.0), False),  # digits of a longer number
        ((100.0, 125.0, 150.0, 175.0, 200.0, 240.0), True),  # a letter after it
        ((100.0, 125.0, 150.0, 175.0, 200.0, 225.0), False),
    ],
)
def test_letters_taken_for_digits_beside_a_code_are_left_out(middles, is_seen, monkeypatch):
    number = Number("0" * len(middles), middles, 10.0)
    monkeypatch.setattr("zipread.glance.numbers_in", lambda page, strip, reader: [number])
    seen = Found((400.0, 200.0), (120.0, 30.0), 0.0, 0.9)

    [place] = glance(Page(np.full((400, 900), 235, np.uint8)), Sees(seen), load_column_reader(), 5)

    assert place.prior == pytest.approx(np.log(9) - (0.0 if is_seen else NO_NUMBER))
    assert place.center == pytest.approx((400.0, 200.0))


def test_a_place_that_is_the_end_of_a_long_number_becomes_all_of_it():
    wide = np.full((400, 1200), 235, np.uint8)
    cv2.putText(wide, "60614-7025", (300, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
    gray = cv2.resize(wide, (850, 400), interpolation=cv2.INTER_AREA)
    ys, xs = np.nonzero(gray < 128)
    length, high = float(np.ptp(xs)), float(np.ptp(ys))
    end = Found((xs.max() - 0.28 * length, (ys.min() + ys.max()) / 2), (0.45 * length, high), 0.0, 0.9)
    [place] = glance(Page(gray), Sees(end), load_column_reader(), 5)
    assert abs(place.center[0] - place.size[0] / 2 - xs.min()) < high
    assert abs(place.center[0] + place.size[0] / 2 - xs.max()) < high


def test_a_number_that_goes_on_beyond_the_line_is_seen_whole():
    gray = np.full((400, 1200), 235, np.uint8)
    cv2.putText(gray, "60614-7025", (300, 220), cv2.FONT_HERSHEY_SIMPLEX, 1.8, 30, 4, cv2.LINE_AA)
    ys, xs = np.nonzero(gray < 128)
    high = float(np.ptp(ys))
    end = Found((xs.max() - 1.2 * high, (ys.min() + ys.max()) / 2), (2.4 * high, high), 0.0, 0.9)
    assert end.center[0] - end.size[0] / 2 - BESIDE * high > xs.min() + high  # its first digits are out of sight

    [place] = glance(Page(gray), Sees(end), load_column_reader(), 5)

    assert abs(place.center[0] - place.size[0] / 2 - xs.min()) < high
    assert abs(place.center[0] + place.size[0] / 2 - xs.max()) < high
    assert place.prior == pytest.approx(np.log(9))


def test_places_are_weighed_by_what_both_ways_of_finding_say_of_them():
    sender, recipient, unseen = (Field((x, 50.0), (60.0, 20.0), 0.0, "envelope") for x in (50.0, 400.0, 600.0))
    by_geometry = [replace(sender, prior=0.0), replace(recipient, prior=-0.5), replace(unseen, prior=-3.0)]
    shifted = replace(recipient, center=(405.0, 51.0), size=(64.0, 22.0), prior=3.0)

    first, *others = joined(by_geometry, [shifted])

    assert first.is_at(recipient) and first.prior > 1.5
    assert [place.center for place in others] == [sender.center, unseen.center]
    # Geometry is surer of another place than the glance is of this one: the glance counts for more.
    torn = joined([replace(sender, prior=4.6), replace(recipient, prior=-4.6)], [replace(shifted, prior=2.2)])
    assert torn[0].is_at(recipient) and torn[0].prior > 0.5
    nothing_seen = joined(by_geometry, [])
    assert [place.center for place in nothing_seen] == [sender.center, recipient.center, unseen.center]
    assert nothing_seen[0].prior < by_geometry[0].prior - 0.5


def test_geometry_is_never_sure_that_there_is_a_code_at_all():
    place = Field((50.0, 50.0), (60.0, 20.0), 0.0, "envelope")
    doubted = replace(place, prior=-1.1)  # at a glance one in four

    [weighed] = joined([replace(place, prior=6.0)], [doubted])

    # It makes the odds four times as high at most.
    assert doubted.prior + 1.0 < weighed.prior < doubted.prior + np.log(4.0)


def test_a_place_that_geometry_did_not_offer_joins_and_one_turned_over_is_another():
    place = Field((50.0, 50.0), (60.0, 20.0), 0.0, "envelope", prior=-2.0)
    over = replace(place, angle=180.0, prior=2.0)
    alone = replace(place, center=(400.0, 50.0), prior=-1.0)

    fields = joined([place], [over, alone])

    assert len(fields) == 3
    assert fields[0].angle == 180.0


@pytest.mark.parametrize("quarters", range(4))
@pytest.mark.parametrize("tilt", [-7.0, -3.0, 0.0, 2.0])
@pytest.mark.parametrize(("paper", "ink", "bed"), [(235, 30, 235), (60, 220, 60), (60, 220, 250), (200, 30, 10)])
def test_the_line_of_a_place_tells_its_angle(quarters, tilt, paper, ink, bed):
    gray = np.full((400, 600), paper, np.uint8)
    for y in (130, 200, 270):
        cv2.putText(gray, "Springfield IL 62704", (60, y), cv2.FONT_HERSHEY_SIMPLEX, 1.2, ink, 3, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((300, 200), -tilt, 1.0)
    gray = cv2.warpAffine(gray, turn, (600, 400), borderValue=paper)
    gray[:, 545:] = bed  # what the piece lies on
    gray = np.ascontiguousarray(np.rot90(gray, -quarters))
    middle = np.array([430.0, 188.0]) @ turn[:, :2].T + turn[:, 2]
    across, down = middle
    x, y = [(across, down), (400 - down, across), (600 - across, 400 - down), (down, 600 - across)][quarters]
    place = Field((x, y), (110.0, 46.0), 90.0 * quarters + 1.5, "envelope")

    assert (line_angle(Page(gray), place) - 90.0 * quarters - tilt + 180.0) % 360.0 - 180.0 == pytest.approx(
        0.0, abs=0.6
    )


@pytest.mark.parametrize(("digits", "glances"), [(4, True), (5, True), (8, True), (3, False), (9, False)])
def test_a_reader_of_codes_as_long_as_those_that_trained_glances_at_mail(digits, glances):
    page, networks = page_of(ENVELOPE), Networks.load("onnx", None)
    viewer = Viewer(FieldReader(networks, digits, None))
    assert (viewer.places(page, "auto") is not None) == glances
    assert (viewer.places(page, "envelope") is not None) == glances
    assert viewer.places(page, "boxes") is None
    assert Viewer(FieldReader(replace(networks, finder=None), digits, None)).places(page, "auto") is None


def envelope_to(lines: list[str]) -> Page:
    """A small envelope with a sender, a stamp and an address in print."""
    gray = np.full((620, 1140), 235, np.uint8)
    for at, line in enumerate(["Frank Becker", "Via Roma 3", "20121 Milano"]):
        cv2.putText(gray, line, (50, 60 + 30 * at), cv2.FONT_HERSHEY_SIMPLEX, 0.65, 30, 2, cv2.LINE_AA)
    for at, line in enumerate(lines):
        cv2.putText(gray, line, (480, 350 + 42 * at), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 30, 2, cv2.LINE_AA)
    cv2.rectangle(gray, (1000, 30), (1100, 150), 90, -1)
    return Page(gray)


@pytest.mark.parametrize("line", ["8004 Zurich", "28195 Bremen", "Pune 411045"])
def test_a_finder_that_knows_mail_abroad_sees_codes_on_either_side_of_their_city(line):
    [code] = filter(str.isdigit, line.split())
    viewer = Viewer(FieldReader(Networks.load("onnx", None, "abroad"), len(code), None))

    page = envelope_to(["Rosa Keller", "Gartenweg 17", line])
    best = viewer.glanced(page, viewer.places(page, "auto")).best

    assert best.decoded.code == code and best.field.prior > 0.5


def test_who_says_that_mail_abroad_is_an_envelope_is_believed_where_a_glance_sees_no_place(monkeypatch):
    networks, page = Networks.load("onnx", None, "abroad"), envelope_to(["Rosa Keller", "Gartenweg 17", "28195 Bremen"])
    nowhere = replace(networks, finder=Finder(lambda pictures: answer()[None], 512))
    joins = []
    monkeypatch.setattr(views, "joined", lambda places, seen: joins.append(seen) or places)
    for layout, directory, weighed in (("envelope", None, 0), ("auto", None, 1), ("envelope", load_directory("us"), 1)):
        joins.clear()
        seen = Viewer(FieldReader(nowhere, 5, directory)).view(page, layout)
        assert bool(joins) == weighed, (layout, directory is None)
        assert seen.is_any_piece == (layout == "auto")


@pytest.mark.parametrize("directory", [None, "us"])
def test_a_known_place_that_reads_badly_is_left_for_a_search_where_mail_goes_abroad(directory, monkeypatch):
    fields = FieldReader(
        Networks.load("onnx", None, "us" if directory else "abroad"), 5, directory and load_directory("us")
    )
    page, viewer = page_of(ENVELOPE), Viewer(fields)
    best = viewer.glanced(page, viewer.places(page, "auto")).best
    doubtful = replace(best, field=replace(best.field, prior=5.0), decoded=replace(best.decoded, confidence=0.5))
    seen, searches = View(None, [doubtful.field], [doubtful]), []
    monkeypatch.setattr(Viewer, "glanced", lambda *_: seen)
    monkeypatch.setattr(Viewer, "_closer", lambda *_: seen)
    monkeypatch.setattr(Viewer, "_searched", lambda *_: searches.append(1) or seen)

    viewer.view(page, "auto")

    assert len(searches) == (directory is None)
