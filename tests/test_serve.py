"""Requests on stdin, answers on stdout; and the process apart that reads for them."""

import base64
import io
import json
import os
import signal
import subprocess
import sys

import pytest
from apart_tasks import Fragile
from conftest import ROOT, encoded, environment, field_picture

from zipread import serve
from zipread.apart import Apart
from zipread.errors import DependencyError
from zipread.output import SCAN_COLUMNS

WITHIN_S = 2.5
"""Time limit of the process apart, long enough for a busy machine to answer at once."""


def answers_to(*lines):
    """Return the answers to lines of bytes, read by a reader that says what it was given."""
    told = io.BytesIO()
    serve.serve(io.BytesIO(b"".join(lines)), told, lambda item: [{"path": item.path, "data": repr(item.data)}])
    return [json.loads(line) for line in told.getvalue().decode("ascii").splitlines()]


def line(asked):
    return json.dumps(asked).encode() + b"\n"


class TestRequests:
    def test_answers_come_in_order_with_the_id_that_was_given(self):
        asked = [{"path": "a", "id": 3}, {"path": "b"}, {"id": {"any": ["thing", None]}, "path": "c"}]
        given = answers_to(*map(line, asked))
        assert [answer["readings"][0]["path"] for answer in given] == ["a", "b", "c"]
        assert [answer.get("id", "none") for answer in given] == [3, "none", {"any": ["thing", None]}]

    def test_bytes_and_a_name_for_them(self):
        data = base64.b64encode(b"\0picture").decode()
        (named, bare) = answers_to(line({"path": "a.png", "data": data}), line({"data": data}))
        assert named == {"readings": [{"path": "a.png", "data": repr(b"\0picture")}]}
        assert bare["readings"][0]["path"] == ""

    def test_the_last_line_may_lack_its_end(self):
        assert len(answers_to(line({"path": "a"}), b'{"path": "b"}')) == 2

    def test_a_name_that_is_not_utf8(self):
        (answer,) = answers_to(b'{"path": "a\\udcff.png", "id": "\\ud800"}\n')
        assert (answer["readings"][0]["path"], answer["id"]) == ("a\udcff.png", "\ud800")

    @pytest.mark.parametrize(
        "bad",
        [
            b"", b"nonsense", b"[", b"\xff\xfe", b"[1]", b'"a.png"', b"null", b"{}", b'{"path": ""}', b'{"path": 7}',
            b'{"path": "a", "data": 7}', b'{"data": "not base64!"}', b'{"path": "a", "data": "AAA"}',
            b'{"path": "a", "id": NaN}', b"[" * 100_000, b"1" * 5_000,
        ],
    )  # fmt: skip
    def test_a_malformed_line_is_answered_and_the_next_one_read(self, bad):
        wrong, right = answers_to(bad + b"\n", line({"path": "a"}))
        assert wrong["readings"] == []
        assert wrong["error"]
        assert right["readings"][0]["path"] == "a"

    def test_a_malformed_request_keeps_its_id(self):
        (answer,) = answers_to(line({"id": 5, "path": 7}))
        assert (answer["id"], answer["readings"]) == (5, [])

    def test_a_line_without_end_is_not_held_in_memory(self, monkeypatch):
        monkeypatch.setattr(serve, "LONGEST_LINE", 50)
        wrong, right = answers_to(line({"path": "x" * 10_000}), line({"path": "a"}))
        assert wrong["error"] == "a request of more than 50 bytes"
        assert right["readings"][0]["path"] == "a"


