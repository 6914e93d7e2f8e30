"""What all sparse vectors of pairs have in common: they are symmetric, and each is by itself."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from pmt_text import PairNgrams, TfIdf, tokenize

TEXTS = ["How do I swim?", "How do I cook rice?", "Why is rice white?", "swim swim swim", ""]
TOKENS = [tokenize(text) for text in TEXTS]
PAIRS = [(a, b) for a in TEXTS for b in TEXTS]
PAIRS += [("cook rice", "cook white rice")] * 3
ENCODERS = [TfIdf.learn(TOKENS), PairNgrams.learn(pairwise(TOKENS), 1)]


@pytest.mark.parametrize("encoder", ENCODERS, ids=lambda encoder: type(encoder).__name__)
def test_the_order_of_a_pair_and_its_neighbors_change_nothing(encoder: TfIdf | PairNgrams) -> None:
    whole, turned = encoder.encode(PAIRS), encoder.encode([(b, a) for a, b in PAIRS])
    assert len(whole.ids) > len(PAIRS)
    np.testing.assert_array_equal(whole.ids, turned.ids)
    np.testing.assert_array_equal(whole.values, turned.values)
    for i, pair in enumerate(PAIRS):
        alone = encoder.encode([pair])
        part = slice(whole.offsets[i], whole.offsets[i + 1])
        np.testing.assert_array_equal(whole.ids[part], alone.ids)
        np.testing.assert_array_equal(whole.values[part], alone.values)
