"""`LineNumbers`: the numbers of many lines of a file, in little memory."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import overload


class LineNumbers(Sequence[int]):
    """Numbers of lines in ascending order; a run of consecutive ones takes the memory of one.

    It equals each sequence of the same numbers. A gigabyte of blank lines is one run.
    """

    __slots__ = ("_before", "_first", "_next", "_size")

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self._first = array("q")  # number of each run
        self._before = array("q")  # how many numbers come before the run
        self._size = 0
        self._next = 0  # what would continue the last run
        for number in numbers:
            self.append(number)

    def append(self, number: int) -> None:
        """Add a number that is larger than all others."""
        if number != self._next or not self._size:
            self._first.append(number)
            self._before.append(self._size)
        self._size += 1
        self._next = number + 1

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> int: ...

    @overload
    def __getitem__(self, index: slice) -> list[int]: ...

    def __getitem__(self, index: int | slice) -> int | list[int]:
        if isinstance(index, slice):
            return [self[i] for i in range(self._size)[index]]
        position = range(self._size)[index]
        run = bisect_right(self._before, position) - 1
        return self._first[run] + position - self._before[run]

    def __iter__(self) -> Iterator[int]:
        for run, (first, start) in enumerate(zip(self._first, self._before, strict=True), 1):
            end = self._before[run] if run < len(self._before) else self._size
            yield from range(first, first + end - start)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"LineNumbers({list(self[:10])}{', ...' if self._size > 10 else ''})"
