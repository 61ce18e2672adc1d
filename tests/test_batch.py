"""Batch: what inputs stand for, the order and number of rows, workers that die, the summary."""

import csv
import multiprocessing
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, encoded, environment, field_picture
from pool_tasks import Pages, Recalling, Squares, Stillborn, Unprepared

from zipread import batch
from zipread.errors import DependencyError, InputError, SettingsError, UsageError
from zipread.inputs import Input, expand
from zipread.pool import AHEAD_PER_WORKER, run_here, run_workers
from zipread.records import Box, DigitReading, Reading, Search
from zipread.settings import Settings


def paths(*names, **options):
    return [item.path for item in expand(names, **options)]


def problems(*names):
    return {item.path: item.problem for item in expand(names) if item.problem}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A folder of empty files, and the working directory above it."""
    for name in ("b.png", "a.JPG", "c/d.tiff", "c/e/f.pdf", ".hidden.png", ".git/g.png", "notes.txt", "c.d/h.webp"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestInputs:
    def test_a_folder_gives_its_pictures_sorted(self, tree):
        expected = ["in/a.JPG", "in/b.png", "in/c/d.tiff", "in/c/e/f.pdf", "in/c.d/h.webp"]
        assert paths("in") == expected
        assert paths(Path("in")) == expected

    def test_names_keep_their_order_and_are_taken_as_given(self, tree):
        assert paths("in/notes.txt", "in/b.png", "./in/a.JPG", "in/b.png", "-") == [
            "in/notes.txt", "in/b.png", "./in/a.JPG", "in/b.png", "-",
        ]  # fmt: skip

    def test_globs(self, tree):
        assert paths("in/*.png") == ["in/b.png"]
        assert paths("in/**/*.[tp]*f*") == ["in/c/d.tiff", "in/c/e/f.pdf"]
        assert paths("in/c*") == ["in/c/d.tiff", "in/c/e/f.pdf", "in/c.d/h.webp"]
        assert problems("in/*.gif") == {"in/*.gif": "nothing matches this pattern"}

    def test_globs_over_several_levels(self, tree):
        assert paths("**/c.d/*") == ["in/c.d/h.webp"]
        assert paths("in/**/c*") == ["in/c/d.tiff", "in/c/e/f.pdf", "in/c.d/h.webp"]
        assert paths("i?/**") == [
            "in/a.JPG",
            "in/b.png",
            "in/c/d.tiff",
            "in/c/e/f.pdf",
            "in/c.d/h.webp",
            "in/notes.txt",
        ]
        assert paths(f"{tree}/**/e/*.pdf") == [f"{tree}/in/c/e/f.pdf"]
        assert problems("in/**/*.gif") == {"in/**/*.gif": "nothing matches this pattern"}

    def test_a_file_whose_name_looks_like_a_glob(self, tree):
        Path("in/[1].png").touch()
        assert paths("in/[1].png") == ["in/[1].png"]

    def test_lists(self, tree):
        Path("list.txt").write_bytes(b"\xef\xbb\xbfin/b.png\r\n\r\nin/c\nodd\xff.png")
        assert paths("@list.txt", "in/a.JPG") == [
            "in/b.png", "in/c/d.tiff", "in/c/e/f.pdf", "odd\udcff.png", "in/a.JPG",
        ]  # fmt: skip

    def test_a_missing_list_is_a_usage_error(self, tree):
        with pytest.raises(UsageError, match=r"@none\.txt"):
            paths("@none.txt")

    def test_a_folder_without_pictures_says_so(self, tree):
        Path("empty").mkdir()
        assert problems("empty", "in") == {"empty": "no pictures in this folder"}

    def test_pictures_that_may_not_be_readable_are_not_passed_over(self, tree):
        Path("phone").mkdir()
        for name in ("IMG_1.HEIC", "b.heif", "c.avif", "d.jxl", "notes.txt"):
            Path("phone", name).touch()
        assert paths("phone") == ["phone/IMG_1.HEIC", "phone/b.heif", "phone/c.avif", "phone/d.jxl"]

    def test_loops_of_links_end(self, tree):
        Path("in/c/back").symlink_to(tree / "in", target_is_directory=True)
        Path("in/link").symlink_to(tree / "in/c.d", target_is_directory=True)
        Path("in/dead.png").symlink_to("nowhere")
        assert paths("in/**/*.webp") == ["in/c.d/h.webp"]
        assert sorted(paths("in")) == [
            "in/a.JPG", "in/b.png", "in/c.d/h.webp", "in/c/d.tiff", "in/c/e/f.pdf", "in/dead.png",
        ]  # fmt: skip

    def test_the_debug_folder_is_not_read(self, tree):
        Path("in/debug").mkdir()
        Path("in/debug/x.png").touch()
        assert "in/debug/x.png" not in paths("in", skip=[Path("in/debug")])

    def test_an_unreadable_folder_is_one_problem(self, tree, monkeypatch):
        listing = os.scandir

        def refuse(path):
            if path == "in/c":
                raise PermissionError(13, "Permission denied")
            return listing(path)

        monkeypatch.setattr(os, "scandir", refuse)
        assert problems("in") == {"in/c": "the folder cannot be read: Permission denied"}
        assert "in/c.d/h.webp" in paths("in")

    def test_nothing_is_drawn_before_it_is_needed(self, tree):
        items = expand(["in", "@missing.txt"])
        assert next(items) == Input("in/a.JPG")


class Notes:
    """Remembers these results, and notes which are to be kept."""

    def __init__(self, known=None):
        self.known, self.kept = known or {}, []
        self.past = bool(known)
        self.recall, self.keep = self.known.get, self.kept.append


class TestPool:
    def test_results_come_in_order_and_a_death_costs_one_item(self):
        deadly = frozenset({5, 23})
        results = list(run_workers(Squares(deadly), range(40), workers=2))
        assert [number for number, _ in results] == list(range(40))
        assert {number for number, result in results if result != number**2} == deadly
        assert results[5][1] == "killed by SIGKILL, perhaps for want of memory"
        assert not multiprocessing.active_children()

    def test_items_are_drawn_as_they_are_needed(self):
        drawn = []

        def draw():
            for number in range(1, 1000):
                drawn.append(number)
                yield number

        results = run_workers(Squares(), draw(), workers=1)
        assert next(results) == (1, 1)
        assert len(drawn) <= 1 + 2 * AHEAD_PER_WORKER
        results.close()
        assert not multiprocessing.active_children()

    def test_an_error_of_the_task_ends_everything(self):
        with pytest.raises(DependencyError, match="no model for 3"):
            list(run_workers(Squares(broken=3), range(100), workers=2))
        assert not multiprocessing.active_children()

    @pytest.mark.parametrize(("task", "message"), [(Stillborn(), "could not start"), (Unprepared(), "no model there")])
    def test_a_worker_that_cannot_start_ends_everything(self, task, message):
        with pytest.raises(DependencyError, match=message):
            list(run_workers(task, range(100), workers=1))
        assert not multiprocessing.active_children()

    @pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows has no signal masks")
    def test_no_worker_sees_an_interrupt_while_it_starts_not_even_the_first(self):
        imports = "from pool_tasks import Guarded; from zipread.pool import run_workers"
        code = f"{imports}; print(list(run_workers(Guarded(), [1], 1)))"
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT / "tests",
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "[(1, True)]\n"

    @pytest.mark.parametrize("run", [run_here, partial(run_workers, workers=2)])
    def test_an_item_that_never_ends_costs_itself(self, run):
        results = list(run(Squares(endless=frozenset({2})), range(6), timeout_s=2.5))
        assert results[2] == (2, "given up: nothing came of it within --timeout 2.5 s")
        assert [result for number, result in results if number != 2] == [0, 1, 9, 16, 25]
        assert not multiprocessing.active_children()

    def test_others_go_on_beside_one_that_never_ends(self):
        kept = Notes()
        results = run_workers(Squares(endless=frozenset({0})), range(100), 2, 3.0, kept)
        assert next(results)[1].startswith("given up")
        assert len(kept.kept) > 50
        results.close()

    def test_a_sign_of_life_starts_the_time_anew(self):
        assert list(run_here(Pages(), [7], timeout_s=2.5)) == [7]
        assert list(run_here(Pages(talkative=False), [7], timeout_s=2.5)) == [
            "given up: nothing came of it within --timeout 2.5 s"
        ]

    @pytest.mark.parametrize("run", [run_here, partial(run_workers, workers=1)])
    def test_what_is_remembered_is_not_done_again(self, run):
        assert list(run(Recalling(), range(4), memory=Notes({b"2": "two"}))) == [0, 1, "two", 9]
        assert list(run(Recalling(), range(4), memory=Notes())) == [0, 1, 4, 9]

    @pytest.mark.parametrize("run", [run_here, partial(run_workers, workers=1)])
    def test_an_interrupt_between_two_items_costs_nothing_that_was_finished(self, run):
        def interrupted():
            yield 3
            raise KeyboardInterrupt

        notes = Notes()
        with pytest.raises(KeyboardInterrupt):
            list(run(Squares(), interrupted(), memory=notes))
        assert notes.kept == [(3, 9)]

    def test_the_same_without_workers(self):
        assert list(run_here(Squares(), range(5))) == list(run_workers(Squares(), range(5), workers=1))


class FakeReader:
    """Reads the code off the upper left pixel: 200 is 00200; 255 is blank; 0 is a mistake."""

    def __init__(self, settings):
        self.settings = settings

    def read_page(self, page):
        level = int(page.gray[0, 0])
        if level == 0:
            raise ValueError("too dark\nreally")
        if level == 255:
            return [Reading(page.number)]
        status = "accepted" if level >= 100 else "review"
        return [Reading(page.number, code=f"{level:05}", confidence=level / 255, status=status, box=Box(1, 2, 3, 4))]

    def explain_page(self, page):
        return self.read_page(page), Search()

    def read_digit(self, source):
        if not source:
            raise InputError("the picture: the file is empty")
        return DigitReading("7", 0.5, "review")


@pytest.fixture
def fake(monkeypatch, tmp_path):
    monkeypatch.setattr(batch, "Reader", FakeReader)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_level(path, *levels):
    pages = [np.full((10, 10), level, np.uint8) for level in levels]
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(pages[0], "TIFF" if len(pages) > 1 else "PNG", pages[1:]))
    return str(path)


def rows(path="codes.csv"):
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))[1:]


class TestScan:
    def test_a_row_for_every_page_and_every_failure(self, fake):
        write_level("in/a.png", 200)
        write_level("in/b.tiff", 50, 255, 120)
        write_level("in/c.png", 0)
        Path("in/d.png").touch()
        summary = batch.scan(["in", "none.png"], "codes.csv")
        assert [(row[0], row[1], row[3], row[6]) for row in rows()] == [
            ("in/a.png", "1", "00200", "accepted"),
            ("in/b.tiff", "1", "00050", "review"),
            ("in/b.tiff", "2", "", "blank"),
            ("in/b.tiff", "3", "00120", "accepted"),
            ("in/c.png", "1", "", "error"),
            ("in/d.png", "1", "", "error"),
            ("none.png", "1", "", "error"),
        ]
        assert [row[-1] for row in rows()[5:]] == ["the file is empty", "no such file"]
        assert summary == batch.Summary(2, 1, 1, 3, inputs_read=2, inputs_failed=3, output="codes.csv", pages=7)
        assert summary.exit_code == 4

    def test_a_mistake_in_the_program_costs_one_row_and_says_where(self, fake):
        batch.scan(write_level("a.png", 0), "codes.csv")
        ((*_, message),) = rows()
        assert message.startswith("internal error, please report it: ValueError: too dark (test_batch.py:")

    def test_a_damaged_page_costs_its_row_only(self, fake):
        data = bytearray(encoded(np.full((40, 40), 90, np.uint8), "TIFF", [np.full((40, 40), 91, np.uint8)]))
        Path("a.tif").write_bytes(data[:-800])
        summary = batch.scan("a.tif", "codes.csv")
        assert [row[6] for row in rows()] == ["review", "error"]
        assert (summary.inputs_read, summary.inputs_failed, summary.exit_code) == (1, 0, 4)

    def test_settings_reach_the_reader(self, fake):
        write_level("a.png", 200)
        batch.scan("a.png", "codes.csv", settings=Settings(digits=6), max_pixels=99)
        assert rows()[0][-1] == "10x10 pixels are more than --max-pixels 99 allows"
        with pytest.raises(SettingsError):
            batch.scan("a.png", "other.csv", accept=2)

    def test_progress_after_every_input(self, fake):
        seen = []
        names = [write_level("a.png", 200), write_level("b.tiff", 50, 255), "none.png"]
        batch.scan(names, "codes.csv", on_progress=lambda *report: seen.append(report))
        assert [(summary.inputs_read, summary.inputs_failed, path) for summary, path, _ in seen] == [
            (1, 0, "a.png"), (2, 0, "b.tiff"), (2, 1, "none.png"),
        ]  # fmt: skip
        assert [len(readings) for *_, readings in seen] == [1, 2, 1]

    def test_fail_fast_keeps_the_rows_so_far(self, fake):
        summary = batch.scan([write_level("a.png", 200), "none.png", "a.png"], "codes.csv", fail_fast=True)
        assert [row[6] for row in rows()] == ["accepted", "error"]
        assert summary.exit_code == 4

    def test_nothing_read(self, fake):
        assert batch.scan("none.png", "codes.csv").exit_code == 3
        assert len(rows()) == 1

    @pytest.mark.parametrize("options", [{"inputs": []}, {"jobs": 0}, {"output": "a.png"}, {"format": "xls"}])
    def test_usage(self, fake, options):
        arguments = {"inputs": [write_level("in.png", 9)], "output": "codes.csv"} | options
        with pytest.raises(UsageError):
            batch.scan(arguments.pop("inputs"), arguments.pop("output"), **arguments)
        assert os.listdir() == ["in.png"]

    def test_an_error_that_ends_the_run_leaves_no_output(self, fake, monkeypatch):
        class Unloadable(FakeReader):
            def __init__(self, settings):
                raise DependencyError("no model")

        monkeypatch.setattr(batch, "Reader", Unloadable)
        with pytest.raises(DependencyError):
            batch.scan(write_level("a.png", 9), "codes.csv")
        assert os.listdir() == ["a.png"]

    def test_an_interrupt_leaves_no_output_but_says_what_is_kept(self, fake):
        def interrupt(*_):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt) as stop:
            batch.scan(write_level("a.png", 9), "codes.csv", on_progress=interrupt)
        assert sorted(os.listdir()) == ["a.png", "codes.csv.journal"]
        (note,) = stop.value.__notes__
        assert note.startswith("1 input is kept in ")
        assert note.endswith("codes.csv.journal: the same command with --resume goes on")

    def test_an_interrupt_before_anything_was_read_leaves_nothing(self, fake):
        def interrupt(*_):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            batch.scan("none.png", "codes.csv", on_progress=interrupt)
        assert os.listdir() == []

    def test_digits(self, fake):
        write_level("a.png", 9)
        batch.scan_digits(["a.png", "none.png"], "digits.csv")
        assert Path("digits.csv").read_text() == (
            "path,digit,confidence,status,message\na.png,7,0.5000,review,\nnone.png,,0.0000,error,no such file\n"
        )


class TestDebugPictures:
    def test_equal_names_do_not_collide(self, fake):
        names = [write_level(f"{folder}/a.{suffix}", 200, 100) for folder in "xy" for suffix in ("tif", "png")]
        batch.scan([*names, os.path.abspath(names[0]), "../elsewhere.png"], "codes.csv", debug="debug")
        made = sorted(str(path.relative_to("debug")) for path in Path("debug").rglob("*.png"))
        assert made == [f"{name}-p{page}.png" for name in sorted(names) for page in (1, 2)]

    def test_what_lies_elsewhere(self, fake, monkeypatch):
        name = write_level("a.png", 200)
        Path("inner").mkdir()
        monkeypatch.chdir("inner")
        batch.scan(f"../{name}", "codes.csv", debug="debug")
        (made,) = Path("debug").rglob("*.png")
        assert made == Path("debug", "-elsewhere", *fake.parts[1:], "a.png-p1.png")

    def test_one_that_cannot_be_written_costs_no_reading(self, fake):
        Path("debug").mkdir()
        Path("debug/in").touch()
        summary = batch.scan(write_level("in/a.png", 200), "codes.csv", debug="debug")
        assert summary.accepted == 1
        assert rows()[0][-1].startswith("no debug picture: ")

    def test_a_debug_folder_that_cannot_be_made(self, fake):
        Path("debug").touch()
        with pytest.raises(UsageError, match="debug"):
            batch.scan(write_level("a.png", 200), "codes.csv", debug="debug")


def test_the_same_bytes_whatever_the_number_of_processes(tmp_path, monkeypatch):
    """The real reader, enough pictures for real workers."""
    monkeypatch.chdir(tmp_path)
    for number in range(batch.HERE_BELOW):
        Path(f"{number:02}.png").write_bytes(encoded(field_picture(f"{90000 + 7 * number}")))
    Path("07.png").write_bytes(b"")
    for jobs in (1, 2):
        summary = batch.scan(".", f"{jobs}.csv", jobs=jobs)
        assert summary.inputs_read == batch.HERE_BELOW - 1
    assert Path("1.csv").read_bytes() == Path("2.csv").read_bytes()
