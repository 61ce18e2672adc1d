"""Options that several commands share."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from zipread.settings import MAX_PIXELS


class Layout(StrEnum):
    """Values of --layout."""

    auto = "auto"
    envelope = "envelope"
    boxes = "boxes"
    field = "field"


class Directory(StrEnum):
    """Values of --directory."""

    us = "us"
    none = "none"


class Engine(StrEnum):
    """Values of --engine."""

    onnx = "onnx"
    keras = "keras"


class Format(StrEnum):
    """Values of --format."""

    csv = "csv"
    jsonl = "jsonl"
    parquet = "parquet"


class ProgressStyle(StrEnum):
    """Values of --progress."""

    auto = "auto"
    bar = "bar"
    plain = "plain"
    json = "json"
    none = "none"


Inputs = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="INPUT...",
        show_default=False,
        help="Files, folders (with all below), globs, @list.txt (one per line), or - for one picture on stdin.",
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        show_default=False,
        help="Where the rows go: .csv, .jsonl or .parquet; - for stdout.",
    ),
]
FormatOption = Annotated[
    Format | None, typer.Option("--format", show_default=False, help="Format of the output, whatever its suffix.")
]
LayoutOption = Annotated[
    Layout, typer.Option("--layout", help="Where the code stands; auto finds out, best where codes have 4 to 8 digits.")
]
Digits = Annotated[int, typer.Option("--digits", metavar="N", help="Digits of a code; 5 also looks for a +4.")]
DirectoryOption = Annotated[
    Directory, typer.Option("--directory", help="Which codes exist, to decide doubtful readings.")
]
FormOption = Annotated[
    Path | None,
    typer.Option("--form", metavar="FILE", show_default=False, help="Read the fields of this form, one row each."),
]
Accept = Annotated[float, typer.Option("--accept", metavar="P", help="Least confidence of an accepted row.")]
SettingsOption = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", show_default=False, help="Settings as `calibrate` writes them."),
]
MaxError = Annotated[
    float | None,
    typer.Option(
        "--max-error", metavar="E", show_default=False, help="Accept by the threshold of --settings for this error."
    ),
]
LabelledFolder = Annotated[
    Path, typer.Argument(metavar="DIR", show_default=False, help="Folder of labelled pictures, with all below.")
]
Truth = Annotated[
    Path | None,
    typer.Option(
        "--truth",
        metavar="FILE",
        show_default=False,
        help="CSV with path, code and perhaps page, field, plus4, kind, writing. Default: truth.csv in DIR.",
    ),
]
Jobs = Annotated[
    int | None, typer.Option("--jobs", metavar="N", show_default=False, help="Processes. Default: one per core.")
]
EngineOption = Annotated[Engine, typer.Option("--engine", help="What runs the model; keras needs zipread[train].")]
Model = Annotated[
    Path | None,
    typer.Option("--model", metavar="DIR", show_default=False, help="Folder of another model, as `train` writes it."),
]
MaxPixels = Annotated[
    int, typer.Option("--max-pixels", metavar="N", help=f"Refuse larger pages. ({MAX_PIXELS // 1_000_000} megapixels)")
]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="S", min=0.1, help="Seconds after which a picture that hangs is given up.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Overwrite an output that exists; begin anew where a run did not finish.")
]
Resume = Annotated[
    bool, typer.Option("--resume", help="Go on with a run that did not finish: what it read is not read again.")
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", show_default=False, help="Read every N-th input, from the I-th on; see `merge`."
    ),
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first input that cannot be read.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list what would be read, on stdout.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but why the run ended early.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say what was read off every picture.")]
ProgressOption = Annotated[
    ProgressStyle,
    typer.Option("--progress", help="auto: a bar on a terminal, plain lines elsewhere. json: a line a second."),
]


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of every command that reads inputs into one output."""

    output: Output = None
    format: FormatOption = None
    jobs: Jobs = None
    timeout: Timeout = 30.0
    resume: Resume = False
    shard: ShardOption = None
    force: Force = False
    fail_fast: FailFast = False
    dry_run: DryRun = False
    quiet: Quiet = False
    verbose: Verbose = False
    progress: ProgressOption = ProgressStyle.auto

    def plan(self) -> dict[str, Any]:
        """Return the arguments of `batch.scan` that these options stand for."""
        names = ("timeout", "resume", "shard", "force", "fail_fast")
        return {
            "format": self.format and self.format.value,
            "jobs": cores() if self.jobs is None else self.jobs,
            **{name: getattr(self, name) for name in names},
        }


def with_run_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of RunOptions, which it gets as one argument, `run`."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    hints = get_type_hints(RunOptions, include_extras=True)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[name])
        for name, field in RunOptions.__dataclass_fields__.items()
    ]
    names = [parameter.name for parameter in shared]

    @wraps(command)
    def called(*arguments: Any, **options: Any) -> None:
        run = RunOptions(**{name: options.pop(name) for name in names})
        command(*arguments, run=run, **options)

    parameters = [*(parameter for parameter in own if parameter.name != "run"), *shared]
    called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    called.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return called


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
