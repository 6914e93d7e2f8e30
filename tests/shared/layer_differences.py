"""Where layers, losses and training deliberately differ from torch's; see torch_differences.py."""

from __future__ import annotations

from typing import Any

import differing_elements as where
import numpy as np
from difference import (
    INF,
    NAN,
    Difference,
    clipped,
    gradient,
    row,
    torch_clipped,
    torch_gradient,
)

from pmt_autograd import Tensor


def rows(*numbers: list[float]) -> Tensor:
    """Return a matrix of float64 numbers."""
    return Tensor(np.array(numbers, np.float64))


def without_keys(torch: Any) -> Any:
    """Return torch's module of attention, of one query without keys."""
    module = torch.nn.MultiheadAttention(1, 1, bias=False, batch_first=True)
    x = torch.ones(1, 1, 1)
    return module(x, x, x, key_padding_mask=torch.tensor([[True]]))[0].detach().reshape(1)


def bag_gradient(pmt: Any) -> Any:
    """Return the gradient of the largest of two equal vectors of a bag."""
    layer = pmt.EmbeddingBag.from_vectors(np.ones((2, 1)), mode="max", sparse=False)
    layer(np.array([[0, 1]])).sum().backward()
    return layer.weight.grad.reshape(2)


OF_LAYERS = [
    Difference(
        "`GlobalMaxPool`, gradient", "`[1, 1]`", "[0.5, 0.5]", "[1, 0]",
        "ties share the gradient, as in `max`",
        lambda m: gradient(lambda x: m.GlobalMaxPool()(x.reshape(1, 1, 2)), [1, 1]),
        lambda t: torch_gradient(
            t, lambda x: t.nn.functional.adaptive_max_pool1d(x.reshape(1, 1, 2), 1), [1, 1]
        ),
    ),
    Difference(
        "`gelu`", "`[1]`, default settings", "[0.8412]", "[0.8413]",
        "the approximation by tanh, which is faster; `gelu_exact` is torch's default",
        lambda m: m.gelu(row([1])),
        lambda t: t.nn.functional.gelu(t.tensor([1.0])),
    ),
    Difference(
        "`gelu_exact`", "inf eight times, float32", "inf", "nan",
        "the limit; torch gives inf for fewer elements",
        lambda m: m.gelu_exact(Tensor(np.full(8, INF, np.float32))).data[0],
        lambda t: t.nn.functional.gelu(t.full((8,), INF))[0],
        ("gelu_exact",), where.at_infinity,
    ),
    Difference(
        "`hardtanh`, `relu6`, gradient", "`[1]`, the upper limit of `hardtanh`", "[1]", "[0]",
        "a limit belongs to the range, as in `clip`",
        lambda m: gradient(m.hardtanh, [1]),
        lambda t: torch_gradient(t, t.nn.functional.hardtanh, [1]),
    ),
    Difference(
        "`EmbeddingBag`, mode \"max\", gradient", "vectors `[[1], [1]]`, a bag of both",
        "[0.5, 0.5]", "[1, 0]", "ties share the gradient, as in `max`",
        lambda m: bag_gradient(m),
        lambda t: torch_gradient(
            t, lambda table: t.nn.functional.embedding_bag(
                t.tensor([[0, 1]]), table.reshape(2, 1), mode="max"
            ), [1, 1],
        ),
    ),
    Difference(
        "`interpolate`, linear", "`[1, 2, inf]` to 5 elements, corners aligned, the third",
        "2", "nan", "a neighbor of weight 0 has no influence",
        lambda m: m.interpolate(
            Tensor(np.array([[[1, 2, INF]]])), size=5, mode="linear", align_corners=True
        )[0, 0, 2],
        lambda t: t.nn.functional.interpolate(
            t.tensor([[[1, 2, INF]]]), size=5, mode="linear", align_corners=True
        )[0, 0, 2],
    ),
    Difference(
        "`Dropout(0.9)`, the smallest", "inf 100 times", "0", "nan", "a mask cuts",
        lambda m: m.Dropout(0.9)(row([INF] * 100), np.random.default_rng(0)).min(),
        lambda t: t.nn.functional.dropout(t.full((100,), INF), 0.9).min(),
    ),
    Difference(
        "attention", "a query without keys", "[0]", "[nan] (`MultiheadAttention`)",
        "a row without choices",
        lambda m: m.attention(
            *[Tensor(np.ones((1, 1, 1)))] * 3, heads=1, mask=np.array([[False]])
        ).reshape(1),
        without_keys,
    ),
]  # fmt: skip

