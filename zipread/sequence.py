"""Read a whole field without cutting it: a network names what each column of the line shows.

The second reader. It fails differently from the lattice: where digits touch over their whole height, or paper has a
pattern, there is nothing to cut right or wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from zipread.errors import DependencyError

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


class ColumnReader(Protocol):
    """Whatever gives probabilities for the columns of a line."""

    def columns(self, line: np.ndarray) -> np.ndarray:
        """(32, w) uint8, dark ink light on black, to (w / 2, 11) float32 probabilities; the last: no digit."""
        ...


class OnnxColumnReader:
    """The network in ONNX Runtime, on one thread."""

    def __init__(self, model: Path) -> None:
        """Load the network. Raises DependencyError when the file is missing or damaged."""
        import onnxruntime

        if not model.exists():
            raise DependencyError(
                f"{model} is missing; reinstall zipread or give --model the folder that `train` wrote"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        except onnxruntime.capi.onnxruntime_pybind11_state.Fail as error:
            raise DependencyError(f"{model}: ONNX Runtime cannot load the model ({error})") from error
        self._input = self._session.get_inputs()[0].name

    def columns(self, line: np.ndarray) -> np.ndarray:
        """See ColumnReader."""
        scores: np.ndarray = self._session.run(None, {self._input: line[None]})[0][0]
        return scores


def normalize_line(gray: np.ndarray, top: float, bottom: float) -> np.ndarray | None:
    """Bring a line of writing to the size and contrast the network was trained on.

    Args:
        gray: (h, w) uint8, a field as scanned, upright, either polarity.
        top: upper edge of most digits, pixels of `gray`.
        bottom: their lower edge.

    Returns:
        (32, w) uint8, 0 paper .. 255 darkest ink, w a multiple of 16; None where the line is too long or has no
        contrast.
    """
    scale = DIGIT_ROWS / max(1.0, bottom - top)
    width = round(gray.shape[1] * scale)
    padded = -(-max(width, STEP) // STEP) * STEP
    if padded > MOST_WIDTH:
        return None
    small = _scaled_rows(gray, scale, (top + bottom) / 2, max(1, width))
    darkness = _darkness(small)
    threshold, _ = cv2.threshold((darkness * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    strokes = darkness[darkness > threshold / 255]
    full = float(np.quantile(strokes, 0.75)) if strokes.size else 0.0
    if full < LEAST_CONTRAST:
        return None
    line = np.clip(darkness * (FULL_INK / full), 0, 255).astype(np.uint8)
    return np.pad(line, ((0, 0), (0, padded - width))) if width < padded else line


def _scaled_rows(gray: np.ndarray, scale: float, middle: float, width: int) -> np.ndarray:
    """The (32, width) strip of a picture around the row `middle`, scaled; edges repeat outside."""
    height = max(1, round(gray.shape[0] * scale))
    small = cv2.resize(gray, (width, height), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    first = round(middle * scale - ROWS / 2)
    rows = np.clip(np.arange(first, first + ROWS), 0, height - 1)
    return np.ascontiguousarray(small[rows])


def _darkness(gray: np.ndarray) -> np.ndarray:
    """Darkness 0 (paper) .. 1 (black) relative to the paper around, (h, w) float32."""
    threshold, _ = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    if np.mean(gray <= threshold) > 0.6:  # the larger part is paper, so the writing is light
        gray = 255 - gray
    padded = cv2.copyMakeBorder(gray, PAPER_REACH, PAPER_REACH, PAPER_REACH, PAPER_REACH, cv2.BORDER_REPLICATE)
    paper = cv2.morphologyEx(
        cv2.GaussianBlur(padded, (3, 3), 0), cv2.MORPH_CLOSE, np.ones((PAPER_REACH,) * 2, np.uint8)
    )
    paper = cv2.blur(paper, (PAPER_REACH, PAPER_REACH))[PAPER_REACH:-PAPER_REACH, PAPER_REACH:-PAPER_REACH]
    return np.clip(1.0 - gray.astype(np.float32) / np.maximum(paper.astype(np.float32), 1.0), 0.0, 1.0)
