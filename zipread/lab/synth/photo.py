"""Mail pieces as a scanner or a phone delivers them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from zipread.lab.synth.capture import Wear, wear
from zipread.lab.synth.paper import smooth_noise
from zipread.records import Box

MAX_SKEW = 5.0
"""Of pieces laid on a scanner, degrees."""
MAX_PERSPECTIVE = 0.15
"""Of a phone held over a table: how much longer the nearer edge of a piece may look than the far one."""
TABLES = ((60, 90, 130), (40, 40, 45), (150, 150, 150), (120, 80, 50), (225, 225, 225))
"""Colours of table tops, blue-green-red."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A captured piece."""

    picture: np.ndarray  # (h, w, 3) uint8, blue-green-red
    to_picture: np.ndarray  # (3, 3) float64, maps pixels of the piece to pixels of the picture
    angle: float  # degrees; positive makes lines of text run downwards to the right
    conditions: tuple[str, ...]


def scan(rng: np.random.Generator, sheet: np.ndarray, skew: float | None = None) -> Shot:
    """Scan a piece: laid a little askew on a black, white or gray bed, or cut to its edges.

    sheet: (h, w, 3) float32, not changed; skew: degrees, at random within MAX_SKEW when None.
    """
    height, width = sheet.shape[:2]
    angle = float(np.clip(rng.normal(0, 1.5), -MAX_SKEW, MAX_SKEW)) if skew is None else skew
    bed = ("black bed", "white bed", "gray bed", "cropped")[rng.choice(4, p=[0.25, 0.2, 0.1, 0.45])]
    level = {"black bed": rng.uniform(0, 35), "white bed": rng.uniform(248, 255), "gray bed": rng.uniform(90, 170)}
    border = 0 if bed == "cropped" else int(width * rng.uniform(0.01, 0.08))
    lean = abs(np.sin(np.radians(angle)))
    size = round(width + 2 * border + lean * height * 0.7), round(height + 2 * border + lean * width * 0.7)
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
    matrix[:, 2] += np.array(size) / 2 - (width / 2, height / 2)
    colour = [float(level.get(bed, 250.0))] * 3
    laid = cv2.warpAffine(
        sheet, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=colour
    )
    how = Wear(
        blur=rng.uniform(0.2, 0.8),
        noise=rng.uniform(0.5, 4),
        contrast=rng.uniform(0.85, 1.05),
        quality=int(rng.integers(70, 100)),
    )
    words = ["scan", bed, *(["skew"] if abs(angle) > 2 else [])]
    return Shot(wear(rng, laid, how), np.vstack([matrix, [0, 0, 1]]), angle, tuple(words))


def photograph(rng: np.random.Generator, sheet: np.ndarray) -> Shot:
    """Photograph a piece lying on a table: mild perspective, uneven light, perhaps a shadow. `sheet` is not changed."""
    height, width = sheet.shape[:2]
    margin = width * rng.uniform(0.03, 0.15)
    angle = float(np.clip(rng.normal(0, 2.0), -6, 6))
    size = round(width + 2 * margin), round(height + 2 * margin)
    corners = _corners(sheet)
    turned = (corners - (width / 2, height / 2)) @ _rotation(angle).T * 0.97
    shaken = turned + rng.normal(0, 0.012, (4, 2)) * (width, width * 0.7) + np.array(size) / 2
    return _on_table(rng, sheet, shaken, size, angle)


def hold_over(rng: np.random.Generator, sheet: np.ndarray) -> Shot:
    """Photograph a piece with a phone held over a table: as `photograph`, but seen at a slant in a frame of 4 to 3.

    Opposite edges differ by up to MAX_PERSPECTIVE. `sheet` is not changed.
    """
    height, width = sheet.shape[:2]
    angle = float(np.clip(rng.normal(0, 3.0), -8, 8))
    seen = (_corners(sheet) - (width / 2, height / 2)) @ _rotation(angle).T
    tilt = rng.uniform(-MAX_PERSPECTIVE, MAX_PERSPECTIVE, 2) / (width, height)
    seen = seen / (1.0 + seen @ tilt)[:, None]
    extent = np.ptp(seen, axis=0) * rng.uniform(1.06, 1.35)
    frame = max(extent[0], extent[1] * 4 / 3)
    size = round(frame), round(frame * 3 / 4)
    room = (np.array(size) - np.ptp(seen, axis=0)) / 2
    seen += room + rng.uniform(-0.8, 0.8, 2) * room - seen.min(axis=0)
    return _on_table(rng, sheet, seen, size, angle)


