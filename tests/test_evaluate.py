"""Evaluate: the truth, verdicts, figures with known values, the report; the command on pictures."""

import base64
import json
import math
import os
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import encoded, field_picture
from typer.testing import CliRunner

from zipread.cli.app import app
from zipread.errors import UsageError
from zipread.evaluate import examine, metrics
from zipread.evaluate.bounds import at_most, beta_cdf, interval, upper_bound
from zipread.evaluate.examine import ExamTask, Labelled
from zipread.evaluate.outcomes import Evidence, Outcome, pair
from zipread.evaluate.page import html_page
from zipread.evaluate.summary import as_json, evaluation
from zipread.evaluate.truth import Label, notes, read_truth
from zipread.records import Digit, Reading
from zipread.settings import Settings


def outcome(truth, code, confidence=0.9, status="accepted", message="", groups=(), plus4=("", "")):
    label = Label("a.png", "a.png", code=truth, groups=groups, plus4=plus4[0])
    reading = Reading(code=code, confidence=confidence, status=status, message=message, plus4=plus4[1])
    return Outcome(label, reading)


class TestBounds:
    """Against closed forms, sums of terms, and values of scipy.stats (beta.cdf, beta.ppf, binom.cdf)."""

    def test_incomplete_beta(self):
        assert beta_cdf(0.5, 2, 3) == pytest.approx(0.6875, abs=1e-14)
        assert beta_cdf(0.1, 0.5, 0.5) == pytest.approx(0.204832764699133, abs=1e-14)
        assert beta_cdf(0.9, 20, 3) == pytest.approx(0.620040, abs=1e-6)
        assert (beta_cdf(0.0, 2, 3), beta_cdf(1.0, 2, 3)) == (0.0, 1.0)

    def test_binomial_tail_is_the_sum_of_its_terms(self):
        for k, n, p in [(0, 5, 0.3), (3, 20, 0.1), (17, 40, 0.5), (2, 300, 0.004)]:
            terms = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))
            assert at_most(k, n, p) == pytest.approx(terms, rel=1e-12)
        assert at_most(5, 5, 0.3) == 1.0

    def test_large_samples(self):
        assert at_most(50_000, 100_000, 0.5) == pytest.approx(0.501261563, abs=1e-8)

    def test_interval(self):
        assert interval(0, 10) == pytest.approx((0.0, 0.3084971078), abs=1e-9)
        assert interval(5, 10) == pytest.approx((0.1870860284, 0.8129139716), abs=1e-9)
        assert interval(10, 100) == pytest.approx((0.0490046892, 0.1762225977), abs=1e-9)
        assert interval(10, 10) == pytest.approx((0.6915028922, 1.0), abs=1e-9)
        assert interval(0, 0) == (0.0, 1.0)

    def test_upper_bound(self):
        assert upper_bound(0, 59) == pytest.approx(1 - 0.05 ** (1 / 59), abs=1e-12)
        assert upper_bound(3, 1000) == pytest.approx(0.0077352447, abs=1e-9)
        assert upper_bound(4, 4) == 1.0


@pytest.fixture
def mail(tmp_path, monkeypatch):
    """A folder with pictures a.png and sub/b.png, and the working directory above it."""
    for name in ("a.png", "sub/b.png"):
        path = tmp_path / "mail" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)

    def write(text, name="mail/truth.csv"):
        Path(name).write_text(text, encoding="utf-8")
        return Path(name)

    return write


