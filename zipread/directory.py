"""The directory of US ZIP codes, as a table that loads in a millisecond.

The table is made from the package `zipcodes` by `python -m zipread.lab.directory`, and a test holds it to that
package: asking the package itself costs half a second at the first question.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zipread.errors import DependencyError

CODES = 100_000
TABLE = Path(__file__).parent / "data" / "us-zip.bits"


def load_directory(name: str) -> np.ndarray | None:
    """Which five-digit codes exist.

    Args:
        name: "us" or "none".

    Returns:
        (100000,) bool, or None for "none".

    Raises:
        DependencyError: the table is missing or damaged.
    """
    if name == "none":
        return None
    try:
        bits = np.fromfile(TABLE, np.uint8)
    except OSError as error:
        raise DependencyError(f"{TABLE}: the ZIP directory cannot be read ({error}); reinstall zipread") from error
    if bits.size != CODES // 8:
        raise DependencyError(f"{TABLE}: the ZIP directory is damaged; reinstall zipread")
    return np.unpackbits(bits).astype(bool)
