"""Which end of a page is up, from its layout and its letters: digits alone cannot tell, a 6 turned is a 9."""

from __future__ import annotations

import math

import numpy as np

from zipread.locate.lines import Block, Text, TextLine, find_blocks
from zipread.locate.upright import Upright

MOST_PAGES = 1.0
"""Log-odds for a page that stands upright before it is looked at: most are laid so."""
LEAST_LETTERS = 3
"""Letters of the shortest line that counts: waves, edges and the grain of a table make shorter ones."""
LEAST_ROW = 4
"""Letters from which a line shows whether its feet or its heads are level."""
MOST_RAGGED = 8.0
"""Raggedness of a block's margins counts up to this many letter heights."""
MOST_LINES = 120
"""Lines looked at, the tallest: no mail has as many."""

WEIGHTS = {"feet": 4.0, "margin": 2.5, "right": 2.2, "below": 2.6, "sender": 2.6, "stamp": 3.0}
"""Log-odds for each unit of evidence; fitted on made mail with writers and fonts that train."""


def upright_evidence(text: Text, upright: Upright) -> float:
    """Log-odds that a page stands upright rather than on its head; MOST_PAGES when nothing on it tells."""
    return MOST_PAGES + sum(WEIGHTS[name] * value for name, value in evidence(text, upright).items())


def evidence(text: Text, upright: Upright) -> dict[str, float]:
    """The kinds of evidence that a page stands upright; each changes its sign when the page is turned over.

    Letters stand on a line, their heads differ (a, b, h); lines begin at one margin and end where they like. The
    recipient stands below and right of the middle, the sender in the upper left corner, the stamp in the upper right.
    """
    lines = [line for line in text.lines if len(line.letters) >= LEAST_LETTERS and _is_on_piece(upright, line)]
    lines = sorted(lines, key=lambda line: -line.height)[:MOST_LINES]
    if not lines:
        return dict.fromkeys(WEIGHTS, 0.0)
    blocks = find_blocks(tuple(lines))
    main = max(blocks, key=_weight)
    x, y = _place(upright, *_extent(main))
    letters = np.concatenate([line.letters for line in lines])
    mass = (letters[:, 2] - letters[:, 0]) * (letters[:, 3] - letters[:, 1])
    sender = _corner_share(upright, letters, mass, (0.0, 0.0))
    pictures = text.pictures
    size = np.sqrt((pictures[:, 2] - pictures[:, 0]) * (pictures[:, 3] - pictures[:, 1]))
    return {
        "feet": _level_feet(lines),
        "margin": _margins(blocks),
        "right": float(np.clip(x - 0.5, -0.5, 0.5)),
        "below": float(np.clip(y - 0.5, -0.5, 0.5)),
        "sender": sender,
        "stamp": _corner_share(upright, pictures, size, (1.0, 0.0)),
    }


def _is_on_piece(upright: Upright, line: TextLine) -> bool:
    x, y = _place(upright, (line.left + line.right) / 2, line.middle)
    return 0.0 < x < 1.0 and 0.0 < y < 1.0


def _weight(block: Block) -> float:
    return sum(line.height * (line.right - line.left) for line in block.lines)


def _extent(block: Block) -> tuple[float, float]:
    left, right = min(line.left for line in block.lines), max(line.right for line in block.lines)
    return (left + right) / 2, (block.rows[0][0].top + block.rows[-1][0].bottom) / 2


def _place(upright: Upright, x: float, y: float) -> tuple[float, float]:
    u, v, w = upright.to_piece @ [x, y, 1.0]
    return float(u / w), float(v / w)


def _corner_share(upright: Upright, boxes: np.ndarray, mass: np.ndarray, corner: tuple[float, float]) -> float:
    """Share of the mass (n,) of boxes (n, 4) in a corner of the piece, less that in the corner opposite."""
    if not len(boxes):
        return 0.0
    middle = np.stack([(boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2, np.ones(len(boxes))])
    u, v, w = upright.to_piece @ middle
    across, down = np.abs(u / w - corner[0]), np.abs(v / w - corner[1])
    inside = (across > -0.05) & (across < 1.05) & (down > -0.05) & (down < 1.05)
    near, far = (across < 0.4) & (down < 0.4), (across > 0.6) & (down > 0.6)
    return float(((near.astype(float) - far) * mass * inside).sum() / mass.sum())


def _level_feet(lines: list[TextLine]) -> float:
    """How much more the heads of letters differ than their feet, letter heights; mean over the letters of lines."""
    total, count = 0.0, 0
    for line in lines:
        if len(line.letters) < LEAST_ROW:
            continue
        middle = (line.letters[:, 0] + line.letters[:, 2]) / 2
        x = middle - middle.mean()
        spread = float(x @ x)
        ends = line.letters[:, [1, 3]]
        ends = ends - ends.mean(axis=0)
        slope = float(x @ ends.sum(axis=1)) / (2 * spread) if spread > 0 else 0.0
        heads, feet = np.abs(ends - slope * x[:, None]).mean(axis=0)
        total += len(x) * float(np.clip((heads - feet) / line.height, -0.3, 0.3))
        count += len(x)
    return total / max(1, count)


def _margins(blocks: list[Block]) -> float:
    """What the margins of all blocks say, the heaviest block the most."""
    weights = np.array([_weight(block) for block in blocks])
    return float(weights @ [_margin(block) for block in blocks] / weights.sum())


def _margin(block: Block) -> float:
    """How much more ragged the right margin of a block is than its left one."""
    if len(block.rows) < 2:
        return 0.0
    height = float(np.median([line.height for line in block.lines]))
    left = np.array([row[0].left for row in block.rows])
    right = np.array([max(line.right for line in row) for row in block.rows])
    ragged = [min(MOST_RAGGED, float(np.abs(edge - np.median(edge)).mean()) / height) for edge in (left, right)]
    return math.log((1.0 + ragged[1]) / (1.0 + ragged[0]))