class TestTruth:
    def test_paths_count_from_the_folder_or_from_the_truth(self, mail):
        for source in (mail("path,code\na.png,02139\nsub/b.png,\n"), mail("path,code\nmail/a.png,02139\n", "t.csv")):
            label = read_truth(source, Path("mail")).labels[0]
            assert Path(label.path).resolve() == Path("mail/a.png").resolve()
            assert (label.code, label.page, label.field, label.line) == ("02139", 1, "", 2)

    def test_every_column(self, mail):
        source = mail("﻿code,path,page,field,plus4,kind,writing,x\n02139,a.png,3,zip,4307,window,pen,9\n")
        (label,) = read_truth(source, Path("mail")).labels
        assert (label.code, label.page, label.field, label.plus4) == ("02139", 3, "zip", "4307")
        assert label.groups == (("kind", "window"), ("writing", "pen"))

    def test_columns_may_be_parted_by_semicolons(self, mail):
        (label,) = read_truth(mail('\ufeffpath;code;kind\n"a.png";02139;a,b\n'), Path("mail")).labels
        assert (label.code, label.groups, label.line) == ("02139", (("kind", "a,b"),), 2)

    def test_a_plus4_may_stand_behind_its_code(self, mail):
        labels = read_truth(mail("path,code\na.png,02139-4307\nsub/b.png,021394307\n"), Path("mail")).labels
        assert [(label.code, label.plus4) for label in labels] == [("02139", "4307")] * 2

    def test_what_is_not_judged_is_told_in_one_line_each(self, mail):
        Path("other.png").touch()
        Path("mail/new.png").touch()
        source = mail(f"path,code\na.png,2139\nnone.png,12345\n{Path('other.png').resolve()},12345\nsub/b.png,\n")
        truth = read_truth(source, Path("mail"))
        assert [label.name for label in truth.labels] == ["sub/b.png"]
        assert notes(truth, source, Path("mail"), 5) == [
            "mail/truth.csv: 1 of its lines name pictures that are not there (the first: none.png, line 3); "
            "they are not counted",
            "mail/truth.csv: 1 of its codes have not 5 digits (the first: 2139, line 2; were leading zeros lost?); "
            "they are not counted",
            "mail/truth.csv: 1 of its lines name pictures outside mail; they are not counted",
            "mail: 1 of its pictures are not in mail/truth.csv (the first: mail/new.png); they are not read",
        ]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("name,code\na.png,1\n", "has no column path; it has name, code"),
            ("", "has no column path; it has none"),
            ("path,code\na.png,O2139\n", "line 2: code 'O2139' is not digits"),
            ("path,code,page\na.png,02139,0\n", "line 2: page '0' is no number from 1"),
            ("path,code\n,02139\n", "line 2: names no picture"),
            ("path,code\na.png,02139\nsub/b.png,\na.png,02139\n", "line 4: a.png has its label in line 2 already"),
        ],
    )
    def test_a_truth_that_cannot_be_meant(self, mail, text, told):
        with pytest.raises(UsageError, match=re.escape(told)):
            read_truth(mail(text), Path("mail"))

    def test_no_truth_and_no_folder(self, mail):
        with pytest.raises(UsageError, match=r"none\.csv: the truth cannot be read"):
            read_truth(Path("none.csv"), Path("mail"))
        with pytest.raises(UsageError, match="nowhere: is no folder"):
            read_truth(mail("path,code\n"), Path("nowhere"))


class TestPairing:
    READINGS = (
        Reading(1, "left", "11111", confidence=0.4),
        Reading(1, "right", "22222", confidence=0.8),
        Reading(2, status="error", message="torn"),
    )

    def code(self, **label):
        (found,) = pair([Label("a", "a", code="11111", **label)], self.READINGS)
        return found.reading.code, found.verdict

    def test_by_field_or_the_surest(self):
        assert self.code(field="left") == ("11111", "right")
        assert self.code(field="right") == ("22222", "wrong")
        assert self.code() == ("22222", "wrong")

    def test_what_was_not_read_is_nothing(self):
        assert self.code(field="middle") == ("", "nothing")
        assert self.code(page=3) == ("", "nothing")

    def test_what_failed_is_failed(self):
        assert self.code(page=2, field="left") == ("", "failed")
        lost = pair([Label("a", "a", page=7)], [Reading(field="", status="error", message="gone")])
        assert lost[0].verdict == "failed"

    def test_no_code_is_right_only_where_there_is_none(self):
        assert outcome("", "", status="blank").verdict == "right"
        assert outcome("", "12345").verdict == "wrong"

    def test_a_reading_held_back_for_a_reason_is_never_acceptable(self):
        assert outcome("1", "1", status="review").acceptable
        assert not outcome("1", "1", status="review", message="another place on the page reads 2").acceptable
        assert outcome("1", "1", message="the +4 is doubtful").acceptable
        assert not outcome("1", "", status="blank").acceptable


