"""Calibrate: thresholds that keep promises, the settings file, what a scan does with it."""

import json
import os
import random
import re
from pathlib import Path

import pytest
from conftest import encoded
from test_evaluate import CodedReader, coded_picture, write_deck
from typer.testing import CliRunner

from zipread import __version__, batch
from zipread.cli.app import app
from zipread.errors import DependencyError, SettingsError, UsageError
from zipread.evaluate import examine
from zipread.evaluate.bounds import TESTS, Shortage, Threshold, at_most, codes_needed, least_threshold, upper_bound
from zipread.evaluate.promise import fingerprint, settings_with
from zipread.settings import Settings
from zipread.settings_file import Kept, Promise, load_settings_file, settings_text, write_settings_file


class TestThreshold:
    def test_codes_needed(self):
        """0.95**59 is the first power below 5%: the rule of three, exactly."""
        assert codes_needed(0, 0.05, 0.05) == 59
        assert codes_needed(0, 0.005, 0.05) == 598
        needed = codes_needed(3, 0.01, 0.05)
        assert upper_bound(3, needed) <= 0.01 < upper_bound(3, needed - 1)

    def test_all_right_is_accepted_down_to_the_least(self):
        found = least_threshold([0.5 + i / 4000 for i in range(2000)], [True] * 2000, 0.01)
        assert isinstance(found, Threshold)
        assert (found.accept, found.accepted, found.wrong) == (0.5, 2000, 0)
        assert found.bound == pytest.approx(1 - (0.05 / TESTS) ** (1 / 2000))

    def test_stops_above_the_mistakes(self):
        """The upper 1000 are all right, of the lower 1000 every other one is wrong."""
        confidences = [i / 2000 for i in range(2000)]
        right = [i >= 1000 or i % 2 == 0 for i in range(2000)]
        found = least_threshold(confidences, right, 0.01)
        assert 0.495 <= found.accept <= 0.53
        assert at_most(found.wrong, found.accepted, 0.01) <= 0.05 / TESTS

    def test_equal_confidences_stand_or_fall_together(self):
        found = least_threshold([0.9] * 1000 + [0.8] * 1000, [True] * 1000 + [True, False] * 500, 0.01)
        assert (found.accept, found.accepted) == (0.9, 1000)

    def test_too_small_a_sample_says_how_many_it_takes(self):
        assert least_threshold([0.9] * 100, [True] * 100, 0.01) == Shortage(codes_needed(0, 0.01, 0.05 / TESTS), 100, 0)
        assert isinstance(least_threshold([], [], 0.01), Shortage)

    def test_too_many_mistakes_say_how_many_more_it_takes(self):
        right = [i % 50 > 0 for i in range(1000)]
        found = least_threshold([i / 1000 for i in range(1000)], right, 0.01)
        assert isinstance(found, Shortage)
        assert found.wrong > 0
        assert at_most(found.wrong, found.needed, 0.01) <= 0.05 / TESTS < at_most(found.wrong, found.needed - 1, 0.01)

    def test_a_sample_just_large_enough_is_enough(self):
        least = codes_needed(0, 0.01, 0.05 / TESTS)
        assert isinstance(least_threshold([i / least for i in range(least)], [True] * least, 0.01), Threshold)

    def test_the_promise_is_kept_as_often_as_it_says(self):
        """Confidences c = u**0.1, right with probability c: the error above t is 1 - (10/11)(1 - t**11)/(1 - t**10)."""
        kept = broken = 0
        for seed in range(120):
            dice = random.Random(seed)
            confidences = [dice.random() ** 0.1 for _ in range(500)]
            found = least_threshold(confidences, [dice.random() < c for c in confidences], 0.06, certainty=0.8)
            if isinstance(found, Threshold):
                kept += 1
                broken += 1 - 10 / 11 * (1 - found.accept**11) / (1 - found.accept**10) > 0.06
        assert kept >= 60  # it is no promise that is hardly ever made
        assert broken <= 0.2 * 120


SCAN = {"layout": "field", "digits": 6, "directory": "none", "accept": 0.875}
PROMISE = Promise(0.95, __version__, "f" * 64, 2000, (Kept(0.005, 0.875, 1500, 1), Kept(0.02, 0.7, 1800, 20)))


@pytest.fixture
def written(tmp_path):
    """Write a settings file, perhaps with a text replaced."""

    def write(old="", new=""):
        text = settings_text(SCAN, PROMISE)
        assert old in text
        path = tmp_path / "settings.toml"
        path.write_text(text.replace(old, new, 1))
        return path

    return write


