"""What came of reading places of a page, and how sure the best of them is to be its code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from zipread.decode import UNRELATED, Decoded, Weighed, log_odds, probability
from zipread.records import Before, Corners, Field, FieldImage, Kind, Lattice

SURE = 0.95
"""Confidence from which nothing more is looked at; whatever is accepted, so that readings do not depend on that."""

KNOWN_PLACE = 3.0
"""Log-odds of a place, before it is read, from which no other is looked for."""

SURE_KIND = 0.8
"""Probability from which a code is told to be handwritten, or to be printed."""

MOST_EVIDENCE = 1.5
"""Log-odds that a reading adds to its place at most: a number that is read for sure need not be the code."""

PAGE_WEIGHTS = (0.98, 1.05, 0.13)
PAGE_BIAS = -3.0
"""Of the confidence on a page: weights of the reading, of its place, and of the place's lead, all log-odds."""

GLANCE_WEIGHTS = (1.1, 0.95)
GLANCE_BIAS = -2.77
"""Of the confidence at a glance: weights of the reading and of its place, log-odds."""

MOST_OF_READING = 4.4
"""Log-odds of a reading that count for it at most: however well a number reads, it need not be the code."""

AGREEMENT, AGREES = (0.0, 2.0, 6.0), (-0.9, 0.0, 0.5)
"""What the words before a code add to its confidence, log-odds, by how much better they go with it than with no code
at all, log likelihood: other words, a town of its state, its own town."""

READ_FOR_SURE, UNREAD, LEGIBLE = 2.0, -3.5, (-2.0, 2.0)
"""What reading a place says for it against others that a glance saw, log likelihood: where a code is read for sure, and
where none is; and log-odds of a reading between which that grows. Of 506 places with the code of a made piece that had
more than one place 98% were read with the second or more, of 455 others a quarter; more than half showed no code."""

LARGER, MOST_LARGER = 5.0, 2.5
"""What a code in larger digits than another's says for it, log likelihood: where they are e times as high, and at most.
Fitted on 71 pieces in fonts that choose on which a glance read the code and another one: there the code is larger by a
tenth on 49 and smaller by a tenth on 11. Who sends a piece writes the recipient's address larger than the own one."""

NOWHERE_ELSE = 1e-4
"""Least probability that the code stands at none of the places that were read."""
ADDRESS = 1.0
"""What a code behind its own town says against the code being at none of them, log likelihood. Of 284 pages without a
code none had such a number, but a sender's, where the glance did not see the code, would be one."""

ANY_PIECE_WEIGHT, ANY_PIECE_BIAS = 0.51, 0.45
"""Of the confidence where geometry alone found the place, on what need not be an envelope: weight of the confidence on
a page, log-odds. Fitted on 671 made pieces, read without a directory, as if half of them were envelopes, a quarter
cards, a fifth letters and parcels, and one in twenty a note."""

OF_AMOUNT = 3.9
"""What a place loses where points part its digits as an amount's, log-odds: about what it tells that, of
what a glance read, they did so on 44 of 96 notes and 4 of 358 pieces of made mail."""

OF_LABEL = 1.5
"""What a place gains where a form says before it that a ZIP code follows, log-odds: less than 36 of 38 such places
would make it, since all of them were on made forms."""

LEADS = (-3.0, 5.0)
"""Least and greatest lead of a place that counts, log-odds."""

ELSEWHERE = 0.6
"""A place farther from another than this share of its length is another place."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at a field."""

    image: FieldImage  # as the lattice saw it
    lattice: Lattice
    digits: np.ndarray  # (n, 28, 28) uint8, one for each candidate
    scores: np.ndarray  # (n, 11) float32
    weighed: Weighed | None
    by_hand: float | None  # probability that the digits are handwritten; None where no second reader saw them


