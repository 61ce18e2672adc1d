"""Output: columns, cell formats, atomic files, formulas, names that are not UTF-8, the debug picture."""

import csv
import io
import json
import os
import stat
import sys
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from zipread.debug import guesses, overlay, picture_name, reasons
from zipread.errors import DependencyError, UsageError
from zipread.output import (
    DIGIT_COLUMNS,
    SCAN_COLUMNS,
    check_target,
    choose_format,
    digit_row,
    open_writer,
    printable,
    scan_row,
)  # fmt: skip
from zipread.records import NOT_A_DIGIT, Box, Digit, DigitReading, Place, Reading, Search

READING = Reading(
    page=2,
    code="02139",
    plus4="0001",
    confidence=0.98765,
    status="accepted",
    kind="handwritten",
    digit_confidences=(1.0, 0.99999, 0.5),
    alternatives=(("02138", 0.01), ("02189", 0.002)),
    box=Box(3, 4, 50, 20),
    angle=-1.26,
)


def write(path, *rows, columns=SCAN_COLUMNS, format=None):
    with open_writer(str(path), format or choose_format(str(path)), columns) as writer:
        for row in rows:
            writer.write(row)


def test_the_columns_are_those_promised(tmp_path):
    write(tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text() == (
        "path,page,field,code,plus4,confidence,status,kind,digit_confidences,alternatives,x,y,width,height,angle,message\n"
    )
    assert tuple(scan_row("a", READING)) == SCAN_COLUMNS
    assert tuple(digit_row("a", DigitReading())) == DIGIT_COLUMNS


def test_csv_cells(tmp_path):
    write(tmp_path / "a.csv", scan_row("in/a b.png", READING), scan_row("b.png", Reading(angle=-0.01)))
    header, first, second = (tmp_path / "a.csv").read_bytes().decode().splitlines(keepends=True)
    assert header == ",".join(SCAN_COLUMNS) + "\n"
    assert first == (
        "in/a b.png,2,zip,02139,0001,0.9877,accepted,handwritten,1.0000 1.0000 0.5000,"
        "02138:0.0100 02189:0.0020,3,4,50,20,-1.3,\n"
    )
    assert second == "b.png,1,zip,,,0.0000,blank,unknown,,,,,,,0.0,\n"


@pytest.mark.parametrize("name", ["comma,.png", 'quote".png', "line\nend.png", "return\rhere.png", "ünï😀.png", " a "])
def test_csv_gives_back_any_name(tmp_path, name):
    write(tmp_path / "a.csv", scan_row(name, READING))
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as lines:
        assert next(csv.DictReader(lines))["path"] == name


@pytest.mark.parametrize("name", ["=cmd|'/c calc'!A0", "+1.png", "-1.png", "@a.png", "\tx", "\rx"])
def test_what_a_spreadsheet_would_run_is_defused_in_csv_only(tmp_path, name):
    row = scan_row(name, Reading(message=name, angle=-2.0))
    write(tmp_path / "a.csv", row)
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as lines:
        (cells,) = csv.DictReader(lines)
    assert cells["path"] == cells["message"] == "'" + name
    assert cells["angle"] == "-2.0"
    write(tmp_path / "a.jsonl", row)
    assert json.loads((tmp_path / "a.jsonl").read_text())["path"] == name


def test_names_that_are_not_utf8_are_escaped(tmp_path):
    name = os.fsdecode(b"\xffa.png")
    assert printable(name) == "\\xffa.png"
    assert printable("a\ud800") == "a\\ud800"
    for suffix in ("csv", "jsonl", "parquet"):
        write(tmp_path / f"a.{suffix}", scan_row(name, Reading(message=name)))
    assert "\\xffa.png" in (tmp_path / "a.csv").read_text(encoding="utf-8")


def test_json_lines_have_real_types(tmp_path):
    write(tmp_path / "a.jsonl", scan_row("a.png", READING), scan_row("b.png", Reading()))
    first, second = map(json.loads, (tmp_path / "a.jsonl").read_text().splitlines())
    assert list(first) == list(SCAN_COLUMNS)
    assert first["code"] == "02139"
    assert first["digit_confidences"] == [1.0, 1.0, 0.5]
    assert first["alternatives"][0] == {"code": "02138", "confidence": 0.01}
    assert (first["x"], first["confidence"]) == (3, 0.9877)
    assert (second["x"], second["digit_confidences"], second["angle"]) == (None, [], 0.0)


def test_parquet_has_real_types(tmp_path):
    write(tmp_path / "a.parquet", scan_row("a.png", READING), scan_row("b.png", Reading()))
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == list(SCAN_COLUMNS)
    assert [str(table.schema.field(name).type) for name in ("code", "page", "confidence")] == [
        "string", "int32", "double",
    ]  # fmt: skip
    assert table.to_pylist() == [dict(scan_row("a.png", READING)), dict(scan_row("b.png", Reading()))]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_no_rows_are_a_valid_file(tmp_path, format):
    write(tmp_path / f"a.{format}")
    assert (tmp_path / f"a.{format}").exists()


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_stdout(tmp_path, monkeypatch, format):
    write(tmp_path / f"a.{format}", scan_row("a.png", READING))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO()))
    write("-", scan_row("a.png", READING), format=format)
    assert sys.stdout.buffer.getvalue() == (tmp_path / f"a.{format}").read_bytes()


