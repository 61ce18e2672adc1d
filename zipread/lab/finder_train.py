"""Train the finder, which sees where on a page the code stands."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np

from zipread.finder import CELL, CHANNELS, GRID, HEIGHT, LENGTH, NAMES, OUTSIDE, SIDES, Mail, bordered, places_in
from zipread.lab import stopped
from zipread.lab.course import Course, averaged
from zipread.lab.finder_network import build, page_loss
from zipread.lab.pageset import Pages

BATCH = 16
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-2
WARMUP = 300
"""Steps until the learning rate is reached."""
SHORT_SIDES = (0.5, 0.75, 1.0)
"""Shorter sides of what trains, shares of the longer: a batch is of one shape."""
TURNED = 0.45
"""Share of pages that lie on a side or on their head."""
SLANTED, SLANT = 0.15, 12.0
"""Share of pages that lie far askew, and how far at most, degrees; the others a little."""
SIZES = (0.7, 1.12)
"""How long a page's longer side is, shares of what the finder sees."""
CLOSER, CLOSEST = 0.3, 0.2
"""Share of pages of which a part is seen, as where an address is cut out, and the least part of the longer side."""
AIMED = 0.8
"""Share of these on which the code is in that part; on the others it is if chance will have it."""
PART_SIDES = (0.125, 0.25, 0.5, 0.75, 1.0)
"""Shorter sides of such parts, shares of the longer: the slender ones are of a line or two."""
LARGEST_CODE = 0.6
"""Most of the picture's width and height that a code takes then."""
CORE = (0.25, 0.6)
"""Cells this near to a code's middle, shares of its length and height, are to name it."""
AHEAD = 8
"""Batches made before they are needed."""


