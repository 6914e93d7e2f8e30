"""Line numbers in runs behave as a list of them."""

from __future__ import annotations

import random
import sys

import pytest

from pmt_text.files.line_numbers import LineNumbers


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_they_are_a_sequence(share: float) -> None:
    rng = random.Random(1)
    numbers = [n for n in range(1, 1000) if rng.random() < share]
    lines = LineNumbers(numbers)
    assert list(lines) == numbers == [lines[i] for i in range(len(lines))]
    assert lines == numbers == lines[:]
    assert numbers == lines
    assert lines[-1] == numbers[-1]
    assert (lines[2:9], lines[-3:]) == (numbers[2:9], numbers[-3:])
    assert lines != numbers[:-1]
    assert lines != [*numbers[:-1], 5000]
    assert numbers[-1] in lines
    assert 5000 not in lines
    with pytest.raises(IndexError):
        lines[len(numbers)]


def test_none_and_one() -> None:
    assert LineNumbers() == []
    assert not LineNumbers()
    assert LineNumbers([0]) == [0]
    assert repr(LineNumbers([3, 4])) == "LineNumbers([3, 4])"
    assert repr(LineNumbers(range(99))).endswith("9], ...)")


def test_a_run_takes_no_memory() -> None:
    lines = LineNumbers(range(1, 1_000_000))
    parts = [getattr(lines, name) for name in LineNumbers.__slots__]
    assert sum(map(sys.getsizeof, parts)) < 1000
    assert lines[777_777] == 777_778
