"""`zipread form`: templates of forms, for `zipread scan --form`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zipread.cli import options
from zipread.cli.talk import counted, say
from zipread.errors import UsageError
from zipread.settings import MAX_PIXELS

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Target = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE", show_default=False, help="The file to write.")
]


@app.callback()
def _form() -> None:
    """Say where the fields of a form are, so that `zipread scan --form` reads them."""


@app.command()
def new(
    reference: Annotated[Path, typer.Argument(metavar="REFERENCE", help="Picture of the blank form.")],
    *,
    output: Target = None,
    force: options.Force = False,
    max_pixels: options.MaxPixels = MAX_PIXELS,
) -> None:
    """Propose a template from a picture of the blank form: name its fields and correct it.

    Example: zipread form new survey.png -o survey.toml
    """
    target = _require(output, "survey.toml", force)

    from zipread.form import FormTemplate, load_reference, propose_fields, template_text

    page = load_reference(reference, max_pixels)
    fields = propose_fields(page)
    if not fields:
        raise UsageError(f"{reference}: shows no boxes that a number could go into; write the template by hand")
    _write(target, template_text(FormTemplate(reference, fields), target.parent).encode())
    boxed = sum(field.layout == "boxed" for field in fields)
    say(f"{target}: {counted(len(fields), 'field')} proposed, {boxed} boxed and {len(fields) - boxed} free")


@app.command()
def show(
    template: Annotated[Path, typer.Argument(metavar="FORM", help="The template, survey.toml.")],
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="A picture of the form, blank or filled.")],
    *,
    output: Target = None,
    force: options.Force = False,
    max_pixels: options.MaxPixels = MAX_PIXELS,
) -> None:
    """Draw a template's fields on a picture of the form.

    Example: zipread form show survey.toml filled.jpg -o preview.png
    """
    target = _require(output, "preview.png", force)

    import cv2

    from zipread.errors import InputError
    from zipread.form import load_form, load_reference
    from zipread.form.preview import draw_fields

    form = load_form(template, max_pixels)
    page = load_reference(picture, max_pixels)
    try:
        found = form.register(page)
    except InputError as error:
        raise InputError(f"{picture}: {error}") from error
    drawn = draw_fields(page, form.template.fields, form.frames, form.cells, found.to_page)
    _, encoded = cv2.imencode(".png", drawn)
    _write(target, encoded.tobytes())
    say(f"{target}: {counted(len(form.frames), 'field')}, fit {found.fit:.2f} by {found.method}")


def _require(output: Path | None, example: str, force: bool) -> Path:
    """Return where to write. Raises UsageError where nothing is named, or it must not be written."""
    if output is None:
        raise UsageError(f"where shall it go? Add -o {example}")
    if output.exists() and not force:
        raise UsageError(f"{output}: exists already; --force overwrites it")
    return output


def _write(target: Path, content: bytes) -> None:
    try:
        target.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{target}: cannot be written: {error.strerror}") from error
