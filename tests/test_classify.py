import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from zipread.classify import Classifier, load_classifier
from zipread.errors import DependencyError
from zipread.model import model_folder
from zipread.normalize import to_mnist


def drawn_digits(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    pictures = []
    for at in range(count):
        picture = np.full((60, 60), 255, np.uint8)
        thickness = int(rng.integers(2, 6))
        cv2.putText(picture, str(at % 10), (14, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 0, thickness)
        pictures.append(to_mnist(picture))
    return np.stack(pictures)


@pytest.fixture(scope="module")
def classifier():
    return load_classifier()


def test_scores_are_probabilities_of_eleven_classes(classifier):
    scores = classifier.scores(drawn_digits(20))
    assert scores.shape == (20, 11)
    assert scores.dtype == np.float32
    assert np.allclose(scores.sum(axis=1), 1.0, atol=1e-5)


def test_plainly_drawn_digits_are_named(classifier):
    names = classifier.scores(drawn_digits(10)).argmax(axis=1)
    assert (names == np.arange(10)).sum() >= 9


def test_marks_are_not_digits(classifier):
    cross = np.zeros((28, 28), np.uint8)
    cv2.line(cross, (5, 5), (22, 22), 255, 2)
    cv2.line(cross, (22, 5), (5, 22), 255, 2)
    dash = np.zeros((28, 28), np.uint8)
    dash[12:16, 4:24] = 255
    assert (classifier.scores(np.stack([cross, dash])).argmax(axis=1) == 10).all()


def test_batches_do_not_change_scores(classifier):
    digits = drawn_digits(70)
    together = classifier.scores(digits)
    alone = np.concatenate([classifier.scores(digits[i : i + 1]) for i in range(70)])
    assert np.abs(together - alone).max() < 1e-5


def test_no_digits_no_scores(classifier):
    assert classifier.scores(np.zeros((0, 28, 28), np.uint8)).shape == (0, 11)
    assert classifier.patient_scores(np.zeros((0, 28, 28), np.uint8)).shape == (0, 11)


def test_a_digit_that_stands_alone_is_seen_in_five_ways():
    seen: list[np.ndarray] = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(batch)
        scores = np.full((len(batch), 11), 0.01, np.float32)
        scores[:, 3], scores[:, 7] = (0.9, 0.05) if len(seen) <= 3 else (0.05, 0.9)
        return scores / scores.sum(axis=1, keepdims=True)

    digits = drawn_digits(2)
    scores = Classifier(network, {}).patient_scores(digits)
    assert len(seen) == 5 and np.array_equal(seen[0], digits)
    assert all(not np.array_equal(a, b) for at, a in enumerate(seen) for b in seen[:at])
    rows, columns = np.mgrid[:28, :28]
    for view in seen[1:]:  # still the same digit, in the same place
        assert view.shape == digits.shape
        ink = view[0] / view[0].sum()
        assert abs((ink * rows).sum() - (digits[0] / digits[0].sum() * rows).sum()) < 1.0
        assert abs((ink * columns).sum() - (digits[0] / digits[0].sum() * columns).sum()) < 1.0
    assert np.allclose(scores.sum(axis=1), 1.0)
    assert np.allclose(scores[:, 3] / scores[:, 7], (0.9 / 0.05) ** (1 / 5))


@pytest.mark.parametrize(
    "wrong", [np.zeros((2, 20, 20), np.uint8), np.zeros((2, 28, 28), np.float32), np.zeros((28, 28), np.uint8)]
)
def test_what_is_not_normalized_is_refused(classifier, wrong):
    with pytest.raises(ValueError, match="digits are"):
        classifier.scores(wrong)
    with pytest.raises(ValueError, match="digits are"):
        classifier.patient_scores(wrong)


NETWORKS = ("digits", "lines", "letters", "finder", "finder_abroad")


def test_the_model_is_small_and_its_record_complete():
    manifest = json.loads((model_folder() / "manifest.json").read_text())
    parameters = {name: manifest["training"][name]["parameters"] for name in NETWORKS}
    assert parameters["digits"] <= 500_000
    assert max(parameters["lines"], parameters["letters"]) <= 600_000
    assert max(parameters["finder"], parameters["finder_abroad"]) <= 300_000
    assert set(manifest["sha256"]) == {f"{name}.{suffix}" for name in NETWORKS for suffix in ("keras", "onnx")}
    assert len(manifest["calibration"]["weights"]) == len(manifest["calibration"]["features"])


@pytest.mark.filterwarnings("default")  # Keras warns about its own use of numpy
def test_onnx_and_keras_agree(classifier):
    keras_classifier = load_classifier("keras")
    digits = np.concatenate([drawn_digits(20), np.random.default_rng(1).integers(0, 256, (20, 28, 28), np.uint8)])
    assert np.abs(classifier.scores(digits) - keras_classifier.scores(digits)).max() < 1e-5


def copy_of_the_model(folder: Path) -> Path:
    shutil.copytree(model_folder(), folder)
    return folder


def test_a_damaged_model_is_refused(tmp_path):
    folder = copy_of_the_model(tmp_path / "model")
    with (folder / "digits.onnx").open("r+b") as file:
        file.seek(2000)
        file.write(b"\0\0\0\0damaged")
    with pytest.raises(DependencyError, match=r"digits\.onnx"):
        load_classifier(folder=folder)


def test_a_model_for_another_normalization_is_refused(tmp_path):
    folder = copy_of_the_model(tmp_path / "model")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["normalization"] += 1
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DependencyError, match="normalization"):
        load_classifier(folder=folder)


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(DependencyError, match=str(tmp_path)):
        load_classifier(folder=tmp_path)
