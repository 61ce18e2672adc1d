"""Watching a folder: what is complete, what has been read, where it goes, and what a crash leaves behind."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from conftest import HANGS_S, encoded, environment, field_picture

from zipread.append import GrowingOutput, Signature
from zipread.errors import UsageError
from zipread.output import SCAN_COLUMNS, scan_row
from zipread.records import Reading
from zipread.watch import EMPTY_PATIENCE, Settling, Watcher

HEADER = ",".join(SCAN_COLUMNS) + "\n"
THEN = Signature(10, 1)


def paths_in(text):
    return [row["path"] for row in csv.DictReader(io.StringIO(text, newline=""))]


class TestSettling:
    def test_a_file_is_ready_when_it_has_not_changed_for_a_while(self):
        settling = Settling(2.0)
        grown = Signature(20, 2)
        assert settling.ready({"a": THEN}, 100.0) == []
        assert settling.ready({"a": grown, "b": THEN}, 101.0) == []
        assert settling.ready({"a": grown, "b": THEN}, 102.5) == []
        assert settling.ready({"a": grown, "b": Signature(10, 2)}, 103.0) == ["a"]
        assert settling.ready({"b": Signature(10, 2)}, 105.0) == ["b"]

    def test_a_file_that_was_away_starts_anew(self):
        settling = Settling(2.0)
        settling.ready({"a": THEN}, 100.0)
        assert settling.ready({}, 101.0) == []
        assert not settling.any
        assert settling.ready({"a": THEN}, 103.0) == []

    def test_an_empty_file_is_given_more_time(self):
        settling = Settling(2.0)
        empty = {"a": Signature(0, 1)}
        settling.ready(empty, 100.0)
        assert settling.ready(empty, 100.0 + 2.0 * EMPTY_PATIENCE - 0.1) == []
        assert settling.ready(empty, 100.0 + 2.0 * EMPTY_PATIENCE) == ["a"]


def rows(path, n=1):
    return [scan_row(path, Reading(page, code="12345")) for page in range(1, n + 1)]


@pytest.fixture
def target(tmp_path):
    return tmp_path / "codes.csv"


@contextmanager
def opened(target, **options):
    with closing(GrowingOutput(os.fspath(target), **options)) as output:
        yield output


class TestGrowingOutput:
    def test_the_header_comes_once(self, target):
        for path in ("a", "b"):
            with opened(target) as output:
                output.add(path, THEN, rows(path, 2), False)
        text = target.read_text()
        assert text.startswith(HEADER)
        assert paths_in(text) == ["a", "a", "b", "b"]

    def test_json_lines_have_none(self, tmp_path):
        with opened(tmp_path / "codes.jsonl") as output:
            output.add("a", THEN, rows("a"), False)
        assert (tmp_path / "codes.jsonl").read_text().startswith('{"path": "a"')

    def test_what_was_read_is_known_later(self, target):
        odd = "in/\udcff.png"
        with opened(target) as output:
            output.add("a", THEN, rows("a"), True)
            output.add(odd, THEN, rows(odd), False)
            output.add("b", THEN, rows("b"), False)
            output.forget("b")
        with opened(target) as output:
            assert output.find("a") == (THEN, True)
            assert output.find(odd) == (THEN, False)
            assert output.find("b") is None

    @pytest.mark.parametrize("part", [0, 1, 40, None])
    def test_what_a_crash_left_half_done_is_cut_off(self, target, monkeypatch, part):
        """The process ends after part of the rows reached the disk, or all of them (None)."""

        def crash(descriptor):
            os.truncate(descriptor, len(before) + part if part is not None else os.fstat(descriptor).st_size)
            raise KeyboardInterrupt

        with opened(target) as output:
            output.add("a", THEN, rows("a"), False)
            before = target.read_bytes()
            monkeypatch.setattr(os, "fsync", crash)
            with pytest.raises(KeyboardInterrupt):
                output.add("b", THEN, rows("b", 2), False)
            assert (target.read_bytes() == before) == (part == 0)
        monkeypatch.undo()
        with opened(target) as output:
            assert target.read_bytes() == before
            assert (output.find("a"), output.find("b")) == ((THEN, False), None)
            output.add("b", THEN, rows("b", 2), False)
        assert paths_in(target.read_text()) == ["a", "b", "b"]

    def test_a_crash_before_the_first_row(self, target, monkeypatch):
        def crash(descriptor):
            os.truncate(descriptor, 9)
            raise KeyboardInterrupt

        with opened(target) as output:
            monkeypatch.setattr(os, "fsync", crash)
            with pytest.raises(KeyboardInterrupt):
                output.add("a", THEN, rows("a"), False)
        monkeypatch.undo()
        with opened(target) as output:
            output.add("a", THEN, rows("a"), False)
        assert target.read_text().startswith(HEADER)
        assert paths_in(target.read_text()) == ["a"]

    def test_only_what_was_begun_is_cut_off(self, target, monkeypatch):
        def crash(descriptor):
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", crash)
        with opened(target) as output, pytest.raises(KeyboardInterrupt):
            output.add("a", THEN, rows("a"), False)
        monkeypatch.undo()
        target.write_text(HEADER + "put here meanwhile,,,,,,,,,,,,,,,\n")
        with opened(target):
            assert paths_in(target.read_text()) == ["put here meanwhile"]

    def test_the_file_may_be_taken_away_at_any_time(self, target, tmp_path):
        with opened(target) as output:
            output.add("a", THEN, rows("a"), False)
            target.rename(tmp_path / "taken.csv")
            output.add("b", THEN, rows("b"), False)
        assert paths_in((tmp_path / "taken.csv").read_text()) == ["a"]
        assert target.read_text().startswith(HEADER)
        assert paths_in(target.read_text()) == ["b"]

    def test_a_line_that_somebody_left_open_is_ended(self, target):
        target.write_text(HEADER + "by hand,,,,,,,,,,,,,,,")
        with opened(target) as output:
            output.add("a", THEN, rows("a"), False)
        assert paths_in(target.read_text()) == ["by hand", "a"]

    def test_one_at_a_time(self, target):
        with opened(target), pytest.raises(UsageError, match="another watch writes to it"), opened(target):
            pass
        with opened(target):
            pass

    def test_what_cannot_be_appended_to(self, tmp_path):
        (tmp_path / "other.csv").write_text("name,street\n")
        (tmp_path / ".damaged.csv.watch").write_text("no database" * 100)
        expected = {
            "other.csv": "holds other columns than `zipread watch` writes; name another file",
            "damaged.csv": "its record .damaged.csv.watch is damaged; remove it",
            "codes.parquet": "nothing can be appended to parquet; use .csv or .jsonl",
            "none/codes.csv": "the folder .* does not exist",
        }
        for name, message in expected.items():
            with pytest.raises(UsageError, match=message), opened(tmp_path / name):
                pass
        assert (tmp_path / "other.csv").read_text() == "name,street\n"

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="a disk that is always full")
    def test_a_full_disk(self, target, monkeypatch):
        with opened(target) as output:
            output.add("a", THEN, rows("a"), False)
            before = target.read_bytes()
            monkeypatch.setattr(output, "_path", Path("/dev/full"))
            with pytest.raises(UsageError, match=r"codes\.csv: cannot be written: No space left"):
                output.add("b", THEN, rows("b"), False)
        with opened(target) as output:
            assert (target.read_bytes(), output.find("b")) == (before, None)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "in"
    made.mkdir()
    return made


@pytest.fixture
def look(folder, target):
    """Look into the folder once with a reader that needs no model, and return what it was given and what was told."""

    def call(move=False, settle_s=0.0, during=None):
        given, told = [], []

        def read(path):
            given.append(os.path.relpath(path, folder))
            if during is not None:
                during(Path(path))
            bad = Path(path).read_bytes().startswith(b"bad")
            return [Reading(status="error", message="bad")] if bad else [Reading(code="12345"), Reading(page=2)]

        with opened(target) as output:
            Watcher(folder, output, read, settle_s, move, lambda *_: None, told.append).once()
        return given, told

    return call


def files_below(folder):
    return sorted(os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_file())


class TestWatcher:
    def test_every_picture_is_read_once_whatever_the_number_of_runs(self, folder, look, target):
        for name in ("b.png", "a.jpg", "notes.txt", ".hidden.png", "sub/c.tif", "bad.png"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_bytes(name.encode())
        assert look() == (["a.jpg", "b.png", "bad.png", "sub/c.tif"], [])
        before = target.read_bytes()
        assert look() == ([], [])
        assert target.read_bytes() == before
        assert [os.path.relpath(path, folder) for path in paths_in(before.decode())] == [
            "a.jpg", "a.jpg", "b.png", "b.png", "bad.png", "sub/c.tif", "sub/c.tif",
        ]  # fmt: skip

    def test_a_picture_that_was_changed_is_read_again(self, folder, look):
        (folder / "a.png").write_bytes(b"one")
        assert look() == (["a.png"], [])
        (folder / "a.png").write_bytes(b"another")
        assert look() == (["a.png"], [])

    def test_a_picture_that_changes_while_it_is_read_does_not_count(self, folder, look, target):
        (folder / "a.png").write_bytes(b"half")
        look(during=lambda path: path.write_bytes(b"all of it"))
        assert not target.read_bytes()
        assert look() == (["a.png"], [])
        assert len(paths_in(target.read_text())) == 2

    def test_a_picture_that_vanishes_has_no_rows(self, folder, look, target):
        (folder / "a.png").write_bytes(b"one")
        (folder / "b.png").write_bytes(b"one")

        def take_away(path):
            if path.name == "a.png":
                path.with_name("taken").write_bytes(path.read_bytes())
                os.rename(path.with_name("taken"), path)  # another file now, at another time

        os.utime(folder / "a.png", (1, 1))
        look(during=take_away)
        assert {Path(path).name for path in paths_in(target.read_text())} == {"b.png"}

    def test_files_that_were_read_and_files_that_failed_part(self, folder, look):
        for round_ in range(3):  # the same names come again
            (folder / "sub").mkdir(exist_ok=True)
            (folder / "bad.png").write_bytes(b"bad")
            (folder / "sub" / "a.tar.png").write_bytes(b"%d" % round_)
            assert look(move=True) == (["bad.png", "sub/a.tar.png"], [])
        assert files_below(folder) == [
            "done/sub/a.tar-1.png", "done/sub/a.tar-2.png", "done/sub/a.tar.png",
            "failed/bad-1.png", "failed/bad-2.png", "failed/bad.png",
        ]  # fmt: skip
        assert (folder / "done/sub/a.tar-1.png").read_bytes() == b"1"
        assert look(move=True) == ([], [])

    def test_what_was_read_before_a_crash_is_moved_after_it(self, folder, look):
        (folder / "a.png").write_bytes(b"one")
        (folder / "bad.png").write_bytes(b"bad")
        look(move=False)
        assert look(move=True) == ([], [])
        assert files_below(folder) == ["done/a.png", "failed/bad.png"]

    def test_what_cannot_be_moved_is_said_and_not_read_again(self, folder, look):
        (folder / "a.png").write_bytes(b"one")
        (folder / "done").write_text("a file, not a folder")
        given, (told,) = look(move=True)
        assert given == ["a.png"]
        assert "read, but cannot be moved" in told
        given, (told,) = look(move=True)
        assert given == []

    def test_a_folder_that_goes_away_is_waited_for(self, folder, look):
        folder.rmdir()
        given, told = look()
        assert (given, told) == ([], [f"{folder}: the folder is not there; waiting for it"])


def started(tmp_path, *arguments):
    code = (  # a shell's background job ignores Ctrl-C, and so do its children unless they are told otherwise
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from zipread.cli import main; main()"
    )
    arguments = ["watch", "in", "-o", "codes.csv", "--settle", "1", "--interval", "0.1", "-v", *arguments]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, env=environment(), stderr=subprocess.PIPE, text=True
    )


class TestProcess:
    @pytest.mark.skipif(os.name != "posix", reason="signals")
    def test_a_night_with_a_slow_scanner_a_bad_file_and_a_kill(self, folder, tmp_path):
        picture = encoded(field_picture())
        with started(tmp_path) as watch, (folder / "slow.png").open("wb") as scanner:
            (folder / "bad.png").write_bytes(picture[:100])
            for first in range(0, len(picture), 1 + len(picture) // 8):
                scanner.write(picture[first : first + 1 + len(picture) // 8])
                scanner.flush()
                time.sleep(0.1)
            told = sorted(watch.stderr.readline() for _ in range(2))
            watch.kill()
        assert told[0].startswith("in/bad.png: error: the file is cut short")
        assert told[1].startswith("in/slow.png: 94043 ")
        (folder / "late.png").write_bytes(picture)
        with started(tmp_path, "--move") as watch:
            assert watch.stderr.readline().startswith("in/late.png: 94043 ")
            deadline = time.monotonic() + HANGS_S
            while (folder / "late.png").exists() and time.monotonic() < deadline:
                time.sleep(0.05)
            watch.send_signal(signal.SIGINT)
            assert watch.wait(HANGS_S) == 130
            assert watch.stderr.read().startswith("zipread: interrupted")
        assert sorted(paths_in((tmp_path / "codes.csv").read_text())) == ["in/bad.png", "in/late.png", "in/slow.png"]
        assert files_below(folder) == ["done/late.png", "done/slow.png", "failed/bad.png"]

    def test_once_for_cron(self, zipread, folder, tmp_path):
        line = ("watch", "in", "-o", "codes.csv", "--once", "--settle", "0.1")
        assert zipread(*line).code == 0
        (folder / "a.png").write_bytes(encoded(field_picture()))
        (folder / "bad.png").write_bytes(b"no picture")
        done = zipread(*line)
        assert done.code == 4
        assert done.err.splitlines()[-1].endswith("1 failed (2 inputs)")
        assert (zipread(*line).code, len(paths_in((tmp_path / "codes.csv").read_text()))) == (0, 2)

    def test_usage(self, zipread_each, folder, tmp_path):
        bad = (["watch", "none", "-o", "codes.csv"], ["watch", "in"], ["watch", "in", "-o", "codes.parquet"])
        for done in zipread_each(*bad):
            assert (done.code, done.err.count("\n")) == (2, 1)
