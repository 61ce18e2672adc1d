"""Read fields: cut them out of their page, ask both readers, decode; look twice where in doubt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from zipread.attempts import (
    KNOWN_PLACE,
    MOST_EVIDENCE,
    SURE,
    Attempt,
    Seen,
    confidence_at_a_glance,
    confidence_here,
    confidence_on_page,
)
from zipread.classify import Classifier, load_classifier
from zipread.clean import Look, cut_field, drop_out
from zipread.decode import (
    PLUS4_STEP,
    Calibration,
    Decoded,
    decide,
    likeliest_digits,
    shortlist,
    weigh,
)
from zipread.finder import Finder, Mail, load_finder
from zipread.normalize import normalize_ink
from zipread.records import Before, Field, FieldImage, Lattice, Page, written_lengths
from zipread.segment import Parts, are_of_amount, cut_apart, cut_out, lattice_of, part, points_among
from zipread.sequence import COLUMN, DIGIT_ROWS, ColumnReader, SeenLine, load_column_reader, normalize_line
from zipread.skim import skim
from zipread.words import Words

FIRST_SIZE = (1.0,)
SIZES = (*FIRST_SIZE, 0.8, 1.25)
"""Heights at which the second reader sees a field, first and again, as shares of what the lattice takes for it."""

SECOND_LOOKS = (Look(darkness=0.6, full=0.9), Look(darkness=0.75, full=0.9), Look(sharpen=4.0))
"""How doubtful fields are looked at again: without printed patterns, without pale frames, sharpened."""

CLOSER_LOOKS = ((SECOND_LOOKS[1], 0.0), (SECOND_LOOKS[2], 0.85))
"""How a place that was read at a glance is looked at again, each with the least confidence from which it is worth it.
Of 135 such places the second made 4 of the 48 sure that were read with 0.85 or more, and none of the 87 others, of
which 54 were right before and 52 after it; a third look showed no more of 171."""

WORTH_A_LOOK = 3.0
LOOKED_AT_TWICE = 3
"""So many fields at most are looked at again, and only those with log-odds this near to the best field's."""

UNLIKELY, HOPELESS = -1.0, 0.05
"""Log-odds of a place below which it is not looked at again where it read with less than this confidence: of 420 pieces
of mail none that was read rightly in the end had begun so, of 109 searches of pages without a code 80. Nor is any
candidate named there where the second reader sees no code: of 46 pieces of mail that had to be searched as many are
right, for a sixth less time, and 137 pages without a code take a third less."""

MOST_READ = 6
"""Places read at most: where none of the likeliest shows a code, none of the others does."""

