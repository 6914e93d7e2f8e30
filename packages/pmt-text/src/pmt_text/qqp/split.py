"""Part question pairs into train and dev so that no question stands on both sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError
from pmt_text.qqp.connected_components import connected_components
from pmt_text.qqp.question_pair import QuestionPair
from pmt_text.tokenizers.normalize import Tokenize, tokenize

__all__ = ["split_by_question"]


def split_by_question(
    pairs: Sequence[QuestionPair],
    dev_fraction: float,
    rng: np.random.Generator,
    *,
    tokenize: Tokenize = tokenize,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of the pairs for training and for dev, both ascending int64.

    Two pairs that share a question, by its id or its normalized text, are on the same side, and
    so is everything they are linked to. The groups so linked are taken in random order and go to
    dev while they fit in; one larger than the room left there goes to train, so dev holds
    `dev_fraction` of the pairs or a little less.

    tokenize: a function from a text to its tokens; one that caches them shares the work.

    Raises `DataError` where either side would be empty.
    """
    if not 0 < dev_fraction < 1:
        raise SettingsError(f"dev_fraction must lie between 0 and 1, not {dev_fraction}")
    group = connected_components(pairs, tokenize=tokenize)
    sizes = np.bincount(group)
    room = round(dev_fraction * len(pairs))
    in_dev = np.zeros(len(sizes), np.bool_)
    for chosen in rng.permutation(len(sizes)):
        if sizes[chosen] <= room:
            in_dev[chosen] = True
            room -= int(sizes[chosen])
    side = in_dev[group] if len(pairs) else np.empty(0, np.bool_)
    train, dev = np.flatnonzero(~side), np.flatnonzero(side)
    if not (len(train) and len(dev)):
        raise DataError(
            f"{len(pairs)} pairs in {len(sizes)} groups linked by shared questions cannot be "
            f"parted into train and dev (dev_fraction={dev_fraction}): give two files, or more "
            "pairs"
        )
    return train.astype(np.int64), dev.astype(np.int64)
