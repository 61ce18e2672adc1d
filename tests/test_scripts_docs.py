"""The examples of docs/scripts.md, run as they stand there."""

import csv
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import HANGS_S, ROOT, encoded, environment, field_picture

PAGE = (ROOT / "docs" / "scripts.md").read_text(encoding="utf-8")
SAMPLES = ROOT / "samples" / "fields"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a shell")


def example(heading):
    """Return the first fenced block below a heading of the page."""
    return re.search(rf"^## {re.escape(heading)}$.*?^```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1]


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a program in the test's folder, with `zipread` on the path."""
    command = tmp_path / "bin" / "zipread"
    command.parent.mkdir()
    command.write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c "from zipread.cli import main; main()" "$@"\n'
    )
    command.chmod(0o755)
    monkeypatch.chdir(tmp_path)

    def call(*command_line):
        path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            command_line, env={**environment(), "PATH": path}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return call


def finished(process):
    out, err = process.communicate(timeout=HANGS_S)
    assert process.returncode == 0, err
    return out


def write(path, data=None):
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_bytes(encoded(field_picture()) if data is None else data)


def test_the_shell_loop(start):
    write("incoming/monday/a.png")
    write("incoming/some failed/a.png")
    write("incoming/some failed/b.png", b"no picture")
    write("incoming/useless/a.png", b"no picture")
    for _ in range(2):  # the second time with what stayed from the first
        out = finished(start("sh", "-c", example("A shell loop on exit codes")))
        assert out.splitlines() == ["some failed: some pictures could not be read", "useless: no picture could be read"]
    assert os.listdir("finished") == ["monday"]
    assert sorted(os.listdir("incoming")) == ["some failed", "useless"]
    assert {"monday.csv", "some failed.csv", "useless.csv"} <= set(os.listdir("codes"))


def test_the_shell_loop_stops_where_the_next_folder_would_fail_too(start):
    write("incoming/monday/a.png")
    write("incoming/tuesday/a.png")
    start("mkdir", "-p", "codes/monday.csv").communicate()
    process = start("sh", "-c", example("A shell loop on exit codes"))
    out, _ = process.communicate(timeout=HANGS_S)
    assert (process.returncode, out) == (1, "monday: the run ended early; start again to go on\n")


def test_the_sorter(start):
    for name in ("free-1.png", "noisy.png", "boxed-blank.png"):
        write(f"incoming/{name}", (SAMPLES / name).read_bytes())
    write("incoming/three-digits.png", encoded(field_picture("606")))
    write("incoming/white.png", encoded(field_picture("")))
    write("incoming/bad.png", b"no picture")
    Path("sorter.py").write_text(example("A sorter in Python"), encoding="utf-8")
    scan = start("zipread", "scan", "incoming", "-o", "codes.csv", "-q")
    assert scan.wait(60) == 4, scan.communicate()
    scan.communicate()
    expected = {}
    with open("codes.csv", newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            folder = row["code"][:3] if row["status"] == "accepted" else row["status"]
            expected[os.path.basename(row["path"])] = folder
    assert {"blank", "error", "review"} < set(expected.values())  # and at least one code that is sure
    finished(start(sys.executable, "sorter.py", "incoming", "sorted"))
    assert {path.name: path.parent.name for path in Path("sorted").rglob("*.png")} == expected
    assert os.listdir("incoming") == []


def test_the_watch_folder(start):
    write("scanner/a.png")
    write("scanner/bad.png", b"no picture")
    process = start("sh", "-c", example("A watch folder"))
    deadline = time.monotonic() + HANGS_S
    while list(Path("scanner").glob("*.png")) and time.monotonic() < deadline:
        time.sleep(0.1)
    Path("end-of-shift").touch()
    assert " ".join(finished(process).split()) == "1 read, 1 to be scanned again"
    with open("codes.csv", newline="", encoding="utf-8") as file:
        assert [row["path"] for row in csv.DictReader(file)] == ["scanner/a.png", "scanner/bad.png"]
