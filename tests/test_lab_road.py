"""The lab's road: what its functions compute, and what a stopped or ill-fed command leaves behind."""

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import HANGS_S, ROOT, environment

from zipread.errors import InputError, UsageError
from zipread.lab.road import data as sets
from zipread.lab.road import explain, neighbours, show
from zipread.lab.road.compare import SHIPPED, Contender, Plan, Standing, _kept, columns, own_training, places
from zipread.lab.road.data import Samples, load_archive, load_folder, load_mnist, load_samples, small_digits, to_reader
from zipread.lab.road.files import whole_file, write_csv
from zipread.lab.road.rates import Rate
from zipread.lab.road.svc import run as run_svc


def nothing(what, done, total):
    """Report no progress."""


@pytest.fixture(scope="module")
def mnist_file(tmp_path_factory):
    """The 8×8 digits in the clothes of MNIST."""
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    small = small_digits()
    x = to_reader(small)
    np.savez(path, x_train=x[:1200], y_train=small.y[:1200], x_test=x[1200:], y_test=small.y[1200:])
    return path


def test_eighteen_right_digits_prove_little():
    rate = Rate(18, 18)
    assert rate.interval == pytest.approx((0.8241, 1.0), abs=1e-4)  # Wilson 1927, by hand
    assert rate.verdict(0.95) == "undecided"


def test_a_claim_is_accepted_or_rejected_only_by_the_whole_interval():
    assert Rate(447, 450).verdict(0.95) == "accepted"
    assert Rate(440, 450).verdict(0.95) == "accepted"
    assert Rate(430, 450).verdict(0.95) == "undecided"
    assert Rate(400, 450).verdict(0.95) == "rejected"


def test_a_file_appears_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with pytest.raises(KeyboardInterrupt), whole_file(path) as partial:
        partial.write_text("half")
        raise KeyboardInterrupt
    assert not list(path.parent.iterdir())
    write_csv(path, [{"k": 1, "accuracy": 0.25, "folds": (0.5, 0.125)}])
    assert path.read_text() == "k,accuracy,folds\n1,0.25,0.5 0.125\n"
    with pytest.raises(ValueError, match="stop"), whole_file(path) as partial:
        partial.write_text("half")
        raise ValueError("stop")
    assert path.read_text().startswith("k,accuracy")


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"file/table\.csv"):
        write_csv(tmp_path / "file" / "table.csv", [{"k": 1}])


def test_what_the_small_digits_are():
    small = small_digits()
    assert (small.x.shape, small.x.min(), small.x.max()) == ((1797, 8, 8), 0, 16)
    assert sum(count.pictures for count in show.counts(small)) == 1797
    assert show.counts(small)[0].pictures == 178


def test_pictures_in_a_folder_are_named_by_file_or_subfolder(tmp_path):
    samples = load_folder(ROOT / "samples" / "digits")
    assert samples.x.shape == (10, 28, 28)
    assert samples.y.tolist() == list(range(10))
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "anna.png").write_bytes((ROOT / "samples" / "digits" / "7.png").read_bytes())
    (tmp_path / "x.png").write_bytes(b"never opened: no digit is named")
    assert load_samples(str(tmp_path)).y.tolist() == [7]
    (tmp_path / "7" / "anna.png").unlink()
    with pytest.raises(InputError, match="tells the digit"):
        load_folder(tmp_path)


@pytest.mark.parametrize("content", [b"no archive", None])
def test_an_archive_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "own.npz"
    if content is None:
        np.savez(path, x=np.zeros((2, 4, 4)), y=np.array([1, 12]))
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"own\.npz"):
        load_samples(str(path))
    with pytest.raises(InputError, match=r"own\.npz"):
        load_archive(path)


def test_mnist_is_cut_by_writers_and_drawn_by_seed(mnist_file):
    data = load_mnist(mnist_file, 200, 5)
    assert (len(data.train.y), len(data.test.y)) == (200, 597)
    assert np.array_equal(data.train.x, load_mnist(mnist_file, 200, 5).train.x)
    assert not np.array_equal(data.train.x, load_mnist(mnist_file, 200, 6).train.x)
    validation = {picture.tobytes() for picture in data.validation.x}
    assert not any(picture.tobytes() in validation for picture in load_mnist(mnist_file).train.x)


def test_without_mnist_and_without_internet_one_line_says_what_to_bring(tmp_path, monkeypatch):
    def fail():
        raise Exception("URL fetch failure")

    fake = SimpleNamespace(datasets=SimpleNamespace(mnist=SimpleNamespace(load_data=fail)))
    monkeypatch.setitem(sys.modules, "keras", fake)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(InputError) as caught:
        load_mnist(None)
    message = str(caught.value)
    assert "--mnist mnist.npz" in message
    assert str(tmp_path / "datasets" / "mnist.npz") in message
    assert "\n" not in message
    with pytest.raises(InputError, match="no such file"):
        sets.find_mnist(tmp_path / "absent.npz")


def test_whatever_the_set_everybody_gets_normalized_digits():
    cross = np.zeros((1, 16, 16), np.uint8)
    cross[0, 2:14, 7:9] = 1
    digits = to_reader(Samples("own", cross, np.array([1]), 1))
    assert (digits.shape, digits.dtype, digits.max()) == ((1, 28, 28), np.uint8, 255)
    assert to_reader(small_digits().take(np.arange(3))).shape == (3, 28, 28)


