import json
import shutil
from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from zipread.classify import load_classifier
from zipread.errors import DependencyError, InputError
from zipread.finder import bordered, load_finder
from zipread.lab import course as course_of
from zipread.lab import digit_train, finder_train, line_train, lineset, stopped
from zipread.lab import train as training
from zipread.lab.calibration import expected_calibration_error
from zipread.lab.characters import Glyphs
from zipread.lab.course import Course, measure_normalizations
from zipread.lab.cuts import cut_examples, set_line
from zipread.lab.glyphs import GLYPHS
from zipread.lab.letter_train import _edits, begin_as
from zipread.lab.letterset import LONGEST, Texts, make_text, numbered
from zipread.lab.line_distort import distort
from zipread.lab.lineset import Fonts, Lines, make_line
from zipread.lab.mnist import Digits, load_digits, split_by_writer
from zipread.lab.pageset import Pages
from zipread.lab.strokes import draw_center_lines, own_shape
from zipread.lab.synth.families import TRAIN_PRINT
from zipread.lab.synth.fonts import find_fonts
from zipread.lab.synth.hands import Hands, Prints
from zipread.lab.synth.mail import Supplies
from zipread.lab.synth.places import Place
from zipread.lab.trainset import RECIPE, SOURCES, make_chunk
from zipread.lab.widths import load, save
from zipread.letters import LETTERS, NO_LETTER, load_letter_reader
from zipread.model import model_folder, read_manifest
from zipread.records import Box
from zipread.sequence import load_column_reader


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
    if source in ("as_is", "unspoilt", "filled", "handwriting", "strokes", "print"):
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
    shape = own_shape(rng, 7)
    first, second = draw_center_lines(rng, shape, 84), draw_center_lines(rng, shape, 84)
    assert first.any()
    assert not np.array_equal(first, second)


def test_a_hand_bends_a_shape_as_a_whole_so_corners_stay_closed():
    rng = np.random.default_rng(0)
    for digit, shapes in GLYPHS.items():
        known = [[len(stroke) for stroke in shape] for shape in shapes]
        shared = {len({point for stroke in shape for point in stroke}) for shape in shapes}
        own = own_shape(rng, digit)
        assert [len(stroke) for stroke in own] in known
        assert own not in shapes
        assert len({point for stroke in own for point in stroke}) in shared


def test_a_line_of_digits_knows_its_ink():
    inks = [drawn(c, 84) for c in "38"]
    line = set_line(np.random.default_rng(0), inks, [3, 8])
    assert line.labels == (3, 8)
    assert np.array_equal(line.own.any(axis=0), line.ink > 127)
    names = {name for _, name in cut_examples(np.random.default_rng(0), inks, [3, 8])}
    assert {3, 8} <= names


def test_a_picture_that_is_moved_stays_the_same_picture(digits):
    pictures = digit_train.moved(np.random.default_rng(0), digits.x)
    assert pictures.dtype == np.uint8
    changed = [not np.array_equal(before, after) for before, after in zip(digits.x, pictures, strict=True)]
    assert all(changed)
    middle = [np.array(cv2.moments(picture)["m10"]) / picture.sum() for picture in (digits.x.mean(0), pictures.mean(0))]
    assert middle[0] == pytest.approx(middle[1], abs=0.3)
    likeness = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(digits.x, pictures, strict=True)]
    assert min(likeness) > 0.6


def test_a_file_without_digits_is_named(tmp_path):
    path = tmp_path / "wrong.npz"
    np.savez(path, a=np.zeros(3))
    with pytest.raises(InputError, match=r"wrong\.npz"):
        load_digits(path)


def test_calibration_error_of_the_right_and_of_the_overconfident():
    right = np.arange(100) < 80
    assert expected_calibration_error(np.full(100, 0.8), right, bins=1) == pytest.approx(0.0)
    assert expected_calibration_error(np.full(100, 1.0), right, bins=1) == pytest.approx(0.2)


def made_lines(*_: object) -> dict[int, Lines]:
    """Bars in four columns: what a set of lines looks like, without making one."""
    images = np.zeros((70, 32, 96), np.uint8)
    images[:, 6:26, 20:24] = 200
    columns = np.full((70, 48), 10, np.uint8)
    columns[:, 10:12] = 1
    codes = np.full((70, 10), 255, np.uint8)
    codes[:, 0] = 1
    return {96: Lines(images, columns, codes, np.zeros(70, np.uint8))}


