"""Shared by the tests of pmt_nn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import RowSparse
from pmt_nn import Module


class Oracle:
    """PyTorch as a black box: the same arrays go in, outputs and gradients are compared.

    In float64 the two agree to rounding (1e-9 here); in float32 within 1e-4.
    """

    def __init__(self, torch: Any) -> None:
        self.torch = torch

    def tensor(self, array: np.ndarray, wants: bool = True) -> Any:
        """A torch leaf with a copy of the array."""
        leaf = self.torch.from_numpy(np.array(array))
        return leaf.requires_grad_() if wants and leaf.is_floating_point() else leaf

    def copy(self, pairs: Mapping[Any, np.ndarray]) -> None:
        """Write arrays into torch's parameters; every shape must be the same."""
        with self.torch.no_grad():
            for theirs, ours in pairs.items():
                assert tuple(theirs.shape) == ours.shape
                theirs.copy_(self.torch.from_numpy(np.array(ours)))

    def compare(
        self,
        ours: Tensor | tuple[Tensor, ...],
        theirs: Any,
        leaves: list[tuple[Tensor, Any, Callable[[np.ndarray], np.ndarray]]],
        where: np.ndarray | None = None,
    ) -> dict[Tensor, Any]:
        """Hold outputs and the gradients of sum(output * fixed numbers) equal; returns ours.

        leaves: (our leaf, torch's, how ours is turned into torch's layout).
        where: which elements of the (first) output count; all by default.
        """
        ours = ours if isinstance(ours, tuple) else (ours,)
        theirs = theirs if isinstance(theirs, tuple) else (theirs,)
        our_loss: Any = 0.0
        their_loss: Any = 0.0
        rng = np.random.default_rng(99)
        for local, other in zip(ours, theirs, strict=True):
            tolerance = 1e-9 if local.dtype == np.float64 else 1e-4
            weight = rng.normal(size=local.shape).astype(local.dtype)
            if where is not None:
                weight = weight * where.reshape(*where.shape, *[1] * (weight.ndim - where.ndim))
            remaining = weight != 0
            np.testing.assert_allclose(
                local.data[remaining],
                other.detach().numpy()[remaining],
                rtol=tolerance,
                atol=tolerance,
            )
            our_loss = (local * weight).sum() + our_loss
            their_loss = (other * self.torch.from_numpy(weight)).sum() + their_loss
        results = gradients(our_loss)
        their_loss.backward()
        for i, (leaf, other, layout) in enumerate(leaves):
            gradient = results[leaf]
            if isinstance(gradient, RowSparse):
                gradient = gradient.to_dense()
            expected = other.grad.numpy()
            scale = max(float(np.abs(expected).max()), 1.0)
            np.testing.assert_allclose(
                layout(gradient),
                expected,
                rtol=tolerance,
                atol=tolerance * scale,
                err_msg=f"gradient of leaf {i}",
            )
        return results


@pytest.fixture
def oracle() -> Oracle:
    """Skips the test where torch is not installed."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return Oracle(torch)


@pytest.fixture
def rng() -> np.random.Generator:
    """A stream of its own for every test."""
    return np.random.default_rng(20)


def stir(model: Module, seed: int = 3) -> Module:
    """Move all parameters away from the special first values 0 and 1."""
    rng = np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data += (rng.normal(size=parameter.shape) * 0.1).astype(parameter.dtype)
    return model


@pytest.fixture(name="stir")
def _stir() -> Callable[..., Any]:
    return stir
