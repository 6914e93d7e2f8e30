"""The learning rate of word2vec.

How many words one update of the weights may learn from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pmt_text.word2vec.sampling.subsampling import keep_probabilities
from pmt_text.word2vec.settings import Word2VecSettings

__all__ = ["learning_rate_at", "update_size"]


def learning_rate_at(settings: Word2VecSettings, epoch: int, part: float) -> float:
    """Falls in a line over all epochs. epoch: from 0; part: of it that is done, 0 ... 1."""
    first, last = settings.learning_rate, settings.last_learning_rate
    return first - (first - last) * min((epoch + part) / settings.epochs, 1.0)


_MOST = 4.0
# Words of an update. Beyond 256 the arrays leave the core's cache. In skip-gram and a tree a word
# takes part in so many terms that the first epoch goes worse the longer the updates are: with half
# of that, little.
_MOST_WORDS = {
    ("cbow", "ns"): 256,
    ("skipgram", "ns"): 128,
    ("cbow", "hs"): 128,
    ("skipgram", "hs"): 128,
}
# The matrix of a block has a row for each of its words and a column for each step down the tree of
# each; with CBOW a step is asked by its own word alone, and the rest of the row is in vain.
_CBOW_TREE_BLOCK = 8


def update_size(
    settings: Word2VecSettings, counts: NDArray[np.integer], answers: float, workers: int = 1
) -> tuple[int, int]:
    """(words of a block, blocks of an update).

    All gradients of an update are taken at the same weights, and those of a word that occurs
    several times are added. Where a row gets n terms at once, it moves by up to the learning rate
    times n; if that is much, it jumps over its aim, further every time, and training diverges. So
    there are only so many words in an update that the busiest row expects n <= 4 / learning rate.

    Workers do not know of each other's update: what one adds was found at weights that may lack
    the last one of every other. Descent by gradients that are D steps old is stable up to about
    1 / (D + 1) of the steps that fresh ones allow, so all of them share these words.

    counts: (v,); answers: mean terms of a prediction. `settings.update_blocks`, where it is not 0,
    is obeyed.
    """
    if settings.update_blocks:
        return settings.block_words, settings.update_blocks
    kept = counts * keep_probabilities(counts, settings.subsample)
    seen = settings.window + 1  # words that see a word: the mean of 2 x (1 ... window)
    predictions = seen if settings.model == "skipgram" else 1
    busiest_input = answers * seen * float(kept.max() / kept.sum())
    if settings.loss == "hs":
        busiest_output = 0.0  # near the root the steps are bounded, see `TreeLayer`
    else:
        noise = counts.astype(np.float64) ** settings.noise_power
        busiest_output = settings.negatives * float(noise.max() / noise.sum())
    terms = max(busiest_input, predictions * busiest_output)  # for each word of the update
    words = max(int(_MOST / (settings.learning_rate * terms * workers)), 1)
    block = min(settings.block_words, words)
    if (settings.model, settings.loss) == ("cbow", "hs"):
        block = min(block, _CBOW_TREE_BLOCK)
    most = max(_MOST_WORDS[settings.model, settings.loss], block)
    return block, min(words, most) // block
