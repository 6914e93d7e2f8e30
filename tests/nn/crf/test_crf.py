"""The CRF against brute force over all tag sequences."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import DtypeError, ShapeError
from pmt_nn import LinearChainCRF, crf_log_partition

MASKS = {
    "none": None,
    "right": np.array([[True] * 4, [True, True, False, False], [True, False, False, False]]),
    "gaps": np.array(
        [[True, False, True, True], [False, True, True, False], [False, False, False, True]]
    ),
    "an empty row": np.array([[True] * 4, [False] * 4, [True, True, True, False]]),
}
masks = pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())


@pytest.fixture
def crf(rng) -> LinearChainCRF:
    return LinearChainCRF(3, rng, std=1.0, dtype=np.float64)


def score(crf: LinearChainCRF, emissions: np.ndarray, tags: tuple[int, ...]) -> float:
    """Of one sequence without gaps, by the definition."""
    if not tags:
        return 0.0
    total = crf.start.data[tags[0]] + crf.end.data[tags[-1]]
    total += sum(emissions[i, tag] for i, tag in enumerate(tags))
    return total + sum(crf.transitions.data[a, b] for a, b in pairwise(tags))


def all_scores(crf, emissions) -> dict[tuple[int, ...], float]:
    t, n = emissions.shape
    return {tags: score(crf, emissions, tags) for tags in product(range(n), repeat=t)}


def rows(emissions, mask):
    mask = np.ones(emissions.shape[:2], bool) if mask is None else mask
    return [(e[m], m) for e, m in zip(emissions, mask, strict=True)]


@masks
def test_the_loss_is_minus_the_log_of_the_share(rng, crf, mask) -> None:
    emissions, tags = rng.normal(size=(3, 4, 3)) * 2, rng.integers(0, 3, (3, 4))
    expected = []
    for i, (row, keep) in enumerate(rows(emissions, mask)):
        scores = all_scores(crf, row)
        total = np.log(sum(np.exp(v) for v in scores.values()))
        expected.append(total - scores[tuple(tags[i][keep].tolist())])
    tags = tags if mask is None else np.where(mask, tags, -100)
    got = crf(Tensor(emissions), tags, mask, reduction="none")
    np.testing.assert_allclose(got.data, expected, atol=1e-12)
    assert crf(Tensor(emissions), tags, mask).item() == pytest.approx(np.mean(expected))
    assert crf(Tensor(emissions), tags, mask, reduction="sum").item() == pytest.approx(
        np.sum(expected)
    )


@masks
def test_viterbi_finds_the_best_of_all(rng, crf, mask) -> None:
    emissions = rng.normal(size=(3, 4, 3)) * 2
    tags, scores = crf.decode_with_scores(emissions, mask)
    np.testing.assert_array_equal(tags, crf.decode(Tensor(emissions), mask))
    for i, (row, keep) in enumerate(rows(emissions, mask)):
        by_tags = all_scores(crf, row)
        best = max(by_tags, key=by_tags.__getitem__)
        assert tuple(tags[i][keep].tolist()) == best
        assert scores[i] == pytest.approx(by_tags[best])
        assert (tags[i][~keep] == -100).all()


@masks
def test_marginals_are_shares_of_all_sequences(rng, crf, mask) -> None:
    emissions = rng.normal(size=(3, 4, 3))
    marginals = crf.marginals(emissions, mask)
    for i, (row, keep) in enumerate(rows(emissions, mask)):
        by_tags = all_scores(crf, row)
        total = sum(np.exp(v) for v in by_tags.values())
        expected = np.zeros(row.shape)
        for tags, value in by_tags.items():
            for position, tag in enumerate(tags):
                expected[position, tag] += np.exp(value) / total
        np.testing.assert_allclose(marginals[i][keep], expected, atol=1e-12)
        assert (marginals[i][~keep] == 0).all()


@pytest.mark.parametrize("masked", [True, False])
def test_marginals_of_pairs_are_shares_of_all_sequences(rng, crf, masked) -> None:
    mask = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 0, 0]], bool) if masked else None
    emissions = rng.normal(size=(3, 4, 3))
    pairs = crf.pair_marginals(emissions, mask)
    assert pairs.shape == (3, 3, 3, 3)
    for i, (row, _) in enumerate(rows(emissions, mask)):
        by_tags = all_scores(crf, row)
        total = sum(np.exp(v) for v in by_tags.values())
        expected = np.zeros((3, 3, 3))
        for tags, value in by_tags.items():
            for position, (tag, following) in enumerate(pairwise(tags)):
                expected[position, tag, following] += np.exp(value) / total
        np.testing.assert_allclose(pairs[i], expected, atol=1e-12)


def test_padding_more_changes_nothing(rng, crf) -> None:
    emissions, tags = rng.normal(size=(2, 3, 3)), rng.integers(0, 3, (2, 3))
    mask = np.array([[True, True, True], [True, False, False]])

    def outcome(pad: int):
        wide = np.pad(emissions, ((0, 0), (0, pad), (0, 0)), constant_values=7.0)
        up = ((0, 0), (0, pad))
        x = Tensor(wide, requires_grad=True)
        loss = crf(x, np.pad(tags, up), np.pad(mask, up))
        grads = gradients(loss)
        assert (grads[x][~np.pad(mask, up)] == 0).all()
        return loss.item(), [grads[p] for p in crf.parameters()]

    (loss, grads), (more, more_grads) = outcome(0), outcome(4)
    assert loss == pytest.approx(more, rel=1e-13)
    for a, b in zip(grads, more_grads, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)


def test_an_empty_row_has_loss_zero_and_no_gradients(rng, crf) -> None:
    x = Tensor(rng.normal(size=(1, 3, 3)), requires_grad=True)
    loss = crf(x, np.zeros((1, 3), int), np.zeros((1, 3), bool))
    assert loss.item() == 0
    grads = gradients(loss)
    assert all((g == 0).all() for g in grads.values())
    assert crf(Tensor(np.zeros((2, 0, 3))), np.zeros((2, 0), int)).item() == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scores_of_a_thousand(rng, dtype) -> None:
    crf = LinearChainCRF(2, rng, std=0.0, dtype=dtype)
    x = Tensor(np.array([[[1000, -1000], [-1000, 1000]]], dtype), requires_grad=True)
    right, wrong = crf(x, np.array([[0, 1]])), crf(x, np.array([[1, 0]]))
    assert right.item() == 0
    assert wrong.item() == pytest.approx(4000)
    assert gradients(wrong)[x].tolist() == [[[1, -1], [-1, 1]]]
    assert right.dtype == dtype


@pytest.mark.parametrize("spread", [1.0, 8.0, 29.0, 200.0])
def test_sums_of_products_equal_sums_of_logarithms(rng, spread: float) -> None:
    """Scores near each other are summed as scaled probabilities, far ones by their logarithms.

    The composed twin knows logarithms alone. Some transitions are forbidden, as for tags.
    """
    b, t, n = 6, 9, 5
    emissions, transitions = rng.normal(size=(b, t, n)), rng.normal(size=(n, n))
    emissions *= spread / np.abs(emissions).max()
    transitions[[0, 1, 3], [2, 2, 4]] = -1e4
    start, end = rng.normal(size=(2, n))
    start[2] = -1e4
    lengths, weight = np.array([9, 1, 4, 9, 2, 7]), rng.normal(size=b)
    results = []
    for function in (crf_log_partition, crf_log_partition.composed):
        leaves = [Tensor(x, requires_grad=True) for x in (emissions, transitions, start, end)]
        y = function(*leaves, lengths=lengths)
        grads = gradients((y * weight).sum())
        results.append([y.data, *(grads[leaf] for leaf in leaves)])
    for a, b_ in zip(*results, strict=True):
        np.testing.assert_allclose(a, b_, rtol=1e-9, atol=1e-10)


def test_padding_of_any_size_is_not_looked_at(rng, crf) -> None:
    emissions = rng.normal(size=(2, 4, 3))
    mask = np.array([[True, True, True, True], [True, True, False, False]])
    wild = np.where(mask[..., np.newaxis], emissions, 1e30)
    tags = np.zeros((2, 4), int)
    first, second = (Tensor(x, requires_grad=True) for x in (emissions, wild))
    a, b = crf(first, tags, mask), crf(second, tags, mask)
    assert a.item() == b.item()
    np.testing.assert_array_equal(gradients(a)[first], gradients(b)[second])


def test_forbidden_transitions_are_never_taken(rng) -> None:
    forbidden = np.zeros((3, 3), bool)
    forbidden[0, 2] = forbidden[2, 2] = True  # O -> I and (made up) I -> I
    first = np.array([False, False, True])
    crf = LinearChainCRF(3, rng, forbidden=forbidden, forbidden_start=first, dtype=np.float64)
    emissions = rng.normal(size=(50, 6, 3)) * 3
    emissions[..., 2] += 3
    tags = crf.decode(emissions)
    assert not forbidden[tags[:, :-1], tags[:, 1:]].any()
    assert (tags[:, 0] != 2).all()
    marginals = crf.marginals(emissions)
    assert marginals[:, 0, 2].max() < 1e-12
    np.testing.assert_allclose(marginals.sum(-1), 1)
    grads = gradients(crf(Tensor(emissions), tags))
    assert (grads[crf.transitions][forbidden] == 0).all()


def test_a_forbidden_end_is_never_decoded_and_has_no_share(rng) -> None:
    last = np.array([False, True, True])
    crf = LinearChainCRF(3, rng, forbidden_end=last, dtype=np.float64)
    emissions = rng.normal(size=(50, 6, 3)) * 3
    emissions[..., 1:] += 1e6  # far above the score of -10,000 that a forbidden tag has in the loss
    mask = rng.random((50, 6)) < 0.6
    mask[:, 0] = True
    tags = crf.decode(emissions, mask)
    ends = [row[keep][-1] for row, keep in zip(tags, mask, strict=True)]
    assert ends == [0] * 50
    assert (tags[mask] != 0).any()
    mild = rng.normal(size=(4, 5, 3))
    assert crf.marginals(mild)[:, -1, 1:].max() < 1e-12
    grads = gradients(crf(Tensor(mild), np.zeros((4, 5), int)))
    assert grads[crf.end][1:].tolist() == [0, 0]


def test_decoding_where_all_is_forbidden_returns_the_least_bad(rng) -> None:
    none = np.ones(2, bool)
    crf = LinearChainCRF(2, rng, forbidden_start=none, std=0.0, dtype=np.float64)
    tags, scores = crf.decode_with_scores(np.array([[[0.0, 3.0], [1.0, 0.0]]]))
    assert tags.tolist() == [[1, 0]]
    assert scores.tolist() == [4 - 1e4]
    tags, scores = crf.decode_n_best(np.zeros((1, 2, 2)), 2)
    assert np.isneginf(scores).all()
    assert (tags == -100).all()


def test_it_learns_what_follows_what(rng) -> None:
    """Emissions say nothing; the tags alternate."""
    crf = LinearChainCRF(2, rng)
    tags = np.array([[0, 1, 0, 1, 0], [1, 0, 1, 0, 1]])
    emissions = Tensor(np.zeros((2, 5, 2), np.float32))
    for _ in range(50):
        grads = gradients(crf(emissions, tags))
        for parameter in crf.parameters():
            parameter.data -= np.float32(0.5) * grads[parameter]
    assert crf(emissions, tags).item() < 0.8  # log 2 is left: which tag comes first
    decoded = crf.decode(emissions)
    assert (np.diff(decoded) != 0).all()


def test_complaints(rng, crf) -> None:
    emissions, tags = Tensor(np.zeros((2, 3, 3))), np.zeros((2, 3), int)
    with pytest.raises(ShapeError, match="3 tags"):
        crf(Tensor(np.zeros((2, 3, 4))), tags)
    with pytest.raises(ShapeError, match="got 3"):
        crf(emissions, tags + 3)
    with pytest.raises(ShapeError, match="mask"):
        crf(emissions, tags, np.ones((2, 2), bool))
    with pytest.raises(DtypeError, match="boolean"):
        crf(emissions, tags, np.ones((2, 3)))
    with pytest.raises(DtypeError, match="integers"):
        crf(emissions, tags.astype(float))
    with pytest.raises(ShapeError, match="forbidden"):
        LinearChainCRF(3, rng, forbidden=np.zeros((2, 2), bool))
    with pytest.raises(ShapeError, match="forbidden_end"):
        LinearChainCRF(3, rng, forbidden_end=np.zeros(2, bool))