def made_texts(*_: object) -> dict[int, Texts]:
    """Bars that stand for an I: what a set of lines of words looks like, without making one."""
    letters = np.full((70, LONGEST), NO_LETTER, np.uint8)
    letters[:, 0] = LETTERS.index("I")
    return {160: Texts(np.pad(made_lines()[96].images, ((0, 0), (0, 0), (0, 64))), letters)}


def made_pages(*_: object) -> Pages:
    """Light pages with a dark bar where the code stands, or with nothing."""
    gray = np.full((200, 400), 230, np.uint8)
    corners = np.array([(150, 80), (230, 80), (230, 100), (150, 100)], np.float32)
    bare = cv2.imencode(".jpg", gray)[1].tobytes()
    gray[80:100, 150:230] = 20
    coded = cv2.imencode(".jpg", gray)[1].tobytes()
    return Pages((coded, bare) * 16, np.stack([corners, np.full((4, 2), np.nan, np.float32)] * 16))


@pytest.fixture
def without_making(tmp_path, digits, glyphs, monkeypatch):
    """Training as it is, on sets that take no time to make; the file of digits to train on."""
    monkeypatch.setattr(digit_train, "PICTURES_PER_EPOCH", 512)
    monkeypatch.setattr(training, "_fonts", tuple)
    monkeypatch.setattr(training, "find_fonts", tuple)
    monkeypatch.setattr(training, "font_writers", lambda fonts, seed: digits)
    monkeypatch.setattr(training, "drawn_writers", lambda seed: digits)
    monkeypatch.setattr(training, "font_glyphs", lambda fonts: glyphs)
    monkeypatch.setattr(training, "Prints", lambda *_: None)
    monkeypatch.setattr(training, "make_lines", made_lines)
    monkeypatch.setattr(training, "make_texts", made_texts)
    monkeypatch.setattr(training, "make_pages", made_pages)
    monkeypatch.setattr(training, "_supplies", lambda *_: None)
    monkeypatch.setattr(training, "_unseen", lambda held_out: None)
    monkeypatch.setattr(course_of, "MEASURED", 3)
    monkeypatch.setattr(course_of, "MEASURED_TO_REPORT", 1)
    monkeypatch.setattr(training, "calibrate", lambda *arguments: None)
    data = tmp_path / "digits.npz"
    np.savez(data, x_train=digits.x, y_train=digits.y, writer_train=digits.writer)
    return data


SMALL = training.Recipe(epochs=2, scale=0.0005, passes=1, text_passes=1, rounds=1, jobs=1)