class TestSettingsFile:
    def test_what_is_written_is_read(self, written):
        loaded = load_settings_file(written())
        assert (loaded.scan, loaded.promise) == (SCAN, PROMISE)

    def test_a_file_by_hand_needs_no_promise(self, tmp_path):
        path = tmp_path / "own.toml"
        path.write_text('[scan]\naccept = 1\nmodel = "other"\n')
        loaded = load_settings_file(path)
        assert (loaded.scan, loaded.promise) == ({"accept": 1.0, "model": tmp_path / "other"}, None)

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ("[scan]", "[scam]", "scam: is no key here; use scan, promise"),
            ("layout", "layuot", "scan.layuot: is no key here; use layout, "),
            ('"field"', '"page"', "scan.layout: --layout page: use one of"),
            ("digits = 6", "digits = 6.0", "scan.digits: 6.0 is not a whole number"),
            ("digits = 6", "digits = true", "scan.digits: True is not a whole number"),
            ("digits = 6", "digits = 99", "scan.digits: --digits 99: use a number"),
            ("accept = 0.875", "accept = 2", "scan.accept: --accept 2.0: use a probability"),
            ("certainty = 0.95", "", "promise.certainty: is missing"),
            ("certainty = 0.95", "certainty = 95", "promise.certainty: 95.0 is no probability"),
            ("wrong = 1", "", "promise.thresholds, number 1.wrong: is missing"),
            ("max_error = 0.02", "max_error = -1", "promise.thresholds, number 2.max_error: -1.0 is no probability"),
            ("[[promise.thresholds]]", "thresholds = 3 #", "is no TOML"),
            ("[scan]", "scan = 3\n[x]", "is no key here"),
        ],
    )
    def test_every_key_is_checked_and_named(self, written, old, new, told):
        path = written(old, new)
        with pytest.raises(SettingsError) as caught:
            load_settings_file(path)
        assert str(caught.value).startswith(f"{path}: ")
        assert told in str(caught.value)

    def test_a_file_that_is_not_there(self, tmp_path):
        with pytest.raises(SettingsError, match=r"none\.toml: the settings file cannot be read"):
            load_settings_file(tmp_path / "none.toml")

    def test_the_threshold_of_the_next_lower_error(self, written):
        loaded = load_settings_file(written())
        assert [loaded.threshold(error) for error in (0.005, 0.01, 0.02, 0.5)] == [0.875, 0.875, 0.7, 0.7]
        with pytest.raises(
            SettingsError, match=r"no threshold for --max-error 0\.001; the least it promises is 0\.005"
        ):
            loaded.threshold(0.001)

    def test_another_model_or_version_is_refused(self, written):
        loaded = load_settings_file(written())
        loaded.require(__version__, "f" * 64)
        with pytest.raises(SettingsError, match=r"promise\.model: made with model f{12}, this is e{12}"):
            loaded.require(__version__, "e" * 64)
        with pytest.raises(SettingsError, match=r"promise\.zipread: made with zipread .*, this is 9\.9"):
            loaded.require("9.9", "f" * 64)

    def test_what_a_scan_needs_is_written(self, tmp_path):
        settings = Settings(layout="field", model=tmp_path, max_pixels=5)
        assert settings_with(settings, 0.5) == {
            "layout": "field", "digits": 5, "directory": "us", "model": str(tmp_path.resolve()), "accept": 0.5,
        }  # fmt: skip

    def test_the_disk_may_refuse(self, tmp_path):
        path = tmp_path / "a.toml"
        write_settings_file(path, "x", force=False)
        with pytest.raises(UsageError, match="exists already"):
            write_settings_file(path, "y", force=False)
        write_settings_file(path, "y", force=True)
        assert path.read_text() == "y"
        with pytest.raises(UsageError, match="cannot be written"):
            write_settings_file(tmp_path / "none" / "a.toml", "x", force=True)


