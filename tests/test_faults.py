"""Bad input and bad usage, as a user meets them: real processes, real files, the model that ships."""

import csv
import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from conftest import encoded, environment, field_picture

BOMB_SIDE = 30_000

MAX_MEBIBYTES = 600
"""What a scan may use at most while it refuses a picture of 900 million pixels."""


def png_bomb():
    """A well-formed PNG of 30,000 x 30,000 white pixels, about a hundred kilobytes long."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows_per_block = 1_000
    block = (b"\0" + b"\xff" * (BOMB_SIDE // 8)) * rows_per_block
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)  # ends on a byte, so it can be repeated
    checksum = 1
    for _ in range(BOMB_SIDE // rows_per_block):
        checksum = zlib.adler32(block, checksum)
    body = b"\x78\x9c" + packed * (BOMB_SIDE // rows_per_block) + packer.flush() + struct.pack(">I", checksum)
    header = struct.pack(">IIBBBBB", BOMB_SIDE, BOMB_SIDE, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def noise(seed=1):
    return np.random.default_rng(seed).integers(0, 255, (200, 300), np.uint8)


JPEG, TIFF = encoded(noise(), "JPEG"), encoded(noise(), "TIFF", compression="tiff_lzw")

FAULTS = {
    "bomb.png": (png_bomb(), "error", "30000x30000 pixels are more than --max-pixels 150000000 allows"),
    "cut.jpg": (JPEG[: len(JPEG) // 2], "error", "the file is cut short: the end of the picture is missing"),
    "cut.tif": (TIFF[: len(TIFF) // 2], "error", "the file is cut short"),
    "empty.png": (b"", "error", "the file is empty"),
    "text.jpg": (b"Dear postmaster,\n", "error", "not a picture zipread can read"),
    "one.png": (encoded(np.zeros((1, 1), np.uint8)), "blank", ""),
    "black.png": (encoded(np.zeros((300, 400), np.uint8)), "blank", ""),
    "white.png": (encoded(np.full((300, 400), 255, np.uint8)), "blank", ""),
}
"""Name of a file: its bytes, the status of its row, and how its message begins."""


def rows_of(text):
    return {row["path"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}


def test_one_run_over_every_bad_file(zipread, tmp_path):
    (tmp_path / "in").mkdir()
    for name, (data, *_) in FAULTS.items():
        (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in" / "good.png").write_bytes(encoded(field_picture()))
    # Its decoder reads half of this one and complains on stderr by itself, which must not show there.
    (tmp_path / "in" / "patched.jpg").write_bytes(JPEG[: len(JPEG) // 2] + b"\xff\xd9")
    done = zipread("scan", "in", "missing.png", "-o", "codes.csv")
    assert done.code == 4
    assert done.out == ""
    assert "Traceback" not in done.err
    rows = rows_of((tmp_path / "codes.csv").read_text())
    assert set(rows) == {f"in/{name}" for name in FAULTS} | {"in/good.png", "in/patched.jpg", "missing.png"}
    for name, (_, status, message) in FAULTS.items():
        row = rows[f"in/{name}"]
        assert (name, row["status"]) == (name, status)
        assert row["message"].startswith(message)
        assert row["code"] == ""
    assert (rows["missing.png"]["status"], rows["missing.png"]["message"]) == ("error", "no such file")
    assert rows["in/good.png"]["status"] in ("accepted", "review")
    *failures, summary = done.err.splitlines()
    assert len(failures) == sum(row["status"] == "error" for row in rows.values())
    assert summary.startswith("codes.csv: ")
    assert summary.endswith("6 failed (11 inputs)")


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is given in other units elsewhere")
def test_the_bomb_stays_packed(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png_bomb())
    code = (
        # Not ru_maxrss: a child begins with its parent's, and the parent may have loaded TensorFlow.
        "from zipread import scan; summary = scan('bomb.png', 'codes.csv'); "
        "peak = next(line for line in open('/proc/self/status') if line.startswith('VmHWM')); "
        "print(summary.failed, int(peak.split()[1]) // 1024)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )
    failed, mebibytes = map(int, done.stdout.split())
    assert failed == 1
    assert mebibytes < MAX_MEBIBYTES


def test_usage_errors_are_2_and_one_line(zipread_each, tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(field_picture()))
    (tmp_path / "old.csv").write_text("precious")
    (tmp_path / "nothing.txt").touch()
    expected = {
        ("scan", "-o", "codes.csv"): "nothing to read: name pictures, folders, globs or @list.txt",
        ("scan", "@nothing.txt", "-o", "codes.csv"): "nothing to read: name pictures, folders, globs or @list.txt",
        ("scan", "@none.txt", "-o", "codes.csv"): "@none.txt: the list of inputs cannot be read",
        ("scan", "a.png"): "where shall the rows go? Add -o codes.csv, or -o - for stdout",
        ("scan", "a.png", "-o", "old.csv"): "old.csv: exists already; --force overwrites it",
        ("digits", "a.png", "-o", "old.csv"): "old.csv: exists already; --force overwrites it",
        ("scan", "a.png", "-o", "none/codes.csv"): "none/codes.csv: the folder none does not exist",
        ("scan", "a.png", "-o", "codes.xlsx"): "codes.xlsx: the suffix .xlsx names no format; use .csv, .jsonl",
        ("scan", "a.png", "-o", "codes"): "codes: the suffix (none) names no format",
        ("scan", "a.png", "-o", "a.png", "--force", "--format", "csv"): "a.png: is named like a picture",
        ("scan", "a.png", "-o", "codes.csv", "--jobs", "0"): "--jobs 0: use a positive number",
        ("scan", "a.png", "-o", "codes.csv", "--debug", "old.csv"): "old.csv: the debug folder cannot be made",
        ("lab", "synth", "new", "--kind", "letter", "--writing", "printed"): "--writing says how mail is addressed",
    }
    for line, done in zip(expected, zipread_each(*expected), strict=True):
        assert (line, done.code, done.out) == (line, 2, "")
        assert done.err.startswith(f"zipread: {expected[line]}")
        assert done.err.count("\n") == 1
    assert sorted(os.listdir(tmp_path)) == ["a.png", "nothing.txt", "old.csv"]
    assert (tmp_path / "old.csv").read_text() == "precious"


def test_the_other_exit_codes(zipread_each, tmp_path):
    (tmp_path / "a.png").write_bytes(encoded(field_picture()))
    (tmp_path / "old.csv").touch()
    (tmp_path / "empty").mkdir()
    lines = {
        ("scan", "a.png", "-o", "old.csv", "--force"): 0,
        ("scan", "a.png", "-o", "codes.csv", "--layout", "diagonal"): 2,
        ("scan", "a.png", "-o", "codes.csv", "--no-such-option"): 2,
        ("scan", "none.png", "empty", "no*.png", "-o", "failed.csv"): 3,
        ("scan", "a.png", "none.png", "-o", "some.csv"): 4,
        ("scan", "a.png", "-o", "codes.csv", "--model", "empty"): 5,
        ("scan", "a.png", "-o", "-", "--model", "empty"): 5,
        ("scan", "a.png", "-o", "codes.csv", "--accept", "1.5"): 6,
        ("scan", "a.png", "-o", "codes.csv", "--digits", "0"): 6,
        ("digits", "none.png", "-o", "digits.csv"): 3,
    }
    for (line, code), done in zip(lines.items(), zipread_each(*lines), strict=True):
        assert (line, done.code, done.out) == (line, code, "")
        assert done.err
        assert "Traceback" not in done.err
    assert sorted(os.listdir(tmp_path)) == [
        "a.png", "digits.csv", "empty", "failed.csv", "old.csv", "some.csv",
    ]  # fmt: skip
    failed = rows_of((tmp_path / "failed.csv").read_text())
    assert {path: row["message"] for path, row in failed.items()} == {
        "none.png": "no such file",
        "empty": "no pictures in this folder",
        "no*.png": "nothing matches this pattern",
    }


UNPRIVILEGED = """
import os, sys
from zipread import batch
from zipread.cli import main
class NoReader:
    def __init__(self, settings): self.settings = settings
