"""Shards: every input in one of them, and the parts together are what one run writes."""

import json
import os
from pathlib import Path

import pytest
from test_batch import fake, write_level  # noqa: F401 (a fixture)
from typer.testing import CliRunner

from zipread import batch
from zipread.cli.app import app
from zipread.errors import UsageError
from zipread.shards import Shard, merge


@pytest.fixture
def deck(fake):  # noqa: F811
    """Ten inputs: names that a CSV must quote, pages, damage."""
    for name in ("a,.png", 'b".png', "c\nd.png", "=e.png", os.fsdecode(b"f\xff.png")):
        write_level(f"in/{name}", 200)
    write_level("in/g.tiff", 50, 255, 120)
    write_level("in/h.tiff", 50, 255)
    write_level("in/i.png", 0)
    Path("in/j.png").touch()
    return ["in", "none.png"]


def read_parts(inputs, count, suffix="csv", **options):
    parts = [f"part-{index}.{suffix}" for index in range(1, count + 1)]
    for index, part in enumerate(parts, start=1):
        batch.scan(inputs, part, shard=f"{index}/{count}", **options)
    return parts


@pytest.mark.parametrize("count", [1, 3, 12])
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_parts_together_are_what_one_run_writes(deck, suffix, count):
    batch.scan(deck, f"whole.{suffix}")
    assert merge(read_parts(deck, count, suffix)[::-1], f"codes.{suffix}") == 10
    assert Path(f"codes.{suffix}").read_bytes() == Path(f"whole.{suffix}").read_bytes()


def test_every_input_is_in_one_shard():
    for inputs in range(9):
        assert sum(Shard(index, 4).share(inputs) for index in range(1, 5)) == inputs


@pytest.mark.parametrize("text", ["0/4", "5/4", "1", "1/", "/2", "a/b", "1/0", "-1/2", "1/2/3", ""])
def test_shards_that_are_none(text):
    with pytest.raises(UsageError, match="say which of how many"):
        Shard.parse(text)


def test_a_shard_without_inputs_is_an_empty_part(deck):
    summary = batch.scan(["in/i.png"], "part.csv", shard="2/2")
    assert (summary.inputs_read, summary.inputs_failed, summary.exit_code) == (0, 0, 0)
    assert Path("part.csv").read_text().count("\n") == 1
    with pytest.raises(UsageError, match="nothing to read"):
        batch.scan([], "other.csv", shard="2/2")
    with pytest.raises(UsageError, match="--shard needs a file"):
        batch.scan(deck, "-", shard="2/2")


def refused(parts, output="codes.csv", **options):
    with pytest.raises(UsageError) as refusal:
        merge(parts, output, **options)
    assert not Path("codes.csv").exists()
    return str(refusal.value)


class TestRefusals:
    def test_a_shard_is_missing_or_there_twice(self, deck):
        parts = read_parts(deck, 3)
        assert refused(parts[1:]) == "missing: shard 1/3; all 3 are needed"
        batch.scan(deck, "again.csv", shard="3/3")
        assert refused([*parts, "again.csv"]) == "again.csv: is shard 3/3, and so is part-3.csv"
        batch.scan(deck, "other.csv", shard="1/2")
        assert refused([parts[0], "other.csv"]) == "other.csv: is shard 1/2, but part-1.csv is 1/3"
        assert refused(["none.csv"]) == "none.csv: no such file"
        assert refused([]).startswith("nothing to merge")

    def test_another_model_or_other_settings(self, deck):
        parts = read_parts(deck, 2)
        batch.scan(deck, parts[1], shard="2/2", accept=0.9, force=True)
        assert refused(parts) == (
            "part-2.csv: was read with other settings (accept 0.9 instead of 0.95) (part-1.csv was not)"
        )
        Path("model").mkdir()
        Path("model/manifest.json").write_text("{}")
        batch.scan(deck, parts[1], shard="2/2", model=Path("model"), force=True)
        assert refused(parts) == "part-2.csv: was read with another model (part-1.csv was not)"

    def test_other_inputs(self, deck):
        parts = read_parts(deck, 2)
        write_level("in/k.png", 200)
        batch.scan(deck, parts[1], shard="2/2", force=True)
        assert refused(parts).startswith("part-2.csv: its run found other inputs than that of part-1.csv (11 and 10)")

    def test_a_part_that_is_not_whole(self, deck):
        parts = read_parts(deck, 2, fail_fast=True)
        assert "does not hold all of its shard" in refused(parts)

    def test_a_part_that_was_changed_or_has_no_record(self, deck):
        parts = read_parts(deck, 2)
        with open(parts[0], "a") as part:
            part.write("in/x.png\n")
        assert refused(parts) == "part-1.csv: was changed after it was written; read the shard 1/2 again"
        Path("part-1.csv.shard").unlink()
        assert refused(parts) == "part-1.csv: is not a part, or its record part-1.csv.shard is not beside it"
        for damaged in ("", "[]", "{}", '{"record": 2}', '{"record": 1, "shard": "1/2"}'):
            Path("part-1.csv.shard").write_text(damaged)
            assert "part-1.csv.shard: " in refused(parts)

    def test_an_output_that_does_not_fit(self, deck):
        parts = read_parts(deck, 2)
        assert refused(parts, "codes.jsonl") == "codes.jsonl: the parts are csv, so the output must be too"
        assert refused(parts, parts[0], force=True) == "part-1.csv: is one of the parts; name another output"
        assert "exists already" in refused(parts, "part-1.csv.shard", format="csv")


def test_the_record_is_small_and_readable(deck):
    batch.scan(deck, "part.csv", shard="1/2")
    record = json.loads(Path("part.csv.shard").read_text())
    assert (record["shard"], record["inputs"], record["format"]) == ("1/2", 10, "csv")
    assert sum(inputs for _, inputs in record["rows"]) == 5
    assert record["origin"]["settings"]["accept"] == 0.95
    assert sorted(os.listdir()) == ["in", "part.csv", "part.csv.shard"]


def test_digits_have_shards_too(fake):  # noqa: F811
    names = [write_level(f"{name}.png", 9) for name in "abc"]
    for index in (1, 2):
        batch.scan_digits(names, f"{index}.csv", shard=f"{index}/2")
    batch.scan_digits(names, "whole.csv")
    merge(["1.csv", "2.csv"], "codes.csv")
    assert Path("codes.csv").read_bytes() == Path("whole.csv").read_bytes()


def test_the_command(deck):
    parts = read_parts(deck, 2)
    call = lambda *line: CliRunner().invoke(app, line, prog_name="zipread")  # noqa: E731
    done = call("merge", *parts, "-o", "codes.csv")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "codes.csv: 2 parts, 10 inputs\n")
    piped = call("merge", *parts, "-o", "-", "-q")
    assert (piped.stdout_bytes, piped.stderr) == (Path("codes.csv").read_bytes(), "")
    refusal = call("merge", parts[1], "-o", "other.csv")
    assert (refusal.exit_code, refusal.stderr) == (2, "zipread: missing: shard 1/2; all 2 are needed\n")
    listed = call("scan", "in", "--shard", "2/2", "--dry-run")
    assert listed.stderr == "4 pictures would be read, 0 missing\n"
