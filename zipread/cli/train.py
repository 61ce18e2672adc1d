"""`zipread train`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DATA = Path("../shared/data/digits/mnist.npz")
"""Where a checkout's data lies beside it."""


class Trained(StrEnum):
    """The networks of a model folder."""

    digits = "digits"
    lines = "lines"
    letters = "letters"
    finder = "finder"
    finder_abroad = "finder_abroad"


def train(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the trained model.")] = Path("models"),
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            show_default=False,
            help=f"MNIST as .npz. Default: {DATA}, or what keras.datasets provides where that is missing.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same model.")] = 1,
    epochs: Annotated[int, typer.Option("--epochs", help="Rounds of 128,000 training pictures.")] = 20,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from where a stopped training was.")] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--start", metavar="DIR", show_default=False, help="Train the networks of this model folder further."
        ),
    ] = None,
    only: Annotated[
        list[Trained] | None,
        typer.Option("--only", show_default=False, help="Train this network; the others are those of --start."),
    ] = None,
    kept: Annotated[
        float,
        typer.Option("--kept", min=0.0, max=1.0, help="Share of --start's weights in the mean that is written."),
    ] = 0.0,
    bfloat16: Annotated[
        bool, typer.Option("--bfloat16", help="Multiply in bfloat16: faster, where the processor has it.")
    ] = False,
) -> None:
    """Train the five networks, export them, and write their record. Needs zipread[train]."""
    from zipread.cli.talk import say
    from zipread.errors import DependencyError, UsageError

    if start is None and (only or kept):
        raise UsageError("--only and --kept say how networks are trained further: name their folder with --start")
    if start is not None and start.resolve() == out.resolve():
        raise UsageError(f"--out {out} would write over the networks to start from: name another folder")
    try:
        from zipread.lab.course import Course
        from zipread.lab.train import NETWORKS, Recipe
        from zipread.lab.train import train as run
    except ModuleNotFoundError as error:
        raise DependencyError(f"training needs the package {error.name}: pip install 'zipread[train]'") from error
    course = Course(out, seed, say, resume, start, kept, bfloat16)
    names = [network.value for network in only] if only else NETWORKS
    manifest = run(data or (DATA if DATA.exists() else None), Recipe(epochs=epochs), course, names)
    say(f"trained; the record is in {manifest}")
