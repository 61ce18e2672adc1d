"""`zipread lab compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.lab import bench

SMALL, MNIST, SEMEION = "8×8", "MNIST test", "Semeion"


def compare(
    *,
    mnist: bench.MnistFile = None,
    semeion: Annotated[
        Path | None,
        typer.Option("--semeion", metavar="FILE", show_default=False, help="Semeion as .npz (x, y); else left out."),
    ] = None,
    model: options.Model = None,
    rows: bench.Rows = None,
    periods: Annotated[int, typer.Option("--periods", min=1, help="Rounds of the linear classifier.")] = 20,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Rounds of the convolutional network.")] = 10,
    seed: bench.Seed = 1,
    out: bench.Out = Path("lab"),
) -> None:
    """All classifiers and the shipped model on the same digits: accuracy, training time, speed, size.

    What was trained stays in OUT/work: a second call with the same options only measures, a new model for example.
    """
    with bench.at_work() as progress:
        from zipread.lab.road import compare as race
        from zipread.lab.road import standings as table
        from zipread.lab.road.data import load_archive, load_mnist, small_digits

        sets = {SMALL: small_digits()} | ({SEMEION: load_archive(semeion)} if semeion is not None else {})
        data = load_mnist(mnist, rows, seed)
        plan = race.Plan(rows, periods, 2 * epochs, epochs, seed)
        contenders = [*race.baselines(data, plan, out / "work", progress), race.shipped(model)]
        standings = race.ask(contenders, {MNIST: data.test, **sets}, progress)
        standings = race.with_own_training(standings, sets[SMALL], SMALL, seed)
        table.write(standings, out)
    names = race.columns(standings)
    bench.print_table(
        f"trained on the same {len(data.train.y):,} digits of MNIST",
        table.header(standings),
        [table.cells(standing, names) for standing in standings],
    )
    for name, (place, first) in race.places(standings).items():
        bench.print_text(f"{name}: the shipped model is number {place}" + (f", after {first}" if place > 1 else ""))
    if semeion is None:
        bench.print_text("Semeion was left out: give it as --semeion FILE")
    bench.wrote(out)
