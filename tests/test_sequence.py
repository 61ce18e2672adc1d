import json
import shutil

import cv2
import numpy as np
import pytest

from zipread.decode.columns import best_codes, code_scores
from zipread.errors import DependencyError
from zipread.model import model_folder
from zipread.sequence import DIGIT_ROWS, FULL_INK, ROWS, STEP, load_column_reader, normalize_line, seen

NOTHING = 10


def columns_of(text: str, sure: float = 0.95) -> np.ndarray:
    """Columns that say, one after the other, the digits of `text`; a dot says none."""
    columns = np.full((len(text), 11), (1 - sure) / 10, np.float32)
    for at, shown in enumerate(text):
        columns[at, NOTHING if shown == "." else int(shown)] = sure
    return columns


def by_brute_force(columns: np.ndarray, digits: int) -> dict[str, float]:
    """Probability of every code, over all ways to spell it."""
    mass: dict[str, float] = {}
    for path in np.ndindex(*(11,) * len(columns)):
        shown = [s for at, s in enumerate(path) if s != NOTHING and (at == 0 or s != path[at - 1])]
        if len(shown) == digits:
            code = "".join(map(str, shown))
            mass[code] = mass.get(code, 0.0) + float(np.prod([columns[at, s] for at, s in enumerate(path)]))
    return mass


def test_a_digit_lasts_and_a_repeated_one_needs_nothing_between():
    assert best_codes(columns_of("..00..0.22211"), 4)[0] == "0021"


def test_exactly_as_many_digits_as_asked_for():
    columns = columns_of(".1..2...3.")
    columns[4] = (*(0.02,) * 2, 0.5, *(0.02,) * 7, 0.34)
    assert best_codes(columns, 3)[0] == "123"
    assert best_codes(columns, 2)[0] == "13"
    assert best_codes(columns, 11) == []


def test_scores_are_sums_over_all_ways_to_spell_a_code():
    columns = np.random.default_rng(0).dirichlet(np.full(11, 0.5), 4).astype(np.float32)
    mass = by_brute_force(columns, 2)
    codes = ["00", "12", "82", "99"]
    assert np.exp(code_scores(columns, codes)) == pytest.approx([mass[code] for code in codes], rel=1e-5)


def test_long_paper_around_a_code_changes_nothing():
    columns = columns_of("66.22.77.00.44")
    paper = np.full((60, 11), 1e-7, np.float32)
    paper[:, 10] = 1.0
    longer = np.concatenate((paper, columns, paper))
    assert best_codes(longer, 5)[0] == "62704"
    codes = ["62704", "62701", "62774"]
    near = np.concatenate((paper[:2], columns, paper[:2]))
    assert code_scores(longer, codes) == pytest.approx(code_scores(near, codes), abs=0.01)


def test_a_line_that_shows_nothing_says_so():
    paper = np.full((60, 11), 1e-7, np.float32)
    paper[:, 10] = 1.0
    [code, *_] = best_codes(paper, 5)
    assert code_scores(paper, [code])[0] < -30


def test_proposals_differ_from_the_best_where_it_is_weakest():
    columns = columns_of(".4..7..1.")
    columns[4, 7], columns[4, 1] = 0.5, 0.45
    proposed = best_codes(columns, 3)
    assert proposed[0] == "471"
    assert "411" in proposed[1:]


def field(paper: int, ink: int) -> np.ndarray:
    """Five bars, 40 pixels high, from row 30 to 70."""
    gray = np.full((100, 300), paper, np.uint8)
    for left in range(40, 260, 50):
        gray[30:70, left : left + 8] = ink
    return gray


@pytest.mark.parametrize(("paper", "ink"), [(250, 10), (120, 60), (30, 220)])
def test_a_line_has_its_digits_in_the_middle_at_one_height_and_one_strength(paper, ink):
    line = normalize_line(field(paper, ink), 30, 70)
    assert line is not None
    assert line.shape == (ROWS, 160)
    assert line.shape[1] % STEP == 0
    inked = np.flatnonzero((line > FULL_INK / 2).any(axis=1))
    assert abs(inked[0] - (ROWS - DIGIT_ROWS) / 2) <= 1
    assert abs(len(inked) - DIGIT_ROWS) <= 1
    assert np.median(line[:, 150:]) == 0


def test_above_and_below_the_picture_there_is_paper_not_strokes_drawn_out():
    line = normalize_line(field(250, 10)[30:70], 0, 40)
    assert line is not None
    assert line.shape == (ROWS, 160)
    beyond = (ROWS - DIGIT_ROWS) // 2
    assert not line[:beyond].any() and not line[-beyond:].any()
    assert np.count_nonzero(line[beyond:-beyond] > FULL_INK / 2) > 5 * DIGIT_ROWS
    assert normalize_line(field(250, 10), -90, -50) is None


def test_no_line_without_contrast_or_beyond_the_longest():
    assert normalize_line(np.full((40, 200), 180, np.uint8), 5, 35) is None
    assert normalize_line(np.tile(field(250, 10), (1, 40)), 30, 70) is None


@pytest.mark.filterwarnings("default")  # Keras warns about its own use of numpy
def test_the_shipped_second_reader_is_the_same_in_onnx_and_keras_and_reads_plain_print():
    gray = np.full((60, 260), 250, np.uint8)
    cv2.putText(gray, "62704", (20, 48), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 20, 4, cv2.LINE_AA)
    line = normalize_line(gray, 14, 48)
    assert line is not None
    by_onnx, by_keras = (load_column_reader(engine).see(line) for engine in ("onnx", "keras"))
    assert np.abs(by_onnx.columns - by_keras.columns).max() < 1e-5
    assert by_onnx.by_hand == pytest.approx(by_keras.by_hand, abs=1e-5)
    assert best_codes(by_onnx.columns, 5)[0] == "62704"


def test_a_line_is_as_handwritten_as_its_digits_whatever_stands_beside_them():
    columns = columns_of(".4.7", 1.0)
    said = seen(np.column_stack([columns, [0.0, 0.9, 1.0, 0.7]]).astype(np.float32))
    assert said.columns == pytest.approx(columns)
    assert said.by_hand == pytest.approx(0.8, abs=1e-3)


def test_a_second_reader_that_does_not_tell_handwriting_is_to_be_trained_again(monkeypatch):
    monkeypatch.setattr("zipread.sequence.load_optional", lambda *_: lambda lines: np.zeros((1, 8, 11), np.float32))
    with pytest.raises(DependencyError, match=r"lines\.onnx: was trained by an older zipread"):
        load_column_reader()


def test_a_model_folder_of_digits_alone_has_no_second_reader(tmp_path):
    manifest = json.loads((model_folder() / "manifest.json").read_text())
    manifest["sha256"] = {name: digest for name, digest in manifest["sha256"].items() if name.startswith("digits")}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert load_column_reader(folder=tmp_path) is None


def test_a_damaged_second_reader_is_named(tmp_path):
    shutil.copytree(model_folder(), tmp_path / "model")
    (tmp_path / "model" / "lines.onnx").write_bytes(b"not a network")
    with pytest.raises(DependencyError, match=r"lines\.onnx"):
        load_column_reader(folder=tmp_path / "model")
