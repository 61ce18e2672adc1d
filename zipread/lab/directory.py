"""Make the ZIP directory's table from the package `zipcodes`."""

from __future__ import annotations

import numpy as np

from zipread.directory import CODES, TABLE


def existing_codes() -> np.ndarray:
    """(100000,) bool: the codes that `zipcodes` lists."""
    import zipcodes

    exists = np.zeros(CODES, bool)
    exists[[int(entry["zip_code"]) for entry in zipcodes.list_all()]] = True
    return exists


if __name__ == "__main__":
    np.packbits(existing_codes()).tofile(TABLE)
