"""`token_surprise`: how likely a language model finds each token of a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_apps.language_model.generate import prompt_ids
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_autograd import no_grad
from pmt_core import softmax

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
_MAX_CHARACTER_BYTES = 4  # in UTF-8


@dataclass(frozen=True, slots=True)
class ReadToken:
    """A piece of a text as the model reads it.

    Attributes:
        text: of one token, or of several that make up a character.
        probability: of the piece after all before it; None for the first, which nothing precedes.
        alternatives: the likeliest tokens at its place with their probabilities, best first.
    """

    text: str
    probability: float | None
    alternatives: list[tuple[str, float]]


def token_surprise(predictor: PromptPredictor, text: str, n: int = 5) -> list[ReadToken]:
    """Return the tokens of a text, each with its probability and the n likeliest at its place.

    A text longer than the model was trained on is read in windows that overlap by half, so each
    token is judged by at least half a window before it.

    Raises:
        DataError: the text has a character that is not in the vocabulary.
    """
    if not text:
        return []
    tokenizer = predictor.tokenizer
    ids = prompt_ids(tokenizer, text)
    probabilities = np.ones(len(ids))
    best = np.zeros((len(ids), min(n, len(tokenizer))), np.int64)
    shares = np.zeros(best.shape)
    for start, rows in _rows(predictor, ids):
        at = np.arange(start, start + len(rows))
        probabilities[at] = rows[np.arange(len(rows)), ids[at]]
        best[at] = np.argsort(-rows, axis=1, kind="stable")[:, : best.shape[1]]
        shares[at] = np.take_along_axis(rows, best[at], axis=1)
    tokens: list[ReadToken] = []
    first = 0
    for end in range(1, len(ids) + 1):
        piece = tokenizer.decode(ids[first:end].tolist())
        is_part = piece.endswith(_INCOMPLETE) and end - first <= _MAX_CHARACTER_BYTES
        if is_part and end < len(ids):
            continue  # the rest of a character follows
        names = [tokenizer.decode([i]) for i in best[first].tolist()]
        tokens.append(
            ReadToken(
                piece,
                float(probabilities[first:end].prod()) if first else None,
                list(zip(names, shares[first].tolist(), strict=True)) if first else [],
            )
        )
        first = end
    return tokens


def _rows(
    predictor: PromptPredictor, ids: NDArray[np.int64]
) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield a position and the probabilities (m, v) of all tokens there and at the next ones.

    All positions but the first are covered, each once.
    """
    window = max(predictor.settings.max_length, 2)
    done, start = 1, 0
    while done < len(ids):
        part = ids[start : start + window]
        with no_grad():
            logits = predictor.model(part[np.newaxis]).data[0, done - start - 1 : -1]
        yield done, np.asarray(softmax(logits.astype(np.float64), axis=-1))
        done += len(logits)
        start = done - window // 2
