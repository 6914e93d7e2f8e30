"""`Word2VecTraining`: a model learns from a text, in one process or several."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pmt_core import SettingsError, StateError
from pmt_text.word2vec.corpus.text_corpus import TextCorpus
from pmt_text.word2vec.corpus.token_file import TokenFile
from pmt_text.word2vec.training.chunk_trainer import PIECE_WORDS, ChunkTrainer
from pmt_text.word2vec.training.progress import EpochResult, LossSums, Word2VecProgress
from pmt_text.word2vec.training.schedule import learning_rate_at

if TYPE_CHECKING:
    from pmt_text.word2vec.training.word2vec import Word2Vec
    from pmt_text.word2vec.workers.worker_team import WorkerTeam

__all__ = ["Word2VecTraining"]

ROUND_ALONE, ROUND_EACH = 8, 32  # pieces between two looks at the loss
_WORST = 4  # times the loss of untrained vectors: beyond it training has diverged


class Word2VecTraining:
    """Epochs of a model on a corpus; to be entered, and left when there are no more to come.

        with Word2VecTraining(model, corpus, workers=2) as training:
            result = training.train_epoch()

    model: its weights are updated. corpus: the text that was counted; it is read once, when the
    training is entered. workers: 1 learns in this process and gives the same bits every time. More
    are processes that learn at once on shared weights (Hogwild, Niu et al. 2011): no two runs are
    quite alike. When the training is left, they have ended and the weights stay with the model.

    Raises `SettingsError` for no workers; entering raises what `TokenFile.write` does.
    """

    def __init__(self, model: Word2Vec, corpus: TextCorpus, *, workers: int = 1) -> None:
        if workers < 1:
            raise SettingsError(f"the number of workers must be at least 1, got {workers}")
        self._model = model
        self._corpus = corpus
        self._workers = workers
        self._open = ExitStack()
        self._text: TokenFile | None = None
        self._team: WorkerTeam | None = None
        self._learner: ChunkTrainer | None = None
        self._untrained_loss = 0.0

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._text = stack.enter_context(
                TokenFile.write(self._corpus, self._model.counts, PIECE_WORDS)
            )
            self._start(self._text, stack)
            self._text.forget_name()
            self._open = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()
        self._text = self._team = self._learner = None

    def _start(self, text: TokenFile, stack: ExitStack) -> None:
        """One who learns: what a learner needs, a tree for one, is made only where it learns."""
        model = self._model
        if self._workers > 1:
            # Here, as processes take modules that `import pmt_text` should not wait for.
            from pmt_text.word2vec.workers.worker_team import WorkerTeam

            self._team = stack.enter_context(WorkerTeam(model, text, self._workers))
            self._untrained_loss = self._team.untrained_loss
        else:
            self._learner = ChunkTrainer(model.settings, model.counts.counts, model.stream)
            self._untrained_loss = self._learner.untrained_loss

    @property
    def pids(self) -> list[int]:
        """The numbers of the worker processes; none where this one learns itself."""
        return self._team.pids if self._team is not None else []

    def train_epoch(
        self, progress: Callable[[Word2VecProgress], None] | None = None
    ) -> EpochResult:
        """The next epoch, or the rest of one that was broken off.

        progress: called in this thread, between rounds of some ten thousand words for each
        worker; what it raises ends the call there, and the model can be saved or trained on as
        if nothing had been.

        Raises `StateError` where the loss is not finite any more or far above that of untrained
        vectors (the learning rate is too high), all epochs are done, or a worker failed; weights
        and position are then to be taken from what was saved last.
        """
        model, text = self._model, self._text
        if text is None:
            raise StateError("a training wants to be entered: with Word2VecTraining(...) as it:")
        if model.epoch >= model.settings.epochs:
            raise StateError(f"all {model.epoch} epochs of the settings are done")
        size = ROUND_ALONE if self._team is None else ROUND_EACH * self._workers
        while model.pieces < len(text):
            last = min(model.pieces + size, len(text))
            sums = self._learn(text, model.pieces, last)
            self._check_loss(sums)
            model.count(sums, last)
            if progress is not None:
                progress(self._progress())
        return self._finish_epoch()

    def _learn(self, text: TokenFile, first: int, last: int) -> LossSums:
        model = self._model
        if self._team is not None:
            return self._team.learn(model.epoch, first, last)
        sums = LossSums()
        if self._learner is not None:
            for number in range(first, last):
                sums.add(self._learner.learn(text.piece(number), model.epoch, *model.tables))
        return sums

    def _check_loss(self, sums: LossSums) -> None:
        untrained, settings = self._untrained_loss, self._model.settings
        if not sums.mean <= _WORST * untrained:
            raise StateError(
                f"training diverged in epoch {self._model.epoch + 1}: the loss is {sums.mean:.3g}, "
                f"that of untrained vectors {untrained:.3g}; lower the learning rate "
                f"({settings.learning_rate:g})"
            )

    def _progress(self) -> Word2VecProgress:
        model = self._model
        done, total = model.sums.words, model.counts.kept
        rate = learning_rate_at(model.settings, model.epoch, done / total)
        return Word2VecProgress(done, total, model.sums.mean, rate)

    def _finish_epoch(self) -> EpochResult:
        model = self._model
        model.check_finite()
        rate = learning_rate_at(model.settings, model.epoch, 1.0)
        sums = model.end_epoch()
        return EpochResult(
            model.epoch, sums.mean, int(sums.predictions), sums.words, sums.trained_words, rate
        )