SAMPLE = [
    outcome("12345", "12345", 0.99),
    outcome("12345", "12845", 0.98),
    outcome("00000", "00000", 0.97),
    outcome("00000", "00000", 0.97),
    outcome("11111", "", 0.0, "blank"),
    outcome("11111", "", 0.0, "error"),
    outcome("", "99999", 0.30, "review"),
    outcome("22222", "22222", 0.96, "review", "another place"),
]


class TestMetrics:
    def test_counts(self):
        found = metrics.count(SAMPLE)
        assert (found.n, found.right, found.wrong, found.nothing, found.failed) == (8, 4, 2, 1, 1)
        assert (found.accepted, found.accepted_wrong) == (4, 1)
        assert found.exact.value == 0.5
        assert math.isnan(metrics.count([]).exact.value)

    def test_confusion_counts_truth_against_read(self):
        table = metrics.confusion(SAMPLE)
        assert table.sum() == 25
        assert table[3, 8] == 1
        assert table.trace() == 24
        assert table[0, 0] == 10

    def test_groups(self):
        groups = metrics.by_group(
            [outcome("1", "1", groups=(("kind", "a"),)), outcome("1", "2", groups=(("kind", "b"), ("writing", "pen")))]
        )
        assert {column: {value: c.right for value, c in values.items()} for column, values in groups.items()} == {
            "kind": {"a": 1, "b": 0},
            "writing": {"pen": 0},
        }

    def test_plus4_is_judged_where_it_was_given_beside_a_right_code(self):
        found = metrics.plus4(
            [
                outcome("12345", "12345", plus4=("6789", "6789")),
                outcome("12345", "12345", plus4=("6789", "6780")),
                outcome("12345", "12345", plus4=("6789", "")),
                outcome("12345", "12346", plus4=("6789", "6789")),
            ]
        )
        assert (found.hits, found.n) == (1, 2)

    def test_calibration_error(self):
        bins = metrics.reliability([outcome("1", "1", 0.9), outcome("1", "2", 0.9), outcome("1", "1", 0.1)], bins=10)
        assert [(b.low, b.right.hits, b.right.n) for b in bins] == [(0.1, 1, 1), (0.9, 1, 2)]
        assert metrics.calibration_error(bins) == pytest.approx((0.9 + 2 * 0.4) / 3)
        assert math.isnan(metrics.calibration_error([]))

    def test_full_confidence_has_a_bin(self):
        (only,) = metrics.reliability([outcome("1", "1", 1.0)])
        assert only.high == 1.0

    def test_operating_points(self):
        points = metrics.operating_points(SAMPLE)
        assert [(p.accept, p.accepted, p.wrong) for p in points] == [
            (0.99, 1, 0), (0.98, 2, 1), (0.97, 4, 1), (0.30, 5, 2),
        ]  # fmt: skip
        assert points[2].read_rate == 0.5

    def test_reject_table_takes_the_most_that_keeps_the_error(self):
        table = dict(metrics.reject_table(metrics.operating_points(SAMPLE), (0.0, 0.25, 0.3)))
        assert [table[error].accept for error in (0.0, 0.25, 0.3)] == [0.99, 0.97, 0.97]
        assert dict(metrics.reject_table(metrics.operating_points(SAMPLE[1:2]), (0.1,))) == {0.1: None}


class TestReport:
    def test_json_has_every_figure_and_every_label(self):
        record = json.loads(json.dumps(as_json(evaluation(SAMPLE, "mail", 0.95), {"accept": 0.95})))
        assert record["coded"]["exact"] == {
            "right": 4, "n": 7, "rate": 4 / 7, "interval": pytest.approx([0.18405, 0.90101], abs=1e-5),
        }  # fmt: skip
        assert record["uncoded"]["wrong"] == 1
        assert record["accepted"]["n"] == 4
        assert [label["verdict"] for label in record["labels"]].count("right") == 4
        assert record["reject"][0] == {
            "max_error": 0.001,
            "accept": 0.99,
            "accepted": 1,
            "wrong": 0,
            "read_rate": 0.125,
        }

    def test_nothing_read_is_a_report_too(self):
        nothing = [outcome("12345", "", 0.0, "blank")]
        shown = evaluation(nothing, "mail", 0.95)
        assert json.loads(json.dumps(as_json(shown, {}), allow_nan=False))["expected_calibration_error"] is None
        assert "<svg" not in html_page(shown)

    def test_the_page_stands_alone_and_names_are_only_text(self):
        wrong = replace(SAMPLE[1], label=replace(SAMPLE[1].label, name="<script>.png"))
        wrong = replace(wrong, evidence=Evidence(b"field", ((b"digit", "8 0.51, 3 0.49"),)))
        page = html_page(evaluation([*SAMPLE, wrong], "a & b", 0.95, ["one <note>"]))
        assert "<script" not in page
        assert "&lt;script&gt;.png" in page
        assert "one &lt;note&gt;" in page
        assert page.count("<svg") == 2
        assert base64.b64encode(b"digit").decode() in page
        assert not re.search(r'(src|href)="(?!data:)', page)


