"""`LineChecker`: the lines of a recording, each checked by type and by the lines before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pmt_core import DataError, JsonLimits, decode_field, field, json_errors, parse_json
from pmt_train.trainer.history import from_json_number, rows_from_json

FORMAT = "pmt recording"
VERSION = 1
RecordedLine = dict[str, Any]
"""A line of the file; its "kind" is "start", "layers", "step", "epoch" or "end"."""

LONGEST_LINE = 1 << 20
_LIMITS = JsonLimits(bytes=LONGEST_LINE, elements=50_000, depth=4)
_MOST_LINES = 50_000
_LARGEST = (1 << 53) - 1  # that JavaScript counts to
_LONGEST_NAME = 400
_SIZES = ("weight", "gradient", "update")
_KINDS = ("table", "matrix", "vector")


class LineChecker:
    """Checks the lines of one file, in their order.

    Args:
        path: of the file, for messages.

    Attributes:
        count: number of lines so far.
    """

    def __init__(self, path: str) -> None:
        self.count = 0
        self._path = path
        self._step = 0
        self._names: list[str] | None = None  # of the layers

    def check(self, data: bytes) -> RecordedLine:
        """Return the next line of the file. data: with its line break.

        Raises:
            DataError: if it is no line of a recording, or does not fit the lines before it.
        """
        where = f"{self._path}:{self.count + 1}"
        if len(data) > LONGEST_LINE or self.count >= _MOST_LINES:
            raise DataError(
                f"{where}: a recording has at most {_MOST_LINES:,} lines of {LONGEST_LINE:,} bytes"
            )
        line = parse_json(data, where, _LIMITS)
        kind = field(line, "kind", str)
        first = self.count == 0
        if first and (kind != "start" or line.get("format") != FORMAT):
            raise DataError(f"{where} is not the first line of a recording of pmt")
        checks = {
            "start": self._start, "layers": self._layers, "step": self._step_line,
            "epoch": self._epoch, "end": self._end,
        }  # fmt: skip
        if kind not in checks or (kind == "start" and not first):
            raise DataError(f"{where}: kind: expected another than {kind!r:.40} here")
        checked: RecordedLine = {"kind": kind, **checks[kind](line, where)}
        self.count += 1
        return checked

    def _start(self, line: Mapping[str, Any], where: str) -> RecordedLine:
        version = field(line, "version", int)
        if version != VERSION:
            raise DataError(f"{where}: version {version}, expected {VERSION}; update pmt")
        return {
            "format": FORMAT,
            "version": VERSION,
            "parameters": field(line, "parameters", int, minimum=0, maximum=_LARGEST),
            "total_steps": field(
                line, "total_steps", int | None, None, minimum=0, maximum=_LARGEST
            ),
        }

    def _layers(self, line: Mapping[str, Any], where: str) -> RecordedLine:
        layers: list[dict[str, Any]] = []
        for layer in field(line, "layers", list[dict[str, Any]]):
            kind = field(layer, "kind", str)
            if kind not in _KINDS:
                raise DataError(f"{where}: kind: expected {', '.join(_KINDS)}, got {kind!r:.40}")
            layers.append({
                "name": field(layer, "name", str, maximum=_LONGEST_NAME),
                "size": field(layer, "size", int, minimum=1, maximum=_LARGEST),
                "kind": kind,
            })  # fmt: skip
        names: list[str] = [layer["name"] for layer in layers]
        if len(set(names)) != len(names):
            raise DataError(f"{where}: layers: a name occurs twice")
        if self._names not in (None, names):
            raise DataError(f"{where}: layers: expected the names of an earlier line")
        self._names = names
        return {"layers": layers}

    def _step_line(self, line: Mapping[str, Any], where: str) -> RecordedLine:
        checked: RecordedLine = {
            "step": field(line, "step", int, minimum=self._step + 1, maximum=_LARGEST),
            "epoch": field(line, "epoch", int, minimum=0, maximum=_LARGEST),
            "interval": field(line, "interval", int, minimum=1, maximum=_LARGEST),
            "seconds": field(line, "seconds", float, minimum=0),
        }
        for name in ("loss", "lr", "grad_norm", "examples_per_second"):
            checked[name] = field(line, name, float | None, None)
        if "weight" in line:
            checked |= self._sizes(line, where)
        self._step = checked["step"]
        return checked

    def _sizes(self, line: Mapping[str, Any], where: str) -> RecordedLine:
        checked: RecordedLine = {}
        for name in _SIZES:
            norms = field(line, name, list[float | None])
            if len(norms) != len(self._names or ()):
                raise DataError(f"{where}: {name}: expected a number for each layer")
            if any(norm is not None and norm < 0 for norm in norms):
                raise DataError(f"{where}: {name}: a norm is negative")
            checked[name] = norms
        activations = field(line, "activations", dict[str, Any])
        checked["activations"] = {
            name[:_LONGEST_NAME]: decode_field(activations, name, _fractions)
            for name in activations
        }
        return checked

    def _epoch(self, line: Mapping[str, Any], where: str) -> RecordedLine:
        row = field(line, "row", dict[str, Any])
        with json_errors(where):
            rows_from_json([row])
        return {"row": dict(row)}

    def _end(self, line: Mapping[str, Any], where: str) -> RecordedLine:
        return {
            "step": field(line, "step", int, minimum=0, maximum=_LARGEST),
            "seconds": field(line, "seconds", float, minimum=0),
        }


def _fractions(value: object) -> list[float]:
    """Return the dead and the saturated fraction of an activation."""
    if not isinstance(value, list) or len(value) != 2:
        raise DataError("expected two fractions, of dead units and of saturated values")
    fractions = [from_json_number(part) for part in value]
    if not all(0 <= fraction <= 1 for fraction in fractions):
        raise DataError("expected fractions within 0 and 1")
    return fractions
