from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import ROOT

from zipread import Reader, fields, views
from zipread.attempts import (
    MOST_EVIDENCE,
    Attempt,
    Seen,
    confidence_at_a_glance,
    confidence_here,
    confidence_on_any_piece,
    confidence_on_page,
    weighed_together,
)
from zipread.clean import clean_page
from zipread.decode import UNRELATED, Decoded, probability
from zipread.directory import load_directory
from zipread.errors import InputError, SettingsError
from zipread.fields import CLOSER_LOOKS, SECOND_LOOKS, FieldReader, Networks
from zipread.finder import Found
from zipread.load import load_pages
from zipread.records import Before, CleanPage, Field, FieldImage, Lattice, Page, Reading, Search
from zipread.words import load_words


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(directory="none", layout="field")


def drawn(text: str, scale: float = 1.6, ink: int = 30, paper: int = 235) -> np.ndarray:
    picture = np.full((90, 60 + 44 * len(text)), paper, np.uint8)
    for at, character in enumerate(text):
        cv2.putText(picture, character, (30 + 44 * at, 64), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 4, cv2.LINE_AA)
    return picture


def test_a_field_is_read_with_its_box_and_its_digits(reader):
    reading = reader.read_field(drawn("60614"))
    assert isinstance(reading, Reading)
    assert reading.code == "60614"
    assert len(reading.digit_confidences) == 5
    assert len(reading.digits) == 5
    assert reading.digits[0].image.shape == (28, 28)
    assert reading.box is not None
    assert abs(reading.box.x - 33) <= 8
    assert abs(reading.box.right - (30 + 44 * 4 + 30)) <= 12


def test_polarity_and_size_do_not_change_the_code(reader):
    picture = drawn("02139")
    double = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    half = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert [reader.read_field(p).code for p in (picture, 255 - picture, double, half)] == ["02139"] * 4


def test_every_way_to_hand_over_a_picture_reads_the_same(reader, tmp_path):
    picture = drawn("73301")
    path = tmp_path / "field.png"
    cv2.imwrite(str(path), picture)
    by_path, by_bytes, by_array = (reader.read(s) for s in (path, path.read_bytes(), picture))
    assert by_path == by_bytes == by_array
    assert by_path[0].code == "73301"


def test_the_same_picture_gives_the_same_reading(reader):
    assert reader.read(drawn("98101")) == reader.read(drawn("98101"))


def test_blank_paper_is_blank(reader):
    for layout in ("field", "boxes", "envelope", "auto"):
        [reading] = Reader(layout=layout).read(np.full((300, 700), 240, np.uint8))
        assert (reading.status, reading.code) == ("blank", "")


def test_fewer_digits_than_wanted_is_for_review_without_a_code(reader):
    reading = reader.read_field(drawn("12"))
    assert reading.status != "accepted"


def test_other_countries_have_other_lengths():
    assert Reader(digits=6, directory="none", layout="field").read_field(drawn("461003")).code == "461003"


def test_a_scribble_is_never_accepted(reader):
    rng = np.random.default_rng(3)
    for _ in range(10):
        picture = np.full((80, 260), 240, np.uint8)
        points = rng.uniform((10, 10), (250, 70), (14, 2)).astype(np.int32)
        cv2.polylines(picture, [points], False, 20, 3, cv2.LINE_AA)
        assert reader.read_field(picture).status != "accepted"


def test_a_picture_of_noise_is_done_with_quickly_and_not_accepted(reader):
    noise = np.random.default_rng(0).integers(0, 256, (160, 900), np.uint8)
    assert reader.read_field(noise).status != "accepted"


@pytest.mark.parametrize("text", ["HELLO", "STREET", "Madison"])
def test_words_are_never_accepted(reader, text):
    assert reader.read_field(drawn(text)).status != "accepted"


def test_a_single_digit_is_read_in_either_polarity(reader):
    picture = np.full((200, 160), 255, np.uint8)
    cv2.putText(picture, "7", (30, 160), cv2.FONT_HERSHEY_SIMPLEX, 5, 0, 12, cv2.LINE_AA)
    assert reader.read_digit(picture).digit == "7"
    assert reader.read_digit(255 - picture).digit == "7"


def test_no_digit_no_name(reader):
    blank = reader.read_digit(np.full((50, 50), 255, np.uint8))
    assert (blank.digit, blank.status) == ("", "blank")


def test_what_is_no_picture_raises(reader):
    with pytest.raises(InputError):
        reader.read(b"this is no picture")