@pytest.mark.filterwarnings("default")  # Keras and the exporter warn about their own use of numpy
def test_a_stopped_training_goes_on_and_ends_with_a_model_that_loads(tmp_path, digits, without_making, monkeypatch):
    out = tmp_path / "model"
    lines: list[str] = []

    def stop_after_one(line: str) -> None:
        lines.append(line)
        if line.startswith("digits: epoch 1/"):
            monkeypatch.setattr(digit_train, "_slice", interrupted)

    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    measure, whole = course_of.measure_normalizations, digit_train._slice

    def measure_and_say(model: object, batches: Iterable[np.ndarray]) -> None:
        measure(model, batches)
        lines.append("measured")

    monkeypatch.setattr(course_of, "measure_normalizations", measure_and_say)
    with pytest.raises(KeyboardInterrupt):
        training.train(without_making, SMALL, Course(out, 1, stop_after_one))
    monkeypatch.setattr(digit_train, "_slice", whole)
    manifest_path = training.train(without_making, SMALL, Course(out, 1, lines.append, resume=True))
    manifest = json.loads(manifest_path.read_text())
    assert sum(line.startswith("digits: epoch 1/") for line in lines) == 1
    assert sum(line.startswith("digits: epoch 2/") for line in lines) == 1
    assert manifest["training"]["recipe"]["seed"] == 1
    reports = [
        at for at, line in enumerate(lines) if line.startswith(("digits: epoch ", "lines: step ", "finder: step "))
    ]
    assert len(reports) >= 3 and all(
        lines[at - 1] == "measured" for at in reports
    )  # else they would tell too much wrong
    scores = load_classifier(folder=tmp_path / "model").scores(digits.x[:3])
    assert scores.shape == (3, 11)
    line = made_lines()[96].images[0]
    by_onnx, by_keras = (
        load_column_reader(engine, tmp_path / "model").see(line).columns for engine in ("onnx", "keras")
    )
    assert by_onnx.shape == (48, 11)
    assert np.abs(by_onnx - by_keras).max() < 1e-5
    by_onnx, by_keras = (load_letter_reader(engine, tmp_path / "model").see(line) for engine in ("onnx", "keras"))
    assert by_onnx.shape == (48, 27)
    assert np.abs(by_onnx - by_keras).max() < 1e-5
    small = bordered(made_pages().picture(0)[:192, :384])[None, ..., None]
    by_onnx, by_keras = (load_finder(engine, tmp_path / "model").network(small) for engine in ("onnx", "keras"))
    assert by_onnx.shape == (1, 24, 48, 8)
    assert np.abs(by_onnx - by_keras).max() < 1e-5 * np.abs(by_keras).max()
    with pytest.raises(InputError, match="another recipe"):
        training.train(without_making, replace(SMALL, epochs=3), Course(out, 1, lines.append, resume=True))


@pytest.mark.filterwarnings("default")  # Keras and the exporter warn about their own use of numpy
def test_one_network_is_trained_further_and_the_others_stay_as_they_are(tmp_path, without_making, monkeypatch):
    shipped, new, taken, made = model_folder(), tmp_path / "new", [], finder_train.batches

    arithmetic: list[bool] = []

    def noted(*arguments: object):
        arithmetic.append(said_of_bfloat16())
        for batch in made(*arguments):
            taken.append(len(batch[0]))
            yield batch

    monkeypatch.setattr(finder_train, "batches", noted)
    monkeypatch.setattr(finder_train, "_ahead", lambda batches: batches)
    course = Course(new, 2, lambda line: None, start=shipped, kept=0.25, bfloat16=True)
    manifest = json.loads(training.train(without_making, SMALL, course, ["finder"]).read_text())
    before = read_manifest(shipped)
    for name in ("digits.keras", "digits.onnx", "lines.keras", "lines.onnx"):
        assert (new / name).read_bytes() == (shipped / name).read_bytes()
    assert manifest["calibration"] == before["calibration"]
    assert manifest["training"]["digits"] == before["training"]["digits"]
    *earlier, last = manifest["training"]["finder"]["stages"]
    assert earlier == before["training"]["finder"]["stages"]
    assert last["started_from"] == before["sha256"]["finder.keras"]
    assert last["share_of_the_start_in_the_mean"] == 0.25
    assert last["bfloat16"] is True
    assert arithmetic == [True] * 3
    assert not said_of_bfloat16()
    page = bordered(made_pages().picture(0)[:192, :384])[None, ..., None]
    alone_in = trained_without_the_mean(without_making, new)
    # Two train it, one measures for the report, three in the end; what was trained to its end is only measured again.
    assert taken == [16] * 9
    old, alone, mean = (weights_of(folder) for folder in (shipped, alone_in, new))
    assert load_finder("onnx", new).network(page).shape == (1, 24, 48, 8)
    moved = [np.abs(a - o).max() for a, o in zip(alone, old, strict=True)]
    assert max(moved) > 1e-4
    for o, a, m in zip(old, alone, mean, strict=True):
        assert np.allclose(m, 0.25 * o + 0.75 * a, atol=1e-6)


def said_of_bfloat16() -> bool:
    import tensorflow as tf

    return tf.config.optimizer.get_experimental_options().get("auto_mixed_precision_onednn_bfloat16", False)


def trained_without_the_mean(data, new):
    """The same training, gone on with where it stopped, which is at its end, and nothing kept of the start."""
    course = Course(new.parent / "alone", 2, lambda line: None, resume=True, start=model_folder())
    shutil.copytree(new / "work", course.work)
    training.train(data, SMALL, course, ["finder"])
    return course.out