def turned(shot: Shot, quarters: int) -> Shot:
    """The same picture delivered on its side or on its head: turned clockwise by `quarters` times 90 degrees."""
    quarters %= 4
    height, width = shot.picture.shape[:2]
    if quarters == 0:
        return shot
    to_turned = {
        1: [[0, -1, height], [1, 0, 0], [0, 0, 1]],
        2: [[-1, 0, width], [0, -1, height], [0, 0, 1]],
        3: [[0, 1, 0], [-1, 0, width], [0, 0, 1]],
    }[quarters]
    picture = np.ascontiguousarray(np.rot90(shot.picture, -quarters))
    angle = (shot.angle + 90 * quarters + 180) % 360 - 180
    words = (*shot.conditions, f"turned {90 * quarters}")
    return Shot(picture, np.array(to_turned, np.float64) @ shot.to_picture, angle, words)


def _on_table(
    rng: np.random.Generator, sheet: np.ndarray, seen: np.ndarray, size: tuple[int, int], angle: float
) -> Shot:
    """Photograph a piece whose corners are seen at (4, 2) in a frame of `size` (width, height)."""
    height, width = sheet.shape[:2]
    matrix = cv2.getPerspectiveTransform(_corners(sheet).astype(np.float32), seen.astype(np.float32))
    table = _table(rng, size[1], size[0])
    flat = np.ones((height, width), np.float32)
    covered = cv2.warpPerspective(flat, matrix, size)[:, :, None]
    dropped = cv2.GaussianBlur(np.roll(covered[:, :, 0], (3, 4), (0, 1)), (0, 0), 5)[:, :, None]
    picture = table * (1 - 0.45 * dropped)
    picture += covered * (cv2.warpPerspective(sheet, matrix, size, flags=cv2.INTER_LINEAR) - picture)
    words = ["photo"]
    light, shaded = _light(rng, size[1], size[0])
    picture *= light[:, :, None]
    if shaded:
        words.append("shadow")
    how = Wear(
        blur=rng.uniform(0.3, 1.0) * min(1.0, width / 1600),
        motion=rng.uniform(2, 4) if rng.random() < 0.1 else 0.0,
        noise=rng.uniform(1, 6),
        grain=1.5,
        contrast=rng.uniform(0.8, 1.0),
        quality=int(rng.integers(60, 95)),
    )
    if how.motion:
        words.append("motion")
    return Shot(wear(rng, picture, how), matrix, angle, tuple(words))


def _corners(sheet: np.ndarray) -> np.ndarray:
    height, width = sheet.shape[:2]
    return np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)


def moved_corners(box: Box, to_picture: np.ndarray) -> np.ndarray:
    """Map a box through a homography: its corners (4, 2), clockwise from the upper left of the piece."""
    corners = [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom)]
    return cv2.perspectiveTransform(np.array([corners], np.float64), to_picture)[0]


def moved_box(box: Box, to_picture: np.ndarray) -> Box:
    """Map a box through a homography: the upright box around its four corners."""
    moved = moved_corners(box, to_picture)
    (left, top), (right, bottom) = np.floor(moved.min(axis=0)), np.ceil(moved.max(axis=0))
    return Box(int(left), int(top), int(right - left), int(bottom - top))


def _rotation(angle: float) -> np.ndarray:
    turn = np.radians(angle)
    return np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])


def _table(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Make a table top: plain, cloth or wood: (height, width, 3) float32."""
    base = np.array(TABLES[rng.integers(len(TABLES))], np.float32)
    grain = smooth_noise(rng, (height, max(2, width // 12)), 4)
    streaks = cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR) * rng.uniform(2, 9)
    cloth = smooth_noise(rng, (height, width), 2) * rng.uniform(1, 4)
    return base + (streaks + cloth)[:, :, None].astype(np.float32)


def _light(rng: np.random.Generator, height: int, width: int) -> tuple[np.ndarray, bool]:
    """Make the light on a picture, as a factor: (height, width) float32; and whether a shadow falls on it."""
    across = np.linspace(-0.5, 0.5, width, dtype=np.float32)
    down = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    turn = rng.uniform(0, 2 * np.pi)
    light = 0.95 + rng.uniform(0.03, 0.2) * (np.cos(turn) * across + np.sin(turn) * down)
    shaded = bool(rng.random() < 0.35)
    if shaded:
        turn = rng.uniform(0, 2 * np.pi)
        distance = (np.cos(turn) * across + np.sin(turn) * down + rng.uniform(-0.25, 0.25)) / rng.uniform(0.01, 0.06)
        light *= 1 - rng.uniform(0.15, 0.4) / (1 + np.exp(-np.clip(distance, -30, 30)))
    return light.astype(np.float32), shaded
