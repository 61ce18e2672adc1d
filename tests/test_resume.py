"""Nothing lost: runs that are killed, stopped, hang or find no room, and go on. Real processes, no model."""

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import HANGS_S, ROOT, encoded, environment
from faulty import BUSY, CRASH, HANG, NO_MEMORY, SLOW, WAIT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="signals, limits")

SCRIPT = ROOT / "tests" / "faulty.py"

ROW_BY_ROW = ("-v", "--progress", "none")
"""A line for every row, and no others: how far the run is, which a busy machine gets to hear of, would count as one."""

STOPS_WITHIN_S = 100.0
"""What Ctrl-C may take on a machine with far too much to do. What hangs does so for longer."""


def write(path, *levels, seed=0):
    """Write a picture whose pages begin with these gray levels, and differ by the seed."""
    pages = []
    for level in levels:
        page = np.random.default_rng(seed).integers(0, 255, (8, 8), np.uint8)
        page[0, 0] = level
        pages.append(page)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(pages[0], "TIFF" if len(pages) > 1 else "PNG", pages[1:]))


def write_deck(folder):
    """Sixty pictures that take their time, four of them with pages, some damaged."""
    for number in range(60):
        write(folder / "deck" / f"{number:02}.png", *([SLOW] * (3 if number % 15 == 7 else 1)), seed=number)
    (folder / "deck" / "11.png").write_bytes(b"")
    (folder / "deck" / "12.png").write_bytes(b"no picture")
    return folder


@pytest.fixture
def deck(tmp_path):
    return write_deck(tmp_path)


