"""The lattice of the CRF: every tag of every word, the steps between them, and the best path."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pmt_apps.ner.tagger import Tagger
from pmt_autograd import Array, no_grad
from pmt_text import TaggedSentence


@dataclass(frozen=True, eq=False)
class TagLattice:
    """The CRF over the first words of a sentence.

    Attributes:
        tags: n tags, in the scheme of the encoder.
        emissions: (words, n) score of each tag of a word by itself.
        transitions: (n, n) score of a tag after another; nan if it is forbidden.
        marginals: (words, n) p(tag).
        pairs: (words - 1, n, n) p(tag, next tag).
        best: (words,) tags of the best path (Viterbi).
    """

    tags: list[str]
    emissions: Array
    transitions: Array
    marginals: Array
    pairs: Array
    best: NDArray[np.int64]


def tag_lattice(tagger: Tagger, words: tuple[str, ...], most: int) -> TagLattice:
    """Return the lattice of the first words of a sentence, at most `most`.

    The others have their part in the numbers, as far as they are in the same chunk.
    """
    encoded = tagger.encode([TaggedSentence(words)])
    batch = encoded.batch(np.array([0]))
    tagger.model.eval()
    with no_grad():
        scores = tagger.model(batch)
    crf = tagger.model.crf
    n = min(int(batch.mask.sum()), most)
    transitions = crf.transitions.data.copy()
    if crf.forbidden is not None:
        transitions[crf.forbidden] = np.nan
    return TagLattice(
        tags=list(tagger.encoder.tags),
        emissions=scores.data[0][batch.mask[0]][:n],
        transitions=transitions,
        marginals=crf.marginals(scores, batch.mask)[0][batch.mask[0]][:n],
        pairs=crf.pair_marginals(scores, batch.mask)[0, : max(n - 1, 0)],
        best=crf.decode(scores, batch.mask)[0][batch.mask[0]][:n],
    )
