"""Several models that decode together: the mean of their log-probabilities, by brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from inputs import padded_sources, translator

from pmt_core import SettingsError, log_softmax
from pmt_nn import EncoderDecoder, EnsembleDecoding, beam_search, power_penalty

END = 2


def ensemble(models: list[EncoderDecoder], source, mask) -> EnsembleDecoding:
    return EnsembleDecoding([model.decoding(source, mask) for model in models])


def first(n: int) -> np.ndarray:
    return np.full((n, 1), 1)


def test_one_model_by_itself_is_its_own_ensemble(rng, stir) -> None:
    model = translator(rng, stir)
    source, mask = padded_sources(rng)
    settings = {"end": END, "max_length": 8, "width": 3, "n_best": 2}
    expected = model.beam_search(source, mask, start=1, **settings)
    result = beam_search(ensemble([model], source, mask), first(5), **settings)
    for row, row_expected in zip(result, expected, strict=True):
        for ours, theirs in zip(row, row_expected, strict=True):
            assert ours.tokens == theirs.tokens
            assert ours.score == pytest.approx(theirs.score)


def test_a_wide_beam_finds_what_brute_force_finds(rng, stir) -> None:
    models = [translator(rng, stir, target_vocabulary=4) for _ in range(3)]
    source, mask = padded_sources(rng)
    limit = 3
    result = beam_search(
        ensemble(models, source, mask), first(5),
        end=END, max_length=limit, width=64, penalty=power_penalty(0), n_best=4,
    )  # fmt: skip
    for i in range(5):
        every = sorted(
            (
                (_log_probability(models, source[i : i + 1], mask[i : i + 1], (*letters, END)))
                for n in range(limit)
                for letters in itertools.product((0, 1, 3), repeat=n)
            ),
            reverse=True,
        )
        found = [hypothesis.log_probability for hypothesis in result[i]]
        np.testing.assert_allclose(found, every[:4], rtol=1e-9)


def _log_probability(models, source, mask, tokens) -> float:
    """Of these tokens after a start token 1: each step is the normalized mean over the models."""
    target = np.array([[1, *tokens[:-1]]])
    rows = np.mean([log_softmax(model(source, target, mask).data[0]) for model in models], axis=0)
    return float(log_softmax(rows)[np.arange(len(tokens)), list(tokens)].sum())


def test_an_ensemble_has_members() -> None:
    with pytest.raises(SettingsError, match="members"):
        EnsembleDecoding([])
