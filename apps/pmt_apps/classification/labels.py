"""`LabelSet`: the classes of a task; labels to numbers and back, and weights of the classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, field, json_object, value_text

Labels = tuple[str, ...]


@dataclass(frozen=True)
class LabelSet:
    """The classes of a task.

    Attributes:
        names: of the classes, in the order of their numbers.
        several: whether a text may have any number of them, else it has exactly one.
    """

    names: tuple[str, ...]
    several: bool = False

    def __post_init__(self) -> None:
        if len(self.names) < (1 if self.several else 2) or len(set(self.names)) < len(self.names):
            raise DataError(
                f"expected {'one' if self.several else 'two'} or more different classes, got "
                f"{', '.join(map(value_text, self.names)) or 'none'}"
            )

    @classmethod
    def of(cls, labels: Iterable[Labels], several: bool = False) -> Self:
        """Return the classes that occur, sorted by name."""
        return cls(tuple(sorted({name for row in labels for name in row})), several)

    def __len__(self) -> int:
        """Return the number of classes."""
        return len(self.names)

    def encode(self, labels: Sequence[Labels]) -> NDArray[Any]:
        """Return the numbers of the classes (n,), or if several, 0 or 1 of each class (n, k).

        Raises DataError for a class that is not known.
        """
        numbers = {name: i for i, name in enumerate(self.names)}
        unknown = sorted({name for row in labels for name in row} - numbers.keys())
        if unknown:
            raise DataError(
                f"the class {value_text(unknown[0])} is not one of those of the training data: "
                f"{', '.join(map(value_text, self.names[:20]))}"
            )
        if not self.several:
            return np.array([numbers[row[0]] for row in labels], np.int64)
        rows = np.zeros((len(labels), len(self)), np.float32)
        for i, row in enumerate(labels):
            rows[i, [numbers[name] for name in row]] = 1
        return rows

    def predicted(self, probabilities: NDArray[np.floating]) -> list[Labels]:
        """Return the labels of probabilities (n, k): the most likely, or those of 0.5 and more."""
        if not self.several:
            return [(self.names[i],) for i in probabilities.argmax(axis=1).tolist()]
        return [
            tuple(name for name, yes in zip(self.names, row, strict=True) if yes)
            for row in (probabilities >= 0.5).tolist()
        ]

    def balanced_weights(self, encoded: NDArray[Any]) -> NDArray[np.float32]:
        """Return n / (k n_c) of each class c with n_c texts, (k,): rare classes weigh more."""
        if self.several:
            counts = encoded.sum(axis=0)
        else:
            counts = np.bincount(encoded, minlength=len(self))
        weights = len(encoded) / (len(self) * np.maximum(counts, 1))
        return np.asarray(weights, np.float32)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON object."""
        return {"names": list(self.names), "several": self.several}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Return the classes that `to_json` described. Raises DataError."""
        state = json_object(state, ("names", "several"))
        return cls(tuple(field(state, "names", list[str])), field(state, "several", bool))