def weights_of(folder):
    import keras

    model = keras.saving.load_model(folder / "finder.keras", compile=False)
    return [keras.ops.convert_to_numpy(variable) for variable in model.trainable_variables]


@pytest.mark.filterwarnings("default")  # Keras warns about its own use of numpy
def test_normalizations_are_measured_anew_on_what_the_network_sees():
    import keras

    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.BatchNormalization(momentum=0.9)])
    batches = [np.array([[0.0, 10.0], [2.0, 10.0]]), np.array([[6.0, 10.0], [8.0, 14.0]])]
    measure_normalizations(model, iter(batches))
    scale, shift, mean, variance = model.get_weights()
    assert np.allclose(mean, [4.0, 11.0])  # of the means 1 and 7, 10 and 12
    assert np.allclose(variance, [1.0, 2.0])  # of the variances 1 and 1, 0 and 4
    assert np.allclose([*scale, *shift], [1.0, 1.0, 0.0, 0.0])
    assert model.layers[0].momentum == 0.9


def test_a_training_begins_with_a_folder_that_holds_the_networks(tmp_path, without_making):
    course = Course(tmp_path / "new", 1, lambda line: None, start=tmp_path / "none")
    with pytest.raises(DependencyError, match=r"none: no usable model"):
        training.train(without_making, SMALL, course, ["finder"])
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "manifest.json").write_text('{"training": {}}')
    with pytest.raises(DependencyError, match=r"digits\.keras: cannot be taken over"):
        training.train(without_making, SMALL, course, ["finder"])
    with pytest.raises(DependencyError, match="neither trained nor taken"):
        training.train(without_making, SMALL, replace(course, start=None), ["finder"])


@pytest.mark.filterwarnings("default")  # Keras warns about its own use of numpy
def test_a_stopped_network_of_another_shape_is_not_gone_on_with(tmp_path):
    import keras

    def network(units: int):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)])
        model.compile("sgd", "mse")
        model.train_on_batch(np.ones((4, 3)), np.ones((4, units)))
        return model

    stopped.save(network(2), tmp_path, "lines", {"seed": 1}, 7)
    assert stopped.restore(network(2), tmp_path, "lines", {"seed": 1}) == 7
    with pytest.raises(InputError, match=r"stopped_lines\.json: .* another recipe or network"):
        stopped.restore(network(3), tmp_path, "lines", {"seed": 1})


def test_lines_are_made_the_same_again_with_what_each_column_shows(digits, monkeypatch):
    for share in ("WORD_SHARE", "ADDRESS_SHARE"):
        monkeypatch.setattr(lineset, share, 0.0)  # letters need fonts
    hands = Hands(digits.x, digits.y, digits.writer)
    made = [make_line(np.random.default_rng(5), hands, Fonts(hands, hands), ()) for _ in range(2)]
    assert made[0] is not None
    assert made[1] is not None
    line, shown, code, by_hand = made[0]
    assert by_hand  # both sources are hands
    assert np.array_equal(line, made[1][0])
    assert line.shape[0] == 32
    assert len(shown) == line.shape[1] // 2
    # Every digit is shown, in order, and between two digits nothing is.
    changes = shown[np.flatnonzero(np.diff(shown, prepend=10))]
    assert "".join(str(digit) for digit in changes if digit != 10) == code
    assert line[:, np.repeat(shown != 10, 2)].mean() > line[:, np.repeat(shown == 10, 2)].mean()


@pytest.mark.parametrize("lettered", [0.0, 1.0])
def test_what_is_set_in_a_font_of_handwriting_is_told_as_handwriting(digits, monkeypatch, lettered):
    for name, share in {
        "WORD_SHARE": 0.0,
        "ADDRESS_SHARE": 0.0,
        "NEGATIVE_SHARE": 0.0,
        "RUNNING_ZEROS_SHARE": 0.0,
    }.items():
        monkeypatch.setattr(lineset, name, share)
    monkeypatch.setattr(lineset, "PRINTED_SHARE", 1.0)
    monkeypatch.setattr(lineset, "LETTERED_SHARE", lettered)
    print_, hand = (Hands(digits.x, digits.y, digits.writer, writing) for writing in ("printed", "handwritten"))
    made = [make_line(np.random.default_rng(seed), hand, Fonts(print_, hand), ()) for seed in range(5)]
    assert {line[3] for line in made if line is not None} == {lettered == 1.0}


