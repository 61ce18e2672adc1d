"""`zipread lab`: make test mail, and walk the road from pixels to ZIP codes."""

from __future__ import annotations

import typer

from zipread.cli.lab import compare, explain, mnist, small, synth

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def _lab() -> None:
    """Train, compare and see classifiers of digits; make test mail. Needs zipread[train], but for synth."""


app.command()(small.show)
app.command()(small.knn)
app.command()(small.mlp)
app.command()(small.svc)
app.command()(mnist.linear)
app.command()(mnist.dnn)
app.command()(mnist.cnn)
app.command()(compare.compare)
app.command()(explain.explain)
app.command()(explain.read)
app.command()(synth.synth)
