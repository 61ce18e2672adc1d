"""Forms: templates, registration, fields cut out and cleared, proposals, and the command line."""

import csv
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from zipread import Reader
from zipread.errors import InputError, SettingsError
from zipread.form import FormField, FormTemplate, load_form, propose_fields, template_text
from zipread.form.frame import clear_frame
from zipread.form.marks import find_marks
from zipread.form.place import map_points
from zipread.form.register import find_landmarks, register
from zipread.form.template import parse_template, read_template
from zipread.records import Box, Digit, Page, Reading
from zipread.settings import Settings

WIDTH, HEIGHT = 1000, 1300
ZIP, AGE, SERIAL = (300, 300, 350, 80), (300, 480, 180, 70), (300, 640, 420, 80)
"""Left, top, width, height of the fields on the form, pixels."""

TEMPLATE = """
reference = "blank.png"

[[field]]
name = "zip"
box = [0.3, 0.23077, 0.35, 0.06154]
digits = 5
layout = "boxed"
directory = "us"

[[field]]
name = "age"
box = [0.3, 0.36923, 0.18, 0.05385]
digits = 2
layout = "free"

[[field]]
name = "serial"
box = [0.3, 0.49231, 0.42, 0.06154]
digits = 6
layout = "boxed"
"""


def write(page, text, at, size=1.6, thickness=4):
    cv2.putText(page, text, at, cv2.FONT_HERSHEY_SIMPLEX, size, 40, thickness, cv2.LINE_AA)


def blank_form(marks=True):
    """A form with a row of five boxes, a frame and a row of six boxes, (1300, 1000) uint8."""
    page = np.full((HEIGHT, WIDTH), 250, np.uint8)
    rng = np.random.default_rng(3)
    for row, label in enumerate(("Survey of readers", "ZIP code", "Age", "Serial number", "Please write clearly")):
        write(page, label, (80, 200 + 160 * row - (80 if row else 0)), 0.9, 2)
    for line in range(12):  # printed text, unlike everywhere, which features hold on to
        text = "".join(rng.choice(list("abcdefghijkmnopqrstuvwxyz  "), 50))
        write(page, text, (80, 800 + 35 * line), 0.7, 1)
    for (x, y, w, h), cells in ((ZIP, 5), (AGE, 1), (SERIAL, 6)):
        for cell in range(cells):
            left, right = round(x + cell * w / cells), round(x + (cell + 1) * w / cells)
            cv2.rectangle(page, (left, y), (right, y + h), 60, 2)
    if marks:
        for x in (40, WIDTH - 64):
            for y in (40, HEIGHT - 64):
                cv2.rectangle(page, (x, y), (x + 24, y + 24), 0, cv2.FILLED)
    return page


def fill(page, zip_code="94043", age="37", serial="160275"):
    """A form with numbers in it; a space leaves its box empty."""
    page = page.copy()
    for text, (x, y, w, h) in ((zip_code, ZIP), (serial, SERIAL)):
        for i, digit in enumerate(text):
            write(page, digit, (round(x + (i + 0.28) * w / len(text)), y + h - 20))
    write(page, age, (AGE[0] + 40, AGE[1] + AGE[3] - 16))
    return page


def seen_by_camera(page, corners, size=(1100, 1400), paper=120):
    """A page with its corners at these places of a larger picture, and the map (3, 3) that put them there."""
    height, width = page.shape
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    return cv2.warpPerspective(page, matrix, size, borderValue=paper), matrix


