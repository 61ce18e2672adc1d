"""What stands before a code: its letters, its town, and what they say of the code."""

import math
import re

import numpy as np
import pytest

from zipread.decode import UNRELATED
from zipread.errors import DependencyError
from zipread.lab.directory import towns_table
from zipread.letters import LETTERS, NO_LETTER, endings, likeliest_letters, spelled
from zipread.records import Before
from zipread.towns import TABLE, Towns, agreement, before_code, load_towns

TOWNS = Towns(
    [b"02139\tMA\tCambridge", b"62704\tIL\tSpringfield", b"63101\tMO\tSaint Louis", b"63102\tMO\tSaint Louis\tClayton"]
)


def columns(text: str, sure: float = 0.98) -> np.ndarray:
    """What a network says that reads a text for sure: two columns a letter, one between them; * is any letter."""
    rows = []
    for letter in text:
        row = np.full(27, (1.0 - sure) / 26)
        row[LETTERS.index(letter) if letter in LETTERS else NO_LETTER] = sure
        if letter == "*":
            row = np.array([1.0 / 26] * 26 + [0.0])
        none = np.full(27, (1.0 - sure) / 26)
        none[NO_LETTER] = sure
        rows += [row, row, none]
    return np.array(rows, np.float32)


def line_of(text: str) -> Before:
    """What stands before a code where a network reads a text for sure."""
    return before_code(columns(text))


def test_the_letters_of_the_likeliest_path():
    assert spelled(columns("BOTTLE IN")) == "BOTTLEIN"
    assert likeliest_letters(columns("   ")) == []


def test_a_line_ends_in_a_phrase_whatever_stands_before_it():
    whole, end, other, longer = endings(columns("JOE BOSTON MA"), ["BOSTONMA", "MA", "BOSTONME", "XBOSTONMA"])
    assert whole == pytest.approx(0.0, abs=1e-9)
    assert end == pytest.approx(0.0, abs=1e-9)
    assert other < -5
    assert longer < -5


def test_what_stands_after_a_phrase_counts_against_it():
    assert endings(columns("BOSTON MA USA"), ["BOSTONMA"])[0] < -10


def test_a_letter_twice_needs_a_gap():
    twice = columns("LL")
    once = np.concatenate([columns("L")[:2]] * 2)
    assert endings(twice, ["LL"])[0] == pytest.approx(0.0, abs=1e-9)
    assert endings(once, ["LL"])[0] < -3


def test_a_doubtful_letter_costs_what_another_is_better():
    doubtful = columns("CAT")
    doubtful[3:5, LETTERS.index("A")], doubtful[3:5, LETTERS.index("O")] = 0.3, 0.6
    as_it_is, better = endings(doubtful, ["CAT", "COT"])
    assert better == pytest.approx(0.0, abs=1e-9)
    assert as_it_is == pytest.approx(2 * math.log(0.3 / 0.6), abs=1e-6)


def test_a_phrase_longer_than_the_line_does_not_fit():
    assert endings(columns("MA"), ["MASSACHUSETTSMASSACHUSETTS"])[0] < -50


def test_the_towns_of_a_code():
    assert TOWNS.of("63102") == ("MO", ("Saint Louis", "Clayton"))
    assert TOWNS.of("02139") == ("MA", ("Cambridge",))
    assert [TOWNS.of(code) for code in ("00000", "63100", "99999")] == [None] * 3


def test_the_table_is_what_the_package_lists():
    table, listed = TABLE.read_text("ascii").splitlines(), towns_table().splitlines()
    assert len(set(table) ^ set(listed)) < 400  # a newer release may know of news
    place = load_towns().of("02139")
    assert place is not None
    state, names = place
    assert (state, names[0]) == ("MA", "Cambridge")
    for line in table:  # what is spelled is letters alone, and some of them
        assert re.fullmatch(r"\d{5}\t[A-Z]{2}(\t[^\t]*[A-Za-z]{2}[^\t]*)+", line), line


def test_a_missing_table_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("zipread.towns.TABLE", tmp_path / "none.txt")
    with pytest.raises(DependencyError, match=r"none\.txt: the ZIP directory cannot be read"):
        load_towns()


@pytest.mark.parametrize("line", ["SPRINGFIELD IL", "Mr X SPRINGFIELD ILLINOIS".upper(), "SPRINGFIELD IL "])
def test_the_town_of_a_code_agrees_with_it_and_with_no_other(line):
    said = agreement(line_of(line), TOWNS, ["62704", "02139", "99999"])
    assert said["62704"] > -0.5
    assert said["02139"] == pytest.approx(UNRELATED, abs=0.01)
    assert said["99999"] == UNRELATED


def test_saint_may_be_shortened():
    for line in ("ST LOUIS MO", "SAINT LOUIS MO"):
        assert agreement(line_of(line), TOWNS, ["63101"])["63101"] > -0.5


def test_another_town_in_the_state_says_less():
    said = agreement(line_of("JOPLIN MO"), TOWNS, ["63101", "62704"])
    assert UNRELATED + 0.5 < said["63101"] < -5
    assert said["62704"] == pytest.approx(UNRELATED, abs=0.01)


@pytest.mark.parametrize("label", ["ZIP", "ZIP CODE", "POSTAL CODE"])
def test_in_a_form_the_state_stands_alone_before_the_label_of_a_code(label):
    said = agreement(line_of(f"CITY JOPLIN STATE MO {label}"), TOWNS, ["63101", "62704"])
    assert said["63101"] > -1.0
    assert said["62704"] < UNRELATED + 0.5
    town = agreement(line_of(f"CAMBRIDGE MA {label}"), TOWNS, ["02139"])
    assert town["02139"] > -0.5


def test_how_badly_a_label_reads_says_nothing_of_the_code():
    clear = columns("MO ZIP")
    faint = clear.copy()
    faint[-6:-4, LETTERS.index("I")], faint[-6:-4, LETTERS.index("A")] = 0.2, 0.6
    as_it_is, as_it_seems = (agreement(before_code(line), TOWNS, ["63101"])["63101"] for line in (clear, faint))
    assert spelled(faint) == "MOZAP"
    assert as_it_is == pytest.approx(as_it_seems, abs=0.05)


def test_before_a_label_may_stand_another_and_says_nothing():
    assert agreement(line_of("APARTMENT NUMBER ZIP"), TOWNS, ["63101", "99999"]) == {}
    assert agreement(line_of("APARTMENT NUMBER"), TOWNS, ["63101"])["63101"] == pytest.approx(UNRELATED, abs=0.1)


def test_codes_that_are_not_listed_go_with_no_words():
    assert agreement(line_of("JOPLIN MO"), TOWNS, ["99999", "99998"]) == {"99999": UNRELATED, "99998": UNRELATED}


@pytest.mark.parametrize(("line", "label"), [("TX ZIP", "ZIP"), ("ZIP CODE", "ZIPCODE"), ("TX", ""), ("ZIP TX", "")])
def test_what_a_form_calls_a_code(line, label):
    assert line_of(line).label == label


def test_too_few_letters_say_nothing():
    assert agreement(line_of("  "), TOWNS, ["62704"]) == {}
    assert agreement(line_of("O "), TOWNS, ["62704"]) == {}