def test_a_distorted_line_shows_the_same_digits_in_the_same_order():
    lines = made_lines()[96]
    images, columns = distort(np.random.default_rng(3), lines.images, lines.columns)
    assert images.shape == lines.images.shape and images.dtype == np.uint8
    assert all((a != b).any() for a, b in zip(images, lines.images, strict=True))
    for before, after in zip(lines.columns, columns, strict=True):
        shown = [[int(row[at]) for at in np.flatnonzero(np.diff(row, prepend=10)) if row[at] != 10]
                 for row in (before, after)]  # fmt: skip
        assert shown[0] == shown[1]


def test_distortion_keeps_what_a_column_shows_under_its_ink():
    image, shown = np.zeros((1, 32, 96), np.uint8), np.full((1, 48), 10, np.uint8)
    image[:, 6:26, 40:46] = 200
    shown[:, 20:23] = 1
    for seed in range(20):
        bent, columns = distort(np.random.default_rng(seed), image, shown)
        ink = float(np.average(np.arange(96), weights=bent[0, 10:22].sum(axis=0)))
        assert abs(ink / 2 - np.flatnonzero(columns[0] == 1).mean()) < 3


def test_a_stopped_training_goes_on_with_the_lines_that_were_to_come(monkeypatch):
    monkeypatch.setattr(line_train, "BATCH", 4)
    lines = made_lines()
    whole, rest = list(line_train._batches(lines, 1, 2)), list(line_train._batches(lines, 1, 2, first=3))
    assert len(whole) > 4
    assert len(rest) == len(whole) - 3
    for (images, truth), (again, told) in zip(whole[3:], rest, strict=True):
        assert np.array_equal(images, again)
        assert np.array_equal(truth, told)


def test_lines_come_back_from_their_file_unless_made_otherwise(tmp_path):
    path = tmp_path / "lines.npz"
    save(path, made_lines(), np.array([1, 70]))
    assert load(path, np.array([2, 70]), Lines) is None
    again = load(path, np.array([1, 70]), Lines)
    assert np.array_equal(again[96].codes, made_lines()[96].codes)
    assert np.array_equal(again[96].images, made_lines()[96].images)


def test_a_condensed_line_keeps_every_digit_inside_its_box(monkeypatch):
    monkeypatch.setattr(lineset, "CONDENSED_SHARE", 1.0)
    picture = np.full((40, 200), 255, np.uint8)
    boxes = (Box(20, 5, 20, 30), Box(140, 5, 30, 30))
    for box in boxes:
        picture[box.y : box.bottom, box.x : box.right] = 0
    squeezed, moved = lineset._condensed(np.random.default_rng(2), picture, boxes)
    share = squeezed.shape[1] / 200
    assert lineset.CONDENSED[0] <= share <= lineset.CONDENSED[1]
    assert squeezed.shape[0] == 40
    for box, before in zip(moved, boxes, strict=True):
        assert abs(box.width - before.width * share) <= 1
        assert squeezed[box.y : box.bottom, box.x + 1 : box.right - 1].max() == 0
        assert squeezed[box.y, box.x - 2] == squeezed[box.y, box.right + 2] == 255


def test_a_field_cut_tightly_keeps_at_least_a_column(monkeypatch):
    monkeypatch.setattr(lineset, "TIGHT_SHARE", 1.0)
    thin = (Box(20, 5, 3, 30), Box(23, 5, 3, 30))
    for seed in range(20):
        left, right = lineset._cut(np.random.default_rng(seed), thin, reach=40.0, tight=8.0, width=60)
        assert 0 <= left < right <= 60


def test_missing_fonts_are_told_before_anything_is_trained(tmp_path, digits, monkeypatch):
    def only_those_of_debian(families):
        if any(family.package.startswith("@") for family in families):
            raise DependencyError("fonts not found: Rock Salt")
        return ()

    monkeypatch.setattr(training, "find_fonts", only_those_of_debian)
    monkeypatch.setattr(training, "train_digits", lambda *arguments: pytest.fail("trained"))
    data = tmp_path / "digits.npz"
    np.savez(data, x_train=digits.x, y_train=digits.y, writer_train=digits.writer)

    with pytest.raises(DependencyError, match="Rock Salt"):
        training.train(data, training.Recipe(), Course(tmp_path / "model", 1, lambda line: None))


