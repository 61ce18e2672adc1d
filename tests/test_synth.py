import csv
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from zipread.cli.app import app
from zipread.errors import DependencyError, InputError, UsageError
from zipread.lab.address import InAddress, address_line
from zipread.lab.habits import WithHabits
from zipread.lab.synth import families, fonts, letters, marks, parcels, photo, receipts
from zipread.lab.synth.abroad import COUNTRIES, places_abroad
from zipread.lab.synth.addresses import Address, make_address
from zipread.lab.synth.boxed import make_boxed, row_of_boxes
from zipread.lab.synth.capture import Wear, turn, wear
from zipread.lab.synth.deck import COLUMNS, OTHER_MAIL, load_supplies, make_deck, make_others, write_deck
from zipread.lab.synth.drawn import STROKES, draw_digit
from zipread.lab.synth.fields import STYLES, make_field
from zipread.lab.synth.hands import Glyph, Hands, Prints, Script, load_hands
from zipread.lab.synth.ink import lay, set_as_font, set_by_eye, set_in_cells
from zipread.lab.synth.lettering import Hand, write_address
from zipread.lab.synth.letters import make_letter
from zipread.lab.synth.mail import Supplies, make_mail
from zipread.lab.synth.negatives import NEGATIVES, make_negative
from zipread.lab.synth.notes import make_note, note_lines
from zipread.lab.synth.paper import PAPERS, make_paper
from zipread.lab.synth.parcels import make_parcel
from zipread.lab.synth.places import STATES, Place, as_people_write, load_places
from zipread.lab.synth.postcards import make_postcard
from zipread.lab.synth.receipts import make_receipt
from zipread.lab.synth.replies import make_reply
from zipread.lab.synth.strokes import Pen, draw, stroke_fields, thin
from zipread.lab.synth.typeset import Sheet
from zipread.lab.words import WithWord
from zipread.lab.zeros import RunningZeros
from zipread.records import Box

SAMPLES = Path(__file__).parent.parent / "samples"