@pytest.mark.parametrize(
    ("target", "asked", "expected"),
    [
        ("a.csv", None, "csv"), ("a.CSV", None, "csv"), ("a.jsonl", None, "jsonl"), ("a.ndjson", None, "jsonl"),
        ("a.parquet", None, "parquet"), ("a.txt", "jsonl", "jsonl"), ("a.csv", "parquet", "parquet"),
        ("-", None, "csv"),
    ],
)  # fmt: skip
def test_the_format(target, asked, expected):
    assert choose_format(target, asked) == expected


@pytest.mark.parametrize(("target", "asked"), [("a.xlsx", None), ("codes", None), ("a.csv", "xlsx")])
def test_an_unknown_format(target, asked):
    with pytest.raises(UsageError, match="--format"):
        choose_format(target, asked)


def test_parquet_without_its_library_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(DependencyError, match=r"zipread\[parquet\]"):
        choose_format("a.parquet")


def test_targets_that_cannot_be_written(tmp_path):
    (tmp_path / "old.csv").touch()
    for target, message in {
        tmp_path: "is a folder",
        tmp_path / "old.csv": "exists already; --force",
        tmp_path / "none" / "a.csv": "does not exist",
        Path(os.devnull): "not a regular file",
    }.items():
        with pytest.raises(UsageError, match=message):
            check_target(str(target), force=False)
    check_target(str(tmp_path / "old.csv"), force=True)
    check_target("-", force=False)


def test_the_file_appears_only_when_it_is_whole(tmp_path):
    target = tmp_path / "a.csv"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), open_writer(str(target), "csv", SCAN_COLUMNS) as writer:
        writer.write(scan_row("a.png", READING))
        assert target.read_text() == "old"
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.csv"]
    write(target, scan_row("a.png", READING))
    assert os.listdir(tmp_path) == ["a.csv"]
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~umask


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    write(tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").is_file()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_said_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "with_name", lambda path, name: Path("/dev/full"))
    monkeypatch.setattr(Path, "unlink", lambda path, missing_ok: None)
    with pytest.raises(UsageError, match=r"a\.csv: cannot be written: No space left"):
        write(tmp_path / "a.csv", scan_row("a.png", READING))


def digit_of(number, x):
    image = np.zeros((28, 28), np.uint8)
    image[:, :14] = 255
    scores = np.full(11, 0.01, np.float32)
    scores[number] = 0.9
    scores[NOT_A_DIGIT] = 0.05
    return Digit(((x, 600), (x + 10, 600), (x + 10, 630), (x, 630)), image, scores)


def test_guesses_are_the_two_best():
    assert guesses(digit_of(7, 0)) == ["7 0.90", "x 0.05"]


def test_the_overlay_shows_page_boxes_and_digits():
    gray = np.full((1000, 800), 230, np.uint8)
    outline = ((90, 590), (300, 590), (300, 640), (90, 640))
    digits = tuple(digit_of(number, 100 + 20 * number) for number in range(5))
    picture = overlay(gray, [Reading(code="01234", status="accepted", digits=digits, outline=outline)])
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (800, 3)
    assert picture.shape[0] > 1000 + 84
    assert (picture[:500] == 230).all()
    colours = {tuple(pixel) for pixel in picture[590, 90:300]}
    assert (0, 140, 0) in colours  # the outline, in the colour of its status
    strip = picture[1000:]
    tile = strip[22 : 22 + 84, 8 : 8 + 84, 0]
    np.testing.assert_array_equal(tile, np.kron(digits[0].image, np.ones((3, 3), np.uint8)))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 7), (3000, 4000)])
