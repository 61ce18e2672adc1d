"""Find the code on a whole page at a glance: a network looks at a small picture of it.

It learned from made mail what an address looks like, and where the code stands in it; what the code says is left to
the readers, which see the page in full.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from zipread.model import Network, load_optional

Mail = Literal["us", "abroad"]
"""What a finder knows: mail of the United States, or of other countries as well."""
NAMES: dict[Mail, str] = {"us": "finder", "abroad": "finder_abroad"}
"""Of the networks. One that knows both sees codes of the US a little less well: where it has to look for codes of any
length, more is taken for one."""

SIDES: dict[Mail, int] = {"us": 512, "abroad": 768}
"""Longer side of the picture that each sees, pixels. Abroad what stands beside a code says less of it, its shape has to
say more, and at 512 pixels the code of a letter is four to seven high, at 768 six to ten."""
SMALLEST = 320
"""Pictures whose longer side is less, pixels, are not looked at: they are of a code alone, or too coarse."""
MOST_SLENDER = 24.0
"""A picture this many times as long as high is no line of an address, and is not looked at either."""
GRID = 32
"""Sides of what the network sees, without its border, are multiples of this, pixels."""
BORDER = (1, 2)
"""Pixels of OUTSIDE above and left, and below and right of it, which its first filters reach into."""
OUTSIDE = 128
"""Gray level around a page."""

CELL = 8
"""Side of a cell of the network's answer, pixels of what it sees."""
CHANNELS = 8
"""Of a cell: a score that the code's middle is near; from the cell's middle to the code's, x and y in cells; logarithms
of length and height over LENGTH and HEIGHT; cosine and sine of its direction; a score that there is no code."""
LENGTH, HEIGHT = 32.0, 8.0
"""Pixels of what the network sees: units of a code's length and height."""

SURE_PLACE = 0.9
"""Probability of a place from which the page is shown neither smaller, nor larger, nor turned."""
SEEN_AGAIN = (0.6, 1.25)
"""Sizes at which a doubtful page is seen again, as shares: where an address fills it, its letters are large, and on a
sheet of small print they are smaller than any that are seen at a glance."""
MOST_PLACES = 4
"""Places told of a page at most."""
LEAST_SHARE = 0.01
"""Probability below which a place is not told."""
NEGLIGIBLE = 1e-6
"""Probability below which a cell says nothing of a place."""
SAME_ALONG, SAME_ACROSS = 0.4, 0.8
"""Cells, and views, speak of one place when the middles they name differ by less than these shares of its length and
height."""


@dataclass(frozen=True, slots=True)
class Found:
    """A place where the code may stand."""

    center: tuple[float, float]  # (x, y), pixels of the page
    size: tuple[float, float]  # of the writing, along the line and across it, pixels of the page
    angle: float  # degrees, in (-180, 180]; positive: the line runs downwards to the right
    probability: float  # that the code of the page stands here


@dataclass(frozen=True, slots=True)
class Finder:
    """The network that finds codes."""

    network: Network
    side: int  # the longer side of what it sees, pixels

    def find(self, gray: np.ndarray) -> list[Found]:
        """Places where the code of a page may stand, first the one that most speaks for.

        Args:
            gray: (h, w) uint8, a page.

        Returns:
            At most MOST_PLACES; none where no code is seen, or the page is too small or too slender to be a mail piece.
        """
        longest = max(gray.shape)
        if longest < SMALLEST or longest > MOST_SLENDER * min(gray.shape):
            return []
        small, scale = shrink(gray, self.side)
        views = [self._places(small, scale)]
        for share in SEEN_AGAIN:
            if not any(map(_is_sure, views)):
                views.append(self._places(*shrink(gray, round(share * self.side))))
        if not any(map(_is_sure, views)):
            # Few of the pages that trained lay on a side or on their head: shown upright, a piece is seen better.
            views += [self._turned_places(small, scale, quarters) for quarters in (1, 2, 3)]
        return pooled(views)

    def _places(self, small: np.ndarray, scale: float) -> list[Found]:
        return places_in(self.network(bordered(small)[None, ..., None])[0], scale)

    def _turned_places(self, small: np.ndarray, scale: float, quarters: int) -> list[Found]:
        """Places on a small page that is shown turned counterclockwise by `quarters` times 90 degrees."""
        return [
            turned_back(place, quarters, (small.shape[1] / scale, small.shape[0] / scale))
            for place in self._places(np.rot90(small, quarters), scale)
        ]


def _is_sure(places: list[Found]) -> bool:
    return bool(places) and places[0].probability >= SURE_PLACE


