from zipread.directory import load_directory
from zipread.lab.directory import existing_codes


def test_the_table_is_what_the_package_lists():
    table = load_directory("us")
    assert table is not None
    # The package may list new codes in a newer release; a table that differs by more than news is wrong.
    assert (table != existing_codes()).sum() < 200
    assert table.sum() > 40_000


def test_known_codes():
    table = load_directory("us")
    assert table is not None
    assert table[2139]
    assert table[77002]
    assert not table[0]


def test_none_is_no_directory():
    assert load_directory("none") is None
