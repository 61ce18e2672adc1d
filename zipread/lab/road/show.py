"""What the data is, before anything is learned from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zipread.lab.road import plots
from zipread.lab.road.data import Samples
from zipread.lab.road.files import write_csv

GRID = 40
"""Pictures of the grid."""


@dataclass(frozen=True, slots=True)
class Count:
    """Pictures of one class."""

    digit: int
    pictures: int
    share: float
    mean_ink: float  # mean of all pixels, 0 to 1


def counts(samples: Samples) -> list[Count]:
    """How many pictures each digit has, and how much ink."""
    result = []
    for digit in range(10):
        own = samples.x[samples.y == digit]
        ink = float(own.mean()) / samples.top if len(own) else 0.0
        result.append(Count(digit, len(own), len(own) / len(samples.y), ink))
    return result


def show(samples: Samples, out: Path) -> list[Path]:
    """Write the counts, the first picture large, and the first pictures of every class as a grid.

    Args:
        samples: what to show.
        out: folder of the files.

    Returns:
        The files written.
    """
    each = max(1, GRID // 10)
    of_class = [np.flatnonzero(samples.y == digit)[:each] for digit in range(10)]
    chosen = [indices[turn] for turn in range(each) for indices in of_class if turn < len(indices)]
    name = samples.name
    return [
        write_csv(out / f"show-{name}.csv", counts(samples)),
        plots.pictures(out / f"show-{name}-first.png", [samples.x[0]], [f"a {samples.y[0]}"], columns=1),
        plots.pictures(
            out / f"show-{name}.png", [samples.x[i] for i in chosen], [str(samples.y[i]) for i in chosen], columns=10
        ),
    ]
