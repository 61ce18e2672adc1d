import json

import cv2
import numpy as np
import pytest

from zipread.classify import load_classifier
from zipread.errors import InputError
from zipread.lab import train as training
from zipread.lab.calibration import expected_calibration_error
from zipread.lab.cuts import cut_examples, set_line
from zipread.lab.strokes import GLYPHS, draw_center_lines
from zipread.lab.trainset import RECIPE, SOURCES, Digits, Glyphs, load_digits, make_chunk, split_by_writer


def drawn(character: str, side: int) -> np.ndarray:
    picture = np.zeros((84, 84), np.uint8)
    cv2.putText(picture, character, (22, 64), cv2.FONT_HERSHEY_SIMPLEX, 1.9, 255, 6)
    return cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def digits() -> Digits:
    x = np.stack([drawn(str(at % 10), 28) for at in range(200)])
    return Digits(x, (np.arange(200) % 10).astype(np.uint8), (np.arange(200) // 20).astype(np.int32))


@pytest.fixture(scope="module")
def glyphs() -> Glyphs:
    masks = np.stack([np.where(drawn(c, 84) > 127, 255, 0).astype(np.uint8) for c in "0123456789"])
    letters = np.stack([np.where(drawn(c, 84) > 127, 255, 0).astype(np.uint8) for c in "AKX"])
    return Glyphs(masks, np.arange(10, dtype=np.uint8), letters)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_makes_what_it_should_and_the_same_again(source, digits, glyphs):
    images, labels = make_chunk(source, 30, 5, digits, glyphs)
    again, _ = make_chunk(source, 30, 5, digits, glyphs)
    assert np.array_equal(images, again)
    assert images.shape == (30, 28, 28)
    assert (images.reshape(30, -1).max(axis=1) > 0).all()
    if source in ("as_is", "handwriting", "strokes", "print"):
        assert labels.max() < 10
    elif source == "touching":
        assert 0 < (labels == 10).mean() < 1
    else:
        assert (labels == 10).all()


def test_the_recipe_names_every_source():
    assert set(RECIPE) == set(SOURCES)


def test_no_writer_is_on_both_sides(digits):
    training_part, held_out = split_by_writer(digits, 1)
    assert not set(training_part.writer) & set(held_out.writer)
    assert len(training_part.y) + len(held_out.y) == len(digits.y)


def test_every_digit_has_strokes_and_no_two_drawings_are_alike():
    rng = np.random.default_rng(0)
    assert set(GLYPHS) == set(range(10))
    first, second = draw_center_lines(rng, 7, 84), draw_center_lines(rng, 7, 84)
    assert first.any()
    assert not np.array_equal(first, second)


def test_a_line_of_digits_knows_its_ink():
    inks = [drawn(c, 84) for c in "38"]
    line = set_line(np.random.default_rng(0), inks, [3, 8])
    assert line.labels == (3, 8)
    assert np.array_equal(line.own.any(axis=0), line.ink > 127)
    names = {name for _, name in cut_examples(np.random.default_rng(0), inks, [3, 8])}
    assert {3, 8} <= names


def test_a_file_without_digits_is_named(tmp_path):
    path = tmp_path / "wrong.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(InputError, match=r"wrong\.npz"):
        load_digits(path)


def test_calibration_error_of_the_right_and_of_the_overconfident():
    right = np.arange(100) < 80
    assert expected_calibration_error(np.full(100, 0.8), right, bins=1) == pytest.approx(0.0)
    assert expected_calibration_error(np.full(100, 1.0), right, bins=1) == pytest.approx(0.2)


@pytest.mark.filterwarnings("default")  # Keras and the exporter warn about their own use of numpy
def test_a_stopped_training_goes_on_and_ends_with_a_model_that_loads(tmp_path, digits, glyphs, monkeypatch):
    monkeypatch.setattr(training, "PICTURES_PER_EPOCH", 512)
    monkeypatch.setattr(training, "_fonts", tuple)
    monkeypatch.setattr(training, "font_glyphs", lambda fonts: glyphs)
    monkeypatch.setattr(training, "Prints", lambda fonts: None)
    monkeypatch.setattr(training, "calibrate", lambda *arguments: None)
    data = tmp_path / "digits.npz"
    np.savez(data, x_train=digits.x, y_train=digits.y, writer_train=digits.writer)
    recipe = training.Recipe(epochs=2, scale=0.0005, jobs=1)
    lines: list[str] = []

    def stop_after_one(line: str) -> None:
        lines.append(line)
        if line.startswith("epoch 1/"):
            monkeypatch.setattr(training, "_slice", interrupted)

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    whole = training._slice
    with pytest.raises(KeyboardInterrupt):
        training.train(data, tmp_path / "model", recipe, stop_after_one)
    monkeypatch.setattr(training, "_slice", whole)
    manifest_path = training.train(data, tmp_path / "model", recipe, lines.append, resume=True)
    manifest = json.loads(manifest_path.read_text())
    assert sum(line.startswith("epoch 1/") for line in lines) == 1
    assert sum(line.startswith("epoch 2/") for line in lines) == 1
    assert manifest["training"]["recipe"]["seed"] == 1
    scores = load_classifier(folder=tmp_path / "model").scores(digits.x[:3])
    assert scores.shape == (3, 11)
    with pytest.raises(InputError, match="another recipe"):
        training.train(data, tmp_path / "model", training.Recipe(epochs=3, scale=0.0005, jobs=1), lines.append, True)