class TestApart:
    def test_one_process_does_it_all(self):
        with Apart(Fragile(), WITHIN_S) as work:
            (_, first), (_, second) = work("a"), work("b")
        assert first == second != os.getpid()

    def test_an_item_that_kills_or_hangs_costs_only_itself(self):
        with Apart(Fragile(), WITHIN_S) as work:
            _, before = work("a")
            assert work("kill") == ("kill", "killed by SIGKILL, perhaps for want of memory")
            assert work("hang") == ("hang", "given up: nothing came of it within --timeout 2.5 s")
            item, after = work("b")
            assert (item, after == before) == ("b", False)

    def test_signs_of_life_count(self):
        with Apart(Fragile(), WITHIN_S) as work:
            _, process = work("a")
            assert work("long") == ("long", process)

    @pytest.mark.parametrize(("broken", "message"), [("no model", "no model there"), ("dead", "exit code 9")])
    def test_what_cannot_be_prepared_is_said_at_once(self, broken, message):
        with pytest.raises(DependencyError, match=message), Apart(Fragile(broken), WITHIN_S):
            pass

    def test_nothing_is_left_behind(self):
        with pytest.raises(ZeroDivisionError), Apart(Fragile(), WITHIN_S) as work:
            _, process = work("a")
            raise ZeroDivisionError
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def started(tmp_path, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", "from zipread.cli import main; main()", "serve", "--stdio", *arguments],
        cwd=tmp_path, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ask(process, asked):
    process.stdin.write(line(asked))
    process.stdin.flush()
    return json.loads(process.stdout.readline())


class TestProcess:
    def test_the_readings_are_those_of_a_scan(self, zipread, tmp_path):
        picture = encoded(field_picture())
        (tmp_path / "a.png").write_bytes(picture)
        (tmp_path / "cut.png").write_bytes(picture[:100])
        form = ROOT / "samples" / "forms" / "three-pages.tif"
        paths = ["a.png", "cut.png", "none.png", os.fspath(form)]
        asked = [{"path": path} for path in paths]
        asked.insert(1, {"path": "b.png", "data": base64.b64encode(picture).decode(), "id": "bytes"})
        done = zipread("serve", "--stdio", stdin=b"".join(map(line, asked)) + b"nonsense\n")
        assert (done.code, done.err) == (0, "")
        *given, wrong = map(json.loads, done.out.splitlines())
        assert wrong["error"].startswith("not a line of JSON")
        assert zipread("scan", *paths, "-o", "codes.jsonl", "-q").code == 4
        scanned = [json.loads(row) for row in (tmp_path / "codes.jsonl").read_text().splitlines()]
        of_bytes = given.pop(1)
        assert [row for answer in given for row in answer["readings"]] == scanned
        assert of_bytes == {"id": "bytes", "readings": [{**scanned[0], "path": "b.png"}]}
        assert tuple(scanned[0]) == SCAN_COLUMNS

    def test_it_answers_at_once_and_ends_with_its_input(self, tmp_path):
        with started(tmp_path) as process:
            for number in range(3):  # each only after the answer to the one before
                assert ask(process, {"path": "none.png", "id": number})["id"] == number
            process.stdin.close()
            assert (process.wait(30), process.stderr.read()) == (0, b"")

    @pytest.mark.skipif(os.name != "posix", reason="signals")
    def test_sigterm_ends_it(self, tmp_path):
        with started(tmp_path) as process:
            ask(process, {"path": "none.png"})
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 143
            assert b"Traceback" not in process.stderr.read()

    def test_nobody_who_listens_ends_it(self, tmp_path):
        with started(tmp_path) as process:
            ask(process, {"path": "none.png"})
            process.stdout.close()
            process.stdin.write(line({"path": "none.png"}))
            process.stdin.flush()
            assert process.wait(30) == 141
            assert b"Traceback" not in process.stderr.read()

    def test_what_is_wrong_from_the_start(self, zipread_each, tmp_path):
        (tmp_path / "empty").mkdir()
        bare, no_model, impossible = zipread_each(
            ["serve"], ["serve", "--stdio", "--model", "empty"], ["serve", "--stdio", "--accept", "2"]
        )
        assert (bare.code, no_model.code, impossible.code) == (2, 5, 6)
        assert all(run.err.startswith("zipread: ") and run.err.count("\n") == 1 for run in (bare, no_model, impossible))
