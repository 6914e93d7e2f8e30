"""The k best tag sequences against brute force over all of them."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_nn import LinearChainCRF, crf_log_partition, viterbi_decode, viterbi_n_best


def ranked(emissions, transitions, start, end):
    """Return (score, tags) of every tag sequence of one row, highest score first."""
    t, n = emissions.shape
    if not t:
        return [(0.0, ())]
    scores = []
    for tags in product(range(n), repeat=t):
        score = start[tags[0]] + end[tags[-1]]
        score += sum(emissions[i, tag] for i, tag in enumerate(tags))
        score += sum(transitions[a, b] for a, b in pairwise(tags))
        scores.append((score, tags))
    return sorted(scores, reverse=True)


@pytest.mark.parametrize("k", [1, 2, 5, 40])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_the_k_best_are_those_of_all(rng, n: int, k: int) -> None:
    lengths = np.array([4, 1, 0, 3, 2])
    emissions, transitions = rng.normal(size=(5, 4, n)) * 2, rng.normal(size=(n, n))
    start, end = rng.normal(size=(2, n))
    tags, scores = viterbi_n_best(emissions, transitions, start, end, lengths, k)
    assert tags.shape == (5, k, 4)
    for row, length in enumerate(lengths):
        best = ranked(emissions[row, :length], transitions, start, end)
        assert scores[row, : len(best)] == pytest.approx([score for score, _ in best[:k]])
        assert np.isneginf(scores[row, len(best) :]).all()
        reached = [tuple(sequence[:length]) for sequence in tags[row, : len(best)].tolist()]
        assert reached == [sequence for _, sequence in best[:k]]
        assert not tags[row, :, length:].any()
        assert not tags[row, len(best) :].any()


def test_the_first_of_them_is_the_best_also_in_ties(rng) -> None:
    for _ in range(50):
        emissions = rng.integers(0, 3, (4, 6, 3)).astype(np.float32)
        transitions = rng.integers(0, 3, (3, 3)).astype(np.float32)
        start, end = rng.integers(0, 3, (2, 3)).astype(np.float32)
        lengths = rng.integers(0, 7, 4)
        arguments = emissions, transitions, start, end, lengths
        tags, scores = viterbi_n_best(*arguments, 4)
        best, score = viterbi_decode(*arguments)
        np.testing.assert_array_equal(tags[:, 0], best)
        np.testing.assert_array_equal(scores[:, 0], score)
        assert scores.dtype == np.float32
        for sequences, are in zip(tags, np.isfinite(scores), strict=True):
            assert len({tuple(row) for row in sequences[are].tolist()}) == are.sum()


def test_the_layer_skips_gaps_and_what_is_forbidden(rng) -> None:
    forbidden = np.zeros((3, 3), bool)
    forbidden[0, 2] = True
    last = np.array([False, True, False])
    crf = LinearChainCRF(3, rng, forbidden=forbidden, forbidden_end=last, std=1.0, dtype=np.float64)
    emissions = rng.normal(size=(2, 4, 3))
    mask = np.array([[True, False, True, True], [False, False, False, False]])
    tags, scores = crf.decode_n_best(emissions, 50, mask)
    steps = np.where(forbidden, -np.inf, crf.transitions.data)
    end = np.where(last, -np.inf, crf.end.data)
    best = ranked(emissions[0][mask[0]], steps, crf.start.data, end)
    allowed = [(score, sequence) for score, sequence in best if np.isfinite(score)]
    assert 3 < len(allowed) < 27
    assert scores[0, : len(allowed)] == pytest.approx([score for score, _ in allowed])
    assert [tuple(row) for row in tags[0, : len(allowed), [0, 2, 3]].T.tolist()] == [
        sequence for _, sequence in allowed
    ]
    assert (tags[0, :, 1] == -100).all()
    assert (tags[0, len(allowed) :] == -100).all()
    assert scores[1, 0] == 0  # the empty row has one sequence
    assert np.isneginf(scores[1, 1:]).all()


def test_the_shares_of_all_sequences_sum_to_one(rng) -> None:
    crf = LinearChainCRF(2, rng, std=1.0, dtype=np.float64)
    emissions = rng.normal(size=(1, 5, 2))
    _, scores = crf.decode_n_best(emissions, 32)
    scores_of = crf.transitions, crf.start, crf.end
    partition = crf_log_partition(emissions, *scores_of, lengths=np.array([5])).data
    assert np.exp(scores - partition).sum() == pytest.approx(1)


def test_complaints(rng) -> None:
    crf = LinearChainCRF(2, rng)
    for k in (0, 2.5, True):
        with pytest.raises(SettingsError, match="k is a whole number"):
            crf.decode_n_best(np.zeros((1, 3, 2), np.float32), k)
    with pytest.raises(SettingsError, match="nan"):
        crf.decode_n_best(np.full((1, 3, 2), np.nan, np.float32), 2)
    tags, scores = crf.decode_n_best(np.zeros((2, 0, 2), np.float32), 3)
    assert tags.shape == (2, 3, 0)
    assert scores[:, 0].tolist() == [0, 0]
