"""What a trainer asks of data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import Protocol, Self, TypeVar, runtime_checkable

from pmt_core import SettingsError


class Batch(Protocol):
    """A part of the data that is processed at once."""

    def __len__(self) -> int:
        """Number of examples."""
        ...

    def shard(self, i: int, n: int) -> Self:
        """Part `i` of `n`: the parts together are the batch. May be empty."""
        ...


B = TypeVar("B", bound=Batch)
X = TypeVar("X")
B_co = TypeVar("B_co", covariant=True)


@runtime_checkable
class Epochs(Protocol[B_co]):
    """Data with an order of its own for every epoch."""

    def epoch(self, n: int) -> Iterator[B_co]:
        """The batches of epoch `n` (0, 1, ...): the same ones whenever it is asked for."""
        ...


@runtime_checkable
class EpochLengths(Protocol):
    """Data whose epochs have different numbers of batches, such as a curriculum."""

    def epoch_length(self, n: int) -> int:
        """Return the number of batches of epoch `n`."""
        ...


def check_reiterable(train: Iterable[X] | Epochs[X]) -> None:
    """Raises SettingsError for data that can be read only once."""
    if not isinstance(train, Epochs) and iter(train) is train:
        raise SettingsError(
            f"training data is read once per epoch and a {type(train).__name__} can be read only "
            "once; give a list, or an object whose __iter__ (or epoch(n)) starts anew"
        )


def batches_of_epoch(train: Iterable[X] | Epochs[X], n: int) -> Iterator[X]:
    """The batches of epoch `n`: `train.epoch(n)` where there is such a method, else all of it."""
    return train.epoch(n) if isinstance(train, Epochs) else iter(train)


def batch_count(train: object, n: int) -> int | None:
    """Return the number of batches of epoch n: `train.epoch_length(n)`, else `len(train)`.

    Returns None if `train` has neither.
    """
    if isinstance(train, EpochLengths):
        return train.epoch_length(n)
    return len(train) if isinstance(train, Sized) else None
