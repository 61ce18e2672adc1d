"""The command line: options, exit codes, what goes to stdout and what to stderr."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import HANGS_S, encoded, environment, field_picture
from test_batch import FakeReader
from typer.testing import CliRunner

from zipread import __version__, batch
from zipread.cli import options, progress
from zipread.cli.app import app
from zipread.output import SCAN_COLUMNS

HEADER = ",".join(SCAN_COLUMNS) + "\n"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call the command line in this process, with a reader that needs no model."""
    monkeypatch.setattr(batch, "Reader", FakeReader)
    monkeypatch.chdir(tmp_path)

    def call(*arguments, **options):
        return CliRunner().invoke(app, list(arguments), prog_name="zipread", **options)

    return call


def write_level(path, level):
    Path(path).write_bytes(encoded(np.full((10, 10), level, np.uint8)))
    return path


def test_the_package_runs_as_a_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "zipread", "--version"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"zipread {__version__}\n"


def test_version_and_help(run):
    assert run("--version").stdout == f"zipread {__version__}\n"
    shown = run("--help").stdout
    for word in ("scan", "digits", "train", "--install-completion", "Exit codes"):
        assert word in shown


def test_scan_offers_every_option(run):
    shown = run("scan", "--help").stdout
    for name in (
        "--output", "--format", "--layout", "--digits", "--directory", "--accept", "--jobs", "--debug", "--engine",
        "--model", "--max-pixels", "--force", "--fail-fast", "--dry-run", "--quiet", "--verbose", "--progress",
        "--timeout", "--resume", "--shard",
    ):  # fmt: skip
        assert name in shown
    for values in (
        "auto|envelope|boxes|field",
        "us|none",
        "onnx|keras",
        "csv|jsonl|parquet",
        "auto|bar|plain|json|none",
    ):
        assert values in shown


def test_everything_read_is_0_with_a_summary_on_stderr(run):
    names = [write_level("a.png", 200), write_level("b.png", 50), write_level("c.png", 255)]
    result = run("scan", *names, "-o", "codes.csv")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "codes.csv: 1 accepted, 1 for review, 1 blank, 0 failed (3 inputs)\n"
    assert Path("codes.csv").read_text().startswith(HEADER + "a.png,1,zip,00200,")


def test_some_failed_is_4_and_names_them(run):
    result = run("scan", write_level("a.png", 200), "none.png", "-o", "codes.csv")
    assert result.exit_code == 4
    assert result.stderr == (
        "none.png: error: no such file\ncodes.csv: 1 accepted, 0 for review, 0 blank, 1 failed (2 inputs)\n"
    )


def test_nothing_read_is_3(run):
    result = run("scan", "none.png", "-o", "codes.csv")
    assert result.exit_code == 3
    assert result.stderr.splitlines()[-1] == "zipread: none of 1 input could be read; the message column says why"
    assert Path("codes.csv").read_text().count("\n") == 2


def test_quiet_and_verbose(run):
    write_level("a.png", 200)
    assert run("scan", "a.png", "none.png", "-o", "a.csv", "-q").stderr == ""
    shown = run("scan", "a.png", "none.png", "-o", "b.csv", "-v").stderr.splitlines()
    assert shown[0] == "a.png: 00200 0.784 accepted"
    assert len(shown) == 3


def test_stdout_is_data(run):
    result = run("scan", write_level("a.png", 200), "-o", "-", "--format", "jsonl")
    assert json.loads(result.stdout)["code"] == "00200"
    assert result.stderr.startswith("stdout: 1 accepted")


def test_stdin_is_a_picture(run):
    picture = encoded(np.full((10, 10), 200, np.uint8))
    result = run("scan", "-", "-o", "-", input=picture)
    assert result.stdout.startswith(HEADER + "-,1,zip,00200,")


def test_options_reach_the_scan(run, monkeypatch):
    asked = {}

    def scan(inputs, output, **given):
        asked.update(given, inputs=inputs, output=output)
        return batch.Summary(inputs_read=1)

    monkeypatch.setattr(batch, "scan", scan)
    line = (
        "scan a b -o o.txt --format csv --layout boxes --digits 6 --directory none --accept 0.5 --jobs 3 --debug d "
        "--engine keras --model m --max-pixels 7 --force --fail-fast --timeout 4 --resume --shard 2/3"
    )
    assert run(*line.split()).exit_code == 0
    settings = asked.pop("settings")
    assert (settings.layout, settings.digits, settings.directory, settings.accept) == ("boxes", 6, "none", 0.5)
    assert (settings.engine, settings.model, settings.max_pixels) == ("keras", Path("m"), 7)
    del asked["on_progress"]
    assert asked == {
        "inputs": ["a", "b"], "output": "o.txt", "format": "csv", "jobs": 3, "debug": Path("d"), "force": True,
        "fail_fast": True, "timeout": 4.0, "resume": True, "shard": "2/3",
    }  # fmt: skip


