"""`zipread lab show`, `knn`, `mlp` and `svc`: the first steps, on the 8×8 digits unless told otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from zipread.cli.lab import bench

OUT = Path("lab")


def show(data: bench.Data = "digits", *, mnist: bench.MnistFile = None, out: bench.Out = OUT) -> None:
    """Show what the data is: counts, shape, range of values, a digit as numbers, a grid of pictures."""
    with bench.at_work():
        from zipread.lab.road import data as sets
        from zipread.lab.road.show import counts
        from zipread.lab.road.show import show as draw

        parts = sets.whole_mnist(mnist) if data == "mnist" else (sets.load_samples(data),)
        draw(parts[0], out)
    for part, name in zip(parts, ("", " (test part)"), strict=False):
        height, width = part.x.shape[1:]
        shape = f"{len(part.y):,} pictures of {height}×{width}, {part.x.min()} to {part.x.max()}"
        rows = [(c.digit, c.pictures, c.share, c.mean_ink) for c in counts(part)]
        bench.print_table(f"{part.name}{name}: {shape}", ("digit", "pictures", "share", "mean ink"), rows)
    first = parts[0]
    bench.print_text(f"the first picture, a {first.y[0]}:")
    bench.print_text("\n".join(" ".join(f"{value:3d}" for value in row) for row in first.x[0]))
    bench.wrote(out)


def knn(
    *,
    data: bench.Data = "digits",
    mnist: bench.MnistFile = None,
    rows: bench.Rows = None,
    most: Annotated[int, typer.Option("--most", min=1, help="Try k from 1 to this.")] = 9,
    folds: Annotated[int, typer.Option("--folds", min=2, help="Folds of the cross-validation.")] = 4,
    shuffle: bench.Shuffle = False,
    seed: bench.Seed = 1,
    out: bench.Out = OUT,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="FILE",
            show_default=False,
            help="Write the best, fitted on all digits, as .joblib for `lab read`. The reader itself loads no pickles.",
        ),
    ] = None,
) -> None:
    """k nearest neighbours: accuracy against k, by cross-validation."""
    with bench.at_work() as progress:
        from zipread.lab.road import neighbours
        from zipread.lab.road.data import load_samples

        samples = load_samples(data, mnist).some(rows, seed)
        results = neighbours.compare_k(samples, most, folds, shuffle, seed, out, progress)
        best = max(results, key=lambda result: result.accuracy)
        if save is not None:
            neighbours.save(samples, int(best.setting), save)
    _print_folds(f"k nearest neighbours, {folds} folds, n = {len(samples.y):,}", "k", results)
    bench.wrote(out)


def mlp(
    *,
    layers: Annotated[Literal["1", "2", "3"], typer.Option("--layers", help="Hidden layers.")] = "1",
    data: bench.Data = "digits",
    mnist: bench.MnistFile = None,
    rows: bench.Rows = None,
    folds: Annotated[
        int | None, typer.Option("--folds", min=2, show_default=False, help="Default: 4; with three layers 6.")
    ] = None,
    rounds: Annotated[int, typer.Option("--rounds", min=1, help="Limit of a training's rounds.")] = 200,
    shuffle: bench.Shuffle = False,
    seed: bench.Seed = 1,
    out: bench.Out = OUT,
) -> None:
    """Fully connected networks of one, two or three hidden layers: accuracy against size."""
    with bench.at_work() as progress:
        from zipread.lab.road.data import load_samples
        from zipread.lab.road.perceptrons import compare_sizes

        samples = load_samples(data, mnist).some(rows, seed)
        results = compare_sizes(samples, int(layers), folds, rounds, shuffle, seed, out, progress)
    _print_folds(f"{layers} hidden layer(s), {len(results[0].folds)} folds, n = {results[0].n:,}", "neurons", results)
    stopped = sum(result.unfinished for result in results)
    if stopped:
        total = sum(len(result.folds) for result in results)
        bench.print_text(f"{stopped} of {total} trainings were stopped after {rounds} rounds, not yet converged")
    bench.wrote(out)


def svc(
    *,
    data: bench.Data = "digits",
    mnist: bench.MnistFile = None,
    rows: bench.Rows = None,
    test: Annotated[
        list[float] | None,
        typer.Option("--test", min=0.001, max=0.99, show_default=False, help="Share that tests. (0.01, 0.25, 0.5)"),
    ] = None,
    shuffle: bench.Shuffle = True,
    seed: bench.Seed = 0,
    out: bench.Out = OUT,
) -> None:
    """Support vector classification, and whether "right 95 times in 100" can be claimed of it."""
    with bench.at_work() as progress:
        from zipread.lab.road.data import load_samples
        from zipread.lab.road.svc import CLAIM, TEST_SHARES, run

        samples = load_samples(data, mnist).some(rows, seed)
        cases = run(samples, tuple(test or TEST_SHARES), shuffle, seed, out, progress)
    for case, report in cases:
        bench.print_text(f"{case.test_share:.0%} test:\n{report}")
    bench.print_table(
        f"support vectors; the claim: right at least {CLAIM:.0%} of the time",
        ("tests", "trained on", "tested on", "right", "accuracy", "95% interval", "the claim is"),
        [
            (f"{c.test_share:.0%}", c.trained_on, c.n, c.right, c.accuracy, f"{c.low:.4f} to {c.high:.4f}", c.verdict)
            for c, _ in cases
        ],
    )
    bench.wrote(out)


def _print_folds(title: str, setting: str, results: list) -> None:
    bench.print_table(
        title,
        (setting, "accuracy", "95% interval", "worst fold", "best fold"),
        [(r.setting, r.accuracy, f"{r.low:.4f} to {r.high:.4f}", min(r.folds), max(r.folds)) for r in results],
    )
