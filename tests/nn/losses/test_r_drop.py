"""The R-Drop loss: beside plain operations, by hand, and as the loss of a translator."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from inputs import padded_sources, translator

from pmt_autograd import gradients
from pmt_core import SettingsError, ShapeError
from pmt_nn import Parameter, tied_cross_entropy, tied_r_drop_loss

RNG = np.random.default_rng(4)


def parts(n: int, d: int, v: int) -> tuple[list[Parameter], np.ndarray]:
    made = [Parameter(RNG.normal(size=shape)) for shape in ((2 * n, d), (v, d), (v,))]
    return made, RNG.integers(0, v, n)


@pytest.mark.parametrize(("alpha", "smoothing"), [(0.0, 0.1), (1.0, 0.0), (5.0, 0.1)])
@pytest.mark.parametrize(("n", "d", "v"), [(3, 4, 5), (70, 6, 40_000), (1, 2, 1), (0, 4, 5)])
def test_equal_to_plain_operations(n: int, d: int, v: int, alpha: float, smoothing: float) -> None:
    inputs, labels = parts(n, d, v)  # 70 x 40,000 is more than one block
    settings = {"alpha": alpha, "label_smoothing": smoothing}
    fused = tied_r_drop_loss(*inputs, labels, **settings)
    composed = tied_r_drop_loss.composed(*inputs, labels, **settings)
    np.testing.assert_allclose(fused.item(), composed.item(), rtol=1e-12, atol=1e-14)
    grads, expected = gradients(fused * 0.5), gradients(composed * 0.5)
    for parameter in inputs:
        np.testing.assert_allclose(grads[parameter], expected[parameter], rtol=1e-8, atol=1e-10)


def test_by_hand() -> None:
    """p = (1/4, 3/4), q = (3/4, 1/4): KL(p, q) = KL(q, p) = ln(3) / 2."""
    x = np.array([[1.0], [-1.0]])
    table, bias = np.array([[0.0], [np.log(3)]]), np.zeros(2)
    loss = tied_r_drop_loss(x, table, bias, np.array([1]), alpha=2.0)
    cross_entropies = -np.log(3 / 4) - np.log(1 / 4)
    assert loss.item() == pytest.approx(cross_entropies + 2.0 * np.log(3) / 2)


def test_equal_passes_have_no_divergence() -> None:
    (x, table, bias), labels = parts(4, 3, 5)
    x.data[4:] = x.data[:4]
    loss = tied_r_drop_loss(x, table, bias, labels, alpha=7.0, label_smoothing=0.1)
    once = tied_cross_entropy(x.data[:4], table, bias, labels, label_smoothing=0.1)
    assert loss.item() == pytest.approx(2 * once.item())


def test_float32_stays_float32_with_certain_predictions() -> None:
    (x, table, bias), labels = parts(4, 3, 5)
    x.data *= 300
    inputs = [Parameter(each.data.astype(np.float32)) for each in (x, table, bias)]
    loss = tied_r_drop_loss(*inputs, labels, alpha=5.0)
    assert loss.dtype == np.float32
    for gradient in gradients(loss).values():
        assert gradient.dtype == np.float32
        assert np.isfinite(gradient).all()


def test_what_does_not_go_together_is_refused() -> None:
    (x, table, bias), labels = parts(3, 4, 5)
    with pytest.raises(ShapeError, match="two rows for each label, got 6 rows and 2 labels"):
        tied_r_drop_loss(x, table, bias, labels[:2], alpha=1.0)
    with pytest.raises(SettingsError, match=r"alpha is a finite number, 0 or more, got -1"):
        tied_r_drop_loss(x, table, bias, labels, alpha=-1.0)


def test_the_loss_of_a_translator_has_two_passes(rng: np.random.Generator, stir) -> None:
    model = translator(rng, stir, dropout=0.3)
    source, source_mask = padded_sources(rng)
    batch = SimpleNamespace(
        source=source,
        source_mask=source_mask,
        target=source,
        target_mask=source_mask,
        labels=rng.integers(0, 9, source.shape),
    )
    without = model.eval().loss(batch, label_smoothing=0.1).item()
    assert model.loss(batch, label_smoothing=0.1, r_drop=3.0).item() == pytest.approx(2 * without)
    losses = [
        model.train().loss(batch, r_drop=alpha, rng=np.random.default_rng(1)).item()
        for alpha in (1e-9, 3.0)
    ]
    assert losses[1] > losses[0]  # the passes differ, by dropout
