"""What several test files need: pictures, and the command line as a real process."""

import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]

# Tests start it in other folders, where one that was found by a relative folder of PATH is not.
sys.executable = os.path.abspath(sys.executable)

HANGS_S = 300
"""What no command of a test takes, not even on a machine with far too much to do, in seconds."""

LONGEST_TEST_S = 900
"""What no test takes."""


@pytest.fixture(autouse=True)
def _no_test_hangs():
    """End a test that waits for ever, for a line of a process for instance."""
    if not hasattr(signal, "SIGALRM"):  # Windows
        yield
        return

    def give_up(*_):
        pytest.fail(f"not done within {LONGEST_TEST_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(LONGEST_TEST_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def field_picture(text="94043"):
    """A dark code on light paper, (120, 400) uint8."""
    gray = np.full((120, 400), 240, np.uint8)
    cv2.putText(gray, text, (40, 80), cv2.FONT_HERSHEY_SIMPLEX, 2, 30, 4)
    return gray


def encoded(pixels, format="PNG", pages=(), **options):
    """Return the bytes of a picture file with these pages."""
    target = io.BytesIO()
    if pages:
        options |= {"save_all": True, "append_images": [Image.fromarray(page) for page in pages]}
    Image.fromarray(pixels).save(target, format, **options)
    return target.getvalue()


@dataclass(frozen=True)
class Run:
    """One finished run of the command line."""

    code: int
    out: str
    err: str


RUN_ALL = """
import contextlib, io, json, sys
from zipread.cli import main
def run(arguments):
    sys.argv = ["zipread", *arguments]
    sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO()), io.TextIOWrapper(io.BytesIO())
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    streams = sys.stdout, sys.stderr
    for stream in streams:
        stream.flush()
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    return [code or 0, *(stream.buffer.getvalue().decode() for stream in streams)]
print(json.dumps([run(arguments) for arguments in json.load(sys.stdin)]))
"""


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}


@pytest.fixture
def zipread(tmp_path):
    """Run the command line as a process of its own, in the test's folder."""

    def run(*arguments, stdin=b"", timeout=HANGS_S):
        done = subprocess.run(
            [sys.executable, "-c", "from zipread.cli import main; main()", *map(os.fspath, arguments)],
            cwd=tmp_path,
            env=environment(),
            input=stdin,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def zipread_each(tmp_path):
    """Run several command lines, one after the other, in one process: as `zipread`, but the imports are paid once."""

    def run(*lines):
        done = subprocess.run(
            [sys.executable, "-c", RUN_ALL],
            cwd=tmp_path,
            env=environment(),
            input=json.dumps([list(map(os.fspath, line)) for line in lines]),
            capture_output=True,
            text=True,
            timeout=HANGS_S,
            check=True,
        )
        return [Run(*result) for result in json.loads(done.stdout)]

    return run