def test_one_process_per_core_unless_told(run, monkeypatch):
    asked = []
    monkeypatch.setattr(batch, "scan", lambda *_, jobs, **__: asked.append(jobs) or batch.Summary(inputs_read=1))
    run("scan", "a", "-o", "-")
    assert asked == [options.cores()]


def test_dry_run_lists_and_writes_nothing(run):
    Path("in").mkdir()
    write_level("in/b.png", 9)
    write_level("in/a.png", 9)
    result = run("scan", "in", "none.png", "--dry-run", "-o", "codes.csv")
    assert result.exit_code == 4
    assert result.stdout == "in/a.png\nin/b.png\n"
    assert result.stderr == "none.png: no such file\n2 pictures would be read, 1 missing\n"
    assert os.listdir() == ["in"]
    assert run("scan", "in", "--dry-run").exit_code == 0
    assert run("scan", "--dry-run").exit_code == 2


def test_digits(run):
    result = run("digits", write_level("a.png", 9), "-o", "digits.csv")
    assert result.exit_code == 0
    assert Path("digits.csv").read_text() == "path,digit,confidence,status,message\na.png,7,0.5000,review,\n"
    assert result.stderr == "digits.csv: 0 accepted, 1 for review, 0 blank, 0 failed (1 input)\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--only", "finder"), "name their folder with --start"),
        (("--kept", "0.2"), "name their folder with --start"),
        (("--start", "models", "--out", "./models"), "would write over the networks to start from"),
    ],
)
def test_training_further_wants_a_model_to_start_from_and_another_folder(run, arguments, expected):
    result = run("train", *arguments)
    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.split())


def test_train_without_its_packages_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "zipread.lab.train", None)
    result = run("train")
    assert result.exit_code == 5
    assert "pip install 'zipread[train]'" in result.stderr


def test_an_interrupt_is_130(run, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "scan", interrupt)
    result = run("scan", "a.png", "-o", "codes.csv")
    assert (result.exit_code, result.stderr) == (130, "zipread: interrupted\n")


def test_plain_progress_at_intervals(run, monkeypatch):
    monkeypatch.setattr(progress, "PLAIN_EVERY_S", 0.0)
    result = run("scan", write_level("a.png", 200), "none.png", "-o", "a.csv", "--progress", "plain")
    lines = result.stderr.splitlines()
    assert re.fullmatch(r"1 input done, 0 failed, [\d.]+ a second", lines[0])
    assert re.fullmatch(r"2 inputs done, 1 failed, [\d.]+ a second", lines[1])
    quiet = run("scan", "a.png", "-o", "b.csv", "--progress", "none")
    assert quiet.stderr.startswith("b.csv: ")


def test_the_bar_leaves_the_messages(run):
    result = run("scan", write_level("a.png", 200), "[none].png", "-o", "a.csv", "--progress", "bar")
    assert "[none].png: error: nothing matches this pattern" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("a.csv: 1 accepted")


@pytest.fixture
def deck(tmp_path):
    """Enough pictures for worker processes."""
    folder = tmp_path / "deck"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.png").write_bytes(encoded(field_picture(f"{10000 + number}")))
    return folder


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_that_is_stopped_clears_up(deck, tmp_path, sent, code):
    """As a terminal does it: the signal goes to the parent and to every worker."""
    arguments = ["scan", "deck", "-o", "codes.csv", "--jobs", "2", "--progress", "plain", "-v"]
    # A shell's background job ignores Ctrl-C, and so do its children unless they are told otherwise.
    code_of_run = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from zipread.cli import main; main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code_of_run, *arguments],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    first = process.stderr.readline()  # the workers are at it
    (os.killpg if sent == signal.SIGINT else os.kill)(process.pid, sent)
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(HANGS_S) == code, said
    assert first
    assert "Traceback" not in said
    assert sorted(os.listdir(tmp_path)) == ["codes.csv.journal", "deck"]
    word = "interrupted" if sent == signal.SIGINT else "terminated"
    kept = re.search(
        rf"^zipread: {word}; ([\d,]+) inputs? (?:is|are) kept in .*journal: .*--resume", said, re.MULTILINE
    )
    assert int(kept[1]) >= 1
    deadline = time.monotonic() + HANGS_S
    while _group_lives(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _group_lives(process.pid)


def _group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
