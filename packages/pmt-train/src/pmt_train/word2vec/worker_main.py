"""The program of a worker process of word2vec; `WorkerProcess` is its other end.

It reads lines of JSON and answers each with a line. The first one describes the work; the answer is
{untrained_loss}. Each further one is {chunks: [[epoch, number], ...], lr_scale}; the answer is
{loss, predictions}. If anything fails, the answer is {error} and the process ends. It also ends
with its input.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pmt_train.word2vec.chunk_trainer import ChunkTrainer, Word2VecSampler
from pmt_train.word2vec.shared_array import SharedArray
from pmt_train.word2vec.word2vec import Word2VecSettings

__all__: list[str] = []


class _Worker:
    """Trains on shared tables. start: the first line, see `WorkerTeam`."""

    def __init__(self, start: Mapping[str, Any]) -> None:
        self._tables = tuple(_attached(array) for array in start["tables"])
        # The sampler's class is named by the parent, as in multiprocessing's spawn: pmt_train
        # imports no sampler, and a fresh interpreter has no other way to the class of an object of
        # its parent. The name comes through the parent's own pipe, so it runs no code that the
        # parent does not run itself.
        sampler: type[Word2VecSampler] = pkgutil.resolve_name(start["sampler"])
        arrays = {name: _attached(array) for name, array in start["arrays"].items()}
        self.trainer = ChunkTrainer(
            Word2VecSettings(**start["settings"]),
            sampler.from_state(arrays, start["values"]),
            start["workers"],
        )

    def train(self, chunks: Sequence[tuple[int, int]], lr_scale: float) -> dict[str, float]:
        loss = predictions = 0.0
        inputs, outputs = self._tables
        for epoch, number in chunks:
            sums = self.trainer.train(epoch, number, (inputs, outputs), lr_scale)
            loss += sums[0]
            predictions += sums[1]
        return {"loss": loss, "predictions": predictions}


def _attached(array: Mapping[str, Any]) -> Any:
    return SharedArray.attach(**array).array


def _main() -> int:
    # Ctrl-C reaches every process of the terminal; the parent decides what it means. (Under POSIX
    # the signal is blocked from the start.)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        worker = _Worker(json.loads(sys.stdin.readline()))
        _answer({"untrained_loss": worker.trainer.untrained_loss})
        for line in sys.stdin:
            _answer(worker.train(**json.loads(line)))
    except BrokenPipeError:
        # The parent is gone. Without this, Python would report the broken pipe again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        _answer({"error": f"{type(error).__name__}: {error}"})
        return 1
    return 0


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_main())
