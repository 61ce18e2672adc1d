"""Sets of lines by width: made in several processes, and kept in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Set = TypeVar("Set")
"""Dataclass of arrays with a row for each line."""

CHUNK = 500
"""Lines made from one seed."""


def made_in_chunks(
    kind: type[Set],
    make_chunk: Callable[[tuple[int, int]], dict[int, Set]],
    start_worker: tuple[Callable[..., None], tuple[Any, ...]],
    count: int,
    seed: int,
    jobs: int,
    on_progress: Callable[[int, int], None],
) -> dict[int, Set]:
    """Make `count` lines in `jobs` processes. The same whatever the number of processes.

    Args:
        kind: of the sets.
        make_chunk: makes (lines, seed), by width.
        start_worker: called with its arguments in each process first.
        count: lines.
        seed: decides what is made.
        jobs: processes.
        on_progress: called with the lines made and all that are wanted.

    Returns:
        The lines of each width.
    """
    tasks = [(min(CHUNK, count - first), seed * 1_000_003 + first) for first in range(0, count, CHUNK)]
    parts: dict[int, list[Set]] = {}
    made = 0
    with get_context("spawn").Pool(jobs, *start_worker) as pool:
        for (wanted, _), chunk in zip(tasks, pool.imap(make_chunk, tasks), strict=True):
            for width, lines in chunk.items():
                parts.setdefault(width, []).append(lines)
            made += wanted
            on_progress(made, count)
    return {
        width: kind(*(np.concatenate([getattr(part, name) for part in found]) for name in _arrays_of(kind)))
        for width, found in sorted(parts.items())
    }


def save(path: Path, lines: dict[int, Any], made_from: np.ndarray) -> None:
    """Write a set of lines as .npz, with what it was made from."""
    arrays = {f"{width}_{name}": getattr(part, name) for width, part in lines.items() for name in _arrays_of(part)}
    np.savez(path, made_from=made_from, **arrays)


def load(path: Path, made_from: np.ndarray, kind: type[Set]) -> dict[int, Set] | None:
    """Read a set of lines; None where it was made from something else."""
    with np.load(path) as archive:
        if not np.array_equal(archive["made_from"], made_from):
            return None
        widths = sorted({int(key.partition("_")[0]) for key in archive if key != "made_from"})
        return {width: kind(*(archive[f"{width}_{name}"] for name in _arrays_of(kind))) for width in widths}


def _arrays_of(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]
