"""Readers that do what a reader must not do: the campaign is tried on them."""

from __future__ import annotations

import contextlib
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

from campaigns.fuzz.mutations.files import Files
from campaigns.fuzz.readers.reader import Reader
from pmt_core import DataError


def _samples() -> Iterator[Files]:
    yield {"a.txt": b"a sample\n"}


def _on_damage(fail: Callable[[], object]) -> Callable[[Path], object]:
    """Return a reader that fails on everything but the sample."""

    def read(folder: Path) -> None:
        if (folder / "a.txt").read_bytes() != b"a sample\n":
            fail()

    return read


def _refuse() -> None:
    raise DataError("this is refused as it should be")


def _raise_key_error() -> None:
    raise KeyError("words")


def _lead_to_key_error() -> None:
    try:
        _raise_key_error()
    except KeyError as error:
        raise DataError("this is refused as it should be") from error


def _run_endlessly() -> None:
    with contextlib.suppress(Exception):
        while True:
            pass


def _count_in_c() -> None:
    sum(range(10**12))


def _take_memory() -> None:
    len(bytearray(250_000_000))


def _claim_memory() -> None:
    try:
        bytearray(1 << 40)
    except MemoryError as error:
        raise DataError("there is not enough memory") from error


def _warn() -> None:
    warnings.warn("an invalid escape sequence", SyntaxWarning, stacklevel=1)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refuse_the_sample(folder: Path) -> None:
    _refuse()


_FAILURES: dict[str, Callable[[], object]] = {
    "refused": _refuse,
    "refused-for-a-reason": _lead_to_key_error,
    "other": _raise_key_error,
    "warning": _warn,
    "slow": _run_endlessly,
    "slow-in-c": _count_in_c,
    "large": _take_memory,
    "large-claim": _claim_memory,
    "dead": _die,
}

SELF_TEST: dict[str, Reader] = {
    f"self-test-{name}": Reader(f"self-test-{name}", _on_damage(fail), _samples, [])
    for name, fail in _FAILURES.items()
}
SELF_TEST["self-test-sample"] = Reader("self-test-sample", _refuse_the_sample, _samples, [])
