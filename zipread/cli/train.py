"""`zipread train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DATA = Path("../shared/data/digits/mnist.npz")
"""Where a checkout's data lies beside it."""


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
) -> None:
    """Train both networks, export them, and write their record. Needs zipread[train]."""
    from zipread.cli.talk import say
    from zipread.errors import DependencyError

    try:
        from zipread.lab.train import Recipe
        from zipread.lab.train import train as run
    except ModuleNotFoundError as error:
        raise DependencyError(f"training needs the package {error.name}: pip install 'zipread[train]'") from error
    manifest = run(data or (DATA if DATA.exists() else None), out, Recipe(seed=seed, epochs=epochs), say, resume)
    say(f"trained; the record is in {manifest}")
