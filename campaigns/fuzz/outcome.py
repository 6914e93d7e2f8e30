"""`Outcome`: what a reader did with an input."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from campaigns.fuzz.measure import MAX_GROWTH, TooSlow
from pmt_core import PmtError

Kind = Literal["ok", "PmtError", "other", "slow", "large"]
KINDS: tuple[Kind, ...] = get_args(Kind)
FAILURES = KINDS[2:]

_SOURCES = tuple(str(Path(__file__).resolve().parents[2] / name) for name in ("packages", "apps"))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a reader did with an input.

    Attributes:
        reader: its name.
        number: of the input.
        kind: read; refused as it should be; another exception, or the process died; more processor
            time than allowed; more memory than allowed.
        seconds: processor time of the reader.
        cost: processor time altogether, with that of making the input.
        growth: of the memory, in bytes.
        reason: the exception, one line; empty if the input was read.
        location: where it was raised, file and line; equal places are one finding.
    """

    reader: str
    number: int
    kind: Kind
    seconds: float = 0.0
    growth: float = 0.0
    reason: str = ""
    location: str = ""
    cost: float = 0.0

    @property
    def is_failure(self) -> bool:
        """Whether the outcome is one that must not be."""
        return self.kind in FAILURES


def kind_of(error: BaseException | None, growth: float, *, is_valid: bool) -> Kind:
    """Return the kind of an outcome. is_valid: the input must be read."""
    if isinstance(error, TooSlow):
        return "slow"
    if growth > MAX_GROWTH or _lacks_memory(error):
        return "large"
    if error is None:
        return "ok"
    return "PmtError" if isinstance(error, PmtError) and not is_valid else "other"


def _lacks_memory(error: BaseException | None) -> bool:
    """Return whether the error, or one that led to it, is a lack of memory."""
    while error is not None:
        if isinstance(error, MemoryError):
            return True
        error = error.__cause__ or error.__context__
    return False


def described(error: BaseException | None) -> tuple[str, str]:
    """Return reason and location of an error."""
    if error is None:
        return "", ""
    reason = f"{type(error).__name__}: {str(error)[:300]}".replace("\n", " ")
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_SOURCES)] or list(frames)
    if not ours:
        return reason, ""
    last = ours[-1]
    return reason, f"{Path(last.filename).name}:{last.lineno} {last.name}"
