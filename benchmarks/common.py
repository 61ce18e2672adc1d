"""What the benchmarks share: counting outcomes, tables, contact sheets of mistakes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

TILE = (330, 130)
"""Width and height of a picture on a contact sheet, pixels."""


@dataclass
class Tally:
    """Outcomes of one set. The code read counts, whatever its status."""

    n: int = 0
    right: int = 0
    wrong: int = 0
    blank: int = 0  # no code given where there is one
    errors: int = 0
    review: int = 0
    accepted: int = 0
    accepted_wrong: int = 0
    confidences: list[tuple[float, bool]] = field(default_factory=list)  # (confidence, right) of every code given

    def add(self, truth: str, code: str, status: str, confidence: float) -> bool:
        """Count one reading; returns whether it is right. An empty truth means that no code is to be read."""
        good = code == truth
        self.n += 1
        self.right += good
        self.wrong += bool(code) and not good
        self.blank += not code and not good
        self.errors += status == "error"
        self.review += status == "review"
        self.accepted += status == "accepted"
        self.accepted_wrong += status == "accepted" and not good
        if code:
            self.confidences.append((confidence, good))
        return good

    def __iadd__(self, other: Tally) -> Tally:
        for name in ("n", "right", "wrong", "blank", "errors", "review", "accepted", "accepted_wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.confidences += other.confidences
        return self


def calibration_error(confidences: list[tuple[float, bool]], bins: int = 15) -> float:
    """Expected calibration error over bins of equal width (Guo et al., On calibration of modern neural nets, 2017)."""
    if not confidences:
        return float("nan")
    table = np.array(confidences, float)
    index = np.minimum((table[:, 0] * bins).astype(int), bins - 1)
    groups = [table[index == i] for i in range(bins) if (index == i).any()]
    return sum(len(group) * abs(group[:, 0].mean() - group[:, 1].mean()) for group in groups) / len(table)


_COLUMNS = (("n", 6), ("right", 7), ("%", 7), ("wrong", 7), ("blank", 7), ("error", 7), ("review", 8), ("accepted", 10))
HEADER = f"{'set':<24}" + "".join(f"{name:>{width}}" for name, width in (*_COLUMNS, ("and wrong", 11)))


def line(name: str, tally: Tally) -> str:
    """One line of the table."""
    share = 100 * tally.right / tally.n if tally.n else float("nan")
    return (
        f"{name:<24}{tally.n:>6}{tally.right:>7}{share:>7.1f}{tally.wrong:>7}{tally.blank:>7}{tally.errors:>7}"
        f"{tally.review:>8}{tally.accepted:>10}{tally.accepted_wrong:>11}"
    )


def write_sheet(
    path: Path,
    tiles: list[tuple[np.ndarray, str]],
    columns: int = 4,
    limit: int = 80,
    tile_size: tuple[int, int] = TILE,
) -> None:
    """Write a contact sheet. tiles: pictures, (h, w) or (h, w, 3) uint8, each with a caption."""
    if not tiles:
        return
    width, height = tile_size
    drawn = []
    for picture, caption in tiles[:limit]:
        scale = min(width / picture.shape[1], (height - 20) / picture.shape[0], 3)
        small = cv2.resize(
            picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        tile = np.full((height, width + 6, 3), 70, np.uint8)
        tile[: small.shape[0], : small.shape[1]] = small if small.ndim == 3 else small[:, :, None]
        cv2.putText(tile, caption, (3, height - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 255, 255), 1, cv2.LINE_AA)
        drawn.append(tile)
    while len(drawn) % columns:
        drawn.append(np.full_like(drawn[0], 70))
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.vstack([np.hstack(drawn[i : i + columns]) for i in range(0, len(drawn), columns)]))