SLANTED = [(110, 60), (1030, 20), (1010, 1330), (60, 1290)]
TURNED = [(1050, 1350), (60, 1340), (50, 60), (1045, 50)]  # on its head


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("form")
    cv2.imwrite(str(folder / "blank.png"), blank_form())
    (folder / "survey.toml").write_text(TEMPLATE, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def reader(folder):
    return Reader(form=folder / "survey.toml")


# --- templates ----------------------------------------------------------------------------------------------------


def test_a_template_is_read_as_it_was_written(folder):
    fields = (
        FormField('a "quoted" name', (0.1, 0.2, 0.3, 0.04), 5, "boxed", "us"),
        FormField("größe", (0.5, 0.25, 0.125, 0.0625), 12, "free"),
    )
    template = FormTemplate(folder / "pictures" / "blank.png", fields)
    assert parse_template(template_text(template, folder), folder) == template


FIELD = '[[field]]\nname = "a"\nbox = [0.1, 0.1, 0.2, 0.1]\ndigits = 5\nlayout = "free"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("reference = ", "not valid TOML"),
        (FIELD, "reference is missing"),
        ('reference = "a.png"\n', "field is missing"),
        ("reference = 7\n" + FIELD, "reference: use a text"),
        ('reference = "a.png"\ncolour = 1\n' + FIELD, "colour: unknown"),
        ('reference = "a.png"\n' + FIELD + "colour = 1\n", "field 1: colour: unknown"),
        ('reference = "a.png"\n' + FIELD + FIELD, "field a: name: 2 fields"),
        ('reference = "a.png"\n' + FIELD.replace("5", "13"), "field a: digits = 13"),
        ('reference = "a.png"\n' + FIELD.replace("5", "true"), "field a: digits"),
        ('reference = "a.png"\n' + FIELD.replace("free", "open"), "field a: layout"),
        ('reference = "a.png"\n' + FIELD.replace("0.2,", "0.95,"), "field a: box: the box must lie within"),
        ('reference = "a.png"\n' + FIELD.replace("0.2, 0.1]", "0.2]"), "field a: box: use four numbers"),
        ('reference = "a.png"\n' + FIELD.replace("5", "6") + 'directory = "us"\n', "field a: directory"),
    ],
)
def test_a_wrong_template_names_file_and_key(tmp_path, text, said):
    path = tmp_path / "survey.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_template(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
    assert caught.value.exit_code == 6


def test_a_missing_template_or_reference_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"nowhere\.toml: the form template cannot be read"):
        Reader(form=tmp_path / "nowhere.toml")
    (tmp_path / "survey.toml").write_text(TEMPLATE, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"survey\.toml: reference: .*blank\.png: no such file"):
        load_form(tmp_path / "survey.toml", 10**8)


def test_a_form_excludes_layout_and_digits(folder):
    with pytest.raises(SettingsError, match="--form"):
        Settings(form=folder / "survey.toml", digits=6)
    with pytest.raises(SettingsError, match="--form"):
        Settings(form=folder / "survey.toml", layout="boxes")


# --- registration -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("marks", [True, False])
@pytest.mark.parametrize("corners", [SLANTED, TURNED])
def test_a_page_is_put_in_place_to_a_pixel(marks, corners):
    picture, truth = seen_by_camera(fill(blank_form(marks)), corners)
    found = register(find_landmarks(Page(picture)), find_landmarks(Page(blank_form(marks))))
    assert found.method == ("marks" if marks else "features")
    assert found.fit > 0.8
    places = np.array([(x, y) for x in (100, 500, 900) for y in (100, 650, 1200)], np.float64)
    error = np.linalg.norm(map_points(found.to_page, places) - map_points(truth, places), axis=1)
    assert error.max() < 2.5


def test_another_page_does_not_match():
    rng = np.random.default_rng(5)
    letter = np.full((HEIGHT, WIDTH), 245, np.uint8)
    for line in range(25):
        write(letter, "".join(rng.choice(list("ABCDEFGHIKLMNOPRSTUVW   "), 36)), (70, 100 + 45 * line), 0.9, 2)
    reference = find_landmarks(Page(blank_form()))
    for other in (letter, np.full((HEIGHT, WIDTH), 255, np.uint8), np.zeros((40, 60), np.uint8)):
        with pytest.raises(InputError, match="does not match the form"):
            register(find_landmarks(Page(other)), reference)


def test_a_form_with_marks_in_the_same_places_does_not_match():
    other = np.full((HEIGHT, WIDTH), 250, np.uint8)
    for x in (40, WIDTH - 64):
        for y in (40, HEIGHT - 64):
            cv2.rectangle(other, (x, y), (x + 24, y + 24), 0, cv2.FILLED)
    for line in range(14):
        write(other, "quite another form", (120 + 13 * line, 160 + 75 * line), 1.2, 2)
    with pytest.raises(InputError, match="does not match the form: fit 0"):
        register(find_landmarks(Page(other)), find_landmarks(Page(blank_form())))


