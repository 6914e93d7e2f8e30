"""Batches: what a trainer requires of data, batches of arrays, shards, and prediction."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from dataclasses import fields, is_dataclass, replace
from typing import Any, Protocol, Self, TypeVar, cast, runtime_checkable

import numpy as np

from pmt_autograd import Array, no_grad
from pmt_core import RandomStream, SettingsError, ShapeError
from pmt_train.parallel.workers import Workers
from pmt_train.trainer.progress import progress_bar

B = TypeVar("B")
B_co = TypeVar("B_co", covariant=True)
R = TypeVar("R")


@runtime_checkable
class Batch(Protocol):
    """A batch with shards of its own.

    It is not needed for arrays: a tuple, a dataclass or a dict of arrays that have the examples
    as their first axis is a batch too, and the library cuts its shards.

    Examples:
        >>> from pmt_train import Batch
        >>> class Lines:
        ...     def __init__(self, lines):
        ...         self.lines = lines
        ...
        ...     def __len__(self):
        ...         return len(self.lines)
        ...
        ...     def shard(self, i, n):
        ...         return Lines(self.lines[i::n])
        >>> batch = Lines(["one", "two", "three"])
        >>> isinstance(batch, Batch), [batch.shard(i, 2).lines for i in range(2)]
        (True, [['one', 'three'], ['two']])
    """

    def __len__(self) -> int:
        """Number of examples."""
        ...

    def shard(self, i: int, n: int) -> Self:
        """Return part `i` of `n`; the parts together are the batch. May be empty."""
        ...


@runtime_checkable
class Epochs(Protocol[B_co]):
    """Data with an order of its own for each epoch.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import Epochs
        >>> class Shuffled:
        ...     def epoch(self, n):
        ...         for id in np.random.default_rng(n).permutation(4):
        ...             yield np.array([id])
        >>> data = Shuffled()
        >>> isinstance(data, Epochs), len(list(data.epoch(0)))
        (True, 4)
        >>> np.array_equal(list(data.epoch(1)), list(data.epoch(1)))  # the same in every call
        True
    """

    def epoch(self, n: int) -> Iterator[B_co]:
        """Return the batches of epoch `n` (0, 1, ...): the same ones in every call."""
        ...


@runtime_checkable
class EpochLengths(Protocol):
    """Data whose epochs have different numbers of batches, such as a curriculum."""

    def epoch_length(self, n: int) -> int:
        """Return the number of batches of epoch `n`."""
        ...


class ArrayBatches:
    """Batches of arrays in a new random order each epoch; see `batches_of`."""

    def __init__(self, arrays: tuple[Array, ...], batch_size: int, seed: int | None) -> None:
        self.arrays = arrays
        self.batch_size = batch_size
        self._seed = seed

    def __len__(self) -> int:
        return -(-len(self.arrays[0]) // self.batch_size)

    def __iter__(self) -> Iterator[tuple[Array, ...]]:
        return self.epoch(0)

    def epoch(self, n: int) -> Iterator[tuple[Array, ...]]:
        """Return the batches of epoch `n`, each a tuple with a part of each array."""
        order = np.arange(len(self.arrays[0]))
        if self._seed is not None:
            order = RandomStream(self._seed, "order", n).generator().permutation(len(order))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            yield tuple(array[rows] for array in self.arrays)


def batches_of(
    *arrays: Array, batch_size: int = 32, rng: np.random.Generator | int | None = None
) -> ArrayBatches:
    """Return batches of arrays (n, ...) for `Trainer.fit`, each batch a tuple.

    The last batch may be smaller. `rng` shuffles the examples anew in each epoch; None: their
    order stays. The orders are a function of a seed, which is `rng` or one number drawn from it
    here, so a resumed run repeats them.

    Raises:
        ShapeError: if the arrays differ in their number of examples.
        SettingsError: for no arrays, or a batch size below 1.

    Examples:
        >>> import numpy as np
        >>> from pmt_train import batches_of
        >>> x, y = np.arange(10).reshape(5, 2), np.arange(5)
        >>> batches = batches_of(x, y, batch_size=2, rng=0)
        >>> len(batches)
        3
        >>> [labels.tolist() for _, labels in batches.epoch(0)]
        [[2, 0], [3, 1], [4]]
        >>> [labels.tolist() for _, labels in batches.epoch(1)]  # another order
        [[4, 2], [3, 0], [1]]
    """
    if not arrays or batch_size < 1:
        raise SettingsError(
            f"expected one or more arrays and a batch size of 1 or more, got {len(arrays)} arrays "
            f"and batch_size={batch_size}"
        )
    checked = tuple(np.asarray(array) for array in arrays)
    lengths = [array.shape[:1] for array in checked]
    if len(set(lengths)) > 1 or () in lengths:
        raise ShapeError(
            "expected arrays with the same number of examples as their first axis, got shapes "
            f"{', '.join(str(array.shape) for array in checked)}"
        )
    seed = int(rng.integers(2**63)) if isinstance(rng, np.random.Generator) else rng
    return ArrayBatches(checked, batch_size, seed)


def _parts(batch: object) -> list[Any]:
    """Return the arrays of a batch that has no `shard` method."""
    if isinstance(batch, Mapping):
        return list(batch.values())
    if isinstance(batch, (tuple, list)):
        return list(batch)
    if is_dataclass(batch):
        return [getattr(batch, field.name) for field in fields(batch)]
    return [batch]


def example_count(batch: object) -> int:
    """Return the number of examples of a batch."""
    if isinstance(batch, Batch):
        return len(batch)
    parts = [part for part in _parts(batch) if isinstance(part, Sized)]
    return len(parts[0]) if parts else 1


def shard_of(batch: B, i: int, n: int) -> B:
    """Return every n-th example of a batch, from example `i` on.

    Raises SettingsError if the batch has no `shard` method and is not made of arrays.
    """
    if n == 1:
        return batch
    if isinstance(batch, Batch):
        return cast(B, batch.shard(i, n))
    whole = _parts(batch)
    parts: list[Any] = [part[i::n] for part in whole if isinstance(part, np.ndarray)]
    if len(parts) < len(whole):
        raise SettingsError(
            f"a {type(batch).__name__} cannot be cut into shards for several workers; expected a "
            "tuple, dataclass or dict of arrays, or a batch with a method shard(i, n)"
        )
    shard: object = parts[0]
    if isinstance(batch, Mapping):
        shard = dict(zip(batch, parts, strict=True))
    elif isinstance(batch, (tuple, list)):
        shard = type(batch)(*parts) if hasattr(batch, "_fields") else type(batch)(parts)
    elif is_dataclass(batch) and not isinstance(batch, type):
        names = (field.name for field in fields(batch))
        shard = replace(batch, **dict(zip(names, parts, strict=True)))
    return cast(B, shard)


def check_reiterable(train: Iterable[B] | Epochs[B]) -> None:
    """Raise SettingsError for data that can be read only once, or not at all."""
    if isinstance(train, Epochs):
        return
    if not isinstance(train, Iterable):
        raise SettingsError(
            f"expected batches (an iterable, or an object with epoch(n)), got a "
            f"{type(train).__name__}; make them from arrays by batches_of(x, y, batch_size=32)"
        )
    if iter(train) is train:
        raise SettingsError(
            f"training data is read once per epoch and a {type(train).__name__} can be read only "
            "once; give a list, or an object whose __iter__ (or epoch(n)) starts anew"
        )


def batches_of_epoch(train: Iterable[B] | Epochs[B], n: int) -> Iterator[B]:
    """Return the batches of epoch `n`: `train.epoch(n)` if there is such a method, else all."""
    return train.epoch(n) if isinstance(train, Epochs) else iter(train)


def batch_count(train: object, n: int) -> int | None:
    """Return the number of batches of epoch n: `train.epoch_length(n)`, `len(train)`, or None."""
    if isinstance(train, EpochLengths):
        return train.epoch_length(n)
    return len(train) if isinstance(train, Sized) else None


def step_total(train: object, epochs: int, accumulate: int) -> int | None:
    """Return the number of steps of all epochs, `accumulate` batches each; None if unknown."""
    counts = [batch_count(train, n) for n in range(epochs)]
    if None in counts:
        return None
    return sum(-(-count // accumulate) for count in counts if count is not None)


def predict_batches(
    function: Callable[[B], R],
    batches: Iterable[B],
    workers: Workers | int | None = 1,
    *,
    description: str = "predicting",
) -> list[R]:
    """Return `function` of each batch, in the order of the batches, under `no_grad`.

    Several threads call the function at once, so it must not change shared state. Switch the
    model to `eval()` before. NumPy's warnings about overflow are off, as in a training step. A
    batch is drawn when a thread becomes free. The progress bar has a total if `batches` has a
    length.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear
        >>> from pmt_train import batches_of, predict_batches
        >>> model = Linear(2, 3, np.random.default_rng(0)).eval()
        >>> batches = batches_of(np.ones((5, 2), np.float32), batch_size=2)
        >>> parts = predict_batches(lambda batch: model(batch[0]).data, batches, workers=2)
        >>> np.concatenate(parts).shape
        (5, 3)
    """
    pool = workers if isinstance(workers, Workers) else Workers(workers)
    numbered = enumerate(batches)
    results: dict[int, R] = {}
    lock, failed = threading.Lock(), threading.Event()
    total = len(batches) if isinstance(batches, Sized) else None

    def work(_: int) -> None:
        try:
            with no_grad(), np.errstate(all="ignore"):
                while not failed.is_set():
                    with lock:
                        item = next(numbered, None)
                    if item is None:
                        return
                    results[item[0]] = function(item[1])
                    with lock:
                        bar.update(1)
        except BaseException:
            failed.set()
            raise

    with pool, progress_bar(total, description) as bar:
        pool.map(work, range(pool.count if total is None else min(pool.count, total)))
    return [results[i] for i in range(len(results))]
