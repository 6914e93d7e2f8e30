"""How a model of `train_lm.py` writes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from pmt_apps.language_model.data import Codec
from pmt_apps.language_model.settings import Settings
from pmt_core import DataError
from pmt_nn import LanguageModel

_CUT = "\N{REPLACEMENT CHARACTER}"


def stream(
    model: LanguageModel,
    codec: Codec,
    settings: Settings,
    prompt: str,
    rng: np.random.Generator,
    *,
    tokens: int | None = None,
) -> Iterator[str]:
    """What the model writes after a prompt, piece by piece as it comes."""
    model.eval()
    greedy = settings.temperature == 0
    waiting: list[int] = []
    for new in model.stream(
        prompt_ids(codec, prompt)[np.newaxis],
        tokens or settings.tokens,
        rng=None if greedy else rng,
        temperature=1.0 if greedy else settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        window=settings.context,
    ):
        waiting.append(int(new[0]))
        text = codec.decode(waiting)
        if not text.endswith(_CUT) or len(waiting) > 4:  # a character's bytes may come one by one
            yield text
            waiting = []
    if waiting:
        yield codec.decode(waiting)


def prompt_ids(codec: Codec, prompt: str) -> NDArray[np.int64]:
    """The ids (n,) of a prompt; an empty one is the beginning of a line."""
    if prompt:
        return codec.encode(prompt)
    try:
        return codec.encode("\n")
    except DataError:  # a text without line ends
        return np.zeros(1, np.int64)


def sample(
    model: LanguageModel,
    codec: Codec,
    settings: Settings,
    rng: np.random.Generator,
    *,
    tokens: int,
) -> str:
    """A text from nothing."""
    return "".join(stream(model, codec, settings, "", rng, tokens=tokens))
