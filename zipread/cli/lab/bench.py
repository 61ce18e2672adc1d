"""What the commands of the lab share: options, progress with the time left, tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from zipread.cli.talk import PLAIN_EVERY_S, mute_libraries, say
from zipread.errors import DependencyError

Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of the plots and tables.")]
MnistFile = Annotated[
    Path | None,
    typer.Option(
        "--mnist",
        metavar="FILE",
        show_default=False,
        help="MNIST as .npz (x_train, y_train, x_test, y_test). Default: what Keras has downloaded or downloads.",
    ),
]
Data = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="DATA",
        help="digits (8x8, comes with scikit-learn), mnist, a folder of pictures (3.png, or 3/anna.png), or an .npz "
        "with x and y.",
    ),
]
Rows = Annotated[
    int | None, typer.Option("--rows", metavar="N", min=50, show_default=False, help="Use N digits, drawn at random.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="The same seed draws and trains the same.")]
Shuffle = Annotated[
    bool,
    typer.Option(
        "--shuffle/--in-order", help="Deal the digits at random, or leave them in order, which parts most writers."
    ),
]

PACKAGES = frozenset(
    {"sklearn", "scipy", "joblib", "matplotlib", "keras", "tensorflow", "onnx", "tf2onnx", "PIL", "skimage"}
)
"""What the extra [train] brings."""

WIDTH = 160
"""Columns of a table where there is no terminal."""

Advance = Callable[[str, int, int], None]


@contextmanager
def at_work() -> Iterator[Advance]:
    """Give what is to be called with (what, steps done, steps in all): a bar, or a line now and then.

    Raises:
        DependencyError: a package of the extra [train] is missing.
    """
    from rich.console import Console

    mute_libraries()  # TensorFlow remarks on the processor it finds
    console = Console(stderr=True)
    try:
        if console.is_terminal:
            with _bar(console) as advance:
                yield advance
        else:
            yield _plain_lines()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in PACKAGES:
            raise
        raise DependencyError(f"the lab needs the package {error.name}: pip install 'zipread[train]'") from error


@contextmanager
def _bar(console: Any) -> Iterator[Advance]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    shown = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*shown, console=console, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def advance(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        yield advance


def _plain_lines() -> Advance:
    started: dict[str, float] = {}
    last = time.monotonic()

    def advance(what: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        began = started.setdefault(what, now)
        if now - last >= PLAIN_EVERY_S and began < now and done < total:
            last = now
            say(f"{what}: {done:,} of {total:,}, about {(now - began) / done * (total - done):.0f} s left")

    return advance


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout. Fractions are shown with four digits."""
    from rich.console import Console
    from rich.table import Table

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    table = Table()
    for name in columns:
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row))
    console.print(title, highlight=False, markup=False, soft_wrap=True)
    console.print(table)


def print_text(text: str) -> None:
    """Print plain text on stdout."""
    typer.echo(text)


def wrote(out: Path) -> None:
    """Say where the files are."""
    say(f"plots and tables are in {out}")
