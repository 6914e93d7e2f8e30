"""Every fused primitive equals its composed form: values and gradients on its own samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pmt_nn  # registers its primitives
from pmt_autograd import REGISTRY, Primitive, Tensor, check_composed, gradients, primitives_of

ENTRIES = primitives_of(pmt_nn.__name__)
each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)


@each
def test_it_has_a_composed_form(entry: Primitive) -> None:
    assert entry.composed is not None, f"attach one with @composed_form({entry.name})"


@each
def test_fused_equals_composed(entry: Primitive) -> None:
    """In float64 and float32, with the settings of every sample."""
    if entry.composed is not None:
        assert check_composed(entry) > 0


KEEP = np.array([True, False, True, False, True, True, False])
EDGES = np.array([-np.inf, np.nan, -1.0, np.inf, 0.0, 2.0, -np.inf])
DROPOUT = {"dropout_mask": pmt_nn.DropoutMask(KEEP, 2.0)}
AT_EDGES: dict[str, tuple[tuple[np.ndarray, ...], dict[str, Any]]] = {
    "huber_of": ((EDGES,), {"delta": 1.0}),
    "apply_mask": ((EDGES,), DROPOUT),
    "add_dropped": ((np.ones(7), EDGES), DROPOUT),
    "logit_losses": ((EDGES, np.array([0, 1, 1, 1, 0, 1, 1])), {}),
    "normalized": ((np.array([[0, 0], [1e-300, 0], [3e300, 4e300], [np.inf, 1]]),), {}),
    "mean_of_tokens": ((EDGES.reshape(1, 7, 1),), {"mask": KEEP[np.newaxis] & np.isfinite(EDGES)}),
    "cross_entropy": (
        (np.array([[0, -np.inf, 1], [np.inf, 0, 0]]), np.array([2, 0])),
        {"reduction": "none"},
    ),
    "max_pool2d": ((np.array([[[[1, np.nan], [3, -np.inf]]]]),), {"kernel": 2}),
    "bag_max": ((EDGES.reshape(7, 1),), {"lengths": np.array([2, 0, 4, 1])}),
    "adaptive_maximum": ((EDGES.reshape(1, 1, 1, 7),), {"size": (1, 5)}),
    "pad_border": ((EDGES.reshape(1, 1, 7),), {"widths": (3,), "mode": "reflect"}),
    "resize_axis": (
        (np.array([[-np.inf, np.nan, 1.0, np.inf, 2.0]]),),
        {"axis": 1, "size": 9, "linear": True, "align_corners": True},
    ),
    "ctc_losses": (
        (
            np.array([[[-1.0, -2], [-np.inf, 0], [np.nan, np.nan]]]),
            np.array([[1]]),
            np.array([2]),
            np.array([1]),
        ),
        {},
    ),
    "rnn_scan": (
        (np.array([[[1.0], [np.nan], [np.inf]]]), np.ones((1, 1)), np.zeros((1, 1))),
        {"mask": np.array([[True, False, False]])},
    ),
    "crf_log_partition": (
        (np.array([[[1.0, 2], [np.nan, np.inf]]]), np.eye(2), np.zeros(2), np.ones(2)),
        {"lengths": np.array([1])},
    ),
}


# Sums of several products: an infinite gradient gives inf - inf in one form and not in the other.
SUMS = ("huber_of", "cross_entropy", "ctc_losses", "resize_axis")


@pytest.mark.parametrize(
    ("name", "incoming"),
    [(name, x) for name in AT_EDGES for x in (1.0, np.inf) if x == 1 or name not in SUMS],
)
def test_fused_equals_composed_at_edges(name: str, incoming: float) -> None:
    """Infinities, nan and zeros: in what a mask leaves out, and as gradients."""
    entry = REGISTRY[name]
    arrays, settings = AT_EDGES[name]
    results = []
    for form in (entry.operation, entry.composed):
        assert form is not None
        leaves = [Tensor(x, requires_grad=True) if x.dtype.kind == "f" else x for x in arrays]
        with np.errstate(all="ignore"):
            y = form(*leaves, **settings)
            grads = gradients(y, np.full(y.shape, incoming))
        results.append([y.data, *(grads[leaf] for leaf in leaves if isinstance(leaf, Tensor))])
    for fused, composed in zip(*results, strict=True):
        np.testing.assert_allclose(fused, composed, rtol=1e-9)
