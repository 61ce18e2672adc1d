"""`zipread lab linear`, `dnn` and `cnn`: learning MNIST."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zipread.cli.lab import bench

OUT = Path("lab")

SampleRows = Annotated[int, typer.Option("--rows", metavar="N", min=50, help="Digits that train, drawn at random.")]


def linear(
    *,
    mnist: bench.MnistFile = None,
    rows: SampleRows = 20_000,
    periods: Annotated[int, typer.Option("--periods", min=1, help="Rounds over the digits.")] = 20,
    seed: bench.Seed = 1,
    out: bench.Out = OUT,
) -> None:
    """A linear classifier: log loss over the periods of its training, confusion matrix."""
    with bench.at_work() as progress:
        from zipread.lab.road.data import load_mnist
        from zipread.lab.road.linear import run

        outcome = run(load_mnist(mnist, rows, seed), periods, seed, out, progress)
    _print_periods("linear classifier", outcome.periods)
    bench.print_text(f"accuracy on MNIST's test digits: {outcome.test}")
    bench.wrote(out)


def dnn(
    *,
    mnist: bench.MnistFile = None,
    rows: SampleRows = 20_000,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Rounds of the chosen network's training.")] = 20,
    search_epochs: Annotated[int, typer.Option("--search-epochs", min=1, help="Rounds of each trial.")] = 3,
    dropout: Annotated[
        list[float] | None,
        typer.Option("--dropout", min=0.0, max=0.9, show_default=False, help="Shares to try. (0 and 0.2)"),
    ] = None,
    stage: Annotated[
        list[int] | None,
        typer.Option("--stage", min=0, show_default=False, help="Epochs after which weights are drawn. (0, 1, 5, 20)"),
    ] = None,
    pictures: Annotated[int, typer.Option("--pictures", min=1, help="Neurons of the first layer to draw.")] = 16,
    seed: bench.Seed = 1,
    out: bench.Out = OUT,
) -> None:
    """A fully connected network, found by a small search; what its first layer looks for."""
    with bench.at_work() as progress:
        from zipread.lab.road import dense
        from zipread.lab.road.data import load_mnist

        usual = dense.Plan()
        plan = dense.Plan(
            epochs, search_epochs, tuple(stage or usual.stages), pictures, tuple(dropout or usual.dropouts), seed
        )
        found, trained = dense.run(load_mnist(mnist, rows, seed), plan, out, progress)
    bench.print_table(
        f"the search: {search_epochs} epochs each, the best on other writers first",
        ("hidden layers", "dropout", "learning rate", "log loss", "accuracy"),
        [
            ("-".join(map(str, c.hidden)), f"{c.dropout:g}", f"{c.rate:g}", c.validation_loss, c.validation_accuracy)
            for c in found
        ],
    )
    _print_periods("the best, trained on", trained.periods)
    bench.print_text(f"accuracy on MNIST's test digits: {trained.test}, log loss {trained.test_loss:.4f}")
    bench.wrote(out)


def cnn(
    *,
    mnist: bench.MnistFile = None,
    rows: bench.Rows = None,
    epochs: Annotated[int, typer.Option("--epochs", min=1, help="Rounds over the digits.")] = 10,
    seed: bench.Seed = 1,
    out: bench.Out = OUT,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save",
            metavar="DIR",
            show_default=False,
            help="Write the network as a model for `zipread digits --model DIR`.",
        ),
    ] = None,
) -> None:
    """The convolutional network of the tutorials: curves, layers, confusion matrix, worst classes."""
    with bench.at_work() as progress:
        from zipread.lab.road import convolution
        from zipread.lab.road.data import load_mnist

        data = load_mnist(mnist, rows, seed)
        trained = convolution.run(data, epochs, seed, out, progress)
        if save is not None:
            record = {"digits": len(data.train.y), "epochs": epochs, "seed": seed, "test_right": trained.test.right}
            convolution.save(trained.model, save, record)
    layers = convolution.summary(trained.model)
    title = f"{sum(layer.parameters for layer in layers):,} parameters"
    shown = [(x.name, x.kind, "×".join(map(str, x.output)), f"{x.parameters:,}") for x in layers]
    bench.print_table(title, ("layer", "kind", "output", "parameters"), shown)
    _print_periods("the training", trained.periods)
    worst = [(r.digit, r.n, r.wrong, r.taken_for) for r in convolution.by_class(trained)]
    bench.print_table("the digits, the worst first", ("digit", "n", "wrong", "mostly taken for"), worst)
    bench.print_text(f"accuracy on MNIST's test digits: {trained.test}, log loss {trained.test_loss:.4f}")
    bench.wrote(out)


def _print_periods(title: str, periods: list) -> None:
    bench.print_table(
        title,
        ("period", "log loss", "accuracy", "log loss, other writers", "accuracy, other writers"),
        [(p.period, p.loss, p.accuracy, p.validation_loss, p.validation_accuracy) for p in periods],
    )
