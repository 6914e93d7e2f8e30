"""Predictions from standard input to standard output, line by line."""

from __future__ import annotations

import itertools
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from pmt_core import DataError, PmtError, StateError
from pmt_train import warn

Fields = tuple[str, ...]
Answer = Callable[[Sequence[Fields]], Iterable[Mapping[str, Any]]]
"""A function from examples, tuples of texts, to an answer per example."""

_CHUNK = 1 << 16
_MAX_LINE = 1 << 20  # bytes
_SLICE = 1024  # elements of a list that are written at once
_json = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


def predict_jsonl(
    answer: Answer,
    fields: Sequence[str] = ("text",),
    *,
    batch_size: int = 64,
    empty: bool = False,
    source: BinaryIO | None = None,
    target: BinaryIO | None = None,
) -> int:
    """Read an example per line, and write a JSON object per line. Returns their number.

    Lines are answered as they arrive, so that a program at the other end of a pipe can wait for
    each answer; lines that arrive together are answered in batches.

    Args:
        answer: called with up to `batch_size` examples.
        fields: names of the texts of an example, which are separated by tabs.
        batch_size: largest number of examples of a call.
        empty: whether an empty line is an example.
        source, target: standard input and output by default.

    Raises:
        DataError: names the first line with another number of texts, of a megabyte, with CR line
            ends, that is not UTF-8, or whose answer holds a number that is not finite, after the
            lines before it have been answered.
    """
    source = sys.stdin.buffer if source is None else source
    target = sys.stdout.buffer if target is None else target
    if source.isatty():
        warn(f"type {'<Tab>'.join(fields)} and Enter, one example a line; Ctrl-D ends")
    done = 0
    for lines in _arriving(source):
        waiting: list[Fields] = []
        problem: DataError | None = None
        for i, line in enumerate(lines, start=done + 1):
            try:
                waiting.append(_parse(line, fields, i, empty))
            except DataError as error:
                problem = error
                break
        for start in range(0, len(waiting), batch_size):
            examples = waiting[start : start + batch_size]
            _write(answer, examples, done + start + 1, target)
        done += len(waiting)
        if problem is not None:
            raise problem
    return done


def predict_line_by_line(answer: Callable[[int, str], Mapping[str, Any]], field: str) -> int:
    """Answer each line by itself, so that an invalid line does not affect those before it.

    Args:
        answer: called with the number of the line (from 1) and its text.
        field: name of the text.

    Returns:
        The number of lines.

    Raises:
        DataError: as for `predict_jsonl`; one that `answer` raises gets the number of its line.
    """
    numbers = itertools.count(1)

    def answer_one(examples: Sequence[Fields]) -> list[Mapping[str, Any]]:
        (((text,),), number) = examples, next(numbers)
        try:
            return [answer(number, text)]
        except PmtError as error:
            raise DataError(f"standard input, line {number}: {error}") from error

    return predict_jsonl(answer_one, (field,), batch_size=1)


def _arriving(source: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the complete lines of each read."""
    # read1 returns what has arrived; so does read of a stream without it (a raw file).
    read = getattr(source, "read1", source.read)
    parts: list[bytes] = []  # of a line without end
    size = 0
    while chunk := read(_CHUNK):
        end = chunk.rfind(b"\n")
        if end >= 0:
            lines = b"".join([*parts, chunk[:end]]).split(b"\n")
            parts, size = [], 0
            yield lines
        parts.append(chunk[end + 1 :])
        size += len(parts[-1])
        if size >= _MAX_LINE:
            break  # `_parse` refuses it
    if size:
        yield [b"".join(parts)]


def _parse(line: bytes, fields: Sequence[str], number: int, empty: bool) -> Fields:
    if number == 1:
        line = line.removeprefix(b"\xef\xbb\xbf")  # a byte order mark, as some editors write it
    line = line.rstrip(b"\r")
    where = f"standard input, line {number}"
    if len(line) >= _MAX_LINE:
        raise DataError(f"{where}: expected a line of less than {_MAX_LINE:,} bytes, got more")
    if b"\r" in line:
        raise DataError(
            f"{where}: has CR line ends (\\r), expected LF or CRLF: convert the text, e.g. with "
            "tr '\\r' '\\n'"
        )
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: byte {error.start + 1} ({line[error.start]:#04x}) is "
            "not UTF-8; convert the text, e.g. with iconv -f latin1 -t utf-8"
        ) from error
    # A single text may contain tabs.
    parts = (text,) if len(fields) == 1 else tuple(text.split("\t"))
    if len(parts) != len(fields) or not (empty or text.strip()):
        expected = "<Tab>".join(fields)
        got = f"{len(parts)} separated by tabs" if text.strip() else "an empty line"
        texts = "1 text" if len(fields) == 1 else f"{len(fields)} texts"
        raise DataError(f"{where}: expected {texts} ({expected}), got {got}")
    return parts


def _write(answer: Answer, examples: Sequence[Fields], first: int, target: BinaryIO) -> None:
    """Write the answers to examples, up to one that cannot be written. first: number of its line.

    Raises:
        DataError: names the line whose answer is not finite or raised an error.
    """
    lines: list[list[bytes]] = []
    try:
        with np.errstate(all="ignore"):  # what is not finite is an error, not a warning
            answers = iter(answer(examples))
            for number in range(first, first + len(examples)):
                lines.append(_answer_line(answers, number))
            if next(answers, None) is not None:
                raise StateError(f"{len(examples)} examples got more answers")
    except StopIteration:
        raise StateError(f"{len(examples)} examples got {len(lines)} answers") from None
    finally:
        for line in lines:
            target.writelines(line)
        target.flush()


def _answer_line(answers: Iterator[Mapping[str, Any]], number: int) -> list[bytes]:
    """Return the next answer as a line of JSON, in pieces. number: of the line that it answers."""
    try:
        return [*answer_pieces(next(answers)), b"\n"]
    except DataError as error:
        raise DataError(f"standard input, line {number}: {error}") from error


def answer_pieces(answer: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield an answer as JSON in UTF-8, piece by piece.

    `json.dumps` of an answer with 300,000 words would take 100 MB for a moment.

    Raises:
        DataError: if it holds a number that is not finite.
    """
    try:
        if not any(isinstance(x, list) and len(x) > _SLICE for x in answer.values()):
            yield _json(dict(answer)).encode("utf-8", "backslashreplace")
            return
        for i, (key, value) in enumerate(answer.items()):
            yield f"{', ' if i else '{'}{_json(str(key))}: ".encode("utf-8", "backslashreplace")
            if not isinstance(value, list) or len(value) <= _SLICE:
                yield _json(value).encode("utf-8", "backslashreplace")
                continue
            for start in range(0, len(value), _SLICE):
                text = _json(value[start : start + _SLICE])[1:-1]
                yield f"{', ' if start else '['}{text}".encode("utf-8", "backslashreplace")
            yield b"]"
        yield b"}"
    except ValueError as error:
        reason = not_finite(answer)
        if not reason:
            raise
        raise DataError(
            f"the answer is not finite ({reason}): the weights of the run are too large for its "
            "numbers; train it anew with a lower --lr"
        ) from error


def not_finite(value: object, name: str = "") -> str:
    """Return the first number that is not finite, with the keys that lead to it."""
    parts: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    elif isinstance(value, float) and not math.isfinite(value):
        return f"{name} is {value}"
    for key, part in parts:
        text = not_finite(part, f"{name}[{key}]" if name else str(key))
        if text:
            return text
    return ""
