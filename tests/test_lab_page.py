"""docs/from-pixels-to-zip-codes.md: every command on it runs, in a small setting; every plot on it is there."""

import json
import re
import shlex
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT, RUN_ALL, environment

from zipread.cli.lab import app
from zipread.lab.road.data import small_digits, to_reader

PAGE = ROOT / "docs" / "from-pixels-to-zip-codes.md"

SMALL = {
    "show": [],
    "knn": ["--rows", "100", "--most", "2", "--folds", "2"],
    "mlp": ["--rows", "60", "--folds", "2", "--rounds", "2"],
    "svc": ["--rows", "200"],
    "linear": ["--rows", "100", "--periods", "2"],
    "dnn": ["--rows", "100", "--epochs", "2", "--search-epochs", "1", "--stage", "2", "--dropout", "0.2"],
    "cnn": ["--rows", "100", "--epochs", "1"],
    "compare": ["--rows", "150", "--periods", "2", "--epochs", "1"],
    "explain": [],
    "read": [],
}  # fmt: skip
"""What makes each command of the lab small."""

WRITES = {
    "show": "show-*.png",
    "knn": "knn.*",
    "mlp": "mlp-*.*",
    "svc": "svc*.*",
    "linear": "linear*.*",
    "dnn": "dnn*.*",
    "cnn": "cnn*.*",
    "compare": "compare.*",
    "explain": "*-explained.png",
}
"""What each leaves in its folder of plots and tables."""


def page_commands():
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
    return [shlex.split(line)[1:] for line in lines if line.startswith("zipread ")]


def small(command):
    return [*command, *SMALL[command[1]]] if command[0] == "lab" else command


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the page's reader has beside the samples: MNIST and Semeion, here the 8×8 digits in their shape."""
    place = tmp_path_factory.mktemp("page")
    digits = small_digits()
    x, y = to_reader(digits)[:700], digits.y[:700]
    np.savez(place / "mnist.npz", x_train=x[:500], y_train=y[:500], x_test=x[500:], y_test=y[500:])
    np.savez(place / "semeion.npz", x=(digits.x[:50] > 7).astype(np.uint8), y=digits.y[:50])
    (place / "samples").symlink_to(ROOT / "samples")
    return place


@pytest.fixture(scope="module")
def runs(folder):
    """Every command of the page, in the page's order, in one process: the imports are paid once."""
    commands = [small(command) for command in page_commands()]
    done = subprocess.run(
        [sys.executable, "-c", RUN_ALL],
        cwd=folder, env=environment(), input=json.dumps(commands), capture_output=True, text=True, timeout=900,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return list(zip(commands, json.loads(done.stdout.splitlines()[-1]), strict=True))


def test_the_page_shows_every_command_of_the_lab():
    shown = {command[1] for command in page_commands() if command[0] == "lab"}
    named = {command.name or command.callback.__name__ for command in app.registered_commands}
    assert shown == named - {"synth"} == set(SMALL)


def test_every_command_of_the_page_runs(runs):
    for command, (code, out, err) in runs:
        assert code == 0, f"{command}: {err}"
        assert "Traceback" not in err
        assert out or command[0] == "digits"


def test_every_command_leaves_its_files_whole(runs, folder):
    for command in {command[1] for command, _ in runs if command[0] == "lab"} & set(WRITES):
        files = list((folder / "lab").glob(WRITES[command]))
        assert files, command
        assert all(path.stat().st_size for path in files)
    assert not list(folder.rglob("*.part.*"))


def test_a_saved_network_is_a_model_of_the_reader(runs, folder):
    """`zipread digits --model` has run on the page; here: ten digits and never "not one digit"."""
    from zipread.classify import load_classifier

    manifest = json.loads((folder / "my-cnn" / "manifest.json").read_text())
    assert manifest["classes"][10] == "not one digit"
    with np.load(folder / "mnist.npz") as archive:
        digits = archive["x_test"][:20]
    scores = load_classifier(folder=folder / "my-cnn").scores(digits)
    assert scores.shape == (20, 11)
    assert (scores[:, 10] == 0).all()
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    rows = (folder / "drawn.csv").read_text().splitlines()
    assert len(rows) == 11


def test_the_comparison_has_everybody_and_keeps_what_was_trained(runs, folder):
    assert len(list((folder / "lab" / "work").iterdir())) == 12
    table = (folder / "lab" / "compare.md").read_text().splitlines()
    assert len(table) == 2 + 7
    assert "n = 1,797" in table[0]
    assert "shipped model" in table[-1]


def test_the_page_has_its_plots_and_no_other_lies_about():
    named = set(re.findall(r"\]\(road/([^)]+)\)", PAGE.read_text(encoding="utf-8")))
    there = {path.name for path in (ROOT / "docs" / "road").iterdir()}
    assert named == there
    assert all((ROOT / "docs" / "road" / name).stat().st_size < 100_000 for name in named)