def specimen(digit, seed=0):
    """A 28x28 specimen, light on black, drawn from the project's own strokes."""
    picture = draw_digit(np.random.default_rng(seed), digit, 84, (0, 0, 0), (255, 255, 255))
    return cv2.resize(picture[:, :, 0], (28, 28), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def hands():
    """Two writers with two specimens of every digit each."""
    names = [digit for _ in range(4) for digit in "0123456789"]
    specimens = np.stack([specimen(digit, seed) for seed, digit in enumerate(names)])
    return Hands(specimens, np.array([int(d) for d in names]), np.repeat([7, 9], 20))


@pytest.fixture(scope="module")
def prints():
    try:
        return Prints(fonts.find_fonts([f for f in families.TRAIN_PRINT if f.name == "DejaVu Sans"]))
    except DependencyError as error:
        pytest.skip(str(error))


def rectangle(width, height, text="1"):
    return Glyph(text, np.ones((height, width), np.float32), -float(height))


class TestStrokes:
    def test_a_thick_bar_is_thinned_to_one_pixel(self):
        mask = np.zeros((15, 9), np.uint8)
        mask[2:13, 3:6] = 1

        spine = thin(mask)

        assert (spine.sum(axis=1)[4:11] == 1).all()
        assert spine[4:11, 4].all()

    def test_a_ring_keeps_its_hole(self):
        mask = np.zeros((21, 21), np.uint8)
        cv2.circle(mask, (10, 10), 7, 1, 3)

        holes, _ = cv2.connectedComponents(1 - thin(mask), connectivity=4)

        assert holes == 3  # the label 0, the outside, the inside

    @pytest.mark.parametrize("height", [14, 40, 90])
    def test_a_digit_is_drawn_at_the_height_and_width_of_stroke_asked_for(self, height):
        bar = np.zeros((28, 28), np.uint8)
        bar[4:24, 12:16] = 255
        width = max(1.5, height * 0.1)

        drawn = draw(stroke_fields(bar[None])[0], height, Pen(width, 1.0, 0.0, 1.0))

        assert abs(drawn.shape[0] - height) <= 0.12 * height + 1.5
        assert drawn.sum(axis=1)[drawn.shape[0] // 2] == pytest.approx(width, abs=1 + 0.2 * width)

    def test_a_filled_loop_stays_filled_under_a_thin_pen(self):
        blob = np.zeros((28, 28), np.uint8)
        cv2.circle(blob, (14, 9), 5, 255, -1)
        blob[9:24, 13:16] = 255

        drawn = draw(stroke_fields(blob[None])[0], 60, Pen(4.0, 1.0, 0.0, 1.0))

        assert drawn[: drawn.shape[0] // 3].max(axis=0).sum() > 8


class TestSetting:
    def test_the_white_between_two_glyphs_is_what_was_asked(self):
        line = set_by_eye([rectangle(5, 10), rectangle(4, 10)], [6])

        assert line.boxes[1].x - line.boxes[0].right == 6
        assert line.baseline == 10

    def test_a_negative_gap_joins_glyphs(self):
        line = set_by_eye([rectangle(5, 10), rectangle(4, 10)], [-2])

        count, _ = cv2.connectedComponents((line.coverage > 0.5).astype(np.uint8))
        assert count == 2
        assert line.coverage.max() == 1

    def test_glyphs_stand_in_the_middle_of_their_cells(self):
        line = set_in_cells([rectangle(6, 10), rectangle(4, 10)], [20, 50], [0, 3])

        assert [(box.x, box.y) for box in line.boxes] == [(17, 0), (48, 3)]

    def test_ink_beyond_the_sheet_is_cut_off(self):
        sheet = np.full((6, 6), 200, np.float32)

        lay(sheet, np.ones((4, 4), np.float32), (4, -2), 50.0)

        assert (sheet == 50).sum() == 4
        assert (sheet[:2, 4:] == 50).all()


class TestCapture:
    def test_wear_without_wear_changes_nothing(self):
        picture = np.arange(60, dtype=np.float32).reshape(6, 10)

        worn = wear(np.random.default_rng(0), picture, Wear(blur=0, noise=0))

        assert (worn == picture.astype(np.uint8)).all()

    def test_a_turned_point_lands_where_the_map_says(self):
        sheet = np.zeros((81, 121), np.float32)
        sheet[40, 100] = 255

        picture, matrix = turn(sheet, 5.0, 4)

        x, y = matrix @ (100, 40, 1)
        peak = np.unravel_index(picture.argmax(), picture.shape)
        assert abs(peak[1] - x) <= 1 and abs(peak[0] - y) <= 1
        assert y > 40 - 4  # a positive angle lets a line fall to the right

    def test_a_box_through_the_identity_is_itself(self):
        assert photo.moved_box(Box(3, 4, 10, 20), np.eye(3)) == Box(3, 4, 10, 20)

    @pytest.mark.parametrize("kind", PAPERS)
    def test_paper_is_lighter_than_ink(self, kind):
        sheet = make_paper(np.random.default_rng(1), 60, 200, kind, 40)

        assert sheet.shape == (60, 200)
        assert np.median(sheet) > 120
        assert sheet.min() >= 0 and sheet.max() <= 255


class TestFields:
    @pytest.mark.parametrize("style", STYLES)
    def test_the_same_seed_makes_the_same_field(self, hands, style):
        first, truth = make_field(np.random.default_rng(5), "48226", style, hands)
        second, _ = make_field(np.random.default_rng(5), "48226", style, hands)

        assert first.dtype == np.uint8 and first.ndim == 2
        assert (first == second).all()
        assert (truth.code, truth.plus4, truth.style, truth.writing) == ("48226", "", style, "handwritten")

    def test_the_paper_may_be_chosen(self, hands):
        made = {
            paper: make_field(np.random.default_rng(5), "48226", "noisy", hands, paper) for paper in (None, "guilloche")
        }

        (usual, its_truth), (patterned, truth) = made[None], made["guilloche"]
        assert truth.conditions[0] == "guilloche" != its_truth.conditions[0]
        assert set(truth.conditions) & set(PAPERS) == {"guilloche"}
        assert usual.shape == patterned.shape and (usual != patterned).any()

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("seed", range(6))
    def test_every_box_holds_its_digit(self, hands, style, seed):
        picture, truth = make_field(np.random.default_rng(seed), "10234-5678", style, hands)

        assert len(truth.boxes) == 9
        assert [box.x for box in truth.boxes] == sorted(box.x for box in truth.boxes)
        for box in truth.boxes:
            assert box.x >= -1 and box.y >= -1
            assert box.right <= picture.shape[1] + 1 and box.bottom <= picture.shape[0] + 1
            inside = picture[max(0, box.y) : box.bottom, max(0, box.x) : box.right]
            assert np.median(picture) - inside.min() > 25

    def test_touching_digits_touch(self, hands):
        runs = []
        for seed in range(10):
            picture, _ = make_field(np.random.default_rng(seed), "88888", "touching", hands)
            _, mask = cv2.threshold(picture, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
            sizes = cv2.connectedComponentsWithStats(mask)[2][1:, cv2.CC_STAT_HEIGHT]
            runs.append((sizes > 0.4 * picture.shape[0]).sum())
        assert np.mean(runs) < 4.5

    def test_printed_fields_come_in_print_sizes(self, prints):
        heights = [make_field(np.random.default_rng(s), "60614", "clean", prints)[1].digit_height for s in range(30)]

        assert min(heights) >= 8 / 72 * 150 * 0.7 - 0.1 and max(heights) <= 14 / 72 * 300 * 0.7 + 0.1

    @pytest.mark.parametrize("code", ["", "12a45", "123-45-6"])
    def test_a_code_that_is_not_digits_is_refused(self, hands, code):
        with pytest.raises(UsageError, match="digits"):
            make_field(np.random.default_rng(0), code, "clean", hands)

    @pytest.mark.parametrize("kind", [kind for kind in NEGATIVES if kind != "word"])
    def test_negatives_need_no_fonts_but_for_words(self, kind):
        picture = make_negative(np.random.default_rng(2), Prints(()), kind)

        assert picture.dtype == np.uint8 and picture.ndim == 2 and min(picture.shape) > 10

    def test_cells_without_a_frame_leave_a_gap(self):
        row = marks.cells(np.random.default_rng(0), [True, False, True], (20, 30), "shared", 1.0)

        middle = row.coverage[10, row.cells[1].x + 3 : row.cells[1].right - 3]
        assert len(row.cells) == 3
        assert middle.max() == 0

    @pytest.mark.parametrize("frame", marks.FRAMES)
    def test_room_before_a_place_leaves_its_boxes_closed(self, frame):
        close, apart = (
            marks.cells(np.random.default_rng(0), [True] * 4, (20, 30), frame, 1.0, part) for part in (None, (2, 12.0))
        )

        moved = [after.x - before.x for before, after in zip(close.cells, apart.cells, strict=True)]
        assert moved == [0, 0, 12, 12]
        upper = apart.coverage[10] > 0.5
        between = upper[apart.cells[1].right + 2 : apart.cells[2].x - 1]
        assert between.size and not between.any()
        ends = [upper[x - 1 : x + 2].any() for x in (apart.cells[1].right, apart.cells[2].x)]
        assert ends == [True, True]
        assert apart.coverage[:, apart.cells[3].right - 2 : apart.cells[3].right + 2].max() > 0.5

    def test_boxes_for_a_code_with_a_hyphen_stand_in_its_groups(self):
        country = next(country for country in COUNTRIES if country.name == "Japan")
        address = Address(("A",), "Kyoto", Place("6048571", "Kyoto", "", country), grouped="###-####")
        steps = set()
        for seed in range(20):
            row = row_of_boxes(np.random.default_rng(seed), address, 30.0, 1.0)
            lefts = np.array([cell.x for cell in row.cells.cells])
            assert len(lefts) == 7
            wide = np.diff(lefts) > np.diff(lefts).min() + 3
            steps.add(tuple(np.flatnonzero(wide)))
        assert steps == {(), (2,)}


class TestHands:
    def test_a_string_is_of_one_writer(self, hands):
        rng = np.random.default_rng(0)
        for _ in range(20):
            chosen = hands.specimens_of_one_hand(rng, "90210")
            owners = [
                {hands.writers[i] for i in np.flatnonzero((hands.specimens == one).all(axis=(1, 2)))} for one in chosen
            ]
            assert set.intersection(*owners)

    def test_a_digit_that_nobody_wrote_is_an_error(self):
        only_ones = Hands(np.stack([specimen("1")]), np.array([1]), np.array([3]))

        with pytest.raises(InputError, match="no writer"):
            only_ones.glyphs(np.random.default_rng(0), "12", Script(30, 3))

    def test_an_archive_with_parts_gives_the_part(self, tmp_path):
        path = tmp_path / "digits.npz"
        x = np.zeros((3, 28, 28), np.uint8)
        np.savez(path, x_train=x, y_train=[1, 2, 3], writer_train=[0, 0, 1], x_test=x[:1], y_test=[4], writer_test=[5])

        assert load_hands(path, "test").labels.tolist() == [4]
        assert load_hands(path, "train").writers.tolist() == [0, 0, 1]

    @pytest.mark.parametrize(
        ("arrays", "message"),
        [
            ({"x": np.zeros((1, 28, 28), np.uint8), "y": [1]}, "writer"),
            ({"x": np.zeros((1, 16, 16), np.uint8), "y": [1], "writer": [1]}, "28"),
        ],
    )
    def test_a_bad_archive_says_what_is_wrong(self, tmp_path, arrays, message):
        path = tmp_path / "digits.npz"
        np.savez(path, **arrays)

        with pytest.raises(InputError, match=message):
            load_hands(path)

    def test_a_missing_or_damaged_archive_is_an_input_error(self, tmp_path):
        with pytest.raises(InputError, match=r"none\.npz"):
            load_hands(tmp_path / "none.npz")
        (tmp_path / "text.npz").write_text("not an archive")
        with pytest.raises(InputError, match=r"text\.npz"):
            load_hands(tmp_path / "text.npz")


class TestWords:
    @pytest.mark.parametrize("writer", ["hands", "prints"])
    def test_letters_stand_beside_the_digits_a_space_away_and_are_not_of_the_truth(self, writer, prints, request):
        source = WithWord(request.getfixturevalue(writer), prints)
        for seed in range(6):
            glyphs = source.glyphs(np.random.default_rng(seed), "62704", Script(40.0, 4.0))
            letters = [glyph.text.isalpha() for glyph in glyphs]
            assert "".join(glyph.text for glyph in glyphs if glyph.text.isdigit()) == "62704"
            assert any(letters) and letters in (sorted(letters), sorted(letters, reverse=True))

    def test_a_field_with_a_word_has_the_boxes_of_its_digits(self, hands, prints):
        picture, truth = make_field(np.random.default_rng(4), "62704", "clean", WithWord(hands, prints))
        assert len(truth.boxes) == 5
        inked = np.flatnonzero((picture < np.median(picture) - 40).any(axis=0))
        beside = max(truth.boxes[0].x - inked[0], inked[-1] - truth.boxes[-1].right)
        assert beside > 0.5 * truth.digit_height


class TestHabits:
    def test_a_hand_keeps_the_size_of_a_digit_within_a_string_and_differs_between_digits(self, hands):
        steady = Script(40.0, 3.0, wobble=0.0)
        spreads = []
        for seed in range(8):
            glyphs = WithHabits(hands).glyphs(np.random.default_rng(seed), "868868", steady)
            tall = {name: [g.coverage.shape[0] for g in glyphs if g.text == name] for name in "86"}
            assert max(np.ptp(heights) for heights in tall.values()) <= 3
            spreads.append(abs(np.mean(tall["8"]) - np.mean(tall["6"])))
        assert max(spreads) > 6
        plain = [g.coverage.shape[0] for g in hands.glyphs(np.random.default_rng(1), "868868", steady)]
        assert np.ptp(plain) <= 4

    def test_marks_stand_around_the_digits_and_leave_them_as_they_are(self, hands):
        source, script = WithHabits(hands, marked=1.0), Script(40.0, 3.0)
        drawn = [source.glyphs(np.random.default_rng(seed), "62704", script) for seed in range(30)]
        texts = {"".join(glyph.text for glyph in glyphs) for glyphs in drawn}
        assert all("".join(filter(str.isdigit, text)) == "62704" for text in texts)
        assert any("62.704" in text for text in texts)
        assert any(text.endswith("-") for text in texts)
        plain = WithHabits(hands).glyphs(np.random.default_rng(0), "62704", script)
        assert "".join(glyph.text for glyph in plain) == "62704"

    def test_zeros_in_one_go_are_drawn_before_the_marks_at_the_end(self, hands):
        source = RunningZeros(WithHabits(hands, marked=1.0))
        for seed in range(10):
            drawn = source.glyphs(np.random.default_rng(seed), "26000", Script(40.0, 3.0))
            digits = [glyph for glyph in drawn if glyph.text.isdigit()]
            assert "".join(glyph.text for glyph in digits) == "26000"
            aspects = [glyph.coverage.shape[1] / glyph.coverage.shape[0] for glyph in digits[-3:]]
            assert min(aspects) > 0.6  # a hand's own zeros are narrower


class TestAddress:
    @pytest.mark.parametrize("writer", ["hands", "prints"])
    def test_only_the_digits_of_a_line_of_an_address_are_of_its_truth(self, writer, prints, request):
        source = InAddress(request.getfixturevalue(writer), prints, "Springfield, IL", "USA")
        picture, truth = make_field(np.random.default_rng(3), "62704", "clean", source)
        inked = np.flatnonzero((picture < np.median(picture) - 40).any(axis=0))
        assert len(truth.boxes) == 5
        assert truth.boxes[0].x - inked[0] > 3 * truth.digit_height
        assert inked[-1] - truth.boxes[-1].right > truth.digit_height

    def test_one_digit_beside_letters_touches_none(self, hands, prints):
        source = InAddress(hands, prints, "Apt", "")
        assert len(make_field(np.random.default_rng(0), "7", "touching", source)[1].boxes) == 1

    def test_lines_hold_towns_houses_and_boxes(self):
        places = (Place("62704", "Springfield", "IL"),)
        lines = [address_line(np.random.default_rng(seed), places, "62704") for seed in range(60)]
        towns = [line for line in lines if line[0].lower().startswith("springfield")]
        assert {line[1] for line in towns} == {"62704"}
        assert any(not before and after for before, _, after in lines)
        assert not any(character.isdigit() for before, _, after in lines for character in before + after)
        assert all(number.isdigit() for _, number, _ in lines)


class TestFonts:
    def test_no_family_trains_and_chooses_or_measures(self):
        training = {family.name for family in (*families.TRAIN_PRINT, *families.MORE_PRINT)}
        training |= {family.name for family in (*families.TRAIN_HAND, *families.TRAIN_SCRIPT)}
        choosing = {family.name for family in (*families.CHOOSING_PRINT, *families.CHOOSING_SCRIPT)}
        measuring = {family.name for family in (*families.HELD_OUT_PRINT, *families.HELD_OUT_HAND)}
        measuring |= {family.name for family in families.HELD_OUT_SCRIPT}

        assert not training & choosing
        assert not (training | choosing) & measuring
        assert len(families.HELD_OUT_PRINT) >= 30

    def test_missing_fonts_are_named_with_their_packages(self, tmp_path):
        with pytest.raises(DependencyError, match=r"Lato.*apt-get install fonts-lato"):
            fonts.find_fonts([family for family in families.TRAIN_PRINT if family.name == "Lato"], tmp_path)

    def test_missing_fonts_of_npm_are_named_with_its_packages(self, tmp_path):
        wanted = [family for family in families.TRAIN_SCRIPT if family.name == "Rock Salt"]

        with pytest.raises(DependencyError, match=r"Rock Salt.*npm install @fontsource/rock-salt,") as caught:
            fonts.find_fonts(wanted, tmp_path)
        assert "apt-get" not in str(caught.value)

    def test_a_file_that_is_no_font_is_named(self, tmp_path):
        (tmp_path / "broken.ttf").write_bytes(b"nothing")

        with pytest.raises(DependencyError, match=r"broken\.ttf"):
            fonts.find_fonts(families.TRAIN_HAND, tmp_path)

    def test_a_style_whose_name_holds_a_line_feed_is_one_font(self, tmp_path, monkeypatch):
        face = r"Lato\tBold\nItalic\t/fonts/Lato.ttf\t65537"
        fake = tmp_path / "fc-list"
        fake.write_text(f"#!/bin/sh\nprintf '{face}%s' \"${{2##*\\}}}}\"\n")
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

        found = fonts.find_fonts([family for family in families.TRAIN_PRINT if family.name == "Lato"])

        assert [(font.style, str(font.path), font.index) for font in found] == [("Bold\nItalic", "/fonts/Lato.ttf", 1)]

    def test_a_font_sets_digits_at_the_height_asked_for(self, prints):
        glyphs = prints.glyphs(np.random.default_rng(0), "8 8", Script(40, 1))

        assert len(glyphs) == 2
        assert all(abs(glyph.coverage.shape[0] - 40) <= 3 for glyph in glyphs)
        assert set_as_font(glyphs).boxes[1].x > 40


class TestTypeset:
    def test_a_line_begins_where_it_is_told_and_the_next_below_it(self, prints):
        sheet = Sheet(np.full((120, 200, 3), 255.0, np.float32), 100.0, prints, prints.fonts[0], np.zeros(3), 1.8)

        below = sheet.set("188", (20, 10), 30.0)

        rows, columns = np.nonzero(sheet.picture[:, :, 0] < 128)
        assert below == 10 + 1.8 * 30
        assert rows.min() >= 10 and rows.max() <= below and abs(np.ptp(rows) - 30) <= 3
        assert columns.min() >= 20 and columns.max() <= 20 + sheet.width("188", 30.0)
        assert sheet.set("", (20, below), 30.0) == below and (sheet.picture[round(below) :] == 255).all()


class TestMarks:
    def test_an_edging_stays_at_the_edges(self):
        drawn = [marks.edging(np.random.default_rng(seed), (200, 300)) for seed in range(40)]
        assert not any(ornament[16:-16, 16:-16].any() for ornament in drawn)
        assert all(0.005 < ornament.mean() < 0.25 for ornament in drawn)


class TestMail:
    def test_a_code_that_was_to_stand_alone_and_was_forgotten_leaves_no_line(self, prints):
        place = Place("62704", "Springfield", "IL")
        address = Address(("Ann Lee", "3 Elm St", "Springfield, IL"), "", place, coded=False)
        hand = Hand(prints, prints.fonts[0], Script(30, 2), None, False, 0.0)

        block = write_address(np.random.default_rng(0), address, hand)

        assert block.code is None
        written = block.coverage.max(axis=1) > 0.5
        assert np.count_nonzero(np.diff(written.astype(int)) == 1) + written[0] == 3

    def test_pieces_are_made_in_the_resolution_asked_for(self, prints):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, None)
        widths = [
            make_mail(np.random.default_rng(3), "printed", supplies, capture=photo.scan, resolutions=(dpi,))[0].shape[1]
            for dpi in (60.0, 120.0)
        ]
        assert widths[1] == pytest.approx(2 * widths[0], rel=0.05)

    def test_a_note_ends_in_a_number_and_in_no_code(self):
        notes = [note_lines(np.random.default_rng(seed)) for seed in range(300)]
        ends = [lines[-1].split()[-1] for lines in notes]
        assert sum(end[-1].isdigit() for end in ends) > 250
        bare = [end for lines, end in zip(notes, ends, strict=True) if end == lines[-1]]
        assert bare and not any(re.fullmatch(r"\d{5}", end) for end in bare)
        five = [end for end in ends if re.fullmatch(r"\$?\d+[.,]\d+", end) and sum(map(str.isdigit, end)) == 5]
        assert len(five) > 60

    @pytest.mark.parametrize("writing", ["printed", "handwritten"])
    def test_notes_are_made_again_from_their_seed(self, prints, hands, writing):
        supplies = Supplies((), prints, prints, hands)
        one, again = (make_note(np.random.default_rng(4), writing, supplies) for _ in range(2))
        assert one.dtype == np.uint8 and one.shape[2] == 3 and np.array_equal(one, again)
        assert np.count_nonzero(one < 0.5 * np.median(one)) > 200  # ink

    def test_a_receipt_is_made_again_from_its_seed_and_has_numbers_of_a_till(self, prints):
        one, again = (make_receipt(np.random.default_rng(4), prints) for _ in range(2))
        assert one.dtype == np.uint8 and one.shape[2] == 3 and np.array_equal(one, again)
        assert one.shape[0] > 1.2 * one.shape[1]
        assert np.count_nonzero(one < 0.6 * np.median(one)) > 500  # ink
        told = [" ".join(receipts._of_the_sale(np.random.default_rng(seed))) for seed in range(100)]
        assert sum(re.search(r"[A-Z] \d{5}( |$)", line) is not None for line in told) > 30

    def test_the_sender_of_a_letter_may_be_a_person_whose_address_stands_as_the_recipients(self, prints, monkeypatch):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, None)
        monkeypatch.setattr(letters, "PRIVATE", 1.0)
        monkeypatch.setattr(letters, "_put_head", lambda *_: pytest.fail("this is how a company's name is printed"))
        flat = partial(photo.scan, skew=0.0)
        picture, truth = make_letter(np.random.default_rng(1), supplies, capture=flat, resolutions=(100.0,))
        assert truth.code == "62704"
        above = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[10 : truth.box.y - 5 * truth.box.height]
        assert np.count_nonzero((above < 0.7 * np.median(above)).any(axis=1)) > 20

    @pytest.mark.parametrize(("kind", "make"), [("letter", make_letter), ("parcel", make_parcel)])
    def test_the_code_of_other_mail_stands_where_its_truth_says(self, prints, kind, make):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, None)
        for seed in range(4):
            flat = partial(photo.scan, skew=0.0)
            picture, truth = make(np.random.default_rng(seed), supplies, capture=flat, resolutions=(200.0,))
            again, _ = make(np.random.default_rng(seed), supplies, capture=flat, resolutions=(200.0,))
            assert np.array_equal(picture, again)
            assert (truth.code, truth.kind, truth.writing) == ("62704", kind, "printed")
            gray, box = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), truth.box
            inked = (gray[box.y : box.bottom, box.x : box.right] < 0.7 * np.median(gray)).any(axis=0)
            assert inked[:6].any() and inked[-6:].any() and inked.mean() > 0.7
            assert box.width / box.height == pytest.approx(8 if truth.plus4 else 4, abs=1)
            above, below = gray[: box.y], gray[box.bottom :]
            assert min((part < 0.7 * np.median(gray)).sum() for part in (above, below)) > 100

    def test_the_last_line_of_a_parcel_may_be_larger_and_still_holds_the_code(self, prints, monkeypatch):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, None)
        heights = []
        for share in (0.0, 1.0):
            monkeypatch.setattr(parcels, "LAST_LARGER", share)
            made = [
                make_parcel(
                    np.random.default_rng(seed), supplies, capture=partial(photo.scan, skew=0.0), resolutions=(200.0,)
                )
                for seed in range(8)
            ]
            for picture, truth in made:
                gray, box = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), truth.box
                inked = (gray[box.y : box.bottom, box.x : box.right] < 0.7 * np.median(gray)).any(axis=0)
                assert inked[:6].any() and inked[-6:].any() and inked.mean() > 0.7
            heights.append(np.mean([truth.box.height for _, truth in made]))
        assert heights[1] > 1.05 * heights[0]

    @pytest.mark.parametrize("make", OTHER_MAIL.values())
    def test_other_mail_may_have_no_code_at_all(self, prints, make):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, None)
        _, truth = make(np.random.default_rng(1), supplies, uncoded=1.0, resolutions=(100.0,))
        assert (truth.code, truth.plus4, truth.box, truth.corners) == ("", "", None, ())

    @pytest.mark.parametrize(("kind", "make"), [("reply", make_reply), ("postcard", make_postcard)])
    def test_a_card_is_written_on_where_its_truth_says(self, prints, hands, kind, make):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, hands)
        flat = partial(photo.scan, skew=0.0)
        kinds = set()
        for seed in range(16):
            picture, truth = make(np.random.default_rng(seed), supplies, capture=flat, resolutions=(100.0,))
            assert (truth.code, truth.kind) == ("62704", kind)
            kinds.add(truth.writing)
            gray, box = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), truth.box
            inked = (gray[box.y : box.bottom, box.x : box.right] < 0.8 * np.median(gray)).any(axis=0)
            assert inked[:6].any() and inked[-6:].any() and inked.mean() > 0.5
            assert 2 < box.width / box.height < 14
        assert kinds == {"handwritten", "printed"}

    def test_an_address_is_on_the_right_half_of_a_postcard_and_most_have_a_message_on_the_left(self, prints, hands):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, hands)
        flat = partial(photo.scan, skew=0.0)
        written = 0
        for seed in range(12):
            picture, truth = make_postcard(np.random.default_rng(seed), supplies, capture=flat, resolutions=(100.0,))
            gray = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
            assert truth.box.x > 0.4 * gray.shape[1]
            left = gray[10:-10, 10 : round(0.4 * gray.shape[1])]
            written += np.count_nonzero(left < 0.7 * np.median(gray)) > 150
        assert written >= 8

    def test_a_postcard_whose_code_was_forgotten_has_none_whatever_its_form(self, prints, hands):
        places = tuple(
            replace(place, city="Tver") for place in places_abroad(1, 20, [c for c in COUNTRIES if c.name == "Russia"])
        )
        supplies, forms = Supplies(places, prints, prints, hands), set()
        for seed in range(20):
            _, truth = make_postcard(np.random.default_rng(seed), supplies, 1.0, None, (100.0,))
            assert (truth.code, truth.corners) == ("", ())
            forms.add(truth.writing)
        assert forms == {"handwritten", "printed"}

    def test_a_code_in_boxes_stands_in_the_corner_of_its_envelope_that_has_them(self, prints, hands):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, hands)
        flat, corners = partial(photo.scan, skew=0.0), set()
        for seed in range(24):
            picture, truth = make_boxed(np.random.default_rng(seed), supplies, capture=flat, resolutions=(100.0,))
            [corner] = [word.removeprefix("boxes ") for word in truth.conditions if word.startswith("boxes ")]
            corners.add(corner)
            gray, box = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), truth.box
            x, y = (box.x + box.right) / 2 / gray.shape[1], (box.y + box.bottom) / 2 / gray.shape[0]
            assert ("lower" in corner) <= (y > 0.6) and ("upper" in corner) <= (y < 0.4)
            assert ("right" in corner) <= (x > 0.5) and ("left" in corner) <= (x < 0.5)
            inked = (gray[box.y : box.bottom, box.x : box.right] < 0.85 * np.median(gray)).any(axis=0)
            assert inked[:6].any() and inked[-6:].any()
            around = gray[max(0, box.y - box.height) : box.bottom + box.height, box.x : box.right]
            edges = np.abs(np.diff(around.astype(int), axis=0)) > 12
            assert edges.mean(axis=1).max() > 0.3  # a printed line runs above or below
        assert len(corners) >= 3

    def test_a_block_that_is_scaled_keeps_its_code_under_its_box(self, prints):
        font = prints.fonts[0]
        hand = Hand(prints, font, Script(height=30.0, stroke=3.0), None, capitals=False, looseness=0.0)
        address = Address(("A", "B"), "C", Place("62704", "Springfield", "IL"))
        block = write_address(np.random.default_rng(1), address, hand)
        half = block.scaled(0.5)
        assert half.baseline == block.baseline / 2
        assert half.coverage.shape == tuple(round(side / 2) for side in block.coverage.shape)
        code = half.code
        inside = half.coverage[code.y : code.bottom, code.x : code.right]
        assert inside.shape[1] == pytest.approx(block.code.width / 2, abs=1)
        assert (inside > 0.5).any(axis=0).mean() > 0.6
        assert half.coverage[:, code.right + 1 :].max(initial=0.0) < 0.1
        assert block.scaled(1.0) is block

    def test_codes_and_cities_agree(self):
        places = {place.code: place for place in load_places()}

        assert places["02139"].city == "Cambridge" and places["02139"].state == "MA"
        assert "99999" not in places

    def test_some_places_have_their_state_written_out(self):
        places = load_places()
        assert {place.state for place in places} - set(STATES) <= {"DC", "GU", "PR", "VI"}
        written = as_people_write(places, 1)
        assert [(place.code, place.city) for place in written] == [(place.code, place.city) for place in places]
        of_michigan = [b.state for a, b in zip(places, written, strict=True) if a.state == "MI"]
        assert {name: of_michigan.count(name) / len(of_michigan) for name in set(of_michigan)} == pytest.approx(
            {"MI": 0.75, "Michigan": 0.2, "M.I.": 0.05}, abs=0.04
        )

    def test_an_address_ends_with_its_code(self):
        place = Place("02139", "Cambridge", "MA")
        addresses = [make_address(np.random.default_rng(seed), place, business=False) for seed in range(40)]

        assert all(address.code.startswith("02139") for address in addresses)
        assert any(address.plus4 for address in addresses)
        assert any(not address.city for address in addresses)
        assert all("Cambridge" in " ".join([*address.lines, address.city]) for address in addresses)

    def test_addresses_abroad_have_their_codes_where_the_country_has_them(self):
        for place in places_abroad(1, 60):
            address = make_address(np.random.default_rng(7), place, business=False)
            country = place.country
            assert address.form in country.last_lines and address.grouped in country.written
            assert "".join(filter(str.isdigit, address.code)) == place.code and address.plus4 == ""
            assert len(place.code) == country.digits and address.code in address.last_words
            number = address.lines[1].split()[0 if country.number_first else -1]
            assert number.isdigit()
        assert {place.country.code_first for place in places_abroad(1, 60)} == {True, False}

    def test_a_code_may_be_grouped_and_stand_behind_a_prefix(self):
        place = Place("12345", "Umea", "", next(c for c in COUNTRIES if c.name == "Sweden"))
        address = Address(("A",), "Umea", place, form="SE- CODE CITY", grouped="### ##")
        assert address.last_words == ("SE-", "123 45", "Umea")
        assert address.last_line == "SE- 123 45 Umea"
        assert replace(address, coded=False).last_words == ("Umea",)
        assert replace(address, grouped="##-###").code == "12-345"
        assert replace(address, city="", form="CODE").last_words == ("123 45",)

    def test_a_city_left_out_of_the_last_line_stands_above_it(self):
        place = Place("560001", "Mysore", "", next(c for c in COUNTRIES if c.name == "India"))
        made = [make_address(np.random.default_rng(seed), place, business=False) for seed in range(60)]
        alone = [address for address in made if "CITY" not in address.form]
        assert 0 < len(alone) < len(made)
        assert all(address.lines[-1] == "Mysore" and "Mysore" not in address.last_words for address in alone)
        assert all("Mysore" in " ".join(address.last_words) for address in made if address not in alone)

    def test_groups_of_a_code_stand_apart_by_hand_too(self, prints):
        digits = np.zeros((10, 28, 28), np.uint8)
        digits[:, 4:24, 10:18] = 255
        by_hand = Hands(digits, np.arange(10), np.zeros(10, np.int64))
        hand = Hand(prints, prints.fonts[0], Script(height=30.0, stroke=3.0), by_hand, capitals=False, looseness=0.0)
        place = Place("12345", "Umea", "", next(c for c in COUNTRIES if c.name == "Sweden"))
        block = write_address(np.random.default_rng(1), Address(("A",), "", place, form="CODE", grouped="### ##"), hand)
        code = block.coverage[block.code.y : block.code.bottom, block.code.x : block.code.right].max(axis=0) > 0.3
        starts, stops = (np.flatnonzero(np.diff(code.astype(int), prepend=0, append=0) == edge) for edge in (1, -1))
        gaps = starts[1:] - stops[:-1]
        assert len(gaps) == 4
        assert gaps.argmax() == 2 and gaps[2] > 1.5 * np.delete(gaps, 2).max()

    def test_a_code_is_boxed_on_whichever_side_of_its_city_it_stands(self, prints):
        hand = Hand(prints, prints.fonts[0], Script(height=30.0, stroke=3.0), None, capitals=False, looseness=0.0)
        boxes = []
        for country in (next(c for c in COUNTRIES if c.code_first is first) for first in (True, False)):
            address = Address(("A", "B"), "Bern", Place("3011", "Bern", "", country), form=country.last_lines[0])
            block = write_address(np.random.default_rng(1), address, hand)
            line = block.coverage[block.code.y : block.code.bottom] > 0.5
            assert (line[:, block.code.x : block.code.right]).any(axis=0).mean() > 0.6
            beside = line[:, block.code.right + 5 :] if country.code_first else line[:, : block.code.x - 5]
            assert beside.any()
            boxes.append(block.code)
        assert boxes[0].right < boxes[1].x

    def test_mail_abroad_is_mail_with_another_code(self, prints):
        countries = [country for country in COUNTRIES if country.digits == 6]
        supplies = Supplies(places_abroad(2, 5, countries), prints, prints, None)
        flat = partial(photo.scan, skew=0.0)
        for make in (partial(make_mail, writing="printed"), *OTHER_MAIL.values()):
            for seed in range(4):
                rng = np.random.default_rng(seed)
                picture, truth = make(rng, supplies=supplies, capture=flat, resolutions=(100.0,))
                assert len(truth.code) == 6
                box = truth.box
                code = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)[box.y : box.bottom, box.x : box.right]
                assert code.min() < np.median(picture) - 60

    def test_a_deck_is_written_with_its_truth(self, tmp_path):
        try:
            supplies = load_supplies("measure")
        except DependencyError as error:
            pytest.skip(str(error))
        deck = make_deck(3, 2, ("handwritten", "printed"), supplies)

        paths = list(write_deck(tmp_path / "deck", deck))

        with (tmp_path / "deck" / "truth.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == COLUMNS
        assert [row["path"] for row in rows] == [path.name for path in paths]
        assert [row["writing"] for row in rows] == ["handwritten", "printed"]
        for row, path in zip(rows, paths, strict=True):
            height, width = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).shape
            assert int(row["x"]) >= 0 and int(row["x"]) + int(row["width"]) <= width
            assert int(row["y"]) >= 0 and int(row["y"]) + int(row["height"]) <= height
        with pytest.raises(UsageError, match=r"truth\.csv exists"):
            next(write_deck(tmp_path / "deck", deck))

    @pytest.mark.parametrize(("digits", "kind"), [(4, "mail"), (6, "parcel"), (8, "boxed")])
    def test_a_deck_may_go_abroad(self, prints, tmp_path, monkeypatch, digits, kind):
        monkeypatch.setattr("zipread.lab.synth.deck.load_supplies", lambda *_: Supplies((), prints, prints, None))
        arguments = ["lab", "synth", str(tmp_path / "deck"), "--n", "2", "--kind", kind, "--abroad", str(digits)]

        result = CliRunner().invoke(app, arguments)

        assert result.exit_code == 0, result.output
        with (tmp_path / "deck" / "truth.csv").open(newline="", encoding="utf-8") as file:
            assert [len(row["code"]) for row in csv.DictReader(file)] == [digits, digits]

    @pytest.mark.parametrize("kind", OTHER_MAIL)
    def test_a_deck_of_other_mail_is_the_same_however_long_it_is(self, prints, hands, kind):
        supplies = Supplies((Place("62704", "Springfield", "IL"),), prints, prints, hands)

        [(picture, truth), _] = make_others(5, 2, kind, supplies)
        [(again, same)] = make_others(5, 1, kind, supplies)

        assert truth.kind == kind and truth == same and np.array_equal(picture, again)


class TestSamples:
    def test_truth_and_files_agree(self):
        with (SAMPLES / "truth.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        named = {row["path"] for row in rows}
        there = {str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*")}

        assert named == there
        assert len(there) >= 24
        assert sum(path.stat().st_size for path in SAMPLES.glob("*/*")) < 3_000_000

    def test_all_ten_digits_have_strokes(self):
        assert sorted(STROKES) == list("0123456789")
