"""A short run of benchmarks/fuzz.py: damaged files of every format, the same ones every time."""

import importlib

import numpy as np
import pytest
from conftest import ROOT, field_picture

from zipread.apart import Apart
from zipread.inputs import Input
from zipread.records import Reading
from zipread.settings import Settings

SEED = 20
N = 150
MAX_PIXELS = 1_000_000
"""Little, so that a size that was damaged upwards costs no time here."""


@pytest.fixture
def fuzz(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")  # for the process apart as well
    return importlib.import_module("fuzz")


def test_every_damaged_file_gives_its_rows(fuzz):
    files = fuzz.encodings(field_picture()[::2, ::2])
    wrong, readable = {}, 0
    with Apart(fuzz.FuzzTask(Settings(max_pixels=MAX_PIXELS)), timeout_s=60) as read:
        for number, (suffix, data) in enumerate(fuzz.damaged(files, N, SEED)):
            readings, _, _ = read(Input(f"{number}{suffix}", data=data))
            readable += any(reading.status != "error" for reading in readings)
            if fault := fuzz.fault(readings):
                wrong[f"{number}{suffix}"] = fault
    assert wrong == {}
    assert N // 10 < readable < N  # some damage is too small to matter, most is not


def test_the_damage_is_the_same_every_time_and_is_damage(fuzz):
    files = fuzz.encodings(np.full((20, 30), 255, np.uint8))
    first, second = (list(fuzz.damaged(files, 50, seed)) for seed in (1, 1))
    assert first == second
    assert first != list(fuzz.damaged(files, 50, 2))
    whole = {data for _, data in files}
    assert sum(data in whole for _, data in first) < 10


@pytest.mark.parametrize(
    ("readings", "fault"),
    [
        ([], "no row"),
        ([Reading()], ""),
        ([Reading(status="error", message="damaged")], ""),
        ([Reading(), Reading(message="internal error, please report it: x")], "internal error, please report it: x"),
        ([Reading(status="error", message="lost: killed by SIGSEGV")], "lost: killed by SIGSEGV"),
    ],
)
def test_what_counts_as_a_fault(fuzz, readings, fault):
    assert fuzz.fault(readings) == fault