def test_marks_are_four_alike_near_the_corners():
    found = find_marks(blank_form())
    assert np.abs(found - [(52.5, 52.5), (948.5, 52.5), (948.5, 1248.5), (52.5, 1248.5)]).max() < 1.5
    three = blank_form()
    three[:100, :100] = 250
    assert find_marks(three) is None


# --- frames -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shade", [0, 200])
def test_a_frame_goes_and_the_strokes_on_it_stay(shade):
    gray = np.full((120, 300), 240, np.uint8)
    cv2.rectangle(gray, (30, 20), (270, 100), shade, 3)
    cv2.line(gray, (150, 40), (150, 112), 30, 5)  # a one that crosses the lower line
    write(gray, "prompt", (60, 12), 0.4, 1)  # print above
    cleared, extent = clear_frame(gray, Box(33, 22, 235, 76))
    assert cleared[40:112, 148:153].max() < 120
    cleared[36:118, 144:157] = 240
    assert cleared.min() > 200
    assert extent.y > 18 and extent.bottom >= 112


def test_an_empty_frame_is_cleared_to_bare_paper():
    gray = np.full((120, 300), 240, np.uint8)
    cv2.rectangle(gray, (30, 20), (270, 100), 0, 3)
    gray[60, 100] = 0  # dust
    cleared, _ = clear_frame(gray, Box(30, 20, 240, 80))
    assert np.ptp(cleared) == 0


# --- reading ------------------------------------------------------------------------------------------------------


def codes(readings):
    return {reading.field: reading.code for reading in readings}


def test_one_page_gives_one_row_a_field(reader):
    readings = reader.read(fill(blank_form()))
    assert codes(readings) == {"zip": "94043", "age": "37", "serial": "160275"}
    boxes = {reading.field: reading.box for reading in readings}
    for name, (x, y, w, h) in {"zip": ZIP, "age": AGE, "serial": SERIAL}.items():
        assert x <= boxes[name].x and boxes[name].right <= x + w
        assert y <= boxes[name].y and boxes[name].bottom <= y + h


@pytest.mark.parametrize("corners", [SLANTED, TURNED])
def test_a_photographed_page_reads_the_same_and_boxes_are_on_the_photo(reader, corners):
    picture, truth = seen_by_camera(fill(blank_form()), corners)
    readings = reader.read(picture)
    assert codes(readings) == {"zip": "94043", "age": "37", "serial": "160275"}
    x, y, w, h = ZIP
    middle = map_points(truth, np.array([(x + w / 2, y + h / 2)], np.float64))[0]
    box = readings[0].box
    assert math.hypot(box.x + box.width / 2 - middle[0], box.y + box.height / 2 - middle[1]) < 12
    assert abs(abs(readings[0].angle) - (180 if corners is TURNED else 0)) < 6


def test_empty_fields_are_blank_and_some_empty_boxes_are_for_review(reader):
    by_name = {r.field: r for r in reader.read(fill(blank_form(), zip_code="     ", age="", serial="1602  "))}
    assert [by_name[name].status for name in ("zip", "age", "serial")] == ["blank", "blank", "review"]
    assert by_name["serial"].code == ""
    assert by_name["serial"].message == "2 of 6 boxes are empty"


def test_a_box_without_a_digit_gives_no_code():
    scores = np.eye(11, dtype=np.float32)
    digits = tuple(Digit((), np.zeros((28, 28), np.uint8), scores[name]) for name in (1, 10, 5))
    from zipread.form import without_crossed_out

    reading = Reading(code="145", confidence=0.9, status="accepted", digits=digits, alternatives=(("175", 0.1),))
    crossed = without_crossed_out(reading)
    assert (crossed.code, crossed.status, crossed.confidence) == ("", "review", 0.0)
    assert crossed.alternatives == ()
    assert crossed.message == "1 of 3 boxes holds no digit: 1?5"
    whole = replace(reading, digits=(digits[0], Digit((), digits[0].image, scores[4]), digits[2]))
    assert without_crossed_out(whole) == whole
    doubtful = Digit((), digits[0].image, 0.55 * scores[4] + 0.45 * scores[10])
    assert without_crossed_out(replace(whole, digits=(digits[0], doubtful, digits[2]))).message.endswith("1?5")


