"""Where a code can stand on a page: one line of writing, rows of printed boxes, an envelope's address."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from zipread.locate.boxes import LEAST_PAGE_SIDE, SEARCH_SIDE, find_rows, shows_row
from zipread.locate.envelope import find_codes
from zipread.locate.lines import Text, find_text
from zipread.locate.orientation import MOST_PAGES, upright_evidence
from zipread.locate.outlines import outline_text
from zipread.locate.upright import Upright, flatten, is_slanted, turn_over, turn_upright
from zipread.records import CleanPage, Field, Page

__all__ = ["MAX_FIELDS", "locate", "outline_text", "shows_row"]

MAX_FIELDS = 12
"""Most places offered for one page: each costs a reading."""
LINE_SHARE = 0.31
"""Letters at least this share of a picture's height: the picture is one line of writing."""
CLEAR_ROW = 0.5
"""Clearness (0 to 1) from which a frame in a picture of one line is that line's: its walls are no ones then."""

IN_DOUBT = 4.0
"""Log-odds of a page on its head up to which it is looked at both ways."""
NOWHERE = 5.1
"""Score of a page on which no code stands: of made mail with a code, 95 in 100 have a place that scores higher."""
BOXES_BONUS = 3.0
"""Log-odds by which a row of clear printed boxes, as many as digits, beats the places of an address."""
SMALL_HEIGHT, SMALL_LINE_SHARE = 100, 0.2
"""A picture this low, pixels, is one line already with smaller letters: it has no room for an address."""
LEAST_SHARE = 0.002
"""No place is more or less certain than this, from geometry alone."""


def locate(
    page: Page, clean: CleanPage, layout: Literal["auto", "envelope", "boxes", "field"], digits: int
) -> list[Field]:
    """Find the places where a code of `digits` digits can stand, best prior first, at most MAX_FIELDS.

    `auto` takes a picture of one line of writing as one field, puts rows of exactly `digits` printed boxes first
    where there are any, and offers the places of an address behind them. The prior is log-odds of the place, from
    geometry alone. A page with nothing on it has no fields, unless the layout says it is one.
    """
    if layout == "field":
        return _one_field(page, clean, digits)
    if layout == "boxes":
        return _as_places(find_rows(clean, turn_upright(clean), digits, max(clean.ink.shape))[:MAX_FIELDS])
    upright = flatten(clean)
    text = find_text(upright.ink)
    if layout == "auto" and _is_one_line(clean, text):
        return _one_field(page, clean, digits)
    likely = upright_evidence(text, upright)
    codes = _codes_either_way(upright, text, digits, likely)
    if layout == "envelope":
        return _as_places(codes, NOWHERE)
    level = upright if clean.piece is None or not is_slanted(clean.piece) else turn_upright(clean)
    level = level if likely >= 0 else turn_over(level)
    rows = find_rows(clean, level, digits, SEARCH_SIDE, LEAST_PAGE_SIDE)[:MAX_FIELDS]
    best = max([NOWHERE, *(field.prior for field in codes)])
    rows = [replace(row, prior=best + BOXES_BONUS * (2.0 * row.prior - 1.0)) for row in rows]
    return _as_places(rows + codes, NOWHERE)[:MAX_FIELDS]


def _codes_either_way(upright: Upright, text: Text, digits: int, likely: float) -> list[Field]:
    """Places of an address on a page that stands upright with these log-odds; both ways are tried in doubt.

    The fields' priors are scores, as those of `find_codes`.
    """
    codes = find_codes(upright, text, digits, MAX_FIELDS) if likely > -IN_DOUBT else []
    if likely >= MOST_PAGES:
        return codes
    over = turn_over(upright)
    others = find_codes(over, find_text(over.ink), digits, MAX_FIELDS)
    if codes:
        others = [replace(field, prior=field.prior - likely) for field in others]
    return sorted([*codes, *others], key=lambda field: -field.prior)[:MAX_FIELDS]


def _as_places(fields: list[Field], nowhere: float = -math.inf) -> list[Field]:
    """Scores (log-likelihoods of the places, up to a constant) as log-odds of each place against all others.

    `nowhere` is the score of there being no code on the page.
    """
    if not fields:
        return []
    scores = np.array([field.prior for field in fields])
    weights = np.exp(scores - scores.max())
    none = math.exp(min(nowhere - float(scores.max()), 50.0))
    share = np.clip(weights / (weights.sum() + none), LEAST_SHARE, 1.0 - LEAST_SHARE)
    odds = np.log(share / (1.0 - share))
    ranked = [replace(field, prior=float(value)) for field, value in zip(fields, odds, strict=True)]
    return sorted(ranked, key=lambda field: -field.prior)


def _is_one_line(clean: CleanPage, text: Text) -> bool:
    """Whether a picture is no more than one line of writing: its letters fill its height."""
    height, width = clean.ink.shape
    if width < 1.2 * height and text.lines:
        return False
    if not text.lines:
        return height < 200 and width >= 1.2 * height
    letters = np.concatenate([line.letters for line in text.lines])
    tall = np.sort(letters[:, 3] - letters[:, 1])
    size = tall[np.searchsorted(np.cumsum(tall), 0.5 * tall.sum())]  # half of all height belongs to taller letters
    return bool(size >= (LINE_SHARE if height > SMALL_HEIGHT else SMALL_LINE_SHARE) * height)


def _one_field(page: Page, clean: CleanPage, digits: int) -> list[Field]:
    """A picture of one line: the row of printed boxes in it, or else the whole of it."""
    rows = find_rows(clean, turn_upright(clean), digits)[:1]
    if rows and rows[0].prior > CLEAR_ROW:
        return _as_places(rows)
    return [_whole_picture(page, clean, 0.0)]


def _whole_picture(page: Page, clean: CleanPage, prior: float) -> Field:
    height, width = page.gray.shape
    return Field((width / 2, height / 2), (float(width), float(height)), 0.0, "field", prior=prior)