def test_nearest_neighbours_come_out_as_published_and_can_be_used(tmp_path):
    small = small_digits()
    results = neighbours.compare_k(small, 2, 4, False, 1, tmp_path, nothing)
    assert results[0].accuracy == pytest.approx(0.9677, abs=5e-5)
    assert results[0].low < results[0].accuracy < results[0].high
    assert {path.name for path in tmp_path.iterdir()} == {"knn.csv", "knn.png"}
    saved = neighbours.load(neighbours.save(small, 1, tmp_path / "knn.joblib"))
    shares = neighbours.read(saved, load_folder(ROOT / "samples" / "digits").x)
    assert (shares.argmax(axis=1) == np.arange(10)).sum() >= 7
    (tmp_path / "bad.joblib").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"bad\.joblib"):
        neighbours.load(tmp_path / "bad.joblib")


def test_support_vectors_right_on_the_smallest_split_but_undecided(tmp_path):
    (case, report), *_ = run_svc(small_digits(), (0.01,), True, 0, tmp_path, nothing)
    assert (case.n, case.right, case.verdict) == (18, 18, "undecided")
    assert "precision" in report
    assert json.loads((tmp_path / "svc-1.json").read_text())["accuracy"] == 1.0


def test_evidence_lies_where_the_network_looks():
    picture = np.zeros((28, 28), np.uint8)
    picture[4:24, 12:16] = 255

    def looks_at_the_top(x):
        own = 0.1 + 0.8 * x[:, 4:8, 12:16].mean(axis=(1, 2)) / 255
        scores = np.zeros((len(x), 11), np.float32)
        scores[:, 7], scores[:, 10] = own, 1 - own
        return scores

    given = explain.answer(picture, looks_at_the_top)
    assert given.digit == 7
    peak = np.unravel_index(given.evidence.argmax(), (28, 28))
    assert 3 <= peak[0] <= 8
    assert 11 <= peak[1] <= 16
    assert np.abs(given.evidence[16:]).max() == 0


def standing(name, **rights):
    return Standing(Contender(name, "", None, 1, len), 1.0, {set_: Rate(right, 100) for set_, right in rights.items()})


def test_the_shipped_model_gets_the_place_it_has():
    table = [standing("svc", a=97, b=50), standing(SHIPPED, a=96, b=80, c=1), standing("knn", a=99)]
    assert columns(table) == ["a", "b", "c"]
    assert places(table) == {"a": (3, "knn"), "b": (1, SHIPPED), "c": (1, SHIPPED)}


def test_trained_on_the_small_digits_the_simple_ones_are_good():
    rates = own_training(small_digits().take(np.arange(200)), 1)
    assert {rate.n for rate in rates.values()} == {200}
    assert rates["k nearest neighbours"].share > 0.9
    assert rates["support vectors"].share > 0.9
    assert set(rates) == {"k nearest neighbours", "linear", "support vectors", "perceptron"}


def test_what_was_trained_is_kept_until_the_plan_changes(tmp_path):
    from sklearn.dummy import DummyClassifier

    calls = []

    def trainer():
        calls.append(1)
        return DummyClassifier(strategy="constant", constant=4).fit(np.zeros((2, 784)), [4, 5])

    first = _kept("a dummy", trainer, Plan(), 10, tmp_path)
    again = _kept("a dummy", trainer, Plan(), 10, tmp_path)
    assert len(calls) == 1
    assert (first.seconds, first.size) == (again.seconds, again.size)
    assert again.answer(np.zeros((3, 28, 28), np.uint8)).tolist() == [4, 4, 4]
    _kept("a dummy", trainer, Plan(seed=2), 10, tmp_path)
    assert len(calls) == 2


def test_every_module_says_what_it_is():
    for path in (ROOT / "zipread" / "lab" / "road").glob("*.py"):
        assert importlib.import_module(f"zipread.lab.road.{path.stem}").__doc__


def lab(*arguments, cwd, **more):
    # A background job ignores Ctrl-C, and what it starts does as well.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from zipread.cli import main; main()"
    )
    command = [sys.executable, "-c", program, "lab", *arguments]
    return subprocess.Popen(
        command, cwd=cwd, env=environment() | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_an_interrupted_training_leaves_no_file(tmp_path, mnist_file):
    child = lab("linear", "--mnist", str(mnist_file), "--periods", "1000000", "--out", "lab", cwd=tmp_path)
    deadline = time.monotonic() + HANGS_S
    while not child.stderr.readline():  # the first line of progress: it is training
        assert time.monotonic() < deadline
        assert child.poll() is None
    os.kill(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=HANGS_S)
    assert child.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_one_line_and_exit_code_5(tmp_path):
    (tmp_path / "stub" / "sklearn").mkdir(parents=True)
    stub = "raise ModuleNotFoundError(\"No module named 'sklearn'\", name='sklearn')"
    (tmp_path / "stub" / "sklearn" / "__init__.py").write_text(stub)
    child = lab("knn", cwd=tmp_path, PYTHONPATH=os.pathsep.join((str(tmp_path / "stub"), str(ROOT))))
    out, err = child.communicate(timeout=HANGS_S)
    assert (child.returncode, out) == (5, "")
    assert err == "zipread: the lab needs the package sklearn: pip install 'zipread[train]'\n"


def test_help_of_the_lab_loads_nothing_heavy():
    code = (
        "import sys\nfrom zipread.cli import main\nsys.argv = ['zipread', 'lab', 'cnn', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {"numpy", "cv2", "sklearn", "scipy", "matplotlib", "keras", "tensorflow", "rich"}