@pytest.mark.filterwarnings("default")  # Keras and the exporter warn about their own use of numpy
def test_a_network_of_lines_is_the_same_in_onnx_whatever_is_learned(tmp_path):
    import keras
    import onnxruntime

    from zipread.lab.line_export import export_lines
    from zipread.lab.line_network import build

    rng = np.random.default_rng(3)
    model = build()
    model.set_weights([w + rng.normal(0.0, 0.01, w.shape).clip(-0.02, 0.02) for w in model.get_weights()])
    export_lines(model, tmp_path / "lines.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "lines.onnx", providers=["CPUExecutionProvider"])
    for batch, width in ((1, 16), (3, 208)):
        lines = rng.integers(0, 256, (batch, 32, width)).astype(np.uint8)
        [by_onnx] = session.run(None, {"lines": lines})
        by_keras = np.asarray(model(lines, training=False))
        assert by_onnx.shape == (batch, width // 2, 12)
        assert by_keras.std() > 0.01
        assert np.abs(by_onnx - by_keras).max() < 1e-5
    normalized = next(layer for layer in model.layers if layer.name.startswith("layer_normalization"))
    other = keras.Model(model.input, keras.layers.LeakyReLU(name="leaky")(normalized.output))
    with pytest.raises(TypeError, match=r"leaky: .*LeakyReLU"):
        export_lines(other, tmp_path / "other.onnx")
    other = keras.Model(model.input, keras.layers.Dense(4, activation="tanh", name="wide")(normalized.output))
    with pytest.raises(TypeError, match=r"wide: .*tanh"):
        export_lines(other, tmp_path / "other.onnx")


def test_letters_are_numbered_and_all_else_left_out():
    assert numbered("Az, 9-b").tolist() == [0, 25, 1]


@pytest.mark.parametrize(
    ("one", "other", "apart"), [("", "AB", 2), ("AB", "AB", 0), ("CAT", "COATS", 2), ("AB", "BA", 2)]
)
def test_letters_to_change_leave_out_and_add(one, other, apart):
    assert _edits(numbered(one).tolist(), numbered(other).tolist()) == apart


@pytest.mark.filterwarnings("default")  # Keras warns about its own use of numpy
def test_a_network_begins_as_another_as_far_as_they_are_alike():
    import keras

    def network(names: int):
        layers = keras.layers
        return keras.Sequential(
            [keras.Input((3,)), layers.Dense(4), layers.Dense(names), layers.Dense(2), layers.Dense(3)]
        )

    one, other = network(5), network(6)
    before = [weight.copy() for weight in one.get_weights()]
    begin_as(one, other)
    first, second = one.layers[0].get_weights(), other.layers[0].get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights()[2:], before[2:], strict=True))


def test_a_line_of_words_is_seen_as_the_reader_sees_it(digits):
    try:
        fonts = Prints(find_fonts([family for family in TRAIN_PRINT if family.name == "DejaVu Sans"]))
    except DependencyError as error:
        pytest.skip(str(error))
    place = Place("02139", "Cambridge", "MA")
    supplies = Supplies((place,), fonts, fonts, Hands(digits.x, digits.y, digits.writer))
    made = [make_text(np.random.default_rng((1, seed)), supplies) for seed in range(40)]
    lines = [line for line in made if line is not None]
    assert len(lines) > 30
    assert all(image.shape[0] == 32 and image.shape[1] % 16 == 0 and image.max() > 100 for image, _ in lines)
    named = ["".join(LETTERS[at] for at in letters) for _, letters in lines]
    assert 0.5 < np.mean([name == "CAMBRIDGEMA" for name in named]) < 0.95
    image, letters = lines[0]
    again, letters_again = make_text(np.random.default_rng((1, 0)), supplies)
    assert np.array_equal(image, again)
    assert np.array_equal(letters, letters_again)
