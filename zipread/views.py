"""Ways to see a page: at a glance, searched by geometry, laid level, without the waves of a cancellation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from zipread.attempts import (
    KNOWN_PLACE,
    SURE,
    Attempt,
    confidence_at_a_glance,
    confidence_on_any_piece,
    confidence_on_page,
    weighed_together,
)
from zipread.clean import (
    FIELD_HEIGHT,
    clean_page,
    cut_gray,
    sample_gray,
    taken_as_level,
    without_waves,
    without_waves_at,
)
from zipread.decode import probability
from zipread.fields import HOPELESS, FieldReader
from zipread.glance import fitted, glance, joined, line_angle
from zipread.locate import locate, shows_row
from zipread.records import CleanPage, Field, Layout, Page, Strip

LIKELY_PLACE = -0.5
"""Log-odds from which a place is looked at again before others are looked for: waves hide what else it would have."""
ILLEGIBLE = 0.05
"""Confidence below which even a place that is known is not taken for the code's: others are looked for. Of 2,700 made
pieces 13 were read with 0.05 to 0.15 at a known place, and a search gave none of them another code that was right."""

NOWHERE = 0.02
"""Probability of all places together that a glance saw, below which no code is there unless one is read all the same.
On the 45 of 3,600 pieces of mail that geometry had to search it was 0.27 at least, on 125 of 132 pages without a code
less than this."""

BOXES_BESIDE, BOXES_ABOVE, BOXES_HEIGHT = 1.6, 2.5, 150.0
"""What is seen of a place to tell whether it stands in boxes: in lengths and heights of it, and at most so many pixels
high."""

BEYOND_WORDS = 0.99
"""Confidence from which a look at the words before a code, or at another place, would say nothing new."""
RIVAL = -3.5
"""Log-odds from which another place that a glance saw is read as well."""

GLANCED_DIGITS = (4, 5, 6, 7, 8)
"""Digits of the codes on the mail that trained the finders."""

Asked = Layout | Literal["auto"]
"""Where on a page the code is said to stand."""


@dataclass(frozen=True, slots=True)
class View:
    """One way to see a page: made ready, its places, and the readings of the likeliest."""

    clean: CleanPage | None  # None: seen at a glance
    fields: list[Field]
    attempts: list[Attempt]
    is_any_piece: bool = False  # geometry found the places, and this need not be an envelope, nor mail
    glanced: Sequence[Attempt] = ()  # what was read at a glance, before the page was searched

    @property
    def best(self) -> Attempt | None:
        """The reading that most speaks for; None where there is no place."""
        return max(self.attempts, key=lambda attempt: attempt.merit, default=None)

    @property
    def confidence(self) -> float:
        """Of the best reading; 0 where there is none."""
        if self.best is None:
            return 0.0
        if self.clean is None:
            return confidence_at_a_glance(self.best)
        confidence = confidence_on_page(self.best, self.attempts, self.fields, self.glanced)
        if self.is_any_piece and self.best.field.layout == "envelope":
            return confidence_on_any_piece(confidence)
        return confidence

    @property
    def is_doubtful_mail(self) -> bool:
        """Whether places of an address were found, and none of them is read for sure."""
        return self.confidence < SURE and any(field.layout == "envelope" for field in self.fields)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Sees pages in the way that shows most of them."""

    fields: FieldReader

    def view(self, page: Page, layout: Asked) -> View:
        """The page in the way that shows most: at a glance where that leaves no doubt, else searched as well."""
        places = self.places(page, layout)
        if places is None:
            return replace(self._searched(page, layout, None), is_any_piece=layout == "auto")
        glanced = self.glanced(page, places)
        if glanced.confidence >= SURE:
            return glanced
        seen, abroad = glanced, self.fields.directory is None
        place = None if glanced.best is None else glanced.best.field
        prior = -np.inf if place is None else place.prior
        if place is not None and prior >= LIKELY_PLACE:
            seen = self._closer(page, layout, glanced)
            if seen.confidence >= SURE:
                return seen
            # Abroad, and where boxes are printed, geometry may see better; said to be an envelope, a page has no boxes.
            is_settled = prior >= KNOWN_PLACE and seen.confidence >= ILLEGIBLE and not abroad
            if is_settled and (layout == "envelope" or not self._stands_in_boxes(page, place)):
                return seen
        # Abroad there is more mail than trained the finder: who says that this is an envelope is believed instead.
        is_unlike = prior < LIKELY_PLACE and layout == "envelope" and abroad
        searched = self._searched(page, layout, None if is_unlike else places)
        searched = replace(searched, is_any_piece=layout == "auto" and abroad, glanced=glanced.attempts)
        return max(seen, searched, key=_confidence)

    def _stands_in_boxes(self, page: Page, place: Field) -> bool:
        """Whether a place seen at a glance stands in a row of printed boxes, one for each digit."""
        (along, across), level = place.size, line_angle(page, place)
        strip = Strip(place.center, (BOXES_BESIDE * along, BOXES_ABOVE * across), level, 0.0)
        return shows_row(sample_gray(page, strip, BOXES_HEIGHT), self.fields.digits)

    def _closer(self, page: Page, layout: Asked, glanced: View) -> View:
        """The likeliest place of a glance looked at again, and without the waves that cross it."""
        seen = self._looked_at_again(page, glanced)
        if seen.confidence >= SURE:
            return seen
        place = seen.attempts[0].field
        lifted = without_waves_at(page, place)
        if lifted is None or _looks_alike(page, lifted, place):
            return seen
        bare = self._looked_at_again(lifted, self.glanced(lifted, self.places(lifted, layout) or []))
        return max(seen, bare, key=_confidence)

    def _looked_at_again(self, page: Page, glanced: View) -> View:
        """A glance's likeliest place read again: so that it holds its digits, level with its line, and more closely."""
        if glanced.best is None:
            return glanced
        place = fitted(page, glanced.best.field)
        held = glanced.best if place == glanced.best.field else self._glance(page, place)
        closer = self._with_words(page, self.fields.look_closer(page, held, line_angle(page, place)))
        others = [field for field in glanced.fields if field is not glanced.best.field]
        return View(None, [closer.field, *others], [closer])

    def _searched(self, page: Page, layout: Asked, seen: Sequence[Field] | None) -> View:
        """The page with the places that geometry finds.

        Mail whose reading is in doubt is looked at again where it may have been seen wrongly: lying on its side, or
        crossed by the wavy lines of a cancellation.
        """
        clean = clean_page(page)
        view = self._seen_as(page, clean, layout, seen)
        level = taken_as_level(clean) if view.is_doubtful_mail else None
        if level is not None:
            other = self._seen_as(page, level, layout, seen)
            if other.confidence > view.confidence:
                view, clean = other, level
        if view.confidence < HOPELESS and seen is not None and _nothing_in(seen):
            return view
        lifted = without_waves(page, clean) if view.is_doubtful_mail else None
        if lifted is None or _lies_clear_of_waves(view, page, lifted[0]):
            return view
        return self._seen_as(*lifted, layout, seen)

    def places(self, page: Page, layout: Asked) -> list[Field] | None:
        """The places of a code that one glance at the page shows; None where it would say nothing."""
        finder, columns = self.fields.networks.finder, self.fields.networks.columns
        if finder is None or columns is None or layout not in ("auto", "envelope"):
            return None
        if self.fields.digits not in GLANCED_DIGITS:
            return None
        return glance(page, finder, columns, self.fields.digits)

    def glanced(self, page: Page, places: Sequence[Field]) -> View:
        """The page with the places that a glance shows, the likeliest of them read."""
        attempts = [self._glance(page, place) for place in places[:1]]
        if attempts and confidence_at_a_glance(attempts[0]) < BEYOND_WORDS:
            # A sender's code, or a number on a slip, may look more like it than the code itself.
            attempts += [self._glance(page, place) for place in places[1:] if place.prior >= RIVAL]
        attempts = weighed_together(attempts)
        return View(None, [*(attempt.field for attempt in attempts), *places[len(attempts) :]], attempts)

    def _glance(self, page: Page, place: Field) -> Attempt:
        """The first look at a place, and where that leaves a doubt at what stands before it."""
        attempt = self.fields.glance(page, place)
        if confidence_at_a_glance(attempt) >= BEYOND_WORDS:
            return attempt
        return self._with_words(page, attempt)

    def _seen_as(self, page: Page, clean: CleanPage, layout: Asked, seen: Sequence[Field] | None) -> View:
        """The page with the places that geometry finds; those of an address are weighed by what a glance saw."""
        places = locate(page, clean, layout, self.fields.digits)
        if seen is not None and all(place.layout == "envelope" for place in places):
            places = joined(places, seen)
        fields, attempts = self.fields.read(page, places)
        return View(clean, fields, [self._with_words(page, attempt) for attempt in attempts])

    def _with_words(self, page: Page, attempt: Attempt) -> Attempt:
        """A reading with what stands before it; one that is without hope as it is."""
        is_hopeless = attempt.decoded is None or attempt.decoded.confidence < HOPELESS
        if self.fields.words is None or is_hopeless:
            return attempt
        return self.fields.with_words(page, attempt, line_angle(page, attempt.field))


def _confidence(view: View) -> float:
    return view.confidence


def _nothing_in(seen: Sequence[Field]) -> bool:
    """Whether a glance saw no place that may be a code's."""
    return sum(probability(place.prior) for place in seen) < NOWHERE


def _lies_clear_of_waves(view: View, page: Page, lifted: Page) -> bool:
    """Whether the code's place is known, and looks the same with and without waves: its reading would not change."""
    return (
        view.best is not None and view.best.field.prior >= KNOWN_PLACE and _looks_alike(page, lifted, view.best.field)
    )


def _looks_alike(page: Page, lifted: Page, place: Field) -> bool:
    before, after = (cut_gray(seen, place, FIELD_HEIGHT)[0] for seen in (page, lifted))
    return np.array_equal(before, after)
