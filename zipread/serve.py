"""Answering requests, one JSON line each, for as long as somebody asks."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, BinaryIO

from zipread.formats import Row
from zipread.inputs import Input

LONGEST_LINE = 512 * 2**20
"""Bytes of a request. A picture of 384 MiB fits in; what never ends a line must not fill the memory."""


class _MalformedError(ValueError):
    """A request that cannot be understood."""


def serve(requests: BinaryIO, answers: BinaryIO, read: Callable[[Input], list[Row]]) -> None:
    """Answer every line of `requests` with one line of `answers`, in order, until they end.

    A request is a JSON object with `path`, or with `data` (the bytes of a picture file, base64) and maybe a `path` to
    call it by; and maybe with `id`. The answer is a JSON object with the `id`, if there was one, and `readings`: the
    rows of the picture, as the JSON Lines of a scan have them. A picture that cannot be read has a row that says why.
    A line that is no request is answered with an `error` and no readings.

    Args:
        requests: lines.
        answers: gets lines, and is flushed after each.
        read: gives the rows of one picture; must not raise for a bad one.

    Raises:
        BrokenPipeError: nobody takes the answers any more.
    """
    while line := requests.readline(LONGEST_LINE):
        answers.write(json.dumps(_answer(line, requests, read)).encode() + b"\n")
        answers.flush()


def _answer(line: bytes, requests: BinaryIO, read: Callable[[Input], list[Row]]) -> dict[str, Any]:
    asked: Any = None
    try:
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            _skip_line(requests)
            raise _MalformedError(f"a request of more than {LONGEST_LINE:,} bytes")
        asked = _parse(line)
        rows = read(_item(asked))
    except _MalformedError as error:
        return _with_id(asked, {"error": str(error), "readings": []})
    return _with_id(asked, {"readings": rows})


def _skip_line(requests: BinaryIO) -> None:
    while (part := requests.readline(2**20)) and not part.endswith(b"\n"):
        pass


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line, parse_constant=_refuse)
    except RecursionError as error:
        raise _MalformedError("not JSON that can be read: nested too deeply") from error
    except ValueError as error:  # JSON's own errors, bytes that are not UTF-8, numbers with thousands of digits
        raise _MalformedError(f"not a line of JSON: {error}") from error


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON value")  # nor could it be given back


def _item(asked: Any) -> Input:
    if not isinstance(asked, dict):
        raise _MalformedError('a request is a JSON object, such as {"path": "a.png"}')
    path, data = asked.get("path", ""), asked.get("data")
    if not isinstance(path, str) or not (path or data is not None):
        raise _MalformedError("a request names a path, or has data")
    if data is None:
        return Input(path)
    if not isinstance(data, str):
        raise _MalformedError("data is the bytes of a picture file, base64 in a string")
    try:
        return Input(path, data=base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        raise _MalformedError(f"data is not base64: {error}") from error


def _with_id(asked: Any, answer: dict[str, Any]) -> dict[str, Any]:
    return {"id": asked["id"], **answer} if isinstance(asked, dict) and "id" in asked else answer
