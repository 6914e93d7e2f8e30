"""`Word2VecTrainer`: steps of word2vec for `TrainingLoop`, in one process or several."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, StateError
from pmt_train.parallel.mpi_group import launched_process_group
from pmt_train.parallel.process_group import ProcessGroup
from pmt_train.parallel.workers import Workers
from pmt_train.trainer.trainable import StepResult
from pmt_train.word2vec.chunk_trainer import ChunkTrainer, Word2VecSampler
from pmt_train.word2vec.word2vec import Word2Vec, learning_rate_at
from pmt_train.word2vec.worker_team import WorkerTeam

# Chunks of a step; between two steps a run can be stopped, saved and shown.
_CHUNKS_ALONE, _CHUNKS_PER_WORKER = 8, 32
_MAX_LOSS = 4  # times the loss of untrained vectors: beyond it training has diverged


class Word2VecTrainer:
    """A `Trainable` that trains word2vec by hand-derived gradients. A context manager.

    One worker trains in this process and gives the same bits every time. Several are processes that
    update shared tables without locks (Hogwild, Niu et al. 2011), so no two runs are identical.
    When the context is left, the processes have ended and the model has the weights.

    Args:
        model: Its tables are updated in place.
        sampler: Source of the samples, e.g. `pmt_text.ChunkSampler`.
        seed: Seed of the run, which a resumed run must repeat.
        workers: Number of processes, or `Workers` of that count.

    Raises:
        SettingsError: `workers` is below 1, or mpiexec started several processes.

    Examples:
        >>> from types import SimpleNamespace
        >>> import numpy as np
        >>> from pmt_core import RandomStream
        >>> from pmt_train import FitOptions, TrainingLoop
        >>> from pmt_train import Word2Vec, Word2VecSettings, Word2VecTrainer
        >>> class Sampler:  # word 0 beside word 1, word 2 beside word 3
        ...     counts, window, words, chunk_words = np.full(4, 1024), 1, 4096, 4096
        ...     keep_probabilities, noise_weights = np.ones(4, np.float32), np.ones(4)
        ...     text = np.repeat([[0, 1] * 64, [2, 3] * 64], 16, axis=0).ravel().astype(np.int32)
        ...
        ...     def __len__(self):
        ...         return 1
        ...
        ...     def epoch(self, n):
        ...         yield n, 0
        ...
        ...     def sample(self, epoch, number, size, noise_shape):
        ...         b, r = size
        ...         centers = self.text.reshape(-1, r, b)
        ...         padded = np.pad(self.text, 1, constant_values=4)
        ...         starts = np.arange(0, 4096, r * b)[:, np.newaxis]
        ...         mask = (np.eye(b, b + 2) + np.eye(b, b + 2, 2)).astype(np.float32)
        ...         mask = np.broadcast_to(mask, (*centers.shape, b + 2))
        ...         return SimpleNamespace(
        ...             centers=centers,
        ...             contexts=padded[starts + np.arange(r * b + 2)],
        ...             context_mask=mask,
        ...             context_counts=mask.sum(axis=-1),
        ...             noise=None,
        ...         )
        >>> settings = Word2VecSettings(dimension=8, learning_rate=0.1)
        >>> model = Word2Vec(settings, 4, RandomStream(0, "vectors"))
        >>> with Word2VecTrainer(model, Sampler()) as trainer:
        ...     loop = TrainingLoop(trainer, trainer.sampler, FitOptions(epochs=5, quiet=True))
        ...     history = loop.run()
        >>> scores = model.vectors @ model.outputs.T
        >>> scores.argmax(axis=1)  # what each word predicts
        array([1, 0, 3, 2])
    """

    def __init__(
        self,
        model: Word2Vec,
        sampler: Word2VecSampler,
        *,
        seed: int = 0,
        workers: Workers | int | None = 1,
    ) -> None:
        self.model = model
        self.sampler = sampler
        self.seed = seed
        self.workers = workers if isinstance(workers, Workers) else Workers(workers)
        self.process_group: ProcessGroup = launched_process_group()
        if self.process_group.size > 1:
            raise SettingsError(
                f"word2vec trains in one process, and mpiexec started {self.process_group.size}; "
                "start the program without mpiexec and give it more --workers"
            )
        count = self.workers.count
        self.accumulate = _CHUNKS_ALONE if count == 1 else _CHUNKS_PER_WORKER * count
        self.step_count = 0
        self.lr_scale = 1.0
        self.learning_rate = model.settings.learning_rate
        self._open = ExitStack()
        self._worker: ChunkTrainer | WorkerTeam | None = None

    def __enter__(self) -> Self:
        """Start the workers. Raises `StateError` if one fails."""
        model, sampler = self.model, self.sampler
        with ExitStack() as stack:
            stack.enter_context(self.workers)
            if self.workers.count > 1:
                self._worker = stack.enter_context(WorkerTeam(model, sampler, self.workers))
            else:
                self._worker = ChunkTrainer(model.settings, sampler, model.tables)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._worker = None

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers; empty if this process trains itself."""
        return self._worker.pids if isinstance(self._worker, WorkerTeam) else []

    def step(self, *batches: tuple[int, int]) -> StepResult:
        """Train on chunks, each given as (epoch, number).

        Raises:
            StateError: The loss is not finite or far above that of untrained vectors, a worker
                failed, or the trainer was not entered. The weights are then to be loaded from the
                last checkpoint.
        """
        if self._worker is None:
            raise StateError("enter the trainer first: with Word2VecTrainer(...) as trainer:")
        loss, predictions = self._worker.train(batches, self.lr_scale)
        mean, untrained = loss / max(predictions, 1), self._worker.untrained_loss
        if not mean <= _MAX_LOSS * untrained:
            raise StateError(
                f"training diverged: the loss is {mean:.3g}, that of untrained vectors "
                f"{untrained:.3g}; lower the learning rate ({self.model.settings.learning_rate:g})"
            )
        epoch, number = batches[-1]
        if number == len(self.sampler) - 1:
            self.model.check_finite()
        size, words = self.sampler.chunk_words, self.sampler.words
        part = min((number + 1) * size, words) / words
        self.learning_rate = learning_rate_at(self.model.settings, epoch, part) * self.lr_scale
        self.step_count += 1
        examples = sum(min(size, words - number * size) for _, number in batches)
        return StepResult(loss, int(predictions), None, self.learning_rate, examples)

    # --- the rest of `Trainable` ----------------------------------------------------------------

    @property
    def parameter_count(self) -> int:
        """Number of trained parameters."""
        model = self.model
        return model.vectors.size + model.buckets.size + model.outputs.size

    def fingerprint(self) -> Mapping[str, Any]:
        """Return nothing: the seed and the shapes of the tables are checked."""
        return {}

    def averaged(self) -> AbstractContextManager[None]:
        """Return a context that does nothing: there is no average."""
        return nullcontext()

    def set_training(self, training: bool) -> None:
        """Do nothing: evaluation reads the same vectors."""

    def weights(self) -> dict[str, NDArray[Any]]:
        """Return a copy of the model's tables by name."""
        return dict(self.model.weights())

    def load_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Load what `weights` returned."""
        self.model.load_weights(weights)

    def state(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Return the tables and the last learning rate; the loop saves the position in the text."""
        rate = {"learning_rate": np.array(self.learning_rate)}
        return {"model": self.weights(), "optimizer": rate}

    def load_state(self, state: Mapping[str, Mapping[str, NDArray[Any]]], steps: int) -> None:
        """Load what `state` returned after `steps` steps, in this or an earlier version.

        Raises `StateError` if it does not fit, or an earlier version saved it within an epoch.
        """
        model = state.get("model", {})
        position = model.get("position")  # (epoch, chunks, ...) of an earlier version
        if position is not None and np.asarray(position).ravel()[1:2].any():
            raise StateError(
                "an earlier version saved this checkpoint within an epoch, at a position of its "
                "own; start the run anew"
            )
        optimizer = state.get("optimizer", {})
        rate = np.asarray(optimizer.get("learning_rate", self.learning_rate))
        if rate.shape != () or rate.dtype.kind != "f" or not 0 <= rate < np.inf:
            raise StateError(f"expected a learning_rate of 0 or more, got {rate!r:.60}")
        self.model.load_weights(model)
        self.learning_rate = float(rate)
        self.step_count = steps
