"""Make the tables of ZIP codes from the package `zipcodes`."""

from __future__ import annotations

import re

import numpy as np

from zipread.directory import CODES, TABLE
from zipread.towns import TABLE as TOWNS

MOST_NAMES = 12
"""Names of a code's towns at most: some of the islands have sixty, most of them streets."""


def existing_codes() -> np.ndarray:
    """(100000,) bool: the codes that `zipcodes` lists."""
    import zipcodes

    exists = np.zeros(CODES, bool)
    exists[[int(entry["zip_code"]) for entry in zipcodes.list_all()]] = True
    return exists


def towns_table() -> str:
    """A line for each code: the code, the two letters of its state, and what its towns are called, parted by tabs."""
    import zipcodes

    rows: dict[str, tuple[str, dict[str, None]]] = {}
    for entry in zipcodes.list_all():
        _, names = rows.setdefault(entry["zip_code"], (entry["state"], {}))
        # People write names that the post would rather not see as well.
        all_names = [entry["city"], *entry["acceptable_cities"], *entry["unacceptable_cities"]]
        names |= dict.fromkeys(name for name in all_names if re.search("[A-Za-z]{2}", name))
    return "".join(
        "\t".join([code, state, *list(names)[:MOST_NAMES]]) + "\n" for code, (state, names) in sorted(rows.items())
    )


if __name__ == "__main__":
    np.packbits(existing_codes()).tofile(TABLE)
    TOWNS.write_text(towns_table(), encoding="ascii")