OF_LOSSES = [
    Difference(
        "`mse` and other losses", "no elements, reduction \"mean\"", "0", "nan",
        "the sum over nothing",
        lambda m: m.mse(Tensor(np.zeros(0)), np.zeros(0)),
        lambda t: t.nn.functional.mse_loss(t.zeros(0), t.zeros(0)),
        ("mse", "huber", "binary_cross_entropy", "binary_cross_entropy_with_logits",
         "contrastive_loss", "triplet_loss", "cosine_loss",
         "negative_sampling_loss"), where.without_elements,
    ),
    Difference(
        "`cross_entropy`", "all labels ignored, reduction \"mean\"", "0", "nan",
        "the sum over nothing",
        lambda m: m.cross_entropy(rows([0, 0]), np.array([-100])),
        lambda t: t.nn.functional.cross_entropy(t.zeros(1, 2), t.tensor([-100])),
        ("cross_entropy",), where.without_labels,
    ),
    Difference(
        "`cross_entropy`, gradient", "nan in an ignored row, from a gradient of inf",
        "[0, 0]", "[nan, nan]", "a mask cuts",
        lambda m: gradient(
            lambda x: m.cross_entropy(x.reshape(1, 2), np.array([-100]), reduction="sum"),
            [NAN, 0], INF,
        ),
        lambda t: torch_gradient(
            t, lambda x: t.nn.functional.cross_entropy(
                x.reshape(1, 2), t.tensor([-100]), reduction="sum"
            ), [NAN, 0], INF,
        ),
        ("cross_entropy",), where.ignored_rows, rare=True,
    ),
    Difference(
        "`cross_entropy`", "logits `[[inf, 0]]`, label 1", "inf", "nan",
        "minus the logarithm of a probability of 0",
        lambda m: m.cross_entropy(rows([INF, 0]), np.array([1])),
        lambda t: t.nn.functional.cross_entropy(t.tensor([[INF, 0]]), t.tensor([1])),
        ("cross_entropy",), where.if_infinite_rows,
    ),
    Difference(
        "`cross_entropy`", "logits `[[-inf, 0]]`, label 0 of class weight 0", "0", "nan",
        "0 log 0 = 0",
        lambda m: m.cross_entropy(
            rows([-INF, 0]), np.array([0]), class_weights=np.array([0, 1]), reduction="sum"
        ),
        lambda t: t.nn.functional.cross_entropy(
            t.tensor([[-INF, 0]]), t.tensor([0]), t.tensor([0.0, 1.0]), reduction="sum"
        ),
    ),
    Difference(
        "`kl_div`", "log-probabilities `[[0, 0]]`, target `[[1, 1]]` times e", "5.437", "2.718",
        "reduction \"batchmean\" by default: the mean divergence of the rows",
        lambda m: m.kl_div(rows([0, 0]), np.full((1, 2), np.e)),
        lambda t: t.nn.functional.kl_div(t.zeros(1, 2), t.full((1, 2), np.e)),
    ),
    Difference(
        "`ctc_loss`, gradient", "one step, target `[1, 1]`, which has no alignment", "[0, 0]",
        "[nan, nan]", "the loss is inf on both sides",
        lambda m: gradient(
            lambda x: m.ctc_loss(m.log_softmax(x.reshape(1, 1, 2)), np.array([[1, 1]])), [0, 0]
        ),
        lambda t: torch_gradient(
            t, lambda x: t.nn.functional.ctc_loss(
                t.log_softmax(x.reshape(1, 1, 2), -1), t.tensor([[1, 1]]),
                t.tensor([1]), t.tensor([2]),
            ), [0, 0],
        ),
    ),
    Difference(
        "`margin_ranking_loss`, `hinge_loss` and others, gradient", "at the margin", "[0]", "[-1]",
        "that of `relu`",
        lambda m: gradient(lambda x: m.margin_ranking_loss(x, row([0]), [1]), [0]),
        lambda t: torch_gradient(
            t, lambda x: t.nn.functional.margin_ranking_loss(
                x, t.zeros(1).double(), t.ones(1)
            ), [0],
        ),
    ),
    Difference(
        "`binary_cross_entropy`", "p = 0 and y = 1, float32", "[16.12]", "[100]",
        "the loss of a probability of 1e-7, with its slope",
        lambda m: m.binary_cross_entropy(Tensor(np.zeros(1, np.float32)), [1], reduction="none"),
        lambda t: t.nn.functional.binary_cross_entropy(t.zeros(1), t.ones(1), reduction="none"),
    ),
    Difference(
        "`binary_cross_entropy`, gradient", "p = 0 and y = 0", "[1]", "[0]",
        "the derivative of -log(1 - p)",
        lambda m: gradient(lambda p: m.binary_cross_entropy(p, [0]), [0]),
        lambda t: torch_gradient(
            t, lambda p: t.nn.functional.binary_cross_entropy(p, t.zeros(1).double()), [0]
        ),
    ),
    Difference(
        "`binary_cross_entropy_with_logits`", "`[inf]` and y = 1", "0", "nan", "the limit",
        lambda m: m.binary_cross_entropy_with_logits(row([INF]), [1]),
        lambda t: t.nn.functional.binary_cross_entropy_with_logits(t.tensor([INF]), t.ones(1)),
        ("binary_cross_entropy_with_logits",), where.infinite_logits,
    ),
    Difference(
        "`cosine_similarity`", "`[1e-9]` and `[1]`", "1", "0.1",
        "scaled first, so that it is exact for vectors of any length",
        lambda m: m.cosine_similarity(row([1e-9]), row([1])),
        lambda t: t.nn.functional.cosine_similarity(t.tensor([1e-9]), t.ones(1), dim=0),
    ),
    Difference(
        "`cosine_similarity`, gradient", "`[0]`, beside `[1]`", "[0]", "[1e+08]", "a kink",
        lambda m: gradient(lambda x: m.cosine_similarity(x, row([1])), [0]),
        lambda t: torch_gradient(
            t, lambda x: t.nn.functional.cosine_similarity(x, t.ones(1).double(), dim=0), [0]
        ),
    ),
    Difference(
        "`triplet_loss`", "`[[0]]`, `[[0]]` and `[[1]]`", "0", "2e-06",
        "exact; torch adds 1e-6 to differences",
        lambda m: m.triplet_loss(rows([0]), rows([0]), rows([1])),
        lambda t: t.nn.functional.triplet_margin_loss(
            *(t.tensor([[x]], dtype=t.float64) for x in (0, 0, 1))
        ),
    ),
]  # fmt: skip

OF_TRAINING = [
    Difference(
        "`clip_grad_norm`", "`[2e-6]`, limit 1e-6", "[1e-06]", "[6.667e-07]",
        "exact; torch adds 1e-6 to the norm",
        lambda m: clipped(m, [2e-6], 1e-6),
        lambda t: torch_clipped(t, [2e-6], 1e-6),
    ),
    Difference(
        "`clip_grad_norm`", "`[1, nan]`, limit 1", "[1, nan]", "[nan, nan]",
        "the other elements still show what they were",
        lambda m: clipped(m, [1, NAN], 1.0),
        lambda t: torch_clipped(t, [1, NAN], 1.0),
    ),
]  # fmt: skip