@dataclass(frozen=True, slots=True)
class Attempt:
    """One field, read."""

    field: Field
    looks: tuple[Seen, ...]
    shown: Seen  # the one of the looks that shows the code best; the first where none shows one
    decoded: Decoded | None
    is_amount: bool = False  # points part its digits as an amount's
    before: Before | None = None  # None: not looked at, or nothing is there

    @property
    def is_labelled(self) -> bool:
        """Whether a form says before it that a ZIP code follows."""
        return self.before is not None and self.before.label != ""

    @property
    def place(self) -> float:
        """Log-odds that the code of the page stands here, by the place, the points in it and a label before it."""
        return self.field.prior + self.marks

    @property
    def marks(self) -> float:
        """What the points in it and a label before it say for the place, log-odds."""
        return (OF_LABEL if self.is_labelled else 0.0) - (OF_AMOUNT if self.is_amount else 0.0)

    @property
    def kind(self) -> Kind:
        """Whether the code is written by hand, where the look that shows it best tells."""
        by_hand = self.shown.by_hand
        if by_hand is None or 1.0 - SURE_KIND < by_hand < SURE_KIND:
            return "unknown"
        return "handwritten" if by_hand >= SURE_KIND else "printed"

    @property
    def merit(self) -> float:
        """Log-odds that this is the code of the page: of the place and of the reading together."""
        if self.decoded is None:
            return -np.inf
        return self.place + min(MOST_EVIDENCE, log_odds(self.decoded.confidence))


def outline_of(field: Field) -> Corners:
    """The four corners of a field, pixels of the page."""
    points = cv2.boxPoints((field.center, field.size, field.angle))
    return tuple((float(x), float(y)) for x, y in points)


def confidence_here(best: Attempt, attempts: Sequence[Attempt]) -> float:
    """Confidence of a reading, lowered where its place speaks against it; 0 where there is none."""
    if best.decoded is None:
        return 0.0
    return probability(log_odds(best.decoded.confidence) + min(0.0, _agreed_prior(best, attempts)))


def _agreed_prior(best: Attempt, attempts: Sequence[Attempt]) -> float:
    """Log-odds that the code stands at any place that reads alike: some hold others, and share what is theirs."""
    return log_odds(sum(probability(attempt.place) for attempt in attempts if _reads_alike(attempt, best)))


def confidence_on_page(
    best: Attempt, attempts: Sequence[Attempt], fields: Sequence[Field], glanced: Sequence[Attempt] = ()
) -> float:
    """Probability that the best reading of a page is its code: that it is right, and stands at the right place.

    Logistic regression on the log-odds of the reading, those of its place, and how far these lead the best other
    place; fitted on made mail by writers that trained nothing, its fonts being those that train, and on pictures
    that are no mail. Where another place is known to show another code, the two places' odds alone tell which it is,
    and what a glance took for the code's place and could not be read may be it all the same.

    Args:
        best: of the attempts.
        attempts: places that were read.
        fields: all places of the page.
        glanced: what was read at a glance before.
    """
    if best.decoded is None:
        return 0.0
    if best.field.layout == "field":  # whoever cut it out said that it is the place
        return best.decoded.confidence
    others = [field.prior for field in fields if not _is_near(field, best.field)]
    lead = best.place - max(others, default=-np.inf)
    place = _agreed_prior(best, attempts)
    evidence = (log_odds(best.decoded.confidence), place, float(np.clip(lead, *LEADS)))
    value = PAGE_BIAS + sum(weight * part for weight, part in zip(PAGE_WEIGHTS, evidence, strict=True))
    # A sender's code stands behind its town as well: words speak against a place, not for it.
    value += min(0.0, _of_words(best.decoded))
    rivals = [attempt.place + _of_size(attempt, best) for attempt in attempts if _is_rival(attempt, best)]
    for seen in glanced:
        if _is_rival(seen, best):
            rivals += [field.prior + _of_size(seen, best) for field in fields if _is_near(field, seen.field)]
        elif not _is_near(seen.field, best.field) and not _is_legible(seen):
            rivals.append(seen.place + UNREAD - READ_FOR_SURE)
    # The best of places makes no reading surer than it is.
    return min(best.decoded.confidence, probability(value), probability(place - max(rivals, default=-np.inf)))


