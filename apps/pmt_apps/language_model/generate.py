"""Generate text with a model of `train_lm.py`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_apps.language_model.data import Tokenizer
from pmt_apps.language_model.settings import Settings
from pmt_core import DataError
from pmt_nn import LanguageModel

_INCOMPLETE = "\N{REPLACEMENT CHARACTER}"
_MAX_CHARACTER_BYTES = 4  # in UTF-8


def generate_text(
    model: LanguageModel,
    tokenizer: Tokenizer,
    settings: Settings,
    prompt: str,
    rng: np.random.Generator,
) -> Iterator[str]:
    """Yield the continuation of a prompt as it is generated.

    Args:
        model: the trained model.
        tokenizer: of the model.
        settings: tokens, temperature, top_k and top_p; temperature 0 is greedy decoding.
        prompt: may be empty; the text then starts like a line.
        rng: for sampling.
    """
    model.eval()
    greedy = settings.temperature == 0
    pending: list[int] = []  # bytes of an incomplete character
    for ids in model.stream(
        prompt_ids(tokenizer, prompt)[np.newaxis],
        settings.tokens,
        rng=None if greedy else rng,
        temperature=1.0 if greedy else settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        max_length=settings.max_length,
    ):
        pending.append(int(ids[0]))
        text = tokenizer.decode(pending)
        if not text.endswith(_INCOMPLETE) or len(pending) > _MAX_CHARACTER_BYTES:
            yield text
            pending = []
    if pending:
        yield tokenizer.decode(pending)


def prompt_ids(tokenizer: Tokenizer, prompt: str) -> NDArray[np.int64]:
    """Return the ids (n,) of a prompt; for an empty one, those of a line break.

    Raises:
        DataError: the prompt has a character that is not in the vocabulary.
    """
    if prompt:
        return tokenizer.encode(prompt)
    try:
        return tokenizer.encode("\n")
    except DataError:  # the vocabulary has no line break
        return np.zeros(1, np.int64)