@pytest.mark.parametrize("readings", [[], [Reading()], [Reading(status="error", message="damagéd", field="")] * 2])
def test_the_overlay_of_any_page(shape, readings):
    picture = overlay(np.zeros(shape, np.uint8), readings)
    assert picture.ndim == 3
    assert max(picture.shape) <= 2_200


def square(x, y, width, height):
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


SEARCH = Search(
    places=(
        Place(square(90, 590, 210, 50), 0.5, "01234", 0.9, 2.7, "AGAWAMMA"),
        Place(square(100, 200, 200, 40), -1.0, "99999", 0.2, -2.4),
        Place(square(100, 300, 200, 40), -1.5, confidence=0.0),
        Place(square(100, 400, 200, 40), -3.0),
        Place(square(100, 500, 200, 40), -4.0),
    ),
    piece=square(20, 30, 700, 900),
    lines=(square(500, 205, 100, 30),),
    blocks=(square(450, 150, 200, 200),),
)


def test_the_reasons_add_up():
    assert reasons(SEARCH, won=True) == [
        ("1", "01234", "+0.50 (62.2%)", "+2.20 (90.0%)", "+2.70", "chosen: the greatest sum; behind AGAWAMMA"),
        ("2", "99999", "-1.00 (26.9%)", "-1.40 (20.0%)", "-2.40", ""),
        ("3", "", "-1.50 (18.2%)", "", "", "no code reads here"),
        ("4", "", "-3.00 (4.7%)", "", "", "from here on not read: too far behind"),
        ("5", "", "-4.00 (1.8%)", "", "", ""),
    ]
    assert reasons(SEARCH, won=False)[0][-1] == "the greatest sum, but too doubtful; behind AGAWAMMA"


def test_the_overlay_shows_what_was_considered():
    gray = np.full((1000, 800), 200, np.uint8)
    won = Reading(code="01234", status="accepted", outline=SEARCH.places[0].outline)
    picture = overlay(gray, [won], SEARCH)
    page, below = picture[:1000], picture[1000:]
    assert tuple(page[600, 20]) == (150, 130, 0)  # the mail piece
    assert tuple(page[220, 550]) == (156, 200, 200)  # on a text line
    assert page[320, 450].tolist() == pytest.approx([0, 150, 190], abs=25)  # the block
    assert page[220, 100].tolist() == pytest.approx([190, 0, 170], abs=25)  # a place that was read and lost
    assert page[520, 300].tolist() == pytest.approx([205, 140, 200], abs=25)  # one that was not read
    assert tuple(page[615, 300]) == (0, 140, 0)  # the winner, in the colour of its status
    assert tuple(page[800, 400]) == (200, 200, 200)
    assert len(below) > len(overlay(gray, [won])[1000:]) + 6 * 20  # a row for each place, and the head
    nothing = overlay(gray, [Reading(message="no code found")], SEARCH)
    assert nothing[615, 300].tolist() == pytest.approx([190, 0, 170], abs=25)  # nobody won


@pytest.mark.parametrize("shape", [(1, 1), (5000, 7), (300, 4000)])
def test_the_overlay_of_a_search_on_any_page(shape):
    assert overlay(np.zeros(shape, np.uint8), [Reading()], SEARCH).ndim == 3


def test_picture_names_mirror_the_inputs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(picture_name("a/b.png", 1)) == "a/b.png-p1.png"
    assert str(picture_name("./a/../a/b.png", 12)) == "a/b.png-p12.png"
    assert str(picture_name(str(tmp_path / "b.tif"), 2)) == "b.tif-p2.png"
    assert str(picture_name("-", 1)) == "-stdin-p1.png"
    assert picture_name("../b.png", 1).parts[0] == "-elsewhere"
