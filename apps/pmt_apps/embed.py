"""`pmt embed`: vectors of the lines of standard input, by a pre-trained encoder.

  echo 'How do I swim?' | pmt embed --encoder all-MiniLM-L6-v2
  pmt embed --encoder all-MiniLM-L6-v2 --out vectors.npy < texts.txt

A text is a line. Without --out the answer to each is a JSON object with the text and its vector;
with it the vectors are one float32 array (texts, width) in NumPy's format.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.encoder import Encoder
from pmt_apps.kit.command_line import OptionParser
from pmt_apps.kit.main import exit_code_of, make_streams_usable
from pmt_apps.kit.predict_jsonl import predict_jsonl
from pmt_apps.kit.program import command
from pmt_core import SettingsError, atomic_file
from pmt_train import say

_LINES = 1024  # texts that are sorted by length together


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    make_streams_usable()
    return exit_code_of(lambda: embed(argv))


def embed(argv: Sequence[str] | None) -> None:
    """Answer standard input with vectors."""
    parser = OptionParser((__doc__ or "").replace("pmt embed", command()))
    parser.add_argument(
        "--encoder", type=Path, required=True, metavar="DIR",
        help="folder of a model, as Hugging Face and sentence-transformers write it",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, metavar="FILE.npy", help="write one array instead of JSON lines"
    )
    parser.add_argument(
        "--batch-size", type=int, default=32, metavar="N", help="texts at a time (default: 32)"
    )
    options = parser.parse_args(argv)
    if options.batch_size < 1:
        raise SettingsError(f"--batch-size is 1 or more, got {options.batch_size}")
    if options.out is not None and options.out.suffix != ".npy":
        raise SettingsError(f"--out is a file that ends in .npy, got {str(options.out)!r}")
    encoder = Encoder.load(options.encoder)
    if options.out is None:
        _print_vectors(encoder, options.batch_size)
        return
    vectors = _vectors(encoder, options.batch_size)
    with atomic_file(options.out) as file:
        np.lib.format.write_array(file, vectors, allow_pickle=False)
    say(f"{options.out}: {len(vectors):,} vectors of {encoder.width}")


def _print_vectors(encoder: Encoder, batch_size: int) -> None:
    def answer(lines: Sequence[tuple[str, ...]]) -> Iterator[Mapping[str, Any]]:
        texts = [text for (text,) in lines]
        for text, vector in zip(texts, encoder.embed(texts, batch_size), strict=True):
            # The shortest text of each number that float32 reads back to the same bits.
            yield {"text": text, "vector": [float(number) for number in vector.astype(str)]}

    predict_jsonl(answer, batch_size=_LINES, empty=True)


def _vectors(encoder: Encoder, batch_size: int) -> NDArray[np.float32]:
    parts = [np.zeros((0, encoder.width), np.float32)]

    def answer(lines: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        parts.append(encoder.embed([text for (text,) in lines], batch_size))
        return [{}] * len(lines)

    with open(os.devnull, "wb") as nothing:
        predict_jsonl(answer, batch_size=_LINES, empty=True, target=nothing)
    return np.concatenate(parts)
