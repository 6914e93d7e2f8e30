"""What a worker process of word2vec runs; `WorkerProcess` is its other end.

Lines of JSON come in and are answered with a line each: first what the work is about, answered
with {untrained_loss}, then questions {epoch, first, last}: learn these pieces, `last` not included;
the answer is their `LossSums`. Where something fails the answer is {error}, and the process ends;
so it does at the end of the input.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from pmt_core import RandomStream
from pmt_text.word2vec.corpus.token_file import TokenFile
from pmt_text.word2vec.settings import Word2VecSettings
from pmt_text.word2vec.training.chunk_trainer import ChunkTrainer
from pmt_text.word2vec.training.progress import LossSums
from pmt_text.word2vec.workers.shared_array import SharedArray

__all__: list[str] = []


class _Worker:
    def __init__(self, start: Mapping[str, Any]) -> None:
        shared = {name: SharedArray.attach(**told).array for name, told in start["arrays"].items()}
        self._inputs, self._outputs = shared["inputs"], shared["outputs"]
        self._text = TokenFile(start["path"], start["words"], start["piece_words"])
        self.learner = ChunkTrainer(
            Word2VecSettings(**start["settings"]),
            np.array(shared["counts"]),
            RandomStream.from_dict(start["stream"]),
            start["workers"],
        )

    def learn(self, epoch: int, first: int, last: int) -> LossSums:
        sums = LossSums()
        for number in range(first, last):
            piece = self._text.piece(number)
            sums.add(self.learner.learn(piece, epoch, self._inputs, self._outputs))
        return sums


def _main() -> int:
    # Ctrl-C reaches every process of the terminal; the one that was started decides what it means.
    # (Under POSIX it is blocked from the beginning.)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        worker = _Worker(json.loads(sys.stdin.readline()))
        _answer({"untrained_loss": worker.learner.untrained_loss})
        for line in sys.stdin:
            _answer(asdict(worker.learn(**json.loads(line))))
    except BrokenPipeError:
        # Nobody listens any more, and Python would find that out once more when it ends.
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