batch.Reader = NoReader
def run(*arguments):
    sys.argv = ["zipread", "scan", *arguments]
    try:
        main()
    except SystemExit as end:
        return end.code
run("none.png", "-o", "rehearsal.csv", "-q")  # imports everything: the user below may not be able to
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
sys.exit(run("in", "-o", "-"))
"""


@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_a_folder_and_a_file_without_permission(tmp_path):
    """As a user for whom permissions count, which they do not for root."""
    (tmp_path / "in" / "locked").mkdir(parents=True)
    (tmp_path / "in" / "locked" / "a.png").write_bytes(encoded(field_picture()))
    (tmp_path / "in" / "secret.png").write_bytes(encoded(field_picture()))
    for path, mode in (("in", 0o755), ("in/secret.png", 0), ("in/locked", 0)):
        (tmp_path / path).chmod(mode)
    tmp_path.chmod(0o755)
    try:
        done = subprocess.run(
            [sys.executable, "-c", UNPRIVILEGED],
            cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
    finally:
        (tmp_path / "in/locked").chmod(0o755)
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert {path: row["message"] for path, row in rows_of(done.stdout).items()} == {
        "in/locked": "the folder cannot be read: Permission denied",
        "in/secret.png": "permission denied",
    }


def test_a_reader_that_goes_away_is_no_error_of_ours(tmp_path):
    """`zipread scan ... -o - | head -1`"""
    (tmp_path / "a.png").write_bytes(encoded(field_picture()))
    process = subprocess.Popen(
        [sys.executable, "-c", "from zipread.cli import main; main()", "scan", "a.png", "-o", "-"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    process.stdout.close()
    said = process.stderr.read().decode()
    process.stderr.close()
    assert (process.wait(60), said) == (141, "zipread: stdout: whoever read it has gone; the rest was not written\n")


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8")
def test_names_that_are_not_utf8(zipread, tmp_path):
    name = b"\xff.png"
    with open(os.path.join(os.fsencode(tmp_path), name), "wb") as target:
        target.write(encoded(field_picture()))
    done = zipread("scan", ".", os.fsdecode(b"none\xfe.png"), "-o", "codes.csv", "--debug", "debug", "-v")
    assert done.code == 4
    assert "none\\xfe.png: error: no such file" in done.err
    assert set(rows_of((tmp_path / "codes.csv").read_text(encoding="utf-8"))) == {"./\\xff.png", "none\\xfe.png"}
    assert os.listdir(os.fsencode(tmp_path / "debug")) == [b"\xff.png-p1.png"]


def animated(pixels, format):
    return encoded(pixels, format, [255 - pixels], duration=100, **({"lossless": True} if format == "WEBP" else {}))


def two_pages(damaged):
    """A TIFF of two pages; the data of the one in `damaged`, counted from 0, is said to lie beyond the end."""
    picture = field_picture()
    data = bytearray(encoded(picture, "TIFF", [picture]))
    offset = struct.unpack_from("<I", data, 4)[0]
    for _ in range(damaged):
        (entries,) = struct.unpack_from("<H", data, offset)
        (offset,) = struct.unpack_from("<I", data, offset + 2 + 12 * entries)
    (entries,) = struct.unpack_from("<H", data, offset)
    for entry in range(offset + 2, offset + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", data, entry)[0] == 273:  # StripOffsets
            struct.pack_into("<I", data, entry + 8, 1 << 30)
    return bytes(data)


def test_every_kind_of_pixel_is_read_as_the_plain_picture_is(zipread, tmp_path):
    from PIL import Image

    gray = field_picture()
    plain = Image.fromarray(gray)
    alpha = Image.merge("LA", (Image.new("L", plain.size, 0), Image.fromarray(255 - gray)))  # ink over nothing
    kinds = {
        "plain.png": encoded(gray),
        "wrong.jpg": encoded(gray),
        "16-bit.png": encoded(gray.astype(np.uint16) * 257),
        "palette.png": save(plain.convert("P"), "PNG"),
        "alpha.png": save(alpha, "PNG"),
        "cmyk.tif": save(plain.convert("CMYK"), "TIFF"),
        "cmyk.jpg": save(plain.convert("CMYK"), "JPEG", quality=98),
        "animated.gif": animated(gray, "GIF"),
        "animated.png": animated(gray, "PNG"),
        "animated.webp": animated(gray, "WEBP"),
    }
    (tmp_path / "in").mkdir()
    for name, data in kinds.items():
        (tmp_path / "in" / name).write_bytes(data)
    (tmp_path / "in" / "first-bad.tif").write_bytes(two_pages(0))
    (tmp_path / "in" / "second-bad.tif").write_bytes(two_pages(1))
    (tmp_path / "in" / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj <<")
    done = zipread("scan", "in", "-o", "codes.csv", "--jobs", "1", "--layout", "field", timeout=300)
    assert (done.code, "Traceback" in done.err) == (4, False), done.err
    with open(tmp_path / "codes.csv", encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines))
    codes = {row["path"]: row["code"] for row in table if row["path"].removeprefix("in/") in kinds}
    assert codes["in/plain.png"]
    assert codes == dict.fromkeys((f"in/{name}" for name in kinds), codes["in/plain.png"])
    bad = [(row["page"], row["status"] == "error", row["message"][:21]) for row in table if "bad" in row["path"]]
    cut = "the file is cut short"
    assert bad == [("1", True, cut), ("2", False, ""), ("1", False, ""), ("2", True, cut)]
    assert (
        next(row["message"] for row in table if row["path"] == "in/broken.pdf") == "damaged: the PDF cannot be opened"
    )


def save(picture, format, **options):
    target = io.BytesIO()
    picture.save(target, format, **options)
    return target.getvalue()
