"""The output layer and its loss in one step, beside the two steps; and the translation loss."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from pmt_autograd import gradients
from pmt_core import DtypeError, SettingsError, ShapeError
from pmt_nn import (
    EncoderDecoder,
    EncoderDecoderConfig,
    Parameter,
    cross_entropy,
    tied_cross_entropy,
)

RNG = np.random.default_rng(4)


def parts(n: int, d: int, v: int) -> tuple[list[Parameter], np.ndarray]:
    made = [Parameter(RNG.normal(size=shape)) for shape in ((n, d), (v, d), (v,))]
    return made, RNG.integers(0, v, n)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
@pytest.mark.parametrize(("n", "d", "v"), [(3, 4, 5), (70, 6, 40_000), (1, 2, 1), (0, 4, 5)])
def test_equal_to_the_two_steps(n: int, d: int, v: int, smoothing: float) -> None:
    inputs, labels = parts(n, d, v)  # 70 x 40,000 is more than one block
    fused = tied_cross_entropy(*inputs, labels, label_smoothing=smoothing)
    composed = tied_cross_entropy.composed(*inputs, labels, label_smoothing=smoothing)
    np.testing.assert_allclose(fused.item(), composed.item(), rtol=1e-12, atol=1e-15)
    grads, expected = gradients(fused * 0.5), gradients(composed * 0.5)
    for parameter in inputs:
        np.testing.assert_allclose(grads[parameter], expected[parameter], rtol=1e-9, atol=1e-11)


def test_by_hand() -> None:
    x, table = Parameter(np.array([[1.0]])), Parameter(np.array([[0.0], [np.log(3)]]))
    loss = tied_cross_entropy(x, table, Parameter(np.zeros(2)), np.array([1]), label_smoothing=0.5)
    # p = (1/4, 3/4), q = (1/4, 3/4)
    assert loss.item() == pytest.approx(-(np.log(0.25) / 4 + 3 * np.log(0.75) / 4))
    assert gradients(loss)[x] == pytest.approx(0)


def test_what_does_not_go_together_is_refused() -> None:
    (x, table, bias), labels = parts(3, 4, 5)
    for wrong in ((x, table, bias, labels[:2]), (x, Parameter(table.data[:, :3]), bias, labels)):
        with pytest.raises(ShapeError):
            tied_cross_entropy(*wrong)
    with pytest.raises(ShapeError, match=r"0 \.\.\. 4, got -100"):
        tied_cross_entropy(x, table, bias, np.array([0, -100, 2]))
    with pytest.raises(DtypeError):
        tied_cross_entropy(x, table, bias, labels.astype(np.float64))
    with pytest.raises(SettingsError):
        tied_cross_entropy(x, table, bias, labels, label_smoothing=1.0)


@pytest.mark.parametrize("shared", [False, True])
def test_the_loss_of_an_encoder_decoder_is_that_of_its_logits(shared: bool) -> None:
    config = EncoderDecoderConfig(
        source_vocabulary=600, target_vocabulary=600, width=8, heads=2, hidden=12, shared=shared
    )
    model = EncoderDecoder(config, np.random.default_rng(1), dtype=np.float64).eval()
    source, target = RNG.integers(0, 600, (3, 5)), RNG.integers(0, 600, (3, 4))
    labels = RNG.integers(0, 600, (3, 4))
    source_mask = np.arange(5) < np.array([[5], [2], [4]])
    target_mask = np.arange(4) < np.array([[1], [4], [3]])
    masks = source_mask, target_mask
    batch = SimpleNamespace(
        source=source,
        target=target,
        labels=labels,
        source_mask=source_mask,
        target_mask=target_mask,
    )
    loss = model.loss(batch, label_smoothing=0.1)
    logits = model(source, target, *masks)
    expected = cross_entropy(
        logits, np.where(target_mask, labels, -100), reduction="sum", label_smoothing=0.1
    )
    np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-12)
    grads, expected = gradients(loss), gradients(expected)
    assert grads.keys() == expected.keys()
    for parameter, gradient in grads.items():
        left, right = (
            g if isinstance(g, np.ndarray) else g.to_dense()
            for g in (gradient, expected[parameter])
        )
        np.testing.assert_allclose(left, right, rtol=1e-8, atol=1e-10)