def test_a_field_outside_the_picture_is_an_error_row(reader):
    readings = reader.read(fill(blank_form(marks=False))[:, :560])
    assert {r.field: r.status for r in readings}["zip"] == "error"
    assert readings[0].message == "the field lies outside the picture"
    assert codes(readings)["age"] == "37"


# --- proposals ----------------------------------------------------------------------------------------------------


def test_boxes_and_frames_are_proposed():
    proposed = propose_fields(Page(blank_form()))
    assert [(field.digits, field.layout) for field in proposed] == [(5, "boxed"), (4, "free"), (6, "boxed")]
    for field, (x, y, w, h) in zip(proposed, (ZIP, AGE, SERIAL), strict=True):
        wanted = np.array([x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT])
        assert np.abs(np.array(field.box) - wanted).max() < 0.008
    assert propose_fields(Page(np.full((400, 300), 255, np.uint8))) == ()


# --- the command line ---------------------------------------------------------------------------------------------


def test_new_show_and_scan(tmp_path, zipread):
    cv2.imwrite(str(tmp_path / "blank.png"), blank_form())
    (tmp_path / "in").mkdir()
    cv2.imwrite(str(tmp_path / "in" / "a.png"), fill(blank_form()))
    cv2.imwrite(str(tmp_path / "in" / "b.png"), np.full((900, 700), 255, np.uint8))

    assert zipread("form", "new", "blank.png", "-o", "survey.toml").code == 0
    assert len(read_template(tmp_path / "survey.toml").fields) == 3
    again = zipread("form", "new", "blank.png", "-o", "survey.toml")
    assert again.code == 2 and "--force" in again.err

    (tmp_path / "survey.toml").write_text(TEMPLATE, encoding="utf-8")
    assert zipread("form", "show", "survey.toml", "in/a.png", "-o", "preview.png").code == 0
    drawn = cv2.imread(str(tmp_path / "preview.png")).astype(int)
    assert np.count_nonzero(np.ptp(drawn, axis=2) > 60) > 1000  # coloured outlines
    assert zipread("form", "show", "survey.toml", "in/b.png", "-o", "no.png").code == 4

    done = zipread("scan", "in", "--form", "survey.toml", "-o", "codes.csv")
    assert done.code == 4
    with (tmp_path / "codes.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["field"], row["code"]) for row in rows[:3]] == [("zip", "94043"), ("age", "37"), ("serial", "160275")]
    assert [row["status"] for row in rows[3:]] == ["error"]
    assert "does not match the form" in rows[3]["message"]

    served = zipread("serve", "--stdio", "--form", "survey.toml", stdin=b'{"path": "in/a.png"}\n')
    assert [(r["field"], r["code"]) for r in json.loads(served.out)["readings"]] == [
        (row["field"], row["code"]) for row in rows[:3]
    ]
    watched = zipread("watch", "in", "-o", "watched.csv", "--once", "--settle", "0.1", "--form", "survey.toml")
    assert watched.code == 4
    lines = (tmp_path / "watched.csv").read_text(encoding="utf-8").splitlines()
    assert sorted(line.split(",")[3] for line in lines[1:]) == ["", "160275", "37", "94043"]


def test_a_wrong_template_ends_the_run_before_there_is_an_output(tmp_path, zipread):
    cv2.imwrite(str(tmp_path / "a.png"), blank_form())
    (tmp_path / "survey.toml").write_text(TEMPLATE.replace("digits = 2", "digits = 0"), encoding="utf-8")
    done = zipread("scan", "a.png", "--form", "survey.toml", "-o", "codes.csv")
    assert done.code == 6
    assert "survey.toml: field age: digits = 0" in done.err
    assert not (tmp_path / "codes.csv").exists()