def test_settings_are_checked():
    with pytest.raises(SettingsError, match="--accept"):
        Reader(accept=1.5)
    with pytest.raises(SettingsError, match="--digits"):
        Reader(digits=0)


@pytest.fixture
def without_a_glance(monkeypatch):
    """A page of which the finder sees nothing, so that geometry has to search."""
    monkeypatch.setattr(views, "glance", lambda *arguments: [])


def test_a_page_read_for_sure_at_a_glance_is_not_searched(monkeypatch):
    monkeypatch.setattr(views, "locate", lambda *arguments: pytest.fail("searched"))
    [reading] = Reader().read_page(mail_piece("print-1.jpg"))
    assert reading.status == "accepted"


def test_of_a_doubtful_glance_and_a_search_the_surer_counts(monkeypatch):
    page = mail_piece("print-3.jpg")
    [sure] = Reader().read_page(page)
    monkeypatch.setattr(views, "SURE", 1.0)
    monkeypatch.setattr(views, "KNOWN_PLACE", 99.0)
    monkeypatch.setattr("zipread.reader.load_words", lambda *arguments: None)  # which would make the search surer
    searched = []
    monkeypatch.setattr(views, "locate", lambda *arguments: searched.append(arguments) or [])
    assert Reader().read_page(page) == [sure]
    assert searched


def test_a_known_place_that_is_in_doubt_is_looked_at_again_and_no_other_is_looked_for(monkeypatch):
    page = mail_piece("print-3.jpg")
    viewer = views.Viewer(FieldReader(Networks.load("onnx", None), 5, load_directory("us")))
    glanced = viewer.glanced(page, viewer.places(page, "auto"))
    monkeypatch.setattr(views, "locate", lambda *arguments: pytest.fail("searched"))
    monkeypatch.setattr(views, "SURE", 1.0)
    monkeypatch.setattr(fields, "SURE", 1.0)
    seen = viewer.view(page, "auto")
    assert (seen.best.field, seen.best.decoded.code) == (glanced.best.field, "22405")
    assert len(seen.best.looks) == len(glanced.best.looks) + len(CLOSER_LOOKS)
    # What is not nearly sure is not sharpened: that would make it no surer.
    monkeypatch.setattr(fields, "confidence_at_a_glance", lambda attempt: 0.8)
    assert len(viewer.view(page, "auto").best.looks) == len(glanced.best.looks) + 1


@pytest.mark.parametrize(("prior", "code"), [(views.KNOWN_PLACE, ("02139", "4307")), (1.0, ("", ""))])
def test_nine_digits_in_a_row_are_a_code_and_its_plus4_where_a_code_is_known_to_stand(prior, code):
    picture = drawn("021394307")
    height, width = picture.shape
    place = Field((width / 2, height / 2), (width, height), 0.0, "envelope", prior=prior)
    reader = FieldReader(Networks.load("onnx", None), 5, load_directory("us"))
    for attempt in (glanced := reader.glance(Page(picture), place), reader.look_closer(Page(picture), glanced, 0.0)):
        assert ((attempt.decoded.code, attempt.decoded.plus4) if attempt.decoded else ("", "")) == code


def test_a_place_that_was_moved_to_hold_its_digits_is_told_once(monkeypatch):
    monkeypatch.setattr(views, "SURE", 1.0)  # so that places are looked at again
    monkeypatch.setattr(views, "fitted", lambda page, place: replace(place, size=(place.size[0], 1.1 * place.size[1])))
    page = mail_piece("hand-3.jpg")
    viewer = views.Viewer(FieldReader(Networks.load("onnx", None), 5, load_directory("us")))
    seen = viewer.view(page, "auto")
    assert seen.best.field.size[1] > viewer.glanced(page, viewer.places(page, "auto")).best.field.size[1]
    assert seen.fields[0] is seen.best.field
    _, search = Reader().explain_page(page)
    assert len(search.places) == len(seen.fields) == 1