def test_the_fingerprint_tells_calibrations_apart(tmp_path):
    manifest = {"sha256": {"digits.onnx": "1"}, "calibration": {"bias": 1.0}}
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest))
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    manifest["calibration"]["bias"] = 1.1
    path.write_text(json.dumps(manifest))
    assert fingerprint(tmp_path) != first
    with pytest.raises(DependencyError, match="none: no usable model there"):
        fingerprint(tmp_path / "none")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Call the command line in this process, with a reader that needs no model."""
    monkeypatch.setattr(examine, "Reader", CodedReader)
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        return CliRunner().invoke(app, list(map(os.fspath, arguments)), prog_name="zipread")

    return call


@pytest.fixture
def calibrated(run):
    """A settings file made of 150 right codes at confidence 200/255 and more, and wrong ones below."""
    right = [("12345", "12345", 200 + number % 50) for number in range(150)]
    write_deck("mail", [*right, *[("12345", "54321", 100)] * 20])
    result = run("calibrate", "mail", "--max-error", "0.05", "--layout", "field", "--jobs", "1")
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def scanned(run, monkeypatch):
    """Run `scan` with these options and return the settings it would read with, or why not."""

    def scan(*arguments):
        asked = []
        monkeypatch.setattr(
            batch, "scan", lambda *_, settings, **__: asked.append(settings) or batch.Summary(inputs_read=1)
        )
        result = run("scan", "a.png", "-o", "codes.csv", *arguments)
        return asked[0] if asked else (result.exit_code, result.stderr)

    return scan


class TestCommand:
    def test_a_settings_file_that_keeps_the_promise(self, run, calibrated):
        assert re.search(r"5% +0\.7843 +150 +88\.2% +0 +3\.141%", calibrated.stdout)
        assert re.search(r"1% +lacks +307 more right ones", calibrated.stdout)
        assert calibrated.stderr.endswith("settings.toml: written; codes are accepted from 0.7843 on\n")
        loaded = load_settings_file(Path("settings.toml"))
        assert loaded.scan == {"layout": "field", "digits": 5, "directory": "us", "accept": 200 / 255}
        assert loaded.promise == Promise(
            0.95, __version__, fingerprint(None), 170, (Kept(0.05, 200 / 255, 150, 0),)
        )  # fmt: skip

    def test_scan_takes_it(self, calibrated, scanned):
        settings = scanned("--settings", "settings.toml")
        assert (settings.layout, settings.accept) == ("field", 200 / 255)
        assert scanned("--settings", "settings.toml", "--max-error", "0.06").accept == 200 / 255
        assert scanned("--settings", "settings.toml", "--layout", "field", "--accept", "0.3").accept == 0.3
        assert scanned("--settings", "settings.toml", "--max-pixels", "77").max_pixels == 77

    def test_evaluate_takes_it(self, run, calibrated):
        assert run("evaluate", "mail", "--settings", "settings.toml", "--jobs", "1").exit_code == 0
        record = json.loads(Path("evaluation/report.json").read_text())
        assert record["settings"]["layout"] == "field"
        assert record["accepted"]["n"] == 150

    @pytest.mark.parametrize(
        ("arguments", "code", "told"),
        [
            (["--max-error", "0.01"], 6, "--max-error 0.01: needs --settings FILE"),
            (["--settings", "none.toml"], 6, "none.toml: the settings file cannot be read"),
            (
                ["--settings", "settings.toml", "--max-error", "0.01"], 6,
                "settings.toml: promise: holds no threshold for --max-error 0.01; the least it promises is 0.05",
            ),
            (
                ["--settings", "settings.toml", "--layout", "envelope"], 6,
                "settings.toml: promise: holds for --layout field, not for envelope",
            ),
            (
                ["--settings", "settings.toml", "--max-error", "0.05", "--accept", "0.9"], 2,
                "--max-error and --accept both decide what is accepted",
            ),
        ],
    )  # fmt: skip
    def test_what_scan_refuses(self, calibrated, scanned, arguments, code, told):
        exit_code, said = scanned(*arguments)
        assert exit_code == code
        assert said.startswith(f"zipread: {told}")
        assert said.count("\n") == 1

    def test_another_model_is_refused(self, calibrated, scanned):
        text = Path("settings.toml").read_text()
        Path("settings.toml").write_text(text.replace(fingerprint(None), "0" * 64))
        exit_code, said = scanned("--settings", "settings.toml")
        assert exit_code == 6
        assert "settings.toml: promise.model: made with model 000000000000, this is" in said

    def test_too_small_a_sample_writes_nothing_and_says_what_it_takes(self, run):
        write_deck("mail", [("12345", "12345", 250)] * 12)
        result = run("calibrate", "mail", "--max-error", "0.005")
        assert result.exit_code == 6
        assert result.stderr.splitlines()[-1] == (
            "zipread: an error of at most 0.5% cannot be promised with 95% certainty: the sample is too small. It "
            "takes 956 codes of which none is wrong, and only 12 were read: label at least 944 more"
        )
        assert not Path("settings.toml").exists()

    def test_confident_mistakes_write_nothing(self, run):
        write_deck("mail", [("12345", "54321" if number % 10 == 0 else "12345", 250) for number in range(150)])
        result = run("calibrate", "mail", "--max-error", "0.05", "--jobs", "1")
        assert result.exit_code == 6
        assert "of the 150 most confident codes 15 are wrong. It would take about" in result.stderr

    @pytest.mark.parametrize(("option", "value"), [("--max-error", "0"), ("--max-error", "1.5"), ("--certainty", "1")])
    def test_impossible_promises(self, run, option, value):
        result = run("calibrate", ".", "--max-error", "0.01", option, value)
        assert result.exit_code == 6
        assert result.stderr == f"zipread: {option} {float(value):g}: use a number between 0 and 1\n"

    def test_nothing_is_overwritten_unasked(self, run):
        Path("settings.toml").write_text("mine")
        assert run("calibrate", ".", "--max-error", "0.01").exit_code == 2
        assert Path("settings.toml").read_text() == "mine"


def test_a_code_where_there_is_none_counts_as_wrong(run):
    write_deck("mail", [("12345", "12345", 250)] * 100)
    Path("mail/label.png").write_bytes(encoded(coded_picture("99999", 250)))
    with Path("mail/truth.csv").open("a") as truth:
        truth.write("label.png,,odd\n")
    result = run("calibrate", "mail", "--max-error", "0.05", "--jobs", "1")
    assert result.exit_code == 6
    assert "of the 101 most confident codes 1 are wrong" in result.stderr
