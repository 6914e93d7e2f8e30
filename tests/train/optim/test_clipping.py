"""Clipping by norm and by value, and compared to PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError
from pmt_nn import Parameter
from pmt_train import (
    Clipping,
    FlatParameters,
    clip_factor,
    clip_grad_norm,
    clip_values,
    global_norm,
)


def test_the_norm_is_that_of_all_gradients_together():
    w, table = Parameter(np.zeros((2, 2), np.float32)), Parameter(np.zeros((9, 2), np.float32))
    flat = FlatParameters([("w", w), ("table", table)])
    rows = RowSparse(np.array([3, 3]), np.array([[1, 2], [1, 2]], np.float32), (9, 2))
    gradients = flat.gather([{w: np.array([[1, 2], [2, 4]], np.float32), table: rows}])
    # 1 + 4 + 4 + 16 dense, and row 3 is named twice: (2, 4), 4 + 16
    assert global_norm(gradients) == pytest.approx(np.sqrt(45))
    assert global_norm(gradients, scale=0.5) == pytest.approx(np.sqrt(45) / 2)


def test_only_what_is_too_long_is_shortened():
    assert clip_factor(10.0, 2.0) == 0.2
    assert clip_factor(2.0, 2.0) == 1.0
    assert clip_factor(0.0, 2.0) == 1.0
    assert clip_factor(1e9, None) == 1.0
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(SettingsError, match="above 0"):
            clip_factor(1.0, wrong)


def test_clipping_by_value_comes_before_the_norm():
    p = Parameter(np.zeros(4))
    table = Parameter(np.zeros((5, 2)))
    flat = FlatParameters([("p", p), ("table", table)])
    rows = RowSparse(np.array([1, 1]), np.array([[4.0, -1.0], [4.0, 0.0]]), (5, 2))
    gradients = flat.gather([{p: np.array([8.0, -8.0, 1.0, 0.0]), table: rows}])
    clipped = clip_values(gradients, 0.5, scale=1 / 4)  # elements beyond 2 are cut to 2
    np.testing.assert_array_equal(clipped.of(flat.slots[1]), [2.0, -2.0, 1.0, 0.0])
    np.testing.assert_array_equal(clipped.of(flat.slots[0]).values, [[2.0, -1.0]])
    assert global_norm(clipped) == pytest.approx(np.sqrt(4 + 4 + 1 + 4 + 1))
    with pytest.raises(SettingsError, match="above 0"):
        Clipping(value=0.0)


def test_clip_grad_norm_scales_every_grad_in_place():
    w, table = Parameter(np.zeros((2, 2))), Parameter(np.zeros((9, 2)))
    unused = Parameter(np.zeros(3))
    w.grad = np.array([[1.0, 2.0], [2.0, 4.0]])
    table.grad = RowSparse(np.array([3, 3]), np.array([[1.0, 2.0], [1.0, 2.0]]), (9, 2))
    assert clip_grad_norm([w, table, unused], 9.0) == pytest.approx(np.sqrt(45))
    assert w.grad[1, 1] == 4.0  # short enough
    assert clip_grad_norm(iter([w, table, unused]), np.sqrt(45) / 2) == pytest.approx(np.sqrt(45))
    np.testing.assert_allclose(w.grad, [[0.5, 1.0], [1.0, 2.0]])
    np.testing.assert_allclose(table.grad.to_dense()[3], [1.0, 2.0])
    assert unused.grad is None


@pytest.mark.oracle
@pytest.mark.parametrize("limit", [0.05, 100.0])
def test_clipping_is_torchs(limit):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    p = Parameter(np.zeros((30, 20), np.float32))
    g = rng.normal(size=p.shape).astype(np.float32)
    flat = FlatParameters([("p", p)])
    theirs = torch.nn.Parameter(torch.zeros(30, 20))
    theirs.grad = torch.from_numpy(g / 8)
    torch.nn.utils.clip_grad_value_([theirs], limit)
    gradients = clip_values(flat.gather([{p: g}]), limit, 1 / 8)
    np.testing.assert_allclose(gradients.of(flat.slots[0]) / 8, theirs.grad, rtol=1e-6)
    norm = torch.nn.utils.clip_grad_norm_([theirs], limit)
    assert global_norm(gradients, 1 / 8) == pytest.approx(float(norm), rel=1e-5)
    ours = gradients.of(flat.slots[0]) / 8 * clip_factor(float(norm), limit)
    np.testing.assert_allclose(ours, theirs.grad, rtol=1e-4)