@pytest.mark.parametrize("frame", [None, 90])
def test_a_known_place_in_doubt_is_searched_for_boxes_where_it_stands_in_some(frame, monkeypatch):
    gray = np.full((800, 1200), 240, np.uint8)
    for at, digit in enumerate("53703"):
        cv2.putText(gray, digit, (252 + 60 * at, 645), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 30, 4, cv2.LINE_AA)
        if frame is not None:
            cv2.rectangle(gray, (240 + 60 * at, 590), (300 + 60 * at, 660), frame, 3)
    networks = Networks.load("onnx", None)
    finder = SimpleNamespace(find=lambda gray: [Found((390.0, 626.0), (270.0, 40.0), 3.0, 0.99)])
    viewer = views.Viewer(FieldReader(replace(networks, finder=finder), 5, load_directory("us")))
    monkeypatch.setattr(views, "SURE", 1.0)  # whatever is read leaves a doubt
    monkeypatch.setattr(fields, "SURE", 1.0)
    seen = viewer.view(Page(gray), "auto")
    assert seen.best.decoded.code == "53703"
    assert any(field.layout == "boxes" for field in seen.fields) == (frame is not None)


def test_a_known_place_that_can_hardly_be_read_may_be_another(monkeypatch):
    page = out_of_focus("hand-1.jpg")
    [before] = Reader().read_page(page)
    searched = []
    monkeypatch.setattr(views, "ILLEGIBLE", 1.0)
    monkeypatch.setattr(views, "locate", lambda *arguments: searched.append(arguments) or [])
    assert Reader().read_page(page)[0].code == before.code
    assert searched


def test_a_known_place_that_waves_cross_is_looked_at_without_them(monkeypatch):
    doubtful, clear = out_of_focus("hand-1.jpg"), mail_piece("print-1.jpg")
    [before] = Reader().read_page(doubtful)
    monkeypatch.setattr(views, "without_waves_at", lambda page, place: clear)
    [reading] = Reader().read_page(doubtful)
    assert (reading.code, reading.status) == ("81149", "accepted")
    touched_elsewhere = replace(doubtful, gray=doubtful.gray.copy())
    touched_elsewhere.gray[:20] = 0
    monkeypatch.setattr(views, "without_waves_at", lambda page, place: touched_elsewhere)
    monkeypatch.setattr(views.Viewer, "glanced", once(views.Viewer.glanced))
    assert Reader().read_page(doubtful)[0].code == before.code


def test_a_likely_place_that_is_sure_without_waves_ends_the_search(monkeypatch):
    doubtful, clear = out_of_focus("hand-1.jpg"), mail_piece("print-1.jpg")
    monkeypatch.setattr(views, "KNOWN_PLACE", 99.0)
    monkeypatch.setattr(views, "without_waves_at", lambda page, place: clear)
    monkeypatch.setattr(views, "locate", lambda *arguments: pytest.fail("searched"))
    assert Reader().read_page(doubtful)[0].code == "81149"


@pytest.fixture
def letter():
    """A page of words."""
    gray = np.full((900, 1400), 240, np.uint8)
    for line, text in enumerate(("We thank you for your order", "and hope to see you soon", "in our new shop")):
        cv2.putText(gray, text, (200, 300 + 90 * line), cv2.FONT_HERSHEY_SIMPLEX, 1.4, 40, 3, cv2.LINE_AA)
    return Page(gray)


def test_a_page_that_shows_no_code_is_not_searched_for_waves(letter, without_a_glance, monkeypatch):
    monkeypatch.setattr(views, "without_waves", lambda *arguments: pytest.fail("searched without waves"))
    [reading] = Reader().read_page(letter)
    assert (reading.code, reading.status) == ("", "blank")


@pytest.mark.parametrize(("prior", "looks"), [(-2.0, 1), (0.0, 1 + len(SECOND_LOOKS))])
def test_an_unlikely_place_that_shows_nothing_is_not_looked_at_again(letter, prior, looks):
    reader = FieldReader(Networks.load("onnx", None), 5, load_directory("us"))
    word = Field((360.0, 480.0), (330.0, 70.0), 0.0, "envelope", prior=prior)
    _, [attempt] = reader.read(letter, [word])
    assert len(attempt.looks) == looks


