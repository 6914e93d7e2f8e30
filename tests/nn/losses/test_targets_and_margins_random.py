"""Soft targets, likelihoods, focal and margin losses beside torch (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_autograd import log_softmax, sigmoid
from pmt_nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    focal_loss,
    hinge_embedding_loss,
    hinge_loss,
    kl_div,
    l1_loss,
    margin_ranking_loss,
    multi_margin_loss,
    nll_loss,
    sigmoid_focal_loss,
    smooth_l1_loss,
)

pytestmark = pytest.mark.oracle
REDUCTIONS = ("mean", "sum", "none")


def reduced(losses: Any, reduction: str) -> Any:
    return losses if reduction == "none" else getattr(losses, reduction)()


def numbers(draw: Draw, *shape: int) -> Any:
    """Return numbers of one magnitude without edge values or ties: no kink is met."""
    power = {"large": 6, "small": -6, "mixed": 2}.get(draw.content, 0) * draw.rng.random()
    return draw.laid_out((draw.rng.normal(size=shape) * 10.0**power).astype(draw.dtype))


def distributions(draw: Draw, *shape: int) -> Any:
    """Return probabilities over the last axis, some of them 0."""
    p = draw.rng.random(shape) ** 4 * (draw.rng.random(shape) < 0.8)
    return (p / np.maximum(p.sum(axis=-1, keepdims=True), 1e-9)).astype(draw.dtype)


# --- classes --------------------------------------------------------------------------------------


def soft(draw: Draw) -> Inputs:
    v, lead = draw.length(1), draw.shape(0, 2, 1)
    settings: dict[str, Any] = {"reduction": draw.choice(REDUCTIONS)}
    settings["label_smoothing"] = draw.choice([0.0, 0.1, 0.5])
    if draw.chance(0.4):
        settings["class_weights"] = draw.rng.uniform(0.1, 3, v).astype(draw.dtype)
    return [numbers(draw, *lead, v), distributions(draw, *lead, v)], settings


def torch_soft(
    torch: Any, logits: Any, targets: Any, class_weights: Any = None, **settings: Any
) -> Any:
    weights = None if class_weights is None else torch.from_numpy(class_weights)
    flat = logits.reshape(-1, logits.shape[-1]), targets.reshape(-1, logits.shape[-1])
    loss = torch.nn.functional.cross_entropy(*flat, weights, **settings)
    return loss.reshape(logits.shape[:-1]) if settings["reduction"] == "none" else loss


def classes(draw: Draw) -> Inputs:
    v, lead = draw.length(2), draw.shape(0, 2, 1)
    labels = draw.rng.integers(0, v, lead)
    if labels.size > 1:  # one label at least counts: for none, torch returns nan
        labels.flat[1:] = np.where(draw.rng.random(labels.size - 1) < 0.3, -100, labels.flat[1:])
    settings: dict[str, Any] = {"reduction": draw.choice(REDUCTIONS)}
    if draw.chance(0.4):
        settings["class_weights"] = draw.rng.uniform(0.1, 3, v).astype(draw.dtype)
    return [numbers(draw, *lead, v), labels], settings


def torch_nll(torch: Any, x: Any, labels: Any, reduction: str, class_weights: Any = None) -> Any:
    weights = None if class_weights is None else torch.from_numpy(class_weights)
    flat = x.reshape(-1, x.shape[-1]), labels.reshape(-1)
    loss = torch.nn.functional.nll_loss(*flat, weights, reduction=reduction)
    return loss.reshape(labels.shape) if reduction == "none" else loss


def focal_classes(draw: Draw) -> Inputs:
    arrays, settings = classes(draw)
    return [np.clip(arrays[0], -20, 20), arrays[1]], {**settings, "gamma": draw.choice([0.0, 1, 2])}


def torch_focal(
    torch: Any, x: Any, labels: Any, gamma: float, reduction: str, class_weights: Any = None
) -> Any:
    """Return -(1 - p)^gamma log p in plain operations of torch."""
    counted = labels != -100
    chosen = torch.where(counted, labels, 0)[..., None]
    log_p = torch.log_softmax(x, -1).gather(-1, chosen)[..., 0]
    weight = counted.to(x.dtype)
    if class_weights is not None:
        weight = weight * torch.from_numpy(class_weights)[chosen[..., 0]]
    losses = -((-torch.expm1(log_p)) ** gamma) * log_p * weight
    if reduction == "mean":
        return losses.sum() / weight.sum()
    return reduced(losses, reduction)


def margins(draw: Draw) -> Inputs:
    arrays, settings = classes(draw)
    arrays[1] = np.maximum(arrays[1], 0)
    return arrays, {**settings, "p": draw.choice([1, 2]), "margin": draw.choice([0.5, 1.0])}


def torch_margins(
    torch: Any, x: Any, labels: Any, class_weights: Any = None, **settings: Any
) -> Any:
    weights = None if class_weights is None else torch.from_numpy(class_weights)
    flat = x.reshape(-1, x.shape[-1]), labels.reshape(-1)
    loss = torch.nn.functional.multi_margin_loss(*flat, weight=weights, **settings)
    return loss.reshape(labels.shape) if settings["reduction"] == "none" else loss


def divergent(draw: Draw) -> Inputs:
    shape = (*draw.shape(1, 2, 1), draw.length(1))
    logs = draw.chance(0.5)
    target = numbers(draw, *shape) if logs else distributions(draw, *shape) + draw.dtype.type(1e-3)
    return [numbers(draw, *shape), target], {
        "log_target": logs,
        "reduction": draw.choice((*REDUCTIONS, "batchmean")),
    }


def our_kl(x: Any, target: Any, log_target: bool, **settings: Any) -> Any:
    target = log_softmax(target) if log_target else target
    return kl_div(log_softmax(x), target, log_target=log_target, **settings)


def torch_kl(torch: Any, x: Any, target: Any, log_target: bool, reduction: str) -> Any:
    x, target = torch.log_softmax(x, -1), torch.log_softmax(target, -1) if log_target else target
    return torch.nn.functional.kl_div(x, target, log_target=log_target, reduction=reduction)


# --- numbers --------------------------------------------------------------------------------------


def two(draw: Draw) -> Inputs:
    shape = draw.shape(0, 3, 1)
    return [numbers(draw, *shape), numbers(draw, *shape)], {"reduction": draw.choice(REDUCTIONS)}


def bent(draw: Draw) -> Inputs:
    arrays, settings = two(draw)
    return arrays, {**settings, "beta": draw.choice([0.0, 0.3, 1.0, 5.0])}


def signed(draw: Draw, count: int) -> Inputs:
    shape = draw.shape(0, 3, 1)
    settings = {"margin": draw.choice([0.1, 0.5, 2.0]), "reduction": draw.choice(REDUCTIONS)}
    signs = draw.rng.choice([-1, 1], shape)
    return [*(numbers(draw, *shape) for _ in range(count)), signs], settings


def torch_hinge(torch: Any, x: Any, signs: Any, margin: float, reduction: str) -> Any:
    return reduced(torch.relu(margin - x * signs), reduction)


def logits(draw: Draw) -> Inputs:
    """Logits with a weight of the positives for each class, or one for all."""
    shape = draw.shape(1, 3, 1)
    weight = draw.rng.uniform(0, 3, shape[-1:] if draw.chance(0.7) else ()).astype(draw.dtype)
    goal = draw.rng.choice([0, 1], shape) if draw.chance(0.7) else draw.rng.random(shape)
    settings = {"goal": goal.astype(draw.dtype), "pos_weight": weight}
    return [numbers(draw, *shape)], {"reduction": draw.choice(REDUCTIONS), **settings}


def torch_logits(torch: Any, x: Any, goal: Any, pos_weight: Any, reduction: str) -> Any:
    return torch.nn.functional.binary_cross_entropy_with_logits(
        x, torch.from_numpy(goal), pos_weight=torch.from_numpy(pos_weight), reduction=reduction
    )


def our_probabilities(x: Any, goal: Any, **settings: Any) -> Any:
    p = sigmoid(x * 0.1)
    return binary_cross_entropy(p, goal, **settings)


def torch_probabilities(torch: Any, x: Any, goal: Any, **settings: Any) -> Any:
    return torch_logits(torch, x * 0.1, goal, **settings)


def near(draw: Draw) -> Inputs:
    arrays, settings = logits(draw)
    return [np.clip(arrays[0], -20, 20)], settings


def focused(draw: Draw) -> Inputs:
    arrays, settings = near(draw)
    settings["gamma"], settings["alpha"] = draw.choice([0.0, 1.0, 2.0]), draw.choice([None, 0.25])
    del settings["pos_weight"]
    return arrays, settings


def torch_focused(
    torch: Any, x: Any, goal: Any, gamma: float, alpha: float | None, reduction: str
) -> Any:
    y, log_sigmoid = torch.from_numpy(goal), torch.nn.functional.logsigmoid
    share = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)
    of_yes = -(torch.sigmoid(-x) ** gamma) * log_sigmoid(x)
    of_no = -(torch.sigmoid(x) ** gamma) * log_sigmoid(-x)
    return reduced(share[0] * y * of_yes + share[1] * (1 - y) * of_no, reduction)


# --- sizes of what cancels, see `Comparison.scales` -----------------------------------------------


def of_terms(*arrays: Any, **settings: Any) -> dict[str, float]:
    """A loss is as exact as its largest input, a slope as a weight, summed over the classes."""
    size = max(1.0, *(largest(x) for x in arrays if x.dtype.kind == "f")) * 30
    weights = settings.get("class_weights", settings.get("pos_weight", 1.0))
    weight = max(1.0, float(np.max(weights)))
    slope = weight * (size if settings.get("p") == 2 or "log_target" in settings else 3.0)
    value = size**2 if settings.get("p") == 2 else size
    terms = arrays[0].size
    by_targets = weight * size
    return {"output 0": weight * value * terms, "gradient 0": slope, "gradient 1": by_targets}


TERMS: dict[str, Any] = {"scales": of_terms, "edges": False}
CASES = [
    Comparison("soft targets", cross_entropy, torch_soft, soft, **TERMS),
    Comparison("nll_loss", nll_loss, torch_nll, classes, **TERMS),
    Comparison("focal_loss", focal_loss, torch_focal, focal_classes, **TERMS),
    Comparison("multi_margin_loss", multi_margin_loss, torch_margins, margins, **TERMS),
    Comparison("kl_div", our_kl, torch_kl, divergent, **TERMS),
    Comparison("l1_loss", l1_loss, lambda t, x, y, **s: t.nn.functional.l1_loss(x, y, **s), two),
    Comparison(
        "smooth_l1_loss",
        smooth_l1_loss,
        lambda t, x, y, **s: t.nn.functional.smooth_l1_loss(x, y, **s),
        bent,
        **TERMS,
    ),
    Comparison(
        "margin_ranking_loss",
        margin_ranking_loss,
        lambda t, a, b, y, **s: t.nn.functional.margin_ranking_loss(a, b, y, **s),
        lambda d: signed(d, 2),
        **TERMS,
    ),
    Comparison(
        "hinge_embedding_loss",
        hinge_embedding_loss,
        lambda t, x, y, **s: t.nn.functional.hinge_embedding_loss(x, y, **s),
        lambda d: signed(d, 1),
        **TERMS,
    ),
    Comparison("hinge_loss", hinge_loss, torch_hinge, lambda d: signed(d, 1), **TERMS),
    Comparison(
        "pos_weight by class",
        lambda x, goal, **s: binary_cross_entropy_with_logits(x, goal, **s),
        torch_logits,
        logits,
        **TERMS,
    ),
    Comparison(
        "pos_weight of probabilities", our_probabilities, torch_probabilities, near, **TERMS
    ),
    Comparison(
        "sigmoid_focal_loss",
        lambda x, goal, **s: sigmoid_focal_loss(x, goal, **s),
        torch_focused,
        focused,
        **TERMS,
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
