"""Beam search, against brute force and by hand."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from inputs import padded_sources, translator

from pmt_core import SettingsError, log_softmax
from pmt_nn import (
    BeamStep,
    Decoding,
    EncoderDecoder,
    beam_search,
    gnmt_penalty,
    power_penalty,
)
from pmt_nn.generation.beam_search import largest

END = 2


def log_probability(model: EncoderDecoder, source, mask, tokens) -> float:
    """Of these tokens after a start token 1, by one whole pass."""
    target = np.array([[1, *tokens[:-1]]])
    rows = log_softmax(model(source, target, mask).data[0])
    return float(rows[np.arange(len(tokens)), list(tokens)].sum())


def test_a_beam_of_width_one_is_greedy(rng, stir) -> None:
    model = translator(rng, stir)
    model.bias.data[END] += 1.2
    source, mask = padded_sources(rng)
    settings = {"start": 1, "end": END, "max_length": 12}
    greedy = model.translate(source, mask, **settings)
    result = model.beam_search(source, mask, width=1, **settings)
    ended = 0
    for row, (best,) in zip(greedy.tolist(), result, strict=True):
        tokens = row[: row.index(END)] if END in row else row
        assert list(best.tokens) == tokens
        assert best.ended == (END in row)
        ended += best.ended
    assert 0 < ended < 5  # both ways to stop were seen


@pytest.mark.parametrize("penalty", [power_penalty(0), gnmt_penalty(1.0), power_penalty(1.0)])
@pytest.mark.parametrize("cached", [True, False])
def test_a_wide_beam_finds_what_brute_force_finds(rng, stir, penalty, cached) -> None:
    model = translator(rng, stir, target_vocabulary=4)
    source, mask = padded_sources(rng)
    limit, letters = 4, (0, 1, 3)
    result = model.beam_search(
        source, mask, start=1, end=END, max_length=limit, width=100, penalty=penalty, n_best=5,
        cached=cached,
    )  # fmt: skip
    for i in range(5):
        every = [
            (log_probability(model, source[i : i + 1], mask[i : i + 1], (*tokens, END)), tokens)
            for n in range(limit)
            for tokens in itertools.product(letters, repeat=n)
        ]
        assert len(every) == 1 + 3 + 9 + 27
        scored = sorted(((p / penalty(len(t) + 1), p, t) for p, t in every), reverse=True)
        assert [h.tokens for h in result[i]] == [tokens for _, _, tokens in scored[:5]]
        for hypothesis, (score, p, _) in zip(result[i], scored, strict=False):
            assert hypothesis.score == pytest.approx(score, abs=1e-10)
            assert hypothesis.log_probability == pytest.approx(p, abs=1e-10)


@pytest.mark.parametrize("width", [2, 3, 5])
def test_a_batch_gives_what_each_sentence_alone_gives(rng, stir, width) -> None:
    model = translator(rng, stir)
    source, mask = padded_sources(rng)
    limits = mask.sum(axis=1) + 4
    settings = {"start": 1, "end": END, "width": width, "n_best": 2}
    together = model.beam_search(source, mask, max_length=limits, **settings)
    uncached = model.beam_search(source, mask, max_length=limits, **settings, cached=False)
    for i in range(5):
        n = mask[i].sum()
        (alone,) = model.beam_search(source[i : i + 1, :n], max_length=n + 4, **settings)
        for other in (together[i], uncached[i]):
            assert [h.tokens for h in other] == [h.tokens for h in alone]
            assert [h.score for h in other] == pytest.approx([h.score for h in alone])


def test_a_hypothesis_has_the_probability_of_a_whole_pass(rng, stir) -> None:
    model = translator(rng, stir)
    source, mask = padded_sources(rng)
    result = model.beam_search(source, mask, start=1, end=END, max_length=10, width=3, n_best=3)
    for i, hypotheses in enumerate(result):
        assert [h.score for h in hypotheses] == sorted(
            (h.score for h in hypotheses if h.ended), reverse=True
        ) + [h.score for h in hypotheses if not h.ended]
        for h in hypotheses:
            tokens = (*h.tokens, END) if h.ended else h.tokens
            p = log_probability(model, source[i : i + 1], mask[i : i + 1], tokens)
            assert h.log_probability == pytest.approx(p, abs=1e-10)
            assert h.score == pytest.approx(p / ((5 + len(tokens)) / 6) ** 0.6)


def scripted(table: dict[tuple[int, ...], list[float]]) -> Decoding:
    """A decoder that gives these probabilities after these tokens (after the first one)."""

    def read(ids, memory, mask, cache):
        class Logits:
            data = np.log([[table.get(tuple(row[1:]), [1 / 3] * 3)] for row in ids.tolist()])

        return Logits

    return Decoding(read, 0, cached=False)


def test_length_penalty_by_hand() -> None:
    """Ending at once has 0.3, going on by token 0 and then ending 0.6 * 0.45 = 0.27."""
    table = {(): [0.6, 0.1, 0.3], (0,): [0.5, 0.05, 0.45], (1,): [0.3, 0.3, 0.4]}
    table |= {key: [0.0005, 0.0005, 0.999] for key in [(0, 0), (0, 1), (1, 0), (1, 1)]}

    def best(penalty) -> list[tuple[int, ...]]:
        (result,) = beam_search(
            scripted(table),
            np.array([[9]]),
            end=END,
            max_length=3,
            width=4,
            penalty=penalty,
            n_best=3,
        )
        return [h.tokens for h in result]

    # ln: (): -1.204, (0): -1.309, (0, 0): ln 0.3 * 0.999 = -1.205
    assert best(power_penalty(0)) == [(), (0, 0), (0,)]
    # means: (): -1.204, (0): -0.655, (0, 0): -0.402, (0, 1): ln(0.03 * 0.999) / 3 = -1.169
    assert best(power_penalty(1)) == [(0, 0), (0,), (0, 1)]
    # over ((5 + n) / 6): (): -1.204, (0): -1.122, (0, 0): -0.904
    assert best(gnmt_penalty(1)) == [(0, 0), (0,), ()]
    assert gnmt_penalty(0.6)(7) == pytest.approx(2**0.6)
    assert power_penalty(0.5)(9) == 3


def test_poor_hypotheses_that_end_early_do_not_stop_the_search() -> None:
    """A sure decoder: four times token 0, then the end; ending sooner is unlikely every time."""
    table = {(0,) * n: [0.9, 0.02, 0.08] for n in range(4)}
    table |= {(*([0] * n), 1): [0.1, 0.1, 0.8] for n in range(4)}
    table[0, 0, 0, 0] = [0.01, 0.01, 0.98]
    for width in (1, 2, 3):
        ((best,),) = beam_search(
            scripted(table), np.array([[9]]), end=END, max_length=9, width=width
        )
        assert best.tokens == (0, 0, 0, 0)
        assert best.log_probability == pytest.approx(4 * math.log(0.9) + math.log(0.98))


def test_a_beam_without_an_end_is_cut_at_its_limit(rng, stir) -> None:
    model = translator(rng, stir)
    model.bias.data[END] = -1e9
    source, mask = padded_sources(rng)
    limits = np.array([3, 1, 5, 2, 4])
    result = model.beam_search(source, mask, start=1, end=END, max_length=limits, width=2, n_best=2)
    assert [[len(h.tokens) for h in row] for row in result] == [[n, n] for n in limits]
    assert not any(h.ended for row in result for h in row)


def test_settings_of_a_beam_that_make_no_sense(rng, stir) -> None:
    model = translator(rng, stir)
    ids = np.array([[3]])
    for wrong in ({"width": 0}, {"n_best": 0}, {"max_length": 0}):
        with pytest.raises(SettingsError, match="1 or more"):
            model.beam_search(ids, start=1, end=END, **{"max_length": 3, **wrong})
    with pytest.raises(SettingsError, match="exponent"):
        gnmt_penalty(-1)


def test_the_largest_of_long_rows(rng) -> None:
    scores = rng.normal(size=(7, 5000))
    scores[0, 4990:] += 10  # in the part that fills no whole block
    scores[1, 64:128] += 10  # many in one block
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    np.testing.assert_array_equal(largest(scores, 10), expected)
    np.testing.assert_array_equal(largest(scores[:, :30], 30), np.argsort(-scores[:, :30], axis=1))


class Fixed:
    """A decoding whose logits are always the same, row after row."""

    def __init__(self, row: list[float]) -> None:
        self.row = np.array(row, np.float32)

    def step(self, ids: np.ndarray) -> np.ndarray:
        return np.tile(self.row, (len(ids), 1))

    def select(self, rows, sources=None) -> None:
        pass


def test_logits_of_nan_are_refused() -> None:
    for row in ([0, math.nan, 1, 0], [math.nan] * 4):
        with pytest.raises(SettingsError, match="nan"):
            beam_search(Fixed(row), np.array([[1]]), end=END, max_length=4)
    model_free = [0.0, math.inf, 1.0, -math.inf]  # token 1 for ever
    ((best,),) = beam_search(Fixed(model_free), np.array([[1]]), end=END, max_length=3)
    assert best.tokens == (1, 1, 1)
    assert best.log_probability == 0


@pytest.mark.parametrize(
    "settings",
    [
        *({"width": value} for value in (-1, 2.0, True)),
        *({"n_best": value} for value in (0, 1.5, True)),
        *({"max_length": value} for value in (0, 2.5, True, np.array([3.0]))),
    ],
    ids=str,
)
def test_sizes_of_a_beam_are_whole_numbers(settings) -> None:
    with pytest.raises(SettingsError, match="1 or more"):
        beam_search(Fixed([0, 0, 1, 0]), np.array([[1]]), end=END, **{"max_length": 3, **settings})


@pytest.mark.parametrize("alpha", [-1, 33, 1e9, math.nan, math.inf])
def test_a_penalty_refuses_exponents_whose_powers_are_no_floats(alpha) -> None:
    for penalty in (gnmt_penalty, power_penalty):
        with pytest.raises(SettingsError, match="exponent"):
            penalty(alpha)


def test_the_observed_steps_are_those_of_the_result(rng, stir) -> None:
    model = translator(rng, stir)
    model.bias.data[END] += 1.2
    source, mask = padded_sources(rng)
    settings = {"start": 1, "end": END, "max_length": 12, "width": 3}
    steps: list[BeamStep] = []
    expected = model.beam_search(source, mask, **settings)
    assert model.beam_search(source, mask, **settings, observer=steps.append) == expected
    prefixes = {i: [((), 0.0)] for i in range(5)}  # sentence -> tokens and log-probability
    ended: dict[int, list[tuple[tuple[int, ...], float]]] = {i: [] for i in range(5)}
    for step in steps:
        assert sorted(prefixes) == sorted({*prefixes} & {*step.sentences.tolist()})
        before, prefixes = prefixes, {}
        for row, i in enumerate(step.sentences.tolist()):
            kept: dict[int, tuple[tuple[int, ...], float]] = {}
            for j, token in enumerate(step.tokens[row].tolist()):
                tokens, p = before[i][step.prefixes[row, j]]
                assert step.log_probability[row, j] <= p
                extended = (*tokens, token)
                assert step.log_probability[row, j] == pytest.approx(
                    log_probability(model, source[i : i + 1], mask[i : i + 1], extended), abs=1e-5
                )
                if step.ended[row, j]:
                    assert token == END
                    ended[i].append((tokens, step.log_probability[row, j]))
                elif step.ranks[row, j] >= 0:
                    kept[int(step.ranks[row, j])] = (extended, step.log_probability[row, j])
            prefixes[i] = [kept[rank] for rank in range(len(kept))]
        later = steps.index(step) + 1
        remaining = steps[later].sentences.tolist() if later < len(steps) else []
        prefixes = {i: value for i, value in prefixes.items() if i in remaining}
    for i, (best,) in enumerate(expected):
        if best.ended:
            assert (best.tokens, best.log_probability) in ended[i]
    assert sum(map(len, ended.values())) > 5
