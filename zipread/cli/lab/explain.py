"""`zipread lab explain` and `zipread lab read`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zipread.cli import options
from zipread.cli.lab import bench


def explain(
    picture: Annotated[Path, typer.Argument(help="Picture of one digit, or of a field that holds a code.")],
    *,
    kind: Annotated[
        Literal["auto", "digit", "field"],
        typer.Option("--kind", help="What the picture holds; auto: by the shape of its ink."),
    ] = "auto",
    model: options.Model = None,
    out: bench.Out = Path("lab"),
) -> None:
    """Show how the network reads a picture: its input, every layer's maps, the scores, where the evidence lies."""
    with bench.at_work():
        from zipread.lab.road.explain import explain as run

        answers = run(picture, model, kind, out)
    bench.print_table(
        f"{picture}: scores",
        ("position", "read as", *"0123456789", "none"),
        [(at, str(given.digit), *(f"{score:.3f}" for score in given.scores)) for at, given in enumerate(answers, 1)],
    )
    bench.wrote(out)


def read(
    baseline: Annotated[
        Path, typer.Argument(help="What `lab knn --save` wrote. It is a pickle and may run code: open only your own.")
    ],
    pictures: Annotated[
        list[str], typer.Argument(metavar="PICTURE...", help="Pictures of single digits, folders, globs.")
    ],
) -> None:
    """Read pictures of single digits with a saved baseline; the reader itself never loads one."""
    with bench.at_work():
        import numpy as np

        from zipread.errors import InputError
        from zipread.inputs import expand
        from zipread.lab.road import neighbours
        from zipread.lab.road.explain import digits_of

        saved = neighbours.load(baseline)
        inputs = list(expand(pictures))
        for item in inputs:
            if item.problem:
                raise InputError(f"{item.path}: {item.problem}")
        found = [digits_of(Path(item.path), None, "digit")[0] for item in inputs]
        shares = neighbours.read(saved, np.stack(found))
    rows = [(item.path, int(s.argmax()), float(s.max())) for item, s in zip(inputs, shares, strict=True)]
    bench.print_table(f"read with {baseline}", ("picture", "digit", "share of neighbours"), rows)
