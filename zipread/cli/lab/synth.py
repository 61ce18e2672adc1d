"""`zipread lab synth`: made pictures, for trying a set-up before the mail comes."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

PLACES_ABROAD = 400
"""Places in other countries that a deck's mail goes to."""


class Writings(StrEnum):
    """Which writing the pieces of a deck bear."""

    handwritten = "handwritten"
    printed = "printed"
    both = "both"


class Pieces(StrEnum):
    """What is made."""

    mail = "mail"
    letter = "letter"
    parcel = "parcel"
    reply = "reply"
    postcard = "postcard"
    boxed = "boxed"


class Purpose(StrEnum):
    """What a deck is for; it decides which fonts and which writers it may use."""

    measure = "measure"
    choose = "choose"
    train = "train"


def synth(
    out: Annotated[Path, typer.Argument(help="New folder for the pictures and truth.csv.")],
    *,
    n: Annotated[int, typer.Option("--n", min=1, help="Number of mail pieces.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same deck.")] = 1,
    kind: Annotated[
        Pieces,
        typer.Option(
            help="Envelopes, letters, shipping labels of parcels, filled-in reply cards, picture postcards, or "
            "envelopes with boxes for the code."
        ),
    ] = Pieces.mail,
    abroad: Annotated[
        int | None,
        typer.Option(min=4, max=8, help="Mail to other countries, whose codes have so many digits; else US mail."),
    ] = None,
    writing: Annotated[Writings, typer.Option(help="How the recipient's address is written, of mail.")] = Writings.both,
    digits_npz: Annotated[
        Path | None,
        typer.Option(
            help="Handwritten digits: an .npz with x (n, 28, 28) uint8, y and writer, or x_test and so on. "
            "Without it, digits come from handwriting-looking fonts."
        ),
    ] = None,
    fonts: Annotated[
        Path | None, typer.Option(help="Folder of font files, searched instead of the fonts of this machine.")
    ] = None,
    purpose: Annotated[
        Purpose, typer.Option(help="Fonts and writers kept for measuring, fonts kept to choose by, or what may train.")
    ] = Purpose.measure,
    uncoded: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the pieces that bear no code at all.")
    ] = 0.0,
) -> None:
    """Make a deck of mail pieces with known codes: pictures and truth.csv."""
    from dataclasses import replace

    import cv2
    from rich.console import Console
    from rich.progress import track

    from zipread.errors import UsageError
    from zipread.lab.synth.abroad import countries_with, places_abroad
    from zipread.lab.synth.deck import load_supplies, make_deck, make_others, write_deck
    from zipread.lab.synth.hands import Writing

    if kind is not Pieces.mail and writing is not Writings.both:
        raise UsageError(f"--writing says how mail is addressed; with --kind {kind.value} leave it out")
    cv2.setNumThreads(1)
    talk = Console(stderr=True)
    writings: tuple[Writing, ...] = ("handwritten", "printed")
    if writing is not Writings.both:
        writings = tuple(kind for kind in writings if kind == writing.value)
    supplies = load_supplies(purpose.value, digits_npz, fonts)
    if abroad is not None:
        supplies = replace(supplies, places=places_abroad(seed, PLACES_ABROAD, countries_with(abroad)))
    if kind is Pieces.mail:
        deck = make_deck(seed, n, writings, supplies, uncoded)
    else:
        deck = make_others(seed, n, kind.value, supplies, uncoded)
    written = write_deck(out, deck)
    for _ in track(written, "Making mail", total=n, console=talk, transient=True, disable=not talk.is_terminal):
        pass
    talk.print(f"{n} mail pieces and {out / 'truth.csv'}")
