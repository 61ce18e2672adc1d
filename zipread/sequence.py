"""Read a whole field without cutting it: a network names what each column of the line shows.

The second reader. It fails differently from the lattice: where digits touch over their whole height, or paper has a
pattern, there is nothing to cut right or wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from zipread.errors import DependencyError
from zipread.model import Network, load_optional, model_folder

ROWS = 32
"""Height of a line as the network sees it, pixels."""

DIGIT_ROWS = 20
"""Height of the digits in it, pixels."""

COLUMN = 2
"""Width of one column of the network's output, pixels of its input."""

STEP = 16
"""The width of a line is a multiple of this, pixels."""

MOST_WIDTH = 640
"""Longer lines are not read: ten digits in wide boxes take half of it."""

FULL_INK = 200
"""Value of an ordinary stroke in a normalized line; the darkest are above."""

LEAST_CONTRAST = 0.08
"""Darkness of strokes, as a share of the paper's brightness, below which a line is empty."""

PAPER_REACH = 15
"""Pixels of the line within which paper must be seen beside every stroke."""


SAID = 12
"""Numbers that the network says of a column: probabilities of ten digits and none, and of handwriting."""


@dataclass(frozen=True, slots=True)
class SeenLine:
    """What the network sees in a line."""

    columns: np.ndarray  # (w / 2, 11) float32 probabilities; the last: no digit here
    by_hand: float  # probability that its digits are handwritten


def seen(answer: np.ndarray) -> SeenLine:
    """What the network's answer for a line, (w / 2, 12) float32, says: the kind of the line is that of its digits."""
    columns, by_hand = answer[:, :-1], answer[:, -1]
    digits = np.maximum(1.0 - columns[:, -1], 1e-6)
    return SeenLine(columns, float(digits @ by_hand / digits.sum()))


@dataclass(frozen=True, slots=True)
class ColumnReader:
    """The network that names the columns of a line."""

    network: Network

    def see(self, line: np.ndarray) -> SeenLine:
        """Name the columns of one line.

        Args:
            line: (32, w) uint8, as `normalize_line` makes it.
        """
        # One line at a time: padding lines to one width would change what the network sees at their ends.
        return seen(self.network(line[None])[0].astype(np.float32, copy=False))


def load_column_reader(engine: str = "onnx", folder: Path | None = None) -> ColumnReader | None:
    """Load the second reader, or None where the model folder is one of digits alone.

    Args:
        engine: "onnx" or "keras".
        folder: where lines.onnx or lines.keras and manifest.json lie; None: the model that ships.

    Raises:
        DependencyError: the manifest names the network, and its file is missing, damaged or of an older zipread; or
            Keras is not installed.
    """
    network = load_optional(folder, "lines", engine)
    if network is None:
        return None
    if network(np.zeros((1, ROWS, STEP), np.uint8)).shape[-1] != SAID:
        path = (folder or model_folder()) / f"lines.{engine}"
        raise DependencyError(f"{path}: was trained by an older zipread; train it again")
    return ColumnReader(network)


def normalize_line(gray: np.ndarray, top: float, bottom: float, is_light: bool | None = None) -> np.ndarray | None:
    """Bring a line of writing to the size and contrast the network was trained on.

    Args:
        gray: (h, w) uint8, a field as scanned, upright, either polarity.
        top: upper edge of most digits, pixels of `gray`.
        bottom: their lower edge.
        is_light: whether the writing is lighter than its paper; None: it is what covers less of the line.

    Returns:
        (32, w) uint8, 0 paper .. 255 darkest ink, w a multiple of 16; paper above and below the picture. None where
        the line is too long, lies outside the picture, or has no contrast.
    """
    scale = DIGIT_ROWS / max(1.0, bottom - top)
    width = round(gray.shape[1] * scale)
    padded = -(-max(width, STEP) // STEP) * STEP
    if padded > MOST_WIDTH:
        return None
    height = max(1, round(gray.shape[0] * scale))
    first = round((top + bottom) / 2 * scale - ROWS / 2)
    above, below = max(0, -first), max(0, first + ROWS - height)
    if above + below >= ROWS:
        return None
    shrinks = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(gray, (max(1, width), height), interpolation=shrinks)
    shown = np.ascontiguousarray(small[max(0, first) : first + ROWS])
    darkness = _darkness(255 - shown if (_is_light(shown) if is_light is None else is_light) else shown)
    threshold, _ = cv2.threshold((darkness * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    strokes = np.sort(darkness[darkness > threshold / 255])  # a tenth of what np.quantile takes
    full = float(strokes[round(0.75 * (strokes.size - 1))]) if strokes.size else 0.0
    if full < LEAST_CONTRAST:
        return None
    line = np.clip(darkness * (FULL_INK / full), 0, 255).astype(np.uint8)
    return cv2.copyMakeBorder(line, above, below, 0, padded - width, cv2.BORDER_CONSTANT, value=0)


def _is_light(gray: np.ndarray) -> bool:
    """Whether the writing is the lighter part: paper is the larger one."""
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return bool(np.mean(gray <= threshold) > 0.6)


def _darkness(gray: np.ndarray) -> np.ndarray:
    """Darkness 0 (paper) .. 1 (black) of dark writing relative to the paper around, (h, w) float32."""
    padded = cv2.copyMakeBorder(gray, PAPER_REACH, PAPER_REACH, PAPER_REACH, PAPER_REACH, cv2.BORDER_REPLICATE)
    paper = cv2.morphologyEx(
        cv2.GaussianBlur(padded, (3, 3), 0), cv2.MORPH_CLOSE, np.ones((PAPER_REACH,) * 2, np.uint8)
    )
    paper = cv2.blur(paper, (PAPER_REACH, PAPER_REACH))[PAPER_REACH:-PAPER_REACH, PAPER_REACH:-PAPER_REACH]
    return np.clip(1.0 - gray.astype(np.float32) / np.maximum(paper.astype(np.float32), 1.0), 0.0, 1.0)
