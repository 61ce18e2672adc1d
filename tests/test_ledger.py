"""The accuracy ledger: what the reader must at least get right on the samples. Progress is a raised number."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

import zipread

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"


def _table(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


LEDGER = _table(Path(__file__).parent / "ledger.csv")
TRUTH = defaultdict(list)
for _row in _table(SAMPLES / "truth.csv"):
    TRUTH[_row["path"].partition("/")[0]].append(_row)


@pytest.fixture(scope="module")
def reader():
    return zipread.Reader()


def _read(reader, row):
    """Return (code, status) of the row's place in the samples."""
    path = SAMPLES / row["path"]
    if row["field"] == "digit":
        reading = reader.read_digit(path)
        return reading.digit, reading.status
    found = [r for r in reader.read(path) if r.page == int(row["page"])]
    assert len(found) == 1, f"{row['path']} page {row['page']} gives {len(found)} readings"
    return found[0].code, found[0].status


@pytest.mark.parametrize("entry", LEDGER, ids=lambda entry: entry["folder"])
def test_at_least_as_many_right_as_the_ledger_says(reader, entry):
    rows = TRUTH[entry["folder"]]
    assert len(rows) == int(entry["n"]), "the samples changed; measure again and write the new n"

    results = [(row, *_read(reader, row)) for row in rows]

    wrong = [f"{row['path']} page {row['page']}: {row['code'] or 'blank'} read as {code or 'blank'}, {status}"
             for row, code, status in results if code != row["code"]]  # fmt: skip
    right = len(rows) - len(wrong)
    assert right >= int(entry["min_right"]), "\n".join([f"{right} of {len(rows)} right", *wrong])
    assert not [row["path"] for row, code, _ in results if code and not row["code"]], "a blank sample yields a code"


def test_every_folder_of_samples_is_in_the_ledger():
    assert sorted(TRUTH) == sorted(entry["folder"] for entry in LEDGER)