class CodedReader:
    """Reads what `coded_picture` wrote into the pixels."""

    def __init__(self, settings):
        self.settings = settings

    def read_page(self, page):
        row = page.gray[0]
        confidence = float(row[5]) / 255
        if row[0] == 99:
            raise ValueError("a mistake in zipread")
        if row[0] > 9:
            return [Reading(page.number)]
        digits = tuple(
            Digit(((1, 1), (3, 1), (3, 3), (1, 3)), np.full((28, 28), 7, np.uint8), np.eye(11, dtype=np.float32)[d])
            for d in row[:5]
        )
        code, status = "".join(map(str, row[:5])), "accepted" if confidence >= self.settings.accept else "review"
        outline = ((2.0, 2.0), (8.0, 2.0), (8.0, 6.0), (2.0, 6.0))
        return [Reading(page.number, code=code, confidence=confidence, status=status, digits=digits, outline=outline)]


class Silent:
    """A worker's line to a parent that does not listen."""

    def alive(self):
        pass


def coded_picture(code, confidence=255):
    """A picture that CodedReader reads as `code`; an empty code is blank."""
    pixels = np.full((10, 12), 200, np.uint8)
    pixels[0, : len(code)] = [int(digit) for digit in code]
    pixels[0, 5] = confidence
    return pixels


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call the command line in this process, with a reader that needs no model."""
    monkeypatch.setattr(examine, "Reader", CodedReader)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(app, list(map(os.fspath, arguments)), prog_name="zipread")

    return call


def write_deck(folder, pieces):
    """Write pictures and truth.csv; pieces: (truth, code read, confidence of 255)."""
    Path(folder).mkdir()
    lines = ["path,code,kind"]
    for number, (truth, code, confidence) in enumerate(pieces):
        (Path(folder) / f"{number:04}.png").write_bytes(encoded(coded_picture(code, confidence)))
        lines.append(f"{number:04}.png,{truth},{'odd' if number % 2 else 'even'}")
    (Path(folder) / "truth.csv").write_text("\n".join(lines) + "\n")


class TestCommand:
    def test_tables_json_and_page(self, run):
        write_deck("mail", [("12345", "12345", 250), ("12345", "12845", 240), ("", "", 0), ("02139", "", 0)])
        result = run("evaluate", "mail", "-o", "out", "--accept", "0.9")
        assert result.exit_code == 0, result.output
        assert re.search(r"all codes +3 +1 +33\.33% +0\.84–90\.57% +1 +1 +0 +2 +1 *\n", result.stdout)
        assert re.search(r"kind: even +1 +1 +100\.00%", result.stdout)
        assert re.search(r"nothing to read +1 +1", result.stdout)
        assert re.search(r"0\.1% +25\.0% +1 +0 +0\.9804", result.stdout)
        assert "digits right, of codes given: 90.00%" in result.stdout
        record = json.loads(Path("out/report.json").read_text())
        assert record["settings"]["accept"] == 0.9
        assert record["confusion"][3][8] == 1
        page = Path("out/report.html").read_text()
        tile = re.search(r'<div class="digits"><figure><img alt="" src="data:image/png;base64,([^"]+)', page)
        digit = cv2.imdecode(np.frombuffer(base64.b64decode(tile[1]), np.uint8), cv2.IMREAD_UNCHANGED)
        assert digit.shape == (28, 28)
        assert (digit == 7).all()

    def test_nothing_is_overwritten_unasked(self, run):
        write_deck("mail", [("12345", "12345", 250)])
        assert run("evaluate", "mail", "-o", "out").exit_code == 0
        again = run("evaluate", "mail", "-o", "out")
        assert (again.exit_code, again.stderr) == (
            2, "zipread: out/report.json: exists already; --force overwrites it\n",
        )  # fmt: skip
        assert run("evaluate", "mail", "-o", "out", "--force").exit_code == 0

    def test_missing_and_damaged_pictures_are_4_and_named(self, run):
        write_deck("mail", [("12345", "12345", 250)])
        Path("mail/bad.png").write_bytes(b"no picture")
        Path("mail/crash.png").write_bytes(encoded(np.full((10, 12), 99, np.uint8)))
        with Path("mail/truth.csv").open("a") as truth:
            truth.write("bad.png,12345,odd\ncrash.png,12345,odd\nnone.png,12345,odd\n")
        result = run("evaluate", "mail")
        assert result.exit_code == 4
        assert (
            "1 of its lines name pictures that are not there (the first: none.png, line 5); they are not counted"
            in result.stderr
        )
        assert "2 of 3 labels: the picture could not be read" in result.stderr
        labels = json.loads(Path("evaluation/report.json").read_text())["labels"]
        assert [label["verdict"] for label in labels] == ["right", "failed", "failed"]
        assert "ValueError: a mistake in zipread" in labels[2]["message"]

    def test_nothing_readable_is_3_and_nothing_labelled_is_2(self, run):
        Path("mail").mkdir()
        Path("mail/bad.png").write_bytes(b"no picture")
        Path("mail/truth.csv").write_text("path,code\nbad.png,12345\n")
        assert run("evaluate", "mail").exit_code == 3
        Path("mail/truth.csv").write_text("path,code\n")
        result = run("evaluate", "mail", "--force")
        assert result.exit_code == 2
        assert "mail/truth.csv: labels nothing that could be read in mail" in result.stderr

    def test_only_the_worst_mistakes_keep_pictures(self, run, monkeypatch):
        monkeypatch.setattr(examine, "WORST", 2)
        write_deck("mail", [("12345", "54321", 100 + number) for number in range(9)])
        run("evaluate", "mail", "-o", "out")
        page = Path("out/report.html").read_text()
        assert "The most confident mistakes, 2 of 9" in page
        assert [float(c) for c in re.findall(r"</b> at ([\d.]+)", page)] == [0.424, 0.420]


def test_pages_of_one_picture_are_judged_apart(tmp_path):
    path = tmp_path / "three.tif"
    pages = [coded_picture(code) for code in ("11111", "22222", "33333")]
    path.write_bytes(encoded(pages[0], "TIFF", pages[1:]))
    labels = tuple(
        Label("three.tif", str(path), page, code=code) for page, code in ((3, "33333"), (2, "22220"), (9, "1"))
    )
    found = examine._judge(CodedReader(Settings()), Silent(), Labelled(str(path), labels))
    assert sorted((o.label.page, o.reading.code, o.verdict) for o in found) == [
        (2, "22222", "wrong"), (3, "33333", "right"), (9, "", "nothing"),
    ]  # fmt: skip


def test_a_picture_whose_worker_died_is_failed():
    (found,) = ExamTask(Settings()).lost(Labelled("a.png", (Label("a.png", "a.png", code="12345"),)), "killed")
    assert (found.verdict, found.reading.message) == ("failed", "killed")


def test_the_same_with_one_process_and_with_two(zipread, tmp_path):
    """The real reader, by the command line; enough pictures for worker processes."""
    (tmp_path / "mail").mkdir()
    lines = ["path,code"]
    for number in range(18):
        (tmp_path / f"mail/{number:02}.png").write_bytes(encoded(field_picture(f"{94043 + 7 * number}")))
        lines.append(f"{number:02}.png,{94043 + 7 * number}")
    (tmp_path / "truth.csv").write_text("\n".join(lines) + "\n")
    records = []
    for jobs in ("1", "2"):
        done = zipread(
            "evaluate", "mail", "--truth", "truth.csv", "-o", f"out{jobs}", "--jobs", jobs, "--layout", "field",
            "--directory", "none",
        )  # fmt: skip
        assert done.code == 0, done.err
        records.append(json.loads((tmp_path / f"out{jobs}/report.json").read_text()))
    assert records[0] == records[1]
    assert records[0]["coded"]["n"] == 18
    assert records[0]["coded"]["right"] >= 9
