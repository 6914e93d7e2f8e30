"""`Word2VecTrainer`: steps of word2vec for `TrainingLoop`, in one process or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass
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

__all__ = ["ChunkIndex", "EpochChunks", "Word2VecTrainer"]

# Chunks of a step; between two steps a run can be stopped, saved and shown.
_CHUNKS_ALONE, _CHUNKS_PER_WORKER = 8, 32
_MAX_LOSS = 4  # times the loss of untrained vectors: beyond it training has diverged


@dataclass(frozen=True, slots=True)
class ChunkIndex:
    """The batch of a step: chunk `number` of `epoch` (both from 0); its length is in words."""

    epoch: int
    number: int
    words: int

    def __len__(self) -> int:
        return self.words


@dataclass(frozen=True, slots=True, eq=False)
class EpochChunks:
    """The chunks of a sampler as batches of each epoch, in the order of the text."""

    sampler: Word2VecSampler

    def epoch(self, n: int) -> Iterator[ChunkIndex]:
        """Iterate over the chunks of epoch n (0, 1, ...)."""
        left = self.sampler.words
        for number in range(len(self)):
            yield ChunkIndex(n, number, min(self.sampler.chunk_words, left))
            left -= self.sampler.chunk_words

    def __len__(self) -> int:
        return len(self.sampler)


class Word2VecTrainer:
    """A `Trainable` that trains word2vec by hand-derived gradients. A context manager.

        with Word2VecTrainer(model, sampler, workers=2) as trainer:
            TrainingLoop(trainer, trainer.chunks, FitOptions(epochs=5)).run()

    One worker trains in this process and gives the same bits every time. Several are processes that
    update shared tables without locks (Hogwild, Niu et al. 2011), so no two runs are identical.
    When the context is left, the processes have ended and the model has the weights.

    Args:
        model: Its tables are updated in place.
        sampler: Source of the samples, e.g. `pmt_text.ChunkSampler`.
        seed: Seed of the run, which a resumed run must repeat.
        workers: Number of processes, or `Workers` of that count.

    Attributes:
        chunks: The batches to pass to `TrainingLoop`.
        model, seed, workers, process_group, accumulate, step_count, lr_scale: See `Trainable`.

    Raises:
        SettingsError: `workers` is below 1, or mpiexec started several processes.
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
        self.seed = seed
        self.workers = workers if isinstance(workers, Workers) else Workers(workers)
        self.process_group: ProcessGroup = launched_process_group()
        if self.process_group.size > 1:
            raise SettingsError(
                f"word2vec trains in one process, and mpiexec started {self.process_group.size}; "
                "start the program without mpiexec and give it more --workers"
            )
        self.chunks = EpochChunks(sampler)
        count = self.workers.count
        self.accumulate = _CHUNKS_ALONE if count == 1 else _CHUNKS_PER_WORKER * count
        self.step_count = 0
        self.lr_scale = 1.0
        self.learning_rate = model.settings.learning_rate
        self._sampler = sampler
        self._open = ExitStack()
        self._team: WorkerTeam | None = None
        self._trainer: ChunkTrainer | None = None
        self._untrained_loss = 0.0

    def __enter__(self) -> Self:
        """Start the workers. Raises `StateError` if one fails."""
        model, sampler = self.model, self._sampler
        with ExitStack() as stack:
            stack.enter_context(self.workers)
            if self.workers.count > 1:
                self._team = stack.enter_context(WorkerTeam(model, sampler, self.workers))
                self._untrained_loss = self._team.untrained_loss
            else:
                self._trainer = ChunkTrainer(model.settings, sampler)
                self._untrained_loss = self._trainer.untrained_loss
            sampler.unlink()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self._team = self._trainer = None

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers; empty if this process trains itself."""
        return self._team.pids if self._team is not None else []

    def step(self, *batches: ChunkIndex) -> StepResult:
        """Train on chunks.

        Raises:
            StateError: The loss is not finite or far above that of untrained vectors, a worker
                failed, or the trainer was not entered. The weights are then to be loaded from the
                last checkpoint.
        """
        loss, predictions = self._train(batches)
        if not loss / max(predictions, 1) <= _MAX_LOSS * self._untrained_loss:
            raise StateError(
                f"training diverged: the loss is {loss / max(predictions, 1):.3g}, that of "
                f"untrained vectors {self._untrained_loss:.3g}; lower the learning rate "
                f"({self.model.settings.learning_rate:g})"
            )
        last = batches[-1]
        if last.number == len(self.chunks) - 1:
            self.model.check_finite()
        done = last.number * self._sampler.chunk_words + len(last)
        part = done / self._sampler.words
        self.learning_rate = learning_rate_at(self.model.settings, last.epoch, part) * self.lr_scale
        self.step_count += 1
        words = sum(map(len, batches))
        return StepResult(loss, int(predictions), None, self.learning_rate, words)

    def _train(self, batches: tuple[ChunkIndex, ...]) -> tuple[float, float]:
        if self._team is not None:
            return self._team.train([(b.epoch, b.number) for b in batches], self.lr_scale)
        if self._trainer is None:
            raise StateError("enter the trainer first: with Word2VecTrainer(...) as trainer:")
        loss, predictions = 0.0, 0.0
        for batch in batches:
            sums = self._trainer.train(batch.epoch, batch.number, self.model.tables, self.lr_scale)
            loss += sums[0]
            predictions += sums[1]
        return loss, predictions

    # --- the rest of `Trainable` ----------------------------------------------------------------

    @property
    def parameter_count(self) -> int:
        """Number of trained parameters."""
        return self.model.vectors.size + self.model.outputs.size

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
        return {
            "model": self.weights(),
            "optimizer": {"learning_rate": np.array(self.learning_rate)},
        }

    def load_state(self, state: Mapping[str, Mapping[str, NDArray[Any]]], steps: int) -> None:
        """Load what `state` returned after `steps` steps."""
        self.model.load_weights(state["model"])
        self.learning_rate = float(state["optimizer"]["learning_rate"])
        self.step_count = steps