def train_finder(pages: Pages, held_out: Pages, passes: int, course: Course, mail: Mail) -> dict[str, Any]:
    """Train, and write the network as .keras and .onnx.

    Args:
        pages: what trains.
        held_out: pages with digits of other writers, which only report.
        passes: over the whole set.
        course: where training begins, reports and writes.
        mail: what it is to know.

    Returns:
        The training record for the manifest.

    Raises:
        InputError: the stopped run had another recipe.
    """
    import keras

    keras.utils.set_random_seed(course.seed)
    model, seed, name, side = build(), course.seed, NAMES[mail], SIDES[mail]
    steps = passes * (len(pages) // BATCH)
    model.compile(course.optimizer(steps, min(WARMUP, steps // 4), LEARNING_RATE, WEIGHT_DECAY), page_loss)
    recipe = {"seed": seed, "passes": passes, "steps": steps}
    first = course.begin(model, name, recipe)
    every = max(1, steps // passes)
    record: dict[str, Any] = {}

    def pictures() -> Iterator[np.ndarray]:
        return (shown for shown, _ in batches(pages, side, seed))

    for step, (shown, truth) in zip(
        range(first + 1, steps + 1), _ahead(batches(pages, side, seed, first)), strict=False
    ):
        loss = float(model.train_on_batch(shown, truth))  # the mean since the last reset
        if step % every == 0 or step == steps:
            with averaged(model, pictures()):
                missed = missed_share(model, held_out, side, seed)
            course.report(f"{name}: step {step}/{steps}, loss {loss:.4f}, held-out codes missed {missed:.2%}")
            record = {"loss": loss}
            model.reset_metrics()
            course.keep(model, name, recipe, step)
    course.settle(model, name, pictures)
    record["held_out_missed"] = missed_share(model, held_out, side, seed)
    parameters = int(model.count_params())
    stopped.export(model, course.out, name, (None, None, None, 1), "pages")
    return {"parameters": parameters, "passes": passes, "pages": len(pages), "side": side, **record}


def batches(pages: Pages, side: int, seed: int, first: int = 0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Endless batches of one shape each, anew for each `first`: (n, h + 3, w + 3, 1) uint8 and what `cells_of` says.

    side: the longer of h and w, pixels.
    """
    waiting: dict[tuple[int, int], list[tuple[np.ndarray, np.ndarray]]] = {}
    index = 0
    while True:
        rng = np.random.default_rng((seed, first, index))
        for row in rng.permutation(len(pages)):
            picture, corners = seen(rng, pages.picture(row), pages.corners[row], side)
            group = waiting.setdefault(picture.shape, [])
            group.append((bordered(picture)[..., None], cells_of(corners, picture.shape)))
            if len(group) == BATCH:
                yield np.stack([picture for picture, _ in group]), np.stack([cells for _, cells in group])
                group.clear()
        index += 1


def _ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The same items, made on a thread of their own while those before are used."""
    ready: queue.Queue[Any] = queue.Queue(AHEAD)

    def make() -> None:
        for item in items:
            ready.put(item)

    threading.Thread(target=make, daemon=True).start()
    while True:
        yield ready.get()


def seen(rng: np.random.Generator, gray: np.ndarray, corners: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A page as it may come: turned, askew, nearer or farther, or a part of it; lighter or darker, out of focus.

    Returns:
        The picture, whose longer side is `side` pixels, and the corners of the code, which is all in it; NaN where the
        page has none, or the part shows nothing of it.
    """
    quarters = int(rng.integers(1, 4)) if rng.random() < TURNED else 0
    slant = float(rng.uniform(-SLANT, SLANT) if rng.random() < SLANTED else rng.normal(0.0, 1.5))
    turn = cv2.getRotationMatrix2D((0.0, 0.0), -90.0 * quarters - slant, 1.0)
    height, width = gray.shape
    lying = np.array((height, width) if quarters % 2 else (width, height))
    scale, size = _whole(rng, lying, side)
    is_part, is_coded = rng.random() < CLOSER, not np.isnan(corners).any()
    if is_part:
        code = np.ptp(corners @ turn[:, :2].T, axis=0) if is_coded else np.zeros(2)
        scale, size = _part(rng, code, scale, side, quarters % 2 == 1)
    turn = scale * turn
    moved, middle = corners @ turn[:, :2].T, turn[:, :2] @ (width / 2, height / 2)
    # The page may lie so far off the middle of the picture either way that it still fills it, or is all in it.
    room = np.abs(size - scale * lying) / 2
    shift = size / 2 - middle + rng.uniform(-1.0, 1.0, 2) * room
    if is_part and is_coded and rng.random() < AIMED:
        aimed = rng.uniform(0.0, 1.0, 2) * size - moved.mean(axis=0)
        shift = np.clip(aimed, size / 2 - middle - room, size / 2 - middle + room)
    moved = moved + shift
    if is_coded:
        low, high = moved.min(axis=0) - 2, moved.max(axis=0) + 2
        if is_part and ((high < 0).any() or (low > size).any()):
            moved = np.full_like(corners, np.nan)
        else:  # bring it back into the picture
            back = np.maximum(0.0, -low) - np.maximum(0.0, high - size)
            shift, moved = shift + back, moved + back
    turn[:, 2] = shift
    soft = cv2.GaussianBlur(gray, (0, 0), float(rng.uniform(0.3, 1.2) / scale)) if rng.random() < 0.4 else gray
    picture = cv2.warpAffine(soft, turn, size.tolist(), flags=cv2.INTER_AREA, borderValue=OUTSIDE).astype(np.float32)
    picture = (picture - 128) * float(rng.uniform(0.5, 1.1)) + 128 + float(rng.uniform(-40, 30))
    picture += rng.standard_normal(picture.shape, np.float32) * float(rng.uniform(0, 7))
    return np.clip(picture, 0, 255).astype(np.uint8), moved


def _whole(rng: np.random.Generator, page: np.ndarray, side: int) -> tuple[float, np.ndarray]:
    """The scale at which a page of some width and height is seen as a whole, and the picture's width and height."""
    across, down = page.tolist()
    long = max(across, down)
    short = next(round(side * share) for share in SHORT_SIDES if share >= min(across, down) / long)
    size = np.array((side, short) if across >= down else (short, side))
    return side / long * float(rng.uniform(*SIZES)), size


def _part(
    rng: np.random.Generator, code: np.ndarray, whole: float, side: int, is_on_its_side: bool
) -> tuple[float, np.ndarray]:
    """The scale at which a part of a page is seen, and the picture's width and height.

    code: its width and height as it lies, pixels of the page; whole: the scale at which all of the page is seen.
    """
    short = round(side * PART_SIDES[rng.integers(len(PART_SIDES))] / GRID) * GRID
    size = np.array((short, side) if is_on_its_side else (side, short))  # along the lines of text
    most = float((LARGEST_CODE * size / np.maximum(code, 1e-9)).min())
    return min(whole * CLOSEST ** -rng.random(), max(whole, most)), size


def cells_of(corners: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """What the network is to say of a picture (h, w) whose code has these corners (4, 2): (h / 8, w / 8, 8) float32.

    The first channel has the share of each cell in naming the code, 0 everywhere where there is none.
    """
    cells = np.zeros((shape[0] // CELL, shape[1] // CELL, CHANNELS), np.float32)
    if np.isnan(corners).any():
        return cells
    along = corners[1] - corners[0] + corners[2] - corners[3]
    length, height = np.hypot(*along) / 2, np.hypot(*(corners[3] - corners[0] + corners[2] - corners[1])) / 2
    direction = along / np.hypot(*along)
    rows, columns = np.mgrid[: cells.shape[0], : cells.shape[1]]
    off = corners.mean(axis=0) / CELL - 0.5 - np.stack([columns, rows], axis=2)
    away = np.abs(off @ direction), np.abs(off @ (-direction[1], direction[0]))
    near = (away[0] * CELL <= CORE[0] * length) & (away[1] * CELL <= CORE[1] * height)
    near[np.unravel_index(np.hypot(off[..., 0], off[..., 1]).argmin(), near.shape)] = True
    cells[..., 0] = near / near.sum()
    cells[..., 1:3] = off
    cells[..., 3], cells[..., 4] = np.log(length / LENGTH), np.log(max(1.0, height) / HEIGHT)
    cells[..., 5:7] = direction
    return cells


def missed_share(model: Any, pages: Pages, side: int, seed: int) -> float:
    """Share of pages whose likeliest place is not that of the code, or which have no code and a likely place."""
    rng = np.random.default_rng(seed)
    missed = 0
    for row in range(len(pages)):
        picture, corners = seen(rng, pages.picture(row), pages.corners[row], side)
        found = places_in(np.asarray(model(bordered(picture)[None, ..., None], training=False))[0], 1.0)
        best = found[0] if found and found[0].probability >= 0.5 else None
        if best is None or np.isnan(corners).any():
            missed += best is not None or not np.isnan(corners).any()
        else:
            off = np.array(best.center) - corners.mean(axis=0)
            missed += bool(np.hypot(*off) > 0.3 * np.hypot(*(corners[1] - corners[0])))
    return missed / max(1, len(pages))