def _is_rival(other: Attempt, best: Attempt) -> bool:
    """Whether another place shows another code for sure."""
    return _is_legible(other) and not _is_near(other.field, best.field) and not _reads_alike(other, best)


def _is_legible(attempt: Attempt) -> bool:
    return attempt.decoded is not None and log_odds(attempt.decoded.confidence) >= LEGIBLE[1]


def _is_near(other: Field, field: Field) -> bool:
    """Whether another place is the same one, or overlaps with it."""
    return math.dist(other.center, field.center) <= ELSEWHERE * max(field.size)


def confidence_on_any_piece(confidence: float) -> float:
    """Confidence where geometry alone found the place of a code, on what may be an envelope, a letter or a note.

    Geometry knows envelopes; a number that stands where an envelope has its code stands there on notes as well. Scaled
    after Platt, "Probabilistic outputs for support vector machines" (1999); never more than `confidence`.
    """
    return min(confidence, probability(ANY_PIECE_WEIGHT * log_odds(confidence) + ANY_PIECE_BIAS))


def weighed_together(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Places that a glance saw, each with the log-odds that it has by what reading the others says for these.

    Bayes' rule over the places and there being none of them. What its own reading says for a place counts where its
    confidence is told.
    """
    shares = [probability(attempt.field.prior) for attempt in attempts]
    nowhere = max(NOWHERE_ELSE, 1.0 - sum(shares))
    told = [share * math.exp(_of_being_read(a)) for a, share in zip(attempts, shares, strict=True)]
    weighed = []
    for attempt, share in zip(attempts, shares, strict=True):
        rivals = sum(
            says * math.exp(_of_size(other, attempt))
            for other, says in zip(attempts, told, strict=True)
            if not _reads_alike(other, attempt)
        )
        is_address = 0.0 if attempt.decoded is None else max(0.0, _of_words(attempt.decoded)) / AGREES[-1]
        prior = math.log(share / (nowhere * math.exp(-ADDRESS * is_address) + rivals))
        weighed.append(replace(attempt, field=replace(attempt.field, prior=prior)))
    return weighed


def _of_size(one: Attempt, other: Attempt) -> float:
    """What the heights of two codes say for the one against the other, log likelihood.

    0 where not both are read, or one is handwritten and the other not: a reply's sender may write larger than the
    office is printed that it goes to.
    """
    if one.decoded is None or other.decoded is None or one.kind != other.kind:
        return 0.0
    larger = math.log(one.field.size[1] / other.field.size[1])
    return float(np.clip(LARGER * larger, -MOST_LARGER, MOST_LARGER))


def _of_being_read(attempt: Attempt) -> float:
    """What reading a place says for it against others, log likelihood."""
    if attempt.decoded is None:
        return UNREAD
    told = float(np.interp(log_odds(attempt.decoded.confidence), LEGIBLE, (UNREAD, READ_FOR_SURE)))
    return told + attempt.marks + min(0.0, _of_words(attempt.decoded))


def _reads_alike(one: Attempt, other: Attempt) -> bool:
    """Whether two places are one, or show one code: then neither speaks against the other."""
    if one is other:
        return True
    return one.decoded is not None and other.decoded is not None and one.decoded.code == other.decoded.code


def confidence_at_a_glance(best: Attempt) -> float:
    """As `confidence_on_page`, of a place that the finder saw.

    Fitted on other pieces made in the same way; what the finder says of other places is in the place's log-odds.
    """
    if best.decoded is None:
        return 0.0
    evidence = (min(MOST_OF_READING, log_odds(best.decoded.confidence)), best.place)
    value = (
        GLANCE_BIAS
        + _of_words(best.decoded)
        + sum(weight * part for weight, part in zip(GLANCE_WEIGHTS, evidence, strict=True))
    )
    return min(best.decoded.confidence, probability(value))


def _of_words(decoded: Decoded) -> float:
    """What the words before a code say for it, log-odds; 0 where there are none, or nobody looked."""
    if decoded.agreement is None:
        return 0.0
    return float(np.interp(decoded.agreement - UNRELATED, AGREEMENT, AGREES))
