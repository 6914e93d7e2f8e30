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
from collections.abc import Mapping
from typing import Any

from pmt_train.word2vec.chunk_trainer import ChunkTrainer, Word2VecSampler
from pmt_train.word2vec.shared_array import SharedArray
from pmt_train.word2vec.word2vec import Word2VecSettings


def _trainer(start: Mapping[str, Any]) -> ChunkTrainer:
    """Build the trainer of the first line; `WorkerTeam` writes it."""
    inputs, outputs = (SharedArray.attach(**array).array for array in start["tables"])
    # The sampler's class is named by the parent, as in multiprocessing's spawn: pmt_train imports
    # no sampler, and a fresh interpreter has no other way to the class of an object of its parent.
    # The name comes through the parent's own pipe, so it runs no code that the parent does not run.
    sampler: type[Word2VecSampler] = pkgutil.resolve_name(start["sampler"])
    arrays = {name: SharedArray.attach(**array).array for name, array in start["arrays"].items()}
    copy = sampler.from_state(arrays, start["values"])
    settings = Word2VecSettings(**start["settings"])
    return ChunkTrainer(settings, copy, (inputs, outputs), start["workers"])


def _main() -> int:
    # Ctrl-C reaches every process of the terminal; the parent decides what it means. (Under POSIX
    # the signal is blocked from the start.)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return _serve()
    except BrokenPipeError:
        # The parent is gone. Without this, Python would report the broken pipe again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _serve() -> int:
    """Answer the lines of standard input until it ends; return the exit code."""
    trainer: ChunkTrainer | None = None
    for line in sys.stdin:
        if not line.endswith("\n"):
            break  # the parent was killed while it wrote
        try:
            if trainer is None:
                trainer = _trainer(json.loads(line))
                answer = {"untrained_loss": trainer.untrained_loss}
            else:
                loss, predictions = trainer.train(**json.loads(line))
                answer = {"loss": loss, "predictions": predictions}
        except Exception as error:
            _answer({"error": f"{type(error).__name__}: {error}"})
            return 1
        _answer(answer)
    return 0


def _answer(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(_main())
