"""Which candidates are scored first, and which places are read; and that the others are where these leave a doubt."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from zipread.attempts import Attempt
from zipread.decode import FEATURES, Calibration, Decoded, shortlist
from zipread.fields import SECOND_LOOKS, SIZES, FieldReader, Networks
from zipread.records import Box, Candidate, Field, Lattice, Page
from zipread.sequence import normalize_line

CROP = np.zeros((10, 10), np.uint8)
HEIGHT = 10.0


def candidate(start: int, stop: int, left: int, right: int, height: int = 10) -> Candidate:
    return Candidate(start, stop, Box(left, 0, right - left, height), CROP)


def lattice(*candidates: Candidate, cuts: tuple[float, ...] = ()) -> Lattice:
    atoms = max(c.stop for c in candidates)
    return Lattice(atoms, candidates, (1.0,) * atoms, HEIGHT, (), cuts)


def test_a_candidate_that_holds_two_digits_is_left_out():
    cut = lattice(candidate(0, 1, 0, 8), candidate(0, 2, 0, 20), candidate(1, 2, 12, 20))
    assert shortlist(cut, [4.0, 16.0]) == (0, 2)


def test_of_candidates_for_one_digit_the_two_of_best_shape_and_place_are_kept():
    low = candidate(0, 1, 0, 8, height=3)
    aside = candidate(0, 2, 0, 15)
    cut = lattice(low, aside, candidate(1, 2, 2, 9), candidate(0, 3, 1, 9))
    assert shortlist(cut, [5.0]) == (2, 3)


def test_ends_that_need_a_cut_cost():
    left, right, whole = candidate(0, 2, 0, 9), candidate(1, 3, 1, 10), candidate(0, 3, 0, 10)
    assert shortlist(lattice(left, right, whole, cuts=(4.0, 1.0)), [5.0]) == (0, 2)


def test_a_digit_without_a_candidate_of_its_own_means_no_shortlist():
    assert shortlist(lattice(candidate(0, 1, 0, 8)), [4.0, 30.0]) == ()
    assert shortlist(lattice(candidate(0, 1, 0, 30)), [4.0, 20.0]) == ()


def written(text: str, pitch: int) -> np.ndarray:
    picture = np.full((90, 280), 235, np.uint8)
    for at, digit in enumerate(text):
        cv2.putText(picture, digit, (30 + pitch * at, 64), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 30, 4, cv2.LINE_AA)
    return picture


def candidates_scored(bias: float, picture: np.ndarray, prior: float = 0.0) -> list[int]:
    """How many candidates the classifier is given at a time while a place is read whose confidence has a bias."""
    sizes = []

    def counted(digits: np.ndarray) -> np.ndarray:
        sizes.append(len(digits))
        return networks.classifier.network(digits)

    networks = Networks.load("onnx", None)
    spying = replace(networks, classifier=replace(networks.classifier, network=counted))
    certain = replace(spying, calibration=Calibration((0.0,) * len(FEATURES), bias))
    field = Field((140.0, 45.0), (280.0, 90.0), 0.0, "field", prior=prior)
    FieldReader(certain, 5, None).read(Page(picture), [field])
    return sizes


def test_a_field_that_is_sure_from_few_candidates_has_no_more_scored():
    [few] = candidates_scored(9.0, written("60614", pitch=40))
    assert 5 <= few <= 10


def test_where_few_candidates_leave_a_doubt_all_are_scored():
    few, everything = candidates_scored(-9.0, written("60614", pitch=40))[:2]
    assert 5 <= few <= 10
    assert everything > few


def test_at_an_unlikely_place_nothing_is_scored_unless_the_second_reader_sees_a_code():
    four = written("6061", pitch=40)
    assert candidates_scored(9.0, four, prior=-0.9) != []
    assert candidates_scored(9.0, four, prior=-1.1) == []
    [few] = candidates_scored(9.0, written("60614", pitch=40), prior=-1.1)
    assert 5 <= few <= 10


def test_nothing_is_cut_where_digits_that_stand_apart_are_read_for_sure(monkeypatch):
    monkeypatch.delattr("zipread.fields.cut_apart")
    assert candidates_scored(9.0, written("60614", pitch=40)) != []


def test_touching_digits_are_cut_before_any_is_scored():
    picture = written("00000", pitch=29)
    assert cv2.connectedComponents(255 - picture)[0] == 2  # all of one piece
    [few] = candidates_scored(9.0, picture)
    assert 5 <= few <= 10


def test_the_second_reader_sees_a_doubtful_field_at_several_sizes(monkeypatch):
    heights = []

    def noted(gray: np.ndarray, top: float, bottom: float) -> np.ndarray | None:
        heights.append(bottom - top)
        return normalize_line(gray, top, bottom)

    monkeypatch.setattr("zipread.fields.normalize_line", noted)
    candidates_scored(-9.0, written("60614", pitch=40))
    first, again = heights[: -3 * len(SECOND_LOOKS)], np.reshape(heights[-3 * len(SECOND_LOOKS) :], (-1, 3))
    assert len(set(first)) == 1
    assert np.allclose(again / again[:, :1], SIZES)


@pytest.mark.parametrize(("after", "read"), [(0.85, ["A"]), (0.02, ["A", "B"])])
def test_the_next_place_is_read_where_a_second_look_leaves_little_of_the_first(monkeypatch, after, read):
    likely = Field((50.0, 20.0), (80.0, 30.0), 0.0, "envelope", name="A", prior=0.0)
    other = Field((50.0, 60.0), (80.0, 30.0), 0.0, "envelope", name="B", prior=-2.0)
    confidence = {"A": [0.9, after, after, after], "B": [0.97]}

    def said(field: Field, looks: tuple[None, ...]) -> Attempt:
        seen = confidence[field.name]
        value = seen[min(len(looks), len(seen)) - 1]
        return Attempt(field, looks, None, Decoded("62704", "", value, 0, (), (), (0.0,) * len(FEATURES)))

    monkeypatch.setattr(FieldReader, "_first_look", lambda _, shown, field: said(field, (None,)))
    monkeypatch.setattr(FieldReader, "_look", lambda *_: None)
    monkeypatch.setattr(FieldReader, "_decided", lambda _, field, looks: said(field, looks))
    networks = Networks(None, None, None, Calibration.from_manifest({}))
    _, attempts = FieldReader(networks, 5, None).read(Page(np.full((80, 100), 255, np.uint8)), [other, likely])
    assert sorted(attempt.field.name for attempt in attempts) == read
