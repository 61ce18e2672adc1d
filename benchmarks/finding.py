"""Whether the recipient's code is found on made mail, and what finding costs.

    python benchmarks/finding.py ../shared/data/digits/mnist.npz --n 300 --sheet /tmp/lost

Mail pieces of writers, fonts and seeds that nothing was tuned on; --purpose train takes those that may be tuned on, and
--purpose choose fonts that choose between networks.
The first guess is the place with the best prior, before anything is read; the choice is the place whose reading won. A
place is right when it covers the five digits and not much else. --other reads letters with the address above their
text, shipping labels of parcels, reply cards and picture postcards. --stray counts what comes out of pictures that are
no mail, --notes of a few lines that end in another number. --abroad makes and reads mail of other countries instead,
whose codes have so many digits and stand before their city or after it. --cut reads all mail cut to its
address, or to the code's line.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import get_args

import cv2
import numpy as np
from common import write_sheet

from zipread import Reader
from zipread.clean import clean_page
from zipread.finder import load_finder
from zipread.glance import glance
from zipread.lab.synth import photo
from zipread.lab.synth.abroad import countries_with, places_abroad
from zipread.lab.synth.cutout import Part, cut_out
from zipread.lab.synth.deck import OTHER_MAIL, load_supplies
from zipread.lab.synth.hands import Writing
from zipread.lab.synth.mail import Capture, MailTruth, Supplies, make_mail
from zipread.lab.synth.notes import make_note
from zipread.lab.synth.notmail import STRAYS, make_stray
from zipread.locate import locate
from zipread.records import Page, Place
from zipread.sequence import load_column_reader

PAGE_SIZE = (2850, 1237)
"""Width and height of the page that is timed: a long envelope (#10) at 300 dpi."""
PLACES = 2_000
"""Places abroad that mail goes to."""
REPEATS = 30
DIGITS = 5
TILE = (480, 330)
"""Width and height of a page on a contact sheet, pixels."""
COVERED, LARGEST = 0.75, 3.0
"""A place is right when it covers this share of the five digits and is at most so many times as large as the code."""


@dataclass
class Found:
    """Outcomes of one group of pieces."""

    n: int = 0
    first: int = 0  # right place before anything is read
    chosen: int = 0  # right place as the reader chose
    code: int = 0  # whole code right
    offered: int = 0  # right place among all that were offered
    blank: int = 0  # no code given
    accepted: int = 0
    accepted_wrong: int = 0
    ms: list[float] = field(default_factory=list)  # of finding and reading


def main() -> None:
    options = _options()
    cv2.setNumThreads(1)
    supplies = load_supplies(options.purpose, options.digits)
    reader = Reader(layout=options.layout, model=options.model)
    if options.abroad:
        supplies = replace(supplies, places=places_abroad(options.seed, PLACES, countries_with(options.abroad)))
        reader = Reader(layout=options.layout, model=options.model, digits=options.abroad, directory="none")
    captures = _captures()
    if options.only:
        captures = {name: captures[name] for name in options.only}
    for writing in options.writing:
        _measure(writing, partial(make_mail, writing=writing, supplies=supplies), options.n, captures, reader, options)
    for kind, make in OTHER_MAIL.items():
        if options.other:
            _measure(kind, partial(make, supplies=supplies), options.other, captures, reader, options)
    if options.stray or options.notes:
        _no_mail(supplies, reader, options)
    _time(supplies, options.model)


def _captures() -> dict[str, Capture | None]:
    """How pieces become pictures; None is the deck's own mixture of scans and photos."""
    upright: dict[str, Capture | None] = {
        "as the deck": None,
        "phone over a table": photo.hold_over,
        "skew to 15": lambda rng, sheet: photo.scan(rng, sheet, float(rng.uniform(-15, 15))),
    }
    turned = {f"turned {90 * quarters}": partial(_turned, quarters=quarters) for quarters in (1, 2, 3)}
    return {**upright, **turned}


def _turned(rng: np.random.Generator, sheet: np.ndarray, quarters: int) -> photo.Shot:
    capture = photo.photograph if rng.random() < 0.35 else photo.scan
    return photo.turned(capture(rng, sheet), quarters)


def _measure(
    kind: str,
    make: Callable[..., tuple[np.ndarray, MailTruth]],
    count: int,
    captures: dict[str, Capture | None],
    reader: Reader,
    options: argparse.Namespace,
) -> None:
    """Find and read `count` pieces of a kind in each capture, and print what came of them."""
    names = ("n", "first", "chosen", "offered", "code", "blank", "accepted", "& wrong", "ms")
    print(f"\n{kind}, seed {options.seed}, {options.purpose}\n{'':<22}" + "".join(f"{name:>9}" for name in names))
    by_condition: dict[str, Found] = defaultdict(Found)
    for name, capture in captures.items():
        total, lost = Found(), []
        for index in range(count):
            # The same pieces in every capture; a piece depends on its seed and position alone.
            rng = np.random.default_rng((options.seed, index))
            picture, truth = make(rng, capture=capture)
            if options.cut:
                picture, truth = cut_out(rng, picture, truth, options.cut)
            page = Page(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
            groups = [total, *(by_condition[word] for word in truth.conditions if capture is None)]
            caption = _judge(page, truth, reader, groups)
            if caption:
                lost.append((_drawn(page, truth, reader), f"#{index} {caption}"))
        print(_line(name, total), flush=True)
        if options.sheet is not None:
            path = options.sheet / f"{kind}-{name.replace(' ', '-')}.png"
            write_sheet(path, lost, columns=4, limit=options.worst, tile_size=TILE)
    if len(by_condition) > 1:
        print("of these, as the deck:")
    for name in sorted(by_condition):
        print(_line(f"  {name}", by_condition[name]))


def _judge(page: Page, truth: MailTruth, reader: Reader, groups: list[Found]) -> str:
    """Find and read one piece, count it in its groups; returns what went wrong, or nothing."""
    start = time.process_time()
    reading = reader.read_page(page)[0]
    spent = 1000 * (time.process_time() - start)
    places = _places(page, reader)
    first = bool(places) and is_right(np.array(places[0].outline), truth)
    offered = any(is_right(np.array(place.outline), truth) for place in places)
    chosen = bool(reading.outline) and is_right(np.array(reading.outline), truth)
    right = reading.code == truth.code
    for group in groups:
        group.n += 1
        group.first += first
        group.offered += offered
        group.chosen += chosen
        group.code += right
        group.blank += not reading.code
        group.accepted += reading.status == "accepted"
        group.accepted_wrong += reading.status == "accepted" and not right
        group.ms.append(spent)
    if first and right:
        return ""
    said = f"{truth.code}>{reading.code or reading.status} {reading.confidence:.2f}"
    return f"{'' if first else 'place '}{said} {','.join(truth.conditions)}"


def is_right(outline: np.ndarray, truth: MailTruth) -> bool:
    """Whether a place (4, 2), pixels of the page, is that of the code; its +4 may be in it or not."""
    corners = np.array(truth.corners)
    share = 0.47 if truth.plus4 else 1.0
    needed = corners.copy()
    needed[1:3] = corners[[0, 3]] + share * (corners[1:3] - corners[[0, 3]])
    outline = cv2.convexHull(outline.astype(np.float32))[:, 0]
    shared, _ = cv2.intersectConvexConvex(cv2.convexHull(needed.astype(np.float32))[:, 0], outline)
    size = cv2.contourArea(corners.astype(np.float32))
    least = COVERED * cv2.contourArea(needed.astype(np.float32))
    return bool(shared >= least and cv2.contourArea(outline) <= LARGEST * size)


def _places(page: Page, reader: Reader) -> list[Place]:
    """The places that a reader considers, best prior first."""
    _, search = reader.explain_page(page)
    return sorted(search.places, key=lambda place: -place.prior)


def _line(name: str, found: Found) -> str:
    counts = (found.first, found.chosen, found.offered, found.code, found.blank, found.accepted)
    shares = "".join(f"{100 * count / max(1, found.n):>9.1f}" for count in counts)
    return f"{name:<22}{found.n:>9}{shares}{found.accepted_wrong:>9}{median(found.ms):>9.1f}"


def _drawn(page: Page, truth: MailTruth, reader: Reader) -> np.ndarray:
    """The page with the truth (green), the first guess (red) and the other places offered (orange)."""
    picture = cv2.cvtColor(page.gray, cv2.COLOR_GRAY2BGR)
    thick = max(2, max(picture.shape) // 300)
    for rank, place in reversed(list(enumerate(_places(page, reader)))):
        _polygon(picture, np.array(place.outline), (40, 40, 255) if rank == 0 else (0, 160, 255), thick)
    _polygon(picture, np.array(truth.corners), (0, 200, 0), thick)
    return picture


def _polygon(picture: np.ndarray, corners: np.ndarray, colour: tuple[int, int, int], thick: int) -> None:
    cv2.polylines(picture, [np.round(corners).astype(np.int32)], True, colour, thick)


def _no_mail(supplies: Supplies, reader: Reader, options: argparse.Namespace) -> None:
    """What pictures that are no mail come out as, and notes, which look like an address and end in another number."""
    print(f"\nno mail, seed {options.seed}\n{'':<22}{'n':>9}{'code':>9}{'review':>9}{'blank':>9}{'accepted':>9}")
    prints = supplies.print_fonts
    strays = [(kind, partial(make_stray, prints=prints, kind=kind)) for kind in STRAYS]
    if options.stray:
        _count_accepted(strays, 77, options.stray, reader, options)
    writings: tuple[Writing, ...] = ("printed", "handwritten")
    notes = [(f"note, {writing}", partial(make_note, writing=writing, supplies=supplies)) for writing in writings]
    if options.notes:
        _count_accepted(notes, 78, options.notes, reader, options)


def _count_accepted(
    makers: Sequence[tuple[str, Callable[[np.random.Generator], np.ndarray]]],
    part: int,
    count: int,
    reader: Reader,
    options: argparse.Namespace,
) -> None:
    """Read `count` pictures without a code, shared among their makers; `part` of the seed's pictures."""
    total: list[str] = []
    for number, (name, make) in enumerate(makers):
        statuses: list[str] = []
        codes, accepted = 0, []
        for index in range(count // len(makers) + (number < count % len(makers))):
            rng = np.random.default_rng((options.seed, part, number, index))
            page = Page(cv2.cvtColor(make(rng), cv2.COLOR_BGR2GRAY))
            reading = reader.read_page(page)[0]
            statuses.append(reading.status)
            codes += bool(reading.code)
            if reading.status == "accepted":
                picture = cv2.cvtColor(page.gray, cv2.COLOR_GRAY2BGR)
                _polygon(picture, np.array(reading.outline), (40, 40, 255), 3)
                accepted.append((picture, f"{name} #{index} {reading.code} {reading.confidence:.2f}"))
        if options.sheet is not None:
            write_sheet(options.sheet / f"stray-{name}.png", accepted, tile_size=TILE)
        print(_stray_line(name, statuses, codes), flush=True)
        total += statuses
    print(f"accepted: {total.count('accepted')} of {len(total)}")


def _stray_line(kind: str, statuses: list[str], codes: int) -> str:
    counts = (len(statuses), codes, *(statuses.count(status) for status in ("review", "blank", "accepted")))
    return f"{kind:<22}" + "".join(f"{count:>9}" for count in counts)


def _time(supplies: Supplies, model: Path | None) -> None:
    """Time of finding, at a glance and where that leaves a doubt, on scanned pieces of PAGE_SIZE, decoded already."""
    print(f"\nfinding on {PAGE_SIZE[0]} x {PAGE_SIZE[1]}, ms of CPU time on one thread, median of {REPEATS}")
    print(f"{'':<22}{'glance':>9}{'clean':>9}{'locate':>9}{'both':>9}{'layout':>10}")
    finder, columns = load_finder("onnx", model), load_column_reader("onnx", model)
    assert finder is not None and columns is not None
    cases: tuple[tuple[str, Writing, Capture], ...] = (
        ("handwritten scan", "handwritten", partial(photo.scan, skew=0.0)),
        ("printed scan", "printed", partial(photo.scan, skew=0.0)),
        ("skewed scan", "handwritten", partial(photo.scan, skew=4.0)),
        ("photo", "handwritten", photo.photograph),
        ("phone over a table", "printed", photo.hold_over),
        ("scan on its side", "printed", partial(_turned, quarters=1)),
        ("scan on its head", "printed", partial(_turned, quarters=2)),
    )
    for name, writing, capture in cases:
        picture, _ = make_mail(np.random.default_rng(3), writing, supplies, capture=capture)
        size = PAGE_SIZE if picture.shape[1] > picture.shape[0] else PAGE_SIZE[::-1]
        page = Page(cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), size, interpolation=cv2.INTER_AREA))
        glancing = _median_ms(lambda page=page: glance(page, finder, columns, DIGITS))
        cleaning = _median_ms(lambda page=page: clean_page(page))
        for layout in ("envelope", "auto"):
            clean = clean_page(page)
            finding = _median_ms(lambda page=page, clean=clean, layout=layout: locate(page, clean, layout, DIGITS))
            print(f"{name:<22}{glancing:>9.2f}{cleaning:>9.2f}{finding:>9.2f}{cleaning + finding:>9.2f}{layout:>10}")


def _median_ms(step: Callable[[], object]) -> float:
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        step()
        spent.append(1000 * (time.process_time() - start))
    return median(spent)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("digits", type=Path, nargs="?", default=Path("../shared/data/digits/mnist.npz"))
    parser.add_argument("--n", type=int, default=100, help="pieces of each writing in each capture")
    parser.add_argument("--seed", type=int, default=2000)
    parser.add_argument("--purpose", choices=("measure", "choose", "train"), default="measure")
    parser.add_argument("--layout", choices=("auto", "envelope"), default="auto")
    parser.add_argument("--writing", nargs="+", choices=("handwritten", "printed"), default=("handwritten", "printed"))
    parser.add_argument("--only", nargs="+", choices=tuple(_captures()), help="captures to measure; all if not given")
    parser.add_argument("--abroad", type=int, choices=range(4, 9), help="digits of codes; those of the US if not given")
    parser.add_argument("--cut", choices=get_args(Part), help="cut pieces to the code's address or its line")
    parser.add_argument("--other", type=int, default=100, help="pieces of each kind of other mail; 0: none")
    parser.add_argument("--stray", type=int, default=104, help="pictures that are no mail; 0 leaves them out")
    parser.add_argument("--notes", type=int, default=200, help="notes; 0 leaves them out")
    parser.add_argument("--model", type=Path, help="folder with the model files; the one that ships if not given")
    parser.add_argument("--sheet", type=Path, help="folder for contact sheets of what was lost")
    parser.add_argument("--worst", type=int, default=20, help="most pieces on a contact sheet")
    return parser.parse_args()


if __name__ == "__main__":
    main()
