"""The journal by itself: what it gives back, to whom, and what it says when it cannot."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from zipread.errors import OutputError, UsageError
from zipread.journal import Journal, Outcome, journal_path
from zipread.origin import origin_of
from zipread.records import Box, DigitReading, Reading
from zipread.settings import Settings

READING = Reading(
    page=3, field="from", code="02139", plus4="0001", confidence=np.float32(0.1), status="review", kind="printed",
    digit_confidences=(0.1, np.float64(1 / 3)), alternatives=(("02138", 0.25),),
    box=Box(np.int32(1), 2, 3, 4), angle=-0.1, message="é\n\udcff",
)  # fmt: skip

BARE = [Reading(), DigitReading("7", 0.1, "accepted"), DigitReading(status="error", message="no")]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "codes.csv.journal"


@pytest.mark.parametrize("reading", [READING, *BARE])
def test_readings_come_back_as_they_were(path, reading):
    journal = Journal(path, "a")
    journal.keep(Outcome([reading, reading], b"key"))
    journal.close()
    with closing(Journal(path, "a")) as journal:
        assert journal.recall(b"key") == Outcome([reading, reading], b"key", recalled=True)


def test_another_origin_or_other_bytes_know_nothing(path):
    journal = Journal(path, "a")
    assert not journal.past
    journal.keep(Outcome([Reading()], b"key"))
    journal.keep(Outcome([Reading(status="error")]))  # without a key: another try may end better
    journal.close()
    other = Journal(path, "b")
    assert (other.past, other.kept, other.recall(b"key")) == (False, 1, None)
    other.close()
    same = Journal(path, "a")
    assert (same.past, same.recall(b"other")) == (True, None)
    same.forget()
    assert (same.past, same.recall(b"key")) == (False, None)
    same.close()


def test_one_with_nothing_in_it_goes_and_one_that_is_removed(path):
    Journal(path, "a").close()
    assert not path.exists()
    journal = Journal(path, "a")
    journal.keep(Outcome([Reading()], b"key"))
    journal.remove()
    assert not list(path.parent.iterdir())


def test_it_belongs_to_one_run_at_a_time(path):
    journal = Journal(path, "a")
    with pytest.raises(UsageError, match="another run is writing this output"):
        Journal(path, "a")
    journal.close()


@pytest.mark.parametrize("content", [b"no database, but long enough to look like one" * 30, None])
def test_what_is_no_journal_says_so(path, content):
    if content is None:
        with sqlite3.connect(path) as base:
            base.execute("CREATE TABLE done (something TEXT)")
        base.close()
    else:
        path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a journal of zipread or is damaged; delete it"):
        Journal(path, "a")


def test_a_folder_that_refuses_it(tmp_path):
    with pytest.raises(OutputError, match="cannot be written: unable to open"):
        Journal(tmp_path / "none" / "codes.csv.journal", "a")


def test_it_lies_beside_what_a_link_leads_to(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "codes.csv").symlink_to(tmp_path / "far" / "real.csv")
    assert journal_path(str(tmp_path / "codes.csv")) == tmp_path / "far" / "real.csv.journal"


class TestOrigin:
    def test_the_model_counts_by_its_content(self, tmp_path):
        for name, content in (("a", "1"), ("b", "1"), ("c", "2")):
            (tmp_path / name).mkdir()
            (tmp_path / name / "manifest.json").write_text(content)
        a, b, c = (origin_of("scan", Settings(model=tmp_path / name)) for name in "abc")
        assert a.digest == b.digest
        assert a.difference(b) == ""
        assert a.digest != c.digest
        assert a.difference(c) == "another model"

    def test_every_setting_counts(self):
        plain, strict = origin_of("scan", Settings()), origin_of("scan", Settings(accept=0.99, digits=6))
        assert plain.digest != strict.digest
        assert plain.difference(strict) == "other settings (accept 0.99 instead of 0.95, digits 6 instead of 5)"
        assert plain.difference(origin_of("digits", Settings())) == "zipread digits instead of zipread scan"

    def test_a_folder_without_model_has_an_origin_too(self):
        assert origin_of("scan", Settings(model=Path("none"))).model == ""
