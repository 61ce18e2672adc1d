"""How a code was found: every place that was considered, with what spoke for it."""

from __future__ import annotations

from collections.abc import Sequence

from zipread.attempts import Attempt, outline_of
from zipread.letters import spelled
from zipread.locate import outline_text
from zipread.records import CleanPage, Field, Place, Search


def explain(clean: CleanPage, fields: Sequence[Field], attempts: Sequence[Attempt]) -> Search:
    """Return what was considered on a page: `fields` were found, `attempts` made on the likeliest of them."""
    read = sorted(attempts, key=lambda attempt: -attempt.merit)
    tried = {attempt.field for attempt in attempts}
    left = sorted((field for field in fields if field not in tried), key=lambda field: -field.prior)
    places = (*map(_read, read), *(Place(outline_of(field), field.prior) for field in left))
    piece = () if clean.piece is None else tuple((float(x), float(y)) for x, y in clean.piece)
    # Printed boxes and pictures of one line are found without a look at text.
    mail = not fields or any(field.layout == "envelope" for field in fields)
    return Search(places, piece, *(outline_text(clean) if mail else ()))


def _read(attempt: Attempt) -> Place:
    outline, prior, decoded = outline_of(attempt.field), attempt.field.prior, attempt.decoded
    if decoded is None:
        return Place(outline, prior, confidence=0.0)
    before = "" if attempt.before is None else spelled(attempt.before.columns)
    return Place(outline, prior, decoded.code, decoded.confidence, attempt.merit, before)