def command(folder, *arguments, **extra):
    """Start a command line in a folder; `extra` goes into its environment."""
    return subprocess.Popen(
        [sys.executable, SCRIPT, *map(os.fspath, arguments)],
        cwd=folder,
        env={**environment(), **{name: str(value) for name, value in extra.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def one_run(tmp_path_factory):
    """What one run over the deck writes, with two workers."""
    folder = write_deck(tmp_path_factory.mktemp("whole"))
    process = command(folder, "scan", "deck", "-o", "codes.csv", "--jobs", "2")
    process.communicate(timeout=HANGS_S)
    assert process.returncode == 4
    return (folder / "codes.csv").read_bytes()


@pytest.fixture(scope="module")
def killed_run(tmp_path_factory):
    """The deck with the journal of a run over it that was killed."""
    folder = write_deck(tmp_path_factory.mktemp("killed"))
    killed = command(folder, "scan", "deck", "-o", "codes.csv", "--jobs", "2", *ROW_BY_ROW)
    read_lines(killed, 20)
    killed.kill()
    killed.communicate()
    assert not (folder / "codes.csv").exists()
    return folder


@pytest.fixture
def killed(killed_run, tmp_path):
    shutil.copytree(killed_run, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def start(tmp_path):
    processes = []

    def call(*arguments, **extra):
        processes.append(command(tmp_path, *arguments, **extra))
        return processes[-1]

    yield call
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def run(start):
    """Run to the end: exit code, stdout, stderr."""

    def call(*arguments, **extra):
        process = start(*arguments, **extra)
        out, err = process.communicate(timeout=HANGS_S)
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out.decode(), err.decode()

    return call


def rows(path):
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def ends(group):
    """Whether no process of the group is left, soon."""
    deadline = time.monotonic() + STOPS_WITHIN_S
    while time.monotonic() < deadline:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def read_lines(process, count):
    for _ in range(count):
        assert process.stderr.readline()


class TestResume:
    @pytest.mark.parametrize("jobs", ["1", "2", "4"])
    def test_after_kill_9_the_bytes_are_those_of_one_run(self, killed, one_run, run, jobs):
        code, _, said = run("scan", "deck", "-o", "codes.csv", "--jobs", jobs, "--resume")
        assert code == 4
        before = int(re.search(r"\(60 inputs, (\d+) of them read before\)", said)[1])
        assert 15 <= before < 60  # a line is a row, and some inputs have three
        assert (killed / "codes.csv").read_bytes() == one_run
        assert sorted(os.listdir(killed)) == ["codes.csv", "deck"]

    def test_what_is_known_and_what_is_not(self, deck, start, run):
        """Pictures that were read and hang from now on are known by their bytes, wherever they lie."""
        write(deck / "deck" / "99.png", HANG)
        stopped = start("scan", "deck", "-o", "codes.csv", "--jobs", "2", *ROW_BY_ROW)
        read_lines(stopped, 59)
        stopped.kill()
        stopped.wait()
        (deck / "deck").rename(deck / "mail")
        write(deck / "mail" / "00.png", 200, seed=99)  # changed
        write(deck / "mail" / "99.png", 200)
        code, _, said = run("scan", "mail", "-o", "codes.csv", "--resume")
        assert code == 4
        assert 40 <= int(re.search(r"\(61 inputs, (\d+) of them read before\)", said)[1]) <= 59
        first, *_ = rows(deck / "codes.csv")
        assert (first["path"], first["confidence"]) == ("mail/00.png", "0.7843")

    def test_a_journal_is_not_passed_over(self, killed, killed_run, run):
        code, _, said = run("scan", "deck", "-o", "codes.csv")
        assert code == 2
        assert said.count("\n") == 1
        assert "codes.csv.journal: a run that did not finish is kept there; --resume goes on with it" in said
        said = run("scan", "deck", "-o", "codes.csv", "--resume", "--accept", "0.5", "--jobs", "1")[2]
        assert said.splitlines()[-1].endswith("(60 inputs)")  # other settings read everything again
        (killed / "codes.csv").unlink()
        shutil.copytree(killed_run, killed, dirs_exist_ok=True)
        code, _, said = run("scan", "deck", "-o", "codes.csv", "--force")
        assert (code, "read before" in said) == (4, False)
        assert sorted(os.listdir(killed)) == ["codes.csv", "deck"]

    def test_two_runs_do_not_share_an_output(self, deck, start, run):
        write(deck / "deck" / "99.png", WAIT)
        first = start("scan", "deck", "-o", "codes.csv", "--jobs", "1", *ROW_BY_ROW)
        read_lines(first, 1)
        code, _, said = run("scan", "deck", "-o", "codes.csv", "--force")
        assert (code, said.count("\n")) == (2, 1)
        assert "another run is writing this output" in said
        (deck / "go-on").touch()
        first.communicate(timeout=HANGS_S)
        assert first.returncode == 4
        assert len(rows(deck / "codes.csv")) == 69

    def test_resume_needs_nothing_to_go_on_from(self, deck, run):
        assert run("scan", "deck", "-o", "codes.csv", "--resume")[0] == 4
        assert "exists already" in run("scan", "deck", "-o", "codes.csv", "--resume")[2]
        assert "--resume needs a file" in run("scan", "deck", "-o", "-", "--resume")[2]

    def test_a_debug_picture_is_made_for_every_input(self, tmp_path, start, run):
        for number in range(20):
            write(tmp_path / "deck" / f"{number:02}.png", SLOW)  # all of the same bytes
        stopped = start("scan", "deck", "-o", "codes.csv", "--jobs", "1", *ROW_BY_ROW, "--debug", "seen")
        read_lines(stopped, 5)
        stopped.kill()
        stopped.wait()
        code, _, said = run("scan", "deck", "-o", "codes.csv", "--debug", "seen", "--resume")
        assert (code, " of them read before" in said) == (0, True)
        assert len(list((tmp_path / "seen").rglob("*.png"))) == 20


class TestFaults:
    @pytest.mark.parametrize("others", [3, 20])  # read in the process itself; read in workers
    def test_what_hangs_or_dies_costs_one_row(self, tmp_path, run, others):
        for number in range(others):
            write(tmp_path / "in" / f"{number:02}.png", 100, seed=number)
        write(tmp_path / "in" / "01-hangs.png", HANG)
        write(tmp_path / "in" / "02-hangs.tif", 100, BUSY, 100)
        expected = {"in/01-hangs.png": "given up: nothing came of it within --timeout 3 s"}
        expected["in/02-hangs.tif"] = expected["in/01-hangs.png"]
        if others > 16:
            write(tmp_path / "in" / "03-crashes.png", CRASH)
            write(tmp_path / "in" / "04-too-large.png", NO_MEMORY)
            expected["in/03-crashes.png"] = "killed by SIGSEGV"
            expected["in/04-too-large.png"] = "killed by SIGKILL, perhaps for want of memory"
        code, _, said = run("scan", "in", "-o", "codes.csv", "--timeout", "3", "--jobs", "2")
        assert code == 4, said
        assert {row["path"]: row["message"] for row in rows(tmp_path / "codes.csv") if row["message"]} == expected
        assert len(rows(tmp_path / "codes.csv")) == others + len(expected)
        assert sorted(os.listdir(tmp_path)) == ["codes.csv", "in"]

    def test_a_few_pictures_of_which_one_crashes_are_read_by_going_on(self, tmp_path, run):
        """In one process with the reader there is nobody left to write the row; a resumed run has workers."""
        for number in range(4):
            write(tmp_path / "in" / f"{number}.png", CRASH if number == 2 else 100, seed=number)
        assert run("scan", "in", "-o", "codes.csv")[0] == -signal.SIGSEGV
        assert not (tmp_path / "codes.csv").exists()
        code, _, said = run("scan", "in", "-o", "codes.csv", "--resume")
        assert (code, "2 of them read before" in said) == (4, True)
        assert [row["message"] for row in rows(tmp_path / "codes.csv")] == ["", "", "killed by SIGSEGV", ""]

    @pytest.mark.parametrize("level", [HANG, BUSY])
    @pytest.mark.parametrize("others", [2, 20])
    def test_ctrl_c_does_not_wait_for_what_hangs(self, tmp_path, start, run, others, level):
        for number in range(others):
            write(tmp_path / "in" / f"{number:02}.png", 100, seed=number)
        write(tmp_path / "in" / "99.png", level)
        stopped = start("scan", "in", "-o", "codes.csv", *ROW_BY_ROW, "--jobs", "2")
        read_lines(stopped, others)
        began = time.monotonic()
        os.killpg(stopped.pid, signal.SIGINT)
        said = stopped.communicate(timeout=HANGS_S)[1].decode()
        assert time.monotonic() - began < STOPS_WITHIN_S
        assert (stopped.returncode, said.count("\n")) == (130, 1)
        assert f"interrupted; {others} inputs are kept in" in said
        assert "the same command with --resume goes on" in said
        assert ends(stopped.pid)
        write(tmp_path / "in" / "99.png", 100, seed=77)
        assert f"{others} of them read before" in run("scan", "in", "-o", "codes.csv", "--resume")[2]

    def test_workers_end_with_a_killed_parent(self, tmp_path, start):
        for number in range(20):
            write(tmp_path / "in" / f"{number:02}.png", 100 if number < 5 else HANG, seed=number)
        killed = start("scan", "in", "-o", "codes.csv", *ROW_BY_ROW, "--jobs", "2")
        read_lines(killed, 5)
        killed.kill()
        killed.wait()
        assert ends(killed.pid)

    def test_a_full_disk_is_one_line_and_nothing_is_lost(self, tmp_path, run):
        for number in range(400):
            write(tmp_path / "in" / f"{number:03}.png", 100, seed=number)
        code, _, said = run("scan", "in", "-o", "codes.jsonl", "--jobs", "2", LARGEST_FILE=90_000)
        assert (code, said.count("\n")) == (2, 1), said
        assert "cannot be written: " in said
        assert "the same command with --resume goes on" in said
        assert sorted(os.listdir(tmp_path)) in (
            ["codes.jsonl.journal", "in"], ["codes.jsonl.journal", "codes.jsonl.journal-wal", "in"],
        )  # fmt: skip
        code, _, said = run("scan", "in", "-o", "codes.jsonl", "--jobs", "2", "--resume")
        assert (code, " of them read before" in said) == (0, True)
        assert run("scan", "in", "-o", "whole.jsonl", "--jobs", "2")[0] == 0
        assert (tmp_path / "codes.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
        assert sorted(os.listdir(tmp_path)) == ["codes.jsonl", "in", "whole.jsonl"]

    def test_a_full_device_behind_stdout(self, tmp_path):
        write(tmp_path / "a.png", 100)
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [sys.executable, SCRIPT, "scan", "a.png", "-o", "-"],
                cwd=tmp_path, env=environment(), stdout=full, stderr=subprocess.PIPE, check=False,
            )  # fmt: skip
        assert (done.returncode, done.stderr.decode()) == (
            2, "zipread: stdout: cannot be written: No space left on device\n",
        )  # fmt: skip

    @pytest.mark.parametrize("options", [ROW_BY_ROW, ()], ids=["rows", "summary"])
    def test_nobody_listening_on_stderr_is_no_reason_to_stop(self, tmp_path, start, options):
        for number in range(5):
            write(tmp_path / "in" / f"{number}.png", 100, seed=number)
        process = start("scan", "in", "-o", "codes.csv", *options)
        process.stderr.close()
        assert process.wait(HANGS_S) == 0
        assert len(rows(tmp_path / "codes.csv")) == 5

    def test_a_file_that_vanishes(self, tmp_path, start):
        for number in range(20):
            write(tmp_path / "in" / f"{number:02}.png", SLOW, seed=number)
        process = start("scan", "in", "-o", "codes.csv", *ROW_BY_ROW, "--jobs", "1")
        read_lines(process, 3)
        (tmp_path / "in" / "19.png").unlink()
        process.communicate(timeout=HANGS_S)
        assert process.returncode == 4
        assert [row["message"] for row in rows(tmp_path / "codes.csv")] == [""] * 19 + ["no such file"]

    def test_progress_as_json_also_while_a_picture_hangs(self, tmp_path, run):
        for number in range(3):
            write(tmp_path / "in" / f"{number}.tif", 100, 100, seed=number)
        write(tmp_path / "in" / "9.png", HANG)
        code, _, said = run("scan", "in", "-o", "codes.csv", "--progress", "json", "--timeout", "2.5")
        assert code == 4
        lines = [json.loads(line) for line in said.splitlines()]
        assert len(lines) >= 3  # two seconds of waiting, and the end
        assert all(list(line) == ["done", "total", "accepted", "review", "blank", "failed", "pages_per_second",
                                  "eta_seconds"] for line in lines)  # fmt: skip
        assert (lines[1]["done"], lines[1]["total"], lines[1]["accepted"], lines[1]["failed"]) == (3, 4, 6, 0)
        assert (lines[-1]["done"], lines[-1]["failed"], lines[-1]["eta_seconds"]) == (4, 1, 0.0)
        assert lines[-1]["pages_per_second"] > 0


NAMES = [
    b"\xff\xfe.png", b"comma,.png", b'quote".png', b"line\nend.png", b"=1+1.png", b"+1.png", b"@list.png", b"-o.png",
    b"\x1b[2J.png", b" .png", "ümläut ✉.png".encode(),
]  # fmt: skip


def test_names_of_every_kind(tmp_path, run):
    folder = os.fsencode(tmp_path / "in")
    os.mkdir(folder)
    for name in [*NAMES, b"empty.jpg"]:
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(encoded(np.full((8, 8), 90, np.uint8)))
    Path(os.fsdecode(os.path.join(folder, NAMES[8]))).write_bytes(b"no picture")
    os.mkdir(os.path.join(folder, b"folder.jpg"))
    code, _, said = run("scan", "in", "-o", "codes.csv", *ROW_BY_ROW)
    assert code == 4
    assert len(said.splitlines()) == len(NAMES) + 2  # every name on one line, and the summary
    assert "\x1b" not in said
    assert r"in/\x1b[2J.png: error: not a picture" in said
    table = rows(tmp_path / "codes.csv")
    expected = [os.fsdecode(name) for name in NAMES]
    expected[0] = r"\xff\xfe.png"
    assert {row["path"] for row in table} == {f"in/{name}" for name in [*expected, "empty.jpg"]}
    os.chdir(tmp_path / "in")
    code, out, _ = run(
        "scan", *(os.path.join(".", os.fsdecode(name)) for name in NAMES), "-o", "-", "--format", "jsonl"
    )
    assert code == 3  # run from elsewhere: no such files, and each has its row
    assert out.count("\n") == len(NAMES)