def once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function as long as it is called a single time."""
    calls = []

    def called(*arguments: Any) -> Any:
        calls.append(arguments)
        assert len(calls) == 1
        return function(*arguments)

    return called


@pytest.mark.usefixtures("without_a_glance")
def test_what_was_considered_on_a_mail_piece_explains_its_reading():
    mail = Reader()
    [page] = load_pages(ROOT / "samples" / "envelopes" / "hand-2.jpg", mail.settings.max_pixels)
    [reading], search = mail.explain_page(page)
    assert [reading] == mail.read_page(page)
    best = search.places[0]
    assert (best.code, best.outline) == (reading.code, reading.outline)
    evidence = np.log(best.confidence / (1 - best.confidence))
    assert best.merit == pytest.approx(best.prior + min(MOST_EVIDENCE, evidence))
    left = [place for place in search.places if place.confidence is None]
    assert search.places[-len(left) :] == tuple(left) and not any(place.code for place in left)
    assert [place.prior for place in left] == sorted((place.prior for place in left), reverse=True)
    height, width = page.gray.shape
    assert cv2.contourArea(np.float32(search.piece)) > 0.8 * height * width
    assert len(search.lines) >= 6  # three of the sender, three of the recipient
    assert len(search.blocks) >= 2


def mail_piece(name: str) -> Page:
    [page] = load_pages(ROOT / "samples" / "envelopes" / name, Reader().settings.max_pixels)
    return page


def out_of_focus(name: str) -> Page:
    """A mail piece so blurred that its reading leaves a doubt."""
    page = mail_piece(name)
    blurred = replace(page, gray=cv2.GaussianBlur(page.gray, (0, 0), 3.0))
    assert Reader().read_page(blurred)[0].status == "review"
    return blurred


@pytest.mark.usefixtures("without_a_glance")
def test_mail_wrongly_taken_to_lie_on_its_side_is_read_all_the_same(monkeypatch):
    page = mail_piece("hand-3.jpg")
    [level] = Reader().read_page(page)
    monkeypatch.setattr(views, "clean_page", lambda page: replace(clean_page(page), angle=90.0))
    [reading] = Reader().read_page(page)
    assert (reading.code, reading.status, reading.outline) == (level.code, level.status, level.outline)


@pytest.mark.usefixtures("without_a_glance")
def test_waves_are_looked_for_where_a_reading_is_in_doubt_and_only_there(monkeypatch):
    monkeypatch.setattr("zipread.reader.load_words", lambda *arguments: None)  # which make the doubtful one sure, too
    monkeypatch.setattr(views, "SURE", 0.4)  # of which the finder sees nothing, geometry is far from sure
    sure, doubtful = mail_piece("hand-3.jpg"), mail_piece("hand-4.jpg")
    before = Reader().read_page(sure)

    def bare(page: Page, clean: CleanPage) -> tuple[Page, CleanPage]:
        return page, replace(clean, ink=np.zeros_like(clean.ink))

    monkeypatch.setattr(views, "without_waves", bare)
    assert Reader().read_page(sure) == before
    assert Reader().read_page(doubtful)[0].status == "blank"


@pytest.mark.parametrize(("prior", "touched", "again"), [(4.0, False, False), (4.0, True, True), (1.0, False, True)])
def test_waves_clear_of_a_known_place_are_no_reason_to_look_again(monkeypatch, prior, touched, again):
    page = mail_piece("print-1.jpg")
    lifted = replace(page, gray=page.gray.copy())
    looked = []

    def seen_as(self, page: Page, *_: object) -> views.View:
        looked.append(page)
        place = Field((800.0, 300.0), (100.0, 30.0), 0.0, "envelope", prior=prior)
        if touched:
            lifted.gray[290:310, 790:810] = 0
        return views.View(None, [place], [Attempt(place, (), None, None)])

    monkeypatch.setattr(views.Viewer, "_seen_as", seen_as)
    monkeypatch.setattr(views, "without_waves", lambda page, clean: (lifted, clean))
    networks = replace(Networks.load("onnx", None), finder=None)
    views.Viewer(FieldReader(networks, 5, None)).view(page, "auto")
    assert [seen is lifted for seen in looked] == [False, *[True] * again]


def test_places_that_were_read_are_told_best_first():
    mail = Reader(directory="none", digits=9)  # which geometry alone looks for
    [page] = load_pages(ROOT / "samples" / "envelopes" / "blank.jpg", mail.settings.max_pixels)
    _, search = mail.explain_page(page)
    merits = [place.merit for place in search.places if place.confidence is not None]
    assert len(merits) >= 2
    assert merits[0] > merits[-1]
    assert merits == sorted(merits, reverse=True)


def test_a_cropped_field_has_one_place_and_no_text(reader):
    [reading], search = reader.explain_page(Page(drawn("60614")))
    [place] = search.places
    assert (place.code, reading.code) == ("60614", "60614")
    assert (search.piece, search.lines, search.blocks) == ((), (), ())


def test_on_blank_paper_nothing_is_considered():
    [reading], search = Reader(layout="envelope").explain_page(Page(np.full((300, 700), 240, np.uint8)))
    assert (reading.status, search) == ("blank", Search())


def attempt_at(prior: float, center: tuple[float, float], confidence: float, layout: str = "envelope") -> Attempt:
    image = FieldImage(*(np.zeros((4, 4), np.uint8),) * 3, np.eye(2, 3))
    decoded = Decoded("12345", "", confidence, 0, (), (), ())
    field = Field(center, (100.0, 20.0), 0.0, layout, prior=prior)
    look = Seen(image, Lattice(0, (), (), 20.0), np.zeros((0, 28, 28), np.uint8), np.zeros((0, 11)), None, None)
    return Attempt(field, (look,), look, decoded)


@pytest.mark.parametrize(
    ("by_hand", "kind"),
    [
        (0.97, "handwritten"),
        (0.8, "handwritten"),
        (0.79, "unknown"),
        (0.21, "unknown"),
        (0.1, "printed"),
        (None, "unknown"),
    ],
)
def test_handwriting_and_print_are_told_apart_where_that_is_probable(by_hand, kind):
    attempt = attempt_at(1.0, (500.0, 300.0), 0.99)
    assert replace(attempt, shown=replace(attempt.shown, by_hand=by_hand)).kind == kind


def test_a_page_is_no_surer_than_its_reading_and_less_sure_where_places_compete():
    best = attempt_at(1.0, (500.0, 300.0), 0.99)
    alone = confidence_on_page(best, [best], [best.field])
    rival = attempt_at(0.9, (100.0, 50.0), 0.5).field
    disputed = confidence_on_page(best, [best], [best.field, rival])
    again = confidence_on_page(best, [best], [best.field, attempt_at(0.9, (520.0, 300.0), 0.5).field])
    assert disputed < alone <= 0.99
    assert again == alone  # the same place, cut a little differently, is no rival


def test_a_number_that_reads_without_doubt_at_an_unlikely_place_need_not_be_the_code():
    at_an_unlikely, at_a_likely = (
        confidence_at_a_glance(attempt_at(place, (500.0, 300.0), 0.9999)) for place in (0.5, 2.0)
    )
    assert at_an_unlikely < 0.95 < at_a_likely


def behind(words: float | None, attempt: Attempt, code: str = "12345") -> Attempt:
    """A reading with words before it that go with its code so much better than with none, log likelihood."""
    assert attempt.decoded is not None
    agreement = None if words is None else UNRELATED + words
    return replace(attempt, decoded=replace(attempt.decoded, code=code, agreement=agreement))


def test_at_a_glance_its_town_before_a_code_speaks_for_it_and_other_words_against_it():
    best = attempt_at(1.0, (500.0, 300.0), 0.9999)
    other, nothing, town = (confidence_at_a_glance(behind(words, best)) for words in (0.0, None, 8.0))
    assert other < 0.95 < nothing < town


def test_in_a_search_words_speak_against_a_place_and_not_for_it():
    best = attempt_at(1.0, (500.0, 300.0), 0.97)
    other, nothing, town = (
        confidence_on_page(attempt, [attempt], [attempt.field])
        for attempt in (behind(words, best) for words in (0.0, None, 8.0))
    )
    assert other < nothing == town


def test_of_two_places_that_show_codes_one_is_the_senders():
    best = behind(8.0, attempt_at(0.0, (500.0, 300.0), 0.999))
    sender = behind(8.0, attempt_at(-1.0, (100.0, 50.0), 0.999), code="54321")
    same = replace(sender, decoded=best.decoded)
    illegible = replace(sender, decoded=replace(sender.decoded, confidence=0.6))
    here = replace(sender, field=replace(sender.field, center=(505.0, 302.0)))  # the same digits, read otherwise

    def confidence(*others: Attempt, at_a_glance: bool = False) -> float:
        attempts, glanced = ([best], others) if at_a_glance else ([best, *others], ())
        return confidence_on_page(best, attempts, [best.field, *(other.field for other in others)], glanced)

    for at_a_glance in (False, True):
        assert confidence(sender, at_a_glance=at_a_glance) == pytest.approx(probability(1.0))
        assert confidence(same, at_a_glance=at_a_glance) > 0.95
        assert confidence(illegible, at_a_glance=at_a_glance) > 0.95
        assert confidence(here, at_a_glance=at_a_glance) > 0.95
    # What the glance thought of the sender's place is less than what geometry adds to it.
    surer = replace(sender, field=replace(sender.field, prior=3.0))
    assert confidence_on_page(best, [best], [best.field, sender.field], [surer]) == pytest.approx(probability(1.0))


def test_what_a_glance_took_for_the_place_and_could_not_read_may_be_the_code_all_the_same():
    best = attempt_at(0.0, (245.0, 412.0), 0.999)
    labelled = attempt_at(3.5, (534.0, 225.0), 0.01)

    def confidence(seen: Attempt) -> float:
        return confidence_on_page(best, [best], [best.field], [seen])

    assert confidence(labelled) == confidence(replace(labelled, decoded=None)) == pytest.approx(probability(2.0))
    unlikely, here = (
        replace(labelled, field=replace(labelled.field, **changes))
        for changes in ({"prior": -1.0}, {"center": (250.0, 414.0)})
    )
    amount = replace(labelled, is_amount=True)
    same_code = replace(labelled, decoded=best.decoded)
    alone = confidence_on_page(best, [best], [best.field])
    assert [confidence(seen) for seen in (unlikely, here, amount, same_code)] == [alone] * 4


def enlarged(attempt: Attempt, times: float) -> Attempt:
    along, across = attempt.field.size
    return replace(attempt, field=replace(attempt.field, size=(times * along, times * across)))


def test_of_two_codes_the_one_in_larger_print_is_likelier():
    first, second = attempt_at(0.0, (500.0, 300.0), 0.999), attempt_at(0.0, (100.0, 50.0), 0.999)
    second = replace(second, decoded=replace(second.decoded, code="54321"))
    smaller, equal, larger, huge, giant = (
        confidence_on_page(best, [best, second], [best.field, second.field])
        for best in (enlarged(first, times) for times in (0.8, 1.0, 1.2, 1.7, 5.0))
    )
    assert equal == pytest.approx(0.5)
    assert smaller < equal < larger < huge
    assert giant == pytest.approx(huge)
    at_a_glance = confidence_on_page(
        enlarged(first, 1.2), [enlarged(first, 1.2)], [first.field, second.field], [second]
    )
    assert at_a_glance == pytest.approx(larger)

    smaller, equal, larger, huge, giant = (
        priors_together(enlarged(first, times), second)[0] for times in (0.8, 1.0, 1.2, 1.7, 5.0)
    )
    assert smaller < equal < larger < huge
    assert giant == pytest.approx(huge)
    # A sender's hand may be larger than the print of where a reply goes.
    by_hand, printed = (
        replace(attempt, shown=replace(attempt.shown, by_hand=share))
        for attempt, share in ((enlarged(first, 1.7), 0.97), (second, 0.03))
    )
    assert priors_together(by_hand, printed) == priors_together(first, second)
    assert priors_together(by_hand, replace(second, shown=by_hand.shown))[0] == pytest.approx(huge)

    unread = replace(second, decoded=None)
    assert priors_together(enlarged(first, 1.2), unread) == priors_together(first, unread)
    assert priors_together(enlarged(second, 1.2)) == priors_together(second)


def priors_together(*attempts: Attempt) -> list[float]:
    return [attempt.field.prior for attempt in weighed_together(attempts)]


def test_of_places_at_a_glance_one_that_shows_no_code_makes_the_other_likelier():
    first, second = attempt_at(0.2, (500.0, 300.0), 0.99), attempt_at(-0.4, (100.0, 50.0), 0.99)
    second = replace(second, decoded=replace(second.decoded, code="54321"))
    illegible, unread = attempt_at(0.2, (500.0, 300.0), 0.01), replace(first, decoded=None)
    assert priors_together(first) == pytest.approx([0.2])
    at_both, after_illegible, after_unread = (priors_together(a, second)[1] for a in (first, illegible, unread))
    assert at_both < -0.4 < 1.5 < after_illegible == pytest.approx(after_unread)
    # That another shows a code does not make it certain that there is one: nothing is sure of either.
    assert max(priors_together(first, second)) < 0.2


def test_of_places_at_a_glance_one_behind_other_words_speaks_less_against_the_other():
    first, second = attempt_at(0.2, (500.0, 300.0), 0.99), attempt_at(-0.4, (100.0, 50.0), 0.99)
    amount, labelled = replace(first, is_amount=True), replace(first, before=Before(np.zeros((1, 27)), "ZIP", 0.0))
    rivals = [labelled, behind(8.0, first, "54321"), behind(0.0, first, "54321"), replace(amount)]
    second = behind(8.0, second, "12345")
    told = [priors_together(replace(r, decoded=replace(r.decoded, code="54321")), second)[1] for r in rivals]
    assert told == sorted(told)
    assert len({round(value, 2) for value in told}) == len(rivals)


def test_a_code_behind_its_town_makes_it_less_likely_that_the_code_is_at_no_place_of_a_glance():
    place = attempt_at(0.2, (500.0, 300.0), 0.99)
    [none], [other], [town] = (priors_together(behind(words, place)) for words in (None, 0.0, 8.0))
    assert none == other == pytest.approx(0.2)
    assert town == pytest.approx(1.2)
    # Between two codes that are read, it says nothing: a sender's stands behind its town as well.
    rival = replace(place, field=replace(place.field, prior=-0.4), decoded=replace(place.decoded, code="54321"))
    [alone, _], [beside, _] = (priors_together(behind(words, place), rival) for words in (None, 8.0))
    assert beside == pytest.approx(alone, abs=0.1)


def test_places_at_a_glance_that_show_one_code_are_no_rivals():
    first, second = attempt_at(0.2, (500.0, 300.0), 0.99), attempt_at(-0.4, (100.0, 50.0), 0.99)
    other = replace(second, decoded=replace(second.decoded, code="54321"))
    assert priors_together(first, second)[0] > 1.0 > priors_together(first, other)[0]


SLIP, TOWN, SENDER = (Found((x, y), (165.0, 40.0), 0.0, 1.0) for x, y in ((920, 126), (608, 626), (368, 126)))


def seen_at(*places: Found) -> tuple[Page, views.Viewer]:
    """A page with a number that no code is, and two codes behind their towns; a finder sees these places."""
    gray = np.full((800, 1200), 240, np.uint8)
    for text, at in (("00012", (840, 145)), ("MADISON WI 53703", (240, 645)), ("TULSA OK 74103", (70, 145))):
        cv2.putText(gray, text, at, cv2.FONT_HERSHEY_SIMPLEX, 1.6, 30, 4, cv2.LINE_AA)
    networks = replace(Networks.load("onnx", None), finder=SimpleNamespace(find=lambda gray: list(places)))
    return Page(gray), views.Viewer(FieldReader(networks, 5, load_directory("us"), words=load_words()))


def test_where_the_likeliest_place_at_a_glance_shows_no_code_the_next_is_read(monkeypatch):
    monkeypatch.setattr(views, "locate", lambda *arguments: pytest.fail("searched"))
    page, viewer = seen_at(replace(SLIP, probability=0.55), replace(TOWN, probability=0.4))
    seen = viewer.view(page, "auto")
    assert (seen.best.decoded.code, seen.confidence >= views.SURE) == ("53703", True)
    assert [attempt.decoded.code for attempt in seen.attempts] == ["00012", "53703"]
    assert [field.prior for field in seen.fields] == [attempt.field.prior for attempt in seen.attempts]
    again = viewer._looked_at_again(page, seen)
    assert (again.best.decoded.code, len(again.fields)) == ("53703", 2)


def test_a_place_that_is_legible_only_when_looked_at_more_closely_is_held_against_its_words(monkeypatch):
    page, viewer = seen_at(replace(TOWN, probability=0.6))
    glanced = viewer.glanced(page, viewer.places(page, "auto"))
    bare = replace(glanced.best, before=None)
    monkeypatch.setattr(FieldReader, "look_closer", lambda *arguments: bare)
    assert viewer._looked_at_again(page, glanced).best.before is not None


def test_an_unlikely_place_and_any_beside_a_sure_one_is_not_read_at_a_glance():
    sure, doubtful, likely, unlikely = (
        replace(place, probability=share)
        for place, share in ((TOWN, 0.95), (SLIP, 0.6), (SENDER, 0.04), (SENDER, 0.02))
    )
    for places, read in (((sure, likely), 1), ((doubtful, unlikely), 1), ((doubtful, likely), 2)):
        page, viewer = seen_at(*places)
        assert len(viewer.glanced(page, viewer.places(page, "auto")).attempts) == read


def test_a_search_that_finds_one_of_two_codes_knows_of_the_other(monkeypatch):
    page, viewer = seen_at(replace(TOWN, probability=0.45), replace(SENDER, probability=0.45))
    places, told = viewer.places(page, "auto"), []
    monkeypatch.setattr(views, "locate", lambda *arguments: [replace(places[0], prior=0.5)])
    join = views.joined
    monkeypatch.setattr(views, "joined", lambda found, seen: told.append(seen) or join(found, seen))
    seen = viewer.view(page, "auto")
    assert seen.clean is not None
    assert seen.best.decoded.code == "53703"
    assert seen.confidence < views.SURE <= replace(seen, glanced=()).confidence
    assert told == [places]  # with the finder's odds: the search reads the places anew


def test_a_place_whose_digits_points_part_as_an_amounts_is_less_likely():
    best = attempt_at(3.5, (500.0, 300.0), 0.99)
    amount = replace(best, is_amount=True)
    assert amount.merit < best.merit
    assert confidence_at_a_glance(amount) < 0.95 < confidence_at_a_glance(best)
    assert confidence_on_page(amount, [amount], [amount.field]) < confidence_on_page(best, [best], [best.field])
    assert confidence_here(amount, [amount]) < confidence_here(best, [best])


def test_a_place_that_a_form_labels_is_likelier():
    place = attempt_at(1.0, (500.0, 300.0), 0.9999)
    labelled = replace(place, before=Before(np.zeros((1, 27), np.float32), "ZIP", 0.0))
    assert labelled.merit > place.merit
    assert confidence_at_a_glance(place) < 0.95 + 0.02 < confidence_at_a_glance(labelled)


@pytest.mark.parametrize(
    ("text", "layout", "amount"),
    [("387.60", "envelope", True), ("38760", "envelope", False), ("387.60", "field", False)],
)
def test_points_speak_against_a_place_on_a_page_but_not_against_a_field_that_was_cut_out(text, layout, amount):
    page = Page(drawn(text))
    height, width = page.gray.shape
    reader = FieldReader(Networks.load("onnx", None), 5, None)
    attempt = reader.glance(page, Field((width / 2, height / 2), (float(width), float(height)), 0.0, layout, prior=4.0))
    assert (attempt.decoded.code, attempt.is_amount) == ("38760", amount)


@pytest.mark.parametrize(
    ("asked", "mail"),
    [({}, "us"), ({"directory": "none"}, "abroad"), ({"digits": 6}, "abroad"), ({"digits": 4}, "abroad")],
)
def test_the_finder_is_that_of_the_mail_that_is_read(monkeypatch, asked, mail):
    loaded, load = [], Networks.load
    monkeypatch.setattr(Networks, "load", lambda *arguments: loaded.append(arguments[2]) or load(*arguments))
    Reader(**asked)
    assert loaded == [mail]


def test_geometry_alone_is_sure_of_envelopes_that_are_said_to_be_some():
    [page] = load_pages(ROOT / "samples" / "envelopes" / "print-1.jpg", 10**8)
    networks = replace(Networks.load("onnx", None), finder=None)
    viewer = views.Viewer(FieldReader(networks, 5, None))
    said, unsaid = viewer.view(page, "envelope"), viewer.view(page, "auto")
    assert said.best.decoded.code == unsaid.best.decoded.code == "81149"
    assert unsaid.confidence == confidence_on_any_piece(said.confidence)
    assert unsaid.confidence < 0.95 < said.confidence


def test_on_any_piece_geometry_is_less_sure_than_on_an_envelope():
    confidences = [confidence_on_any_piece(value) for value in (0.0, 0.3, 0.9, 0.95, 0.99, 0.999)]
    assert confidences == sorted(confidences)
    assert confidences[:2] == [0.0, 0.3]
    assert confidences[4] < 0.95 < confidences[5] < 0.99


def test_a_field_that_was_cut_out_is_as_sure_as_its_reading():
    best = attempt_at(0.0, (50.0, 10.0), 0.97, "field")
    assert confidence_on_page(best, [best], [best.field]) == 0.97


def test_places_that_hold_each_other_and_read_alike_do_not_doubt_each_other():
    best, wider = attempt_at(-1.3, (500.0, 300.0), 0.6), attempt_at(-1.1, (480.0, 300.0), 0.3)
    other = replace(wider, decoded=replace(wider.decoded, code="54321"))
    assert confidence_here(best, [best, wider]) > confidence_here(best, [best, other])
    assert confidence_here(best, [best, other]) == confidence_here(best, [best]) < 0.6


@pytest.mark.parametrize(("prior", "status"), [(4.0, "review"), (1.0, "blank")])
def test_what_cannot_be_read_where_a_code_is_known_to_stand_is_for_a_person(monkeypatch, prior, status):
    hard = attempt_at(prior, (100.0, 100.0), 0.05)
    monkeypatch.setattr(views.Viewer, "view", lambda *_: views.View(None, [hard.field], [hard]))
    monkeypatch.setattr(Reader, "_reading", lambda *_: Reading(code="12345", status="review"))
    [reading] = Reader().read_page(Page(np.full((200, 400), 230, np.uint8)))
    assert reading.status == status
    assert reading.code == ("12345" if status == "review" else "")