def pooled(views: Sequence[list[Found]]) -> list[Found]:
    """The places that several views of a page show, first the one that most of them see.

    A view may be sure of any number; that another sees it too, at another size, says more than that.

    Args:
        views: places of each, with pixels of the same page.

    Returns:
        At most MOST_PLACES, each as the view sees it that is surest of it; that there is any is no more probable than
        the view says that sees most.
    """
    told = [(place, view) for view, places in enumerate(views) for place in places]
    told.sort(key=lambda seen: -seen[0].probability)
    groups: list[dict[int, Found]] = []  # a place by the views that see it, the surest first
    for place, view in told:
        group = next((group for group in groups if _is_same(next(iter(group.values())), place)), None)
        if group is None:
            groups.append({view: place})
        else:
            group.setdefault(view, place)
    groups.sort(key=lambda group: -sum(place.probability for place in group.values()))
    found = [next(iter(group.values())) for group in groups[:MOST_PLACES]]
    seen = max((sum(place.probability for place in places) for places in views), default=0.0)
    scale = seen / max(NEGLIGIBLE, seen, sum(place.probability for place in found))
    return [replace(place, probability=scale * place.probability) for place in found]


def _is_same(one: Found, other: Found) -> bool:
    """Whether two views speak of one place: their middles are near along the line of the first, and across it."""
    angle, (right, down) = math.radians(one.angle), np.subtract(other.center, one.center).tolist()
    along, across = right * math.cos(angle) + down * math.sin(angle), down * math.cos(angle) - right * math.sin(angle)
    return abs(along) < SAME_ALONG * one.size[0] and abs(across) < SAME_ACROSS * one.size[1]


def load_finder(engine: str = "onnx", folder: Path | None = None, mail: Mail = "us") -> Finder | None:
    """Load a finder, or None where the model folder has none.

    Args:
        engine: "onnx" or "keras".
        folder: where the networks and manifest.json lie; None: the model that ships.
        mail: what it is to know.

    Raises:
        DependencyError: the manifest names the network, and its file is missing or damaged; or Keras is not installed.
    """
    network = load_optional(folder, NAMES[mail], engine)
    return None if network is None else Finder(network, SIDES[mail])


def shrink(gray: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """A page at the size that a network sees, (h, w) uint8 with sides that are multiples of GRID; and its scale.

    side: the longer of both before they are made multiples, pixels.
    """
    height, width = gray.shape
    scale = side / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    while max(gray.shape) >= 2 * side:  # twenty times as fast as averaging at once
        gray = cv2.resize(
            gray[: height // 2 * 2, : width // 2 * 2], (width // 2, height // 2), interpolation=cv2.INTER_AREA
        )
        height, width = gray.shape
    small = cv2.resize(gray, size, interpolation=cv2.INTER_LINEAR)
    below, right = -size[1] % GRID, -size[0] % GRID
    return cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT, value=OUTSIDE), scale


def bordered(small: np.ndarray) -> np.ndarray:
    """A small page (h, w) uint8 with its border, as the network takes it: (h + 3, w + 3)."""
    before, after = BORDER
    return cv2.copyMakeBorder(small, before, after, before, after, cv2.BORDER_CONSTANT, value=OUTSIDE)


def turned_back(place: Found, quarters: int, size: tuple[float, float]) -> Found:
    """A place seen on a page that was turned counterclockwise by `quarters` times 90 degrees, on the page as it lies.

    size: width and height of the page as it lies, in the units of the place.
    """
    x, y = place.center
    width, height = size
    center = ((x, y), (width - y, x), (width - x, height - y), (y, height - x))[quarters]
    return replace(place, center=center, angle=180.0 - (180.0 - place.angle - 90.0 * quarters) % 360.0)


def places_in(cells: np.ndarray, scale: float) -> list[Found]:
    """What the network's answer says.

    Args:
        cells: (h, w, CHANNELS) float32.
        scale: pixels of what the network saw, a pixel of the page.
    """
    scores, nowhere = cells[..., 0].ravel().astype(np.float64), float(cells[..., 7].mean())
    top = max(nowhere, scores.max())
    shares = np.exp(scores - top)
    shares /= shares.sum() + math.exp(nowhere - top)
    likely = np.flatnonzero(shares >= NEGLIGIBLE)
    if not len(likely):
        return []
    shares, named = shares[likely], cells.reshape(-1, CHANNELS)[likely].astype(np.float64)
    rows, columns = np.divmod(likely, cells.shape[1])
    middles = (np.stack([columns, rows], axis=1) + 0.5 + named[:, 1:3]) * CELL
    found: list[Found] = []
    while len(found) < MOST_PLACES:
        best = int(shares.argmax())
        direction = named[best, 5:7] / max(1e-9, float(np.hypot(*named[best, 5:7])))
        length, height = LENGTH * math.exp(named[best, 3]), HEIGHT * math.exp(named[best, 4])
        off = middles - middles[best]
        along, across = np.abs(off @ direction), np.abs(off @ (-direction[1], direction[0]))
        same = (along < SAME_ALONG * length) & (across < SAME_ACROSS * height)
        told = float(shares[same].sum())
        if told < LEAST_SHARE:
            break
        weights = shares[same] / told
        x, y = (weights @ middles[same] / scale).tolist()
        _, _, _, long, tall, cosine, sine, _ = (weights @ named[same]).tolist()
        size = LENGTH * math.exp(long) / scale, HEIGHT * math.exp(tall) / scale
        found.append(Found((x, y), size, math.degrees(math.atan2(sine, cosine)), min(told, 1.0)))
        shares[same] = 0.0
    return found
