"""`Word2Vec`: the tables of CBOW and skip-gram."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import RandomStream, StateError
from pmt_train.word2vec.settings import Word2VecSettings

__all__ = ["Word2Vec"]


class Word2Vec:
    """Word vectors and output vectors, which `Word2VecTrainer` trains.

    Word vectors start uniform in +-0.5/d, output vectors at zero, as in the C program.

    Args:
        settings: Hyperparameters.
        v: Number of words.
        stream: Source of the initial word vectors.
    """

    def __init__(self, settings: Word2VecSettings, v: int, stream: RandomStream) -> None:
        self.settings = settings
        d = settings.dimension
        rows = v - 1 if settings.loss == "hs" else v
        # The last row of each table is padding, for positions beyond the end of a text.
        self._inputs = np.zeros((v + 1, d), np.float32)
        stream.child("start").generator().random(dtype=np.float32, out=self._inputs[:v])
        self._inputs[:v] -= 0.5
        self._inputs[:v] /= d
        self._outputs = np.zeros((rows + 1, d), np.float32)

    @property
    def vectors(self) -> NDArray[np.float32]:
        """The word vectors, (v, d); a view."""
        return self._inputs[:-1]

    @property
    def outputs(self) -> NDArray[np.float32]:
        """The output vectors: (v, d) of the words (ns), (v - 1, d) of the inner nodes (hs)."""
        return self._outputs[:-1]

    @property
    def tables(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """`vectors` and `outputs`, each with the padding row."""
        return self._inputs, self._outputs

    def use_tables(self, inputs: NDArray[np.float32], outputs: NDArray[np.float32]) -> None:
        """Move the tables to other memory with the same content."""
        self._inputs, self._outputs = inputs, outputs

    def check_finite(self) -> None:
        """Raise `StateError` if a weight is not finite."""
        if not (np.isfinite(self._inputs).all() and np.isfinite(self._outputs).all()):
            raise StateError("training diverged: a vector is not finite; lower the learning rate")

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Return a copy of `vectors` and `outputs` by name."""
        return {"vectors": self.vectors.copy(), "outputs": self.outputs.copy()}

    def load_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Load what `weights` returned.

        Raises:
            StateError: Names, shapes or dtypes do not fit; nothing is changed.
        """
        tables = {"vectors": self.vectors, "outputs": self.outputs}
        for name, table in tables.items():
            array = weights.get(name)
            if array is None or array.shape != table.shape or array.dtype != table.dtype:
                given = "nothing" if array is None else f"{array.dtype} {array.shape}"
                raise StateError(
                    f"expected {name} of {table.dtype} {table.shape}, got {given}: the weights are "
                    "of a model with other settings or another vocabulary"
                )
        for name, table in tables.items():
            table[:] = weights[name]
