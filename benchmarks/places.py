"""How sure a place seen at a glance makes a reading: fit the two weights anew, beside those that ship.

    python benchmarks/places.py ../shared/data/digits/mnist.npz --n 200
    python benchmarks/places.py ../shared/data/digits/mnist.npz --n 60 --abroad

Pieces of all kinds of mail, notes and pictures that are no mail, by writers whom `zipread train` holds out and in fonts
that choose: neither trains, neither measures. --abroad makes and reads mail of other countries instead, --n of each
kind with codes of four, of five and of six digits. What is fitted is tried on the pieces it was not fitted on (ten
folds).
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from zipread import Reader
from zipread.attempts import GLANCE_BIAS, GLANCE_WEIGHTS
from zipread.decode import log_odds
from zipread.lab.calibration import expected_calibration_error
from zipread.lab.mnist import load_digits, split_by_writer
from zipread.lab.synth.abroad import countries_with, places_abroad
from zipread.lab.synth.deck import OTHER_MAIL
from zipread.lab.synth.families import CHOOSING_PRINT, CHOOSING_SCRIPT
from zipread.lab.synth.fonts import find_fonts
from zipread.lab.synth.hands import Hands, Prints
from zipread.lab.synth.mail import MailTruth, Supplies, make_mail
from zipread.lab.synth.notes import make_note
from zipread.lab.synth.notmail import STRAYS, make_stray
from zipread.lab.synth.places import load_places
from zipread.lab.train import WRITERS
from zipread.records import Page
from zipread.views import GLANCED_DIGITS

ACCEPT = 0.95
PLACES = 400
"""Places abroad that mail goes to, of each length of code."""


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    digits = split_by_writer(load_digits(options.digits), WRITERS)[1]
    prints, hands = (Prints(find_fonts(families)) for families in (CHOOSING_PRINT, CHOOSING_SCRIPT))
    supplies = Supplies(load_places(), prints, hands, Hands(digits.x, digits.y, digits.writer))
    rows: list[tuple[float, float]] = []
    right: list[bool] = []
    kinds: list[str] = []
    for reader, mail in _abroad(options, supplies) if options.abroad else [(Reader(model=options.model), supplies)]:
        for kind, picture, code in _pieces(options.seed, options.n, mail):
            viewer, page = reader._viewer, Page(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
            places = viewer.places(page, "auto")
            assert places is not None
            best = viewer.glanced(page, places).best
            if best is not None and best.decoded is not None:
                rows.append((log_odds(best.decoded.confidence), best.field.prior))
                right.append(best.decoded.code == code)
                kinds.append(kind)
    _report(np.array(rows), np.array(right), kinds)


def _abroad(options: argparse.Namespace, supplies: Supplies) -> Iterator[tuple[Reader, Supplies]]:
    """Readers of codes of other lengths, and what mail with such is made from."""
    for digits in GLANCED_DIGITS:
        places = places_abroad(options.seed, PLACES, countries_with(digits))
        yield Reader(model=options.model, digits=digits, directory="none"), replace(supplies, places=places)


def _pieces(seed: int, count: int, supplies: Supplies) -> Iterator[tuple[str, np.ndarray, str]]:
    """`count` pieces of each kind with their codes, half as many notes and a quarter as many strays without one."""
    makers: dict[str, Callable[..., tuple[np.ndarray, MailTruth]]] = {
        "handwritten": partial(make_mail, writing="handwritten"),
        "printed": partial(make_mail, writing="printed"),
        **OTHER_MAIL,
    }
    for kind, make in makers.items():
        for index in range(count):
            picture, truth = make(np.random.default_rng((seed, index)), supplies=supplies)
            yield kind, picture, truth.code
    for index in range(count // 2):
        rng = np.random.default_rng((seed, index))
        yield "note", make_note(rng, "printed" if index % 2 else "handwritten", supplies), ""
    for index in range(count // 4):
        stray = STRAYS[index % len(STRAYS)]
        yield "no mail", make_stray(np.random.default_rng((seed, index)), supplies.print_fonts, stray), ""


def _report(rows: np.ndarray, right: np.ndarray, kinds: list[str]) -> None:
    """Print the weights that ship and those fitted, and what each accepts."""
    certain = 1.0 / (1.0 + np.exp(-rows[:, 0]))
    model = LogisticRegression(C=1.0, max_iter=1000).fit(rows, right)
    ships = 1.0 / (1.0 + np.exp(-(rows @ GLANCE_WEIGHTS + GLANCE_BIAS)))
    fitted = cross_val_predict(LogisticRegression(C=1.0, max_iter=1000), rows, right, cv=10, method="predict_proba")
    print(f"n = {len(right)}, right {right.sum()}")
    print(f"ships: weights {GLANCE_WEIGHTS}, bias {GLANCE_BIAS}")
    print(f"fitted: weights {model.coef_[0].round(2).tolist()}, bias {model.intercept_[0]:.2f}")
    for name, values in (("ships", ships), ("fitted, ten folds", fitted[:, 1])):
        confidence = np.minimum(certain, values)
        error, accepted = expected_calibration_error(confidence, right), confidence >= ACCEPT
        print(
            f"{name:<18} error of calibration {error:.2%}, accepted {accepted.sum()}, {(accepted & ~right).sum()} wrong"
        )
        by_kind: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
        for kind, taken, is_right in zip(kinds, accepted, right, strict=True):
            by_kind[kind][0] += 1
            by_kind[kind][1] += int(taken)
            by_kind[kind][2] += int(taken and not is_right)
        print("  " + "; ".join(f"{kind} {n}: {taken}, {wrong} wrong" for kind, (n, taken, wrong) in by_kind.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digits", type=Path, help="MNIST's digits with their writers, .npz")
    parser.add_argument("--n", type=int, default=200, help="pieces of each kind")
    parser.add_argument("--seed", type=int, default=31)
    parser.add_argument("--abroad", action="store_true", help="mail of other countries")
    parser.add_argument("--model", type=Path, help="model folder; default: the one that ships")
    return parser.parse_args()


if __name__ == "__main__":
    main()
