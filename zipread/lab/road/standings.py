"""The comparison as a table, in CSV and Markdown, and as a plot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.ticker import LogLocator

from zipread.lab.road import plots
from zipread.lab.road.compare import SHIPPED, Standing, columns
from zipread.lab.road.files import whole_file, write_csv
from zipread.lab.road.rates import Rate


def cells(standing: Standing, names: Sequence[str]) -> list[str]:
    """One line of the table as text: name, accuracies, training time, speed, size."""
    contender = standing.contender
    rates = [_shown(standing.rates.get(name)) for name in names]
    seconds = "" if contender.seconds is None else f"{contender.seconds:,.0f}"
    return [contender.name, *rates, seconds, f"{standing.digits_a_second:,.0f}", f"{contender.size / 1e6:.1f}"]


def header(standings: Sequence[Standing]) -> list[str]:
    """Names of the table's columns."""
    sizes = {name: rate.n for standing in standings for name, rate in standing.rates.items()}
    named = [f"{name} (n = {sizes[name]:,})" for name in columns(standings)]
    return ["classifier", *named, "training, CPU s", "digits a CPU s", "size, MB"]


def write(standings: Sequence[Standing], out: Path) -> None:
    """Write compare.csv, compare.md and compare.png.

    Raises:
        UsageError: a file cannot be written.
    """
    write_csv(out / "compare.csv", [_record(standing, columns(standings)) for standing in standings])
    lines = [header(standings), ["---"] * len(header(standings))]
    lines += [cells(standing, columns(standings)) for standing in standings]
    with whole_file(out / "compare.md") as partial:
        partial.write_text("".join(f"| {' | '.join(line)} |\n" for line in lines), encoding="utf-8")
    _plot(standings, out / "compare.png")


def _shown(rate: Rate | None) -> str:
    if rate is None:
        return ""
    low, high = rate.interval
    return f"{rate.share:.2%} ({low * 100:.2f} to {high * 100:.2f})"


def _record(standing: Standing, names: Sequence[str]) -> dict[str, Any]:
    contender = standing.contender
    record: dict[str, Any] = {"classifier": contender.name, "trained_on": contender.trained_on}
    for name in names:
        rate = standing.rates.get(name)
        low, high = rate.interval if rate else ("", "")
        record |= {name: rate.share if rate else "", f"{name}, low": low, f"{name}, high": high}
        record[f"{name}, n"] = rate.n if rate else ""
    seconds = "" if contender.seconds is None else round(contender.seconds, 1)
    return record | {
        "training_cpu_seconds": seconds,
        "digits_a_cpu_second": round(standing.digits_a_second),
        "bytes": contender.size,
    }


def _plot(standings: Sequence[Standing], path: Path) -> None:
    """Errors with their intervals, on a logarithmic scale: 99.5% and 99.0% are twice as many errors apart."""
    names = columns(standings)
    figure = plots.new_figure(2.2 + 2.4 * len(names), 0.8 + 0.4 * len(standings))
    rows = np.arange(len(standings))[::-1]
    for axes, name in zip(figure.subplots(1, len(names), sharey=True, squeeze=False)[0], names, strict=True):
        for row, standing in zip(rows, standings, strict=True):
            rate = standing.rates.get(name)
            if rate is None:
                continue
            low, high = rate.interval
            color = "tab:red" if standing.contender.name == SHIPPED else "tab:blue"
            axes.plot([100 * (1 - high), 100 * (1 - low)], [row, row], color=color)
            axes.plot(100 * (1 - rate.share), row, "o", color=color)
        axes.set_xscale("log")
        axes.set_title(name, fontsize=9)
        axes.set_xlabel("errors, %")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter("")
        axes.grid(alpha=0.3, which="both", axis="x")
    axes.set_yticks(rows, [standing.contender.name for standing in standings])
    plots.save(figure, path)