DIGIT_BAND = (0.7, 1.35)
"""Heights, in digit heights, of the candidates that show where a line of digits begins and ends."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """A field cut up in one way, before any candidate is scored."""

    image: FieldImage
    lattice: Lattice
    lines: tuple[SeenLine, ...] = ()  # what the second reader sees at each size
    step: float = 0.0  # width of a column, pixels of the image


@dataclass(frozen=True, slots=True)
class Networks:
    """What is loaded once and serves for every field."""

    classifier: Classifier
    columns: ColumnReader | None  # the second reader; None in a model folder of digits alone
    finder: Finder | None  # None in a model folder without
    calibration: Calibration

    @classmethod
    def load(cls, engine: str, folder: Path | None, mail: Mail = "us") -> Networks:
        """Load a model folder, with the finder for such mail; None: the one that ships. Raises DependencyError."""
        classifier = load_classifier(engine, folder)
        columns, finder = load_column_reader(engine, folder), load_finder(engine, folder, mail)
        return cls(classifier, columns, finder, Calibration.from_manifest(classifier.manifest))


class _Shown:
    """A page as each of its fields is to be seen: boxes printed in a colour are left out. Decodes colours once."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._color: np.ndarray | None = None
        self._pages: dict[Field, Page] = {}

    def page_for(self, field: Field) -> Page:
        if not field.cells or self._page.color is None:
            return self._page
        if self._color is None:
            self._color = self._page.color()
        if field not in self._pages:
            self._pages[field] = drop_out(self._page, self._color, field)
        return self._pages[field]


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads codes of one length from fields."""

    networks: Networks
    digits: int  # of a code
    directory: np.ndarray | None  # (100000,) bool, which five-digit codes exist; None: no prior
    plus4_step: float = PLUS4_STEP  # least step from the fifth of nine digits to the sixth, in usual steps
    words: Words | None = None  # None: what stands before a code says nothing of it

    def read(self, page: Page, fields: Sequence[Field]) -> tuple[list[Field], list[Attempt]]:
        """Read fields, the likeliest places first, until none that is left is likely to win; look twice where in doubt.

        Where the likeliest place leaves a doubt, the lines of text are skimmed first.

        Returns:
            The places, best prior first: as given, or as skimming leaves them. And the readings of some of them.
        """
        ranked = sorted(fields, key=lambda field: -field.prior)
        shown = _Shown(page)
        first = [self._first_look(shown, field) for field in ranked[:1]]
        ranked = self._skimmed(page, ranked, first)
        attempts = [replace(a, field=place) for a in first for place in ranked if place.is_at(a.field)]
        attempts = self._read_on(shown, ranked, attempts)
        for look in SECOND_LOOKS:
            attempts.sort(key=lambda attempt: -attempt.merit)
            if not attempts or self._is_settled(attempts):
                break
            doubtful = [a for a in attempts[:LOOKED_AT_TWICE] if a.merit >= attempts[0].merit - WORTH_A_LOOK]
            again = [
                self._decided(a.field, (*a.looks, self._look(shown.page_for(a.field), a.field, look))) for a in doubtful
            ]
            # What looked like the code may not any more.
            attempts = self._read_on(shown, ranked, [*again, *attempts[len(doubtful) :]])
        return ranked, attempts

    def glance(self, page: Page, field: Field) -> Attempt:
        """The first look at one place."""
        return self._at(field)._first_look(_Shown(page), field)

    def look_closer(self, page: Page, attempt: Attempt, angle: float) -> Attempt:
        """Look again at a place that was read at a glance and left a doubt, until it is read for sure.

        Args:
            page: the page.
            attempt: what the glance read.
            angle: the direction of its line, degrees: seen otherwise, digits fail otherwise.
        """
        level, reader = replace(attempt.field, angle=angle), self._at(attempt.field)
        for look, least in CLOSER_LOOKS:
            if not least <= confidence_at_a_glance(attempt) < SURE:
                break
            # At one height: the second reader has seen where the digits stand.
            seen = next(reader._glances(part(cut_field(page, level, look)), attempt.field.prior))
            attempt = self._decided(attempt.field, (*attempt.looks, seen), attempt.before)
        return attempt

    def with_words(self, page: Page, attempt: Attempt, angle: float) -> Attempt:
        """The same reading with what stands before it on its line.

        Args:
            page: the page.
            attempt: what was read.
            angle: the direction of its line, degrees.
        """
        if self.words is None or attempt.decoded is None or attempt.field.layout == "field":
            return attempt
        seen = attempt.shown
        boxes = [seen.lattice.candidates[index].box for index in attempt.decoded.candidates[: self.digits]]
        return self._decided(attempt.field, attempt.looks, self.words.before(page, boxes, seen.image, angle))

    def _at(self, place: Field) -> FieldReader:
        """The reader for a place seen at a glance: where a code surely stands, nine digits are that and its +4."""
        return replace(self, plus4_step=0.0) if place.prior >= KNOWN_PLACE else self

    def _read_on(self, shown: _Shown, ranked: Sequence[Field], attempts: Sequence[Attempt]) -> list[Attempt]:
        """These readings, and those of the next places until none that is left is likely to win."""
        attempts = list(attempts)
        for field in ranked:
            lead = max((attempt.merit for attempt in attempts), default=-np.inf)
            if lead > field.prior + MOST_EVIDENCE or len(attempts) >= MOST_READ:
                break
            if not any(attempt.field is field for attempt in attempts):
                attempts.append(self._first_look(shown, field))
        return attempts

    def _is_settled(self, attempts: Sequence[Attempt]) -> bool:
        """Whether nothing is to be gained by another look: the best reading, the first, is sure or without hope."""
        confidence = confidence_here(attempts[0], attempts)
        return confidence >= SURE or (attempts[0].field.prior < UNLIKELY and confidence < HOPELESS)

    def _skimmed(self, page: Page, ranked: list[Field], first: Sequence[Attempt]) -> list[Field]:
        """The places as skimming weighs them, where the first of them leaves a doubt."""
        columns = self.networks.columns
        if columns is None or all(field.line is None for field in ranked):
            return ranked
        sure = confidence_on_page(first[0], first, ranked) >= SURE
        return ranked if sure else skim(page, ranked, self.digits, columns)

    def _first_look(self, shown: _Shown, field: Field) -> Attempt:
        """Look ever more closely at a field, until it is read for sure."""
        for seen in self._glances(part(cut_field(shown.page_for(field), field)), field.prior):
            attempt = self._decided(field, (seen,))
            if attempt.decoded is not None and attempt.decoded.confidence >= SURE:
                break
        return attempt

    def _glances(self, parts: Parts, prior: float) -> Iterator[Seen]:
        """A field seen before and after cutting: digits that do not touch are read as they stand."""
        whole = self._few_of(self._cut_up(parts)) if len(parts.pieces) >= self.digits else None
        if whole is not None:  # else some digits touch, or stand in printed boxes
            yield whole
        cut = self._cut_up(cut_apart(parts))
        if prior < UNLIKELY and cut.lines and not cut.image.cells:
            # Where the second reader sees no code either, naming every piece of a place costs most and finds nothing.
            yield self._few_of(cut) or self._seen(replace(cut, lattice=replace(cut.lattice, candidates=())))
        else:
            yield self._few_or_all(cut)

    def _few_or_all(self, cut: _Cut) -> Seen:
        """A field seen with the candidates that the second reader singles out, or with all where it does not."""
        return self._few_of(cut) or self._seen(cut)

    def _few_of(self, cut: _Cut) -> Seen | None:
        """A field seen with those candidates alone that the second reader's digits single out, where they do."""
        digits = [] if not cut.lines or cut.image.cells else likeliest_digits(cut.lines[0].columns)
        if len(digits) not in written_lengths(self.digits):
            return None
        chosen = shortlist(cut.lattice, [middle * cut.step for _, middle in digits])
        few = tuple(cut.lattice.candidates[index] for index in chosen)
        return self._seen(replace(cut, lattice=replace(cut.lattice, candidates=few))) if few else None

    def _look(self, page: Page, field: Field, look: Look) -> Seen:
        return self._few_or_all(self._cut_up(cut_apart(part(cut_field(page, field, look))), SIZES))

    def _cut_up(self, parts: Parts, sizes: Sequence[float] = FIRST_SIZE) -> _Cut:
        lattice, image = lattice_of(parts), parts.image
        if self.networks.columns is None or not lattice.candidates:
            return _Cut(image, lattice)
        top, bottom = _band(image, lattice)
        middle, half = (top + bottom) / 2, (bottom - top) / 2
        lines = [normalize_line(image.gray, middle - half * size, middle + half * size) for size in sizes]
        seen = tuple(self.networks.columns.see(line) for line in lines if line is not None)
        return _Cut(image, lattice, seen, COLUMN * (bottom - top) / DIGIT_ROWS)

    def _seen(self, cut: _Cut) -> Seen:
        """Score every candidate, weigh the codes the field may show."""
        crops = [normalize_ink(cut_out(cut.image.ink, candidate)) for candidate in cut.lattice.candidates]
        digits = np.stack(crops) if crops else np.zeros((0, 28, 28), np.uint8)
        scores = self.networks.classifier.scores(digits)
        columns = [line.columns for line in cut.lines]
        weighed = weigh(cut.lattice, scores, self.digits, columns, self.plus4_step)
        by_hand = cut.lines[0].by_hand if cut.lines else None
        return Seen(cut.image, cut.lattice, digits, scores, weighed, by_hand)

    def _decided(self, field: Field, looks: tuple[Seen, ...], before: Before | None = None) -> Attempt:
        """What some looks at a field say together."""
        told = [(look, look.weighed) for look in looks if look.weighed is not None]
        context = None if self.words is None or before is None else partial(self.words.agreement, before)
        calibration = self.networks.calibration
        decoded = decide([weighed for _, weighed in told], self.digits, self.directory, calibration, context)
        if decoded is None:
            return Attempt(field, looks, looks[0], None)
        shown = told[decoded.look][0]
        is_amount = field.layout == "envelope" and self._shows_amount(shown, decoded)
        return Attempt(field, looks, shown, decoded, is_amount, before)

    def _shows_amount(self, seen: Seen, decoded: Decoded) -> bool:
        """Whether points part the digits that a look shows as those of an amount are."""
        digits = [seen.lattice.candidates[index].box for index in decoded.candidates[: self.digits]]
        return are_of_amount(points_among(seen.image.mask, digits))


def _band(image: FieldImage, lattice: Lattice) -> tuple[float, float]:
    """Upper and lower edge of most digits of a field, pixels of its image."""
    boxes = [candidate.box for candidate in lattice.candidates]
    # In printed boxes digits may be much lower than the boxes, which are what the lattice goes by.
    height = median(box.height for box in boxes) if image.cells else lattice.height
    like_digits = [box for box in boxes if DIGIT_BAND[0] <= box.height / height <= DIGIT_BAND[1]] or boxes
    return median(box.y for box in like_digits), median(box.bottom for box in like_digits)
