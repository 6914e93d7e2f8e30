"""Losses with all their options beside torch on random configurations (`-m oracle`)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold, largest

from pmt_nn import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    contrastive_loss,
    cosine_loss,
    cosine_similarity,
    cross_entropy,
    huber,
    in_batch_contrastive_loss,
    mse,
    negative_sampling_loss,
    triplet_loss,
)

pytestmark = pytest.mark.oracle
REDUCTIONS = ("mean", "sum", "none")


def classes(draw: Draw) -> Inputs:
    v, lead = draw.length(1), draw.shape(0, 2)
    labels = draw.rng.integers(0, v, lead)
    ignored = draw.choice([-100, -1, 0, v])
    labels = np.where(draw.rng.random(lead) < draw.choice([0.0, 0.4]), ignored, labels)
    settings: dict[str, Any] = {"reduction": draw.choice(REDUCTIONS), "ignore_index": ignored}
    settings["label_smoothing"] = draw.choice([0.0, 0.1, 0.5])
    if draw.chance(0.4):
        settings["class_weights"] = draw.rng.uniform(0.1, 3, v).astype(draw.dtype)
    return [draw.scaled(*lead, v, exponent=3), labels], settings


def torch_cross_entropy(
    torch: Any, logits: Any, labels: Any, class_weights: Any = None, **settings: Any
) -> Any:
    weights = None if class_weights is None else torch.from_numpy(class_weights)
    flat = logits.reshape(labels.numel(), logits.shape[-1])
    loss = torch.nn.functional.cross_entropy(flat, labels.reshape(-1), weights, **settings)
    return loss.reshape(labels.shape) if settings["reduction"] == "none" else loss


def numbers(draw: Draw) -> Inputs:
    shape = draw.shape(0, 3)
    return [draw.scaled(*shape, exponent=3), draw.scaled(*shape, exponent=3)], {
        "reduction": draw.choice(REDUCTIONS)
    }


def torch_mse(torch: Any, x: Any, y: Any, reduction: str) -> Any:
    return torch.nn.functional.mse_loss(x, y, reduction=reduction)


def bent(draw: Draw) -> Inputs:
    arrays, settings = numbers(draw)
    return arrays, {**settings, "delta": draw.choice([0.3, 1.0, 5.0])}


def torch_huber(torch: Any, x: Any, y: Any, reduction: str, delta: float) -> Any:
    return torch.nn.functional.huber_loss(x, y, reduction=reduction, delta=delta)


def targets(draw: Draw, shape: tuple[int, ...]) -> Any:
    return draw.rng.choice([0, 1], shape) if draw.chance(0.7) else draw.rng.random(shape)


def chances(draw: Draw) -> Inputs:
    """Probabilities away from 0 and 1, at which pmt limits the loss in its own way."""
    shape = draw.shape(0, 3)
    p = draw.laid_out(draw.rng.uniform(0.001, 0.999, shape).astype(draw.dtype))
    goal = targets(draw, shape).astype(draw.dtype)
    return [p], {"reduction": draw.choice(REDUCTIONS), "goal": goal}


def torch_binary(torch: Any, p: Any, goal: Any, reduction: str) -> Any:
    return torch.nn.functional.binary_cross_entropy(p, torch.from_numpy(goal), reduction=reduction)


def logits(draw: Draw) -> Inputs:
    shape = draw.shape(0, 3)
    settings = {"goal": targets(draw, shape).astype(draw.dtype)}
    settings["pos_weight"] = draw.choice([1.0, 0.25, 3.0])
    return [draw.scaled(*shape, exponent=3)], {"reduction": draw.choice(REDUCTIONS), **settings}


def our_logits(x: Any, goal: Any, **settings: Any) -> Any:
    return binary_cross_entropy_with_logits(x, goal, **settings)


def torch_logits(torch: Any, x: Any, goal: Any, pos_weight: float, reduction: str) -> Any:
    weight = torch.full((), pos_weight, dtype=x.dtype)
    return torch.nn.functional.binary_cross_entropy_with_logits(
        x, torch.from_numpy(goal), pos_weight=weight, reduction=reduction
    )


def pairs(draw: Draw) -> Inputs:
    n, d = draw.length(), draw.length(1)
    same = draw.rng.random(n) < 0.5
    settings = {"margin": draw.choice([0.0, 0.5, 2.0]), "reduction": draw.choice(REDUCTIONS)}
    return [vectors(draw, n, d), vectors(draw, n, d)], {"same": same, **settings}


def drawn(draw: Draw) -> Inputs:
    """Targets and negatives, some of which are the target."""
    n, d, v = draw.length(), draw.length(1), draw.integer(1, 5)
    ids = draw.rng.integers(0, v, n), draw.rng.integers(0, v, (n, draw.integer(0, 3)))
    arrays = [draw.normal(n, d, large=10), draw.normal(v, d), *ids]
    return arrays, {"reduction": draw.choice(REDUCTIONS)}


def torch_drawn(
    torch: Any, hidden: Any, table: Any, targets: Any, negatives: Any, reduction: str
) -> Any:
    log_sigmoid = torch.nn.functional.logsigmoid
    noise = log_sigmoid(-(table[negatives] * hidden[:, None]).sum(-1))
    noise = torch.where(negatives == targets[:, None], 0.0, noise)
    losses = -log_sigmoid((table[targets] * hidden).sum(-1)) - noise.sum(1)
    return losses if reduction == "none" else getattr(losses, reduction)()


def vectors(draw: Draw, *shape: int) -> Any:
    """Return vectors of one magnitude, without edge values."""
    power = {"large": 12, "small": -12}.get(draw.content, 0) * draw.rng.random()
    return draw.laid_out((draw.rng.normal(size=shape) * 10.0**power).astype(draw.dtype))


def two_of(draw: Draw) -> Inputs:
    shape = (*draw.shape(0, 2), draw.length(1))
    return [vectors(draw, *shape), vectors(draw, *shape)], {}


def torch_cosine(torch: Any, a: Any, b: Any) -> Any:
    return torch.nn.functional.cosine_similarity(a, b, dim=-1, eps=1e-30)


def torch_cosine_loss(torch: Any, a: Any, b: Any, same: Any, margin: float, reduction: str) -> Any:
    cosine = torch_cosine(torch, a, b)
    losses = torch.where(torch.from_numpy(same), 1 - cosine, torch.relu(cosine - margin))
    return losses if reduction == "none" else getattr(losses, reduction)()


def torch_distance(torch: Any, a: Any, b: Any) -> Any:
    return torch.linalg.vector_norm(a - b, dim=-1)


def torch_contrastive(torch: Any, a: Any, b: Any, same: Any, margin: float, reduction: str) -> Any:
    far = torch_distance(torch, a, b)
    short = torch.relu(margin - far)
    losses = torch.where(torch.from_numpy(same), far.square(), short.square()) / 2
    return losses if reduction == "none" else getattr(losses, reduction)()


def three(draw: Draw) -> Inputs:
    n, d = draw.length(), draw.length(1)
    settings = {"margin": draw.choice([0.0, 0.5, 2.0]), "reduction": draw.choice(REDUCTIONS)}
    return [vectors(draw, n, d) for _ in range(3)], settings


def torch_triplet(torch: Any, a: Any, b: Any, c: Any, margin: float, reduction: str) -> Any:
    losses = torch.relu(torch_distance(torch, a, b) - torch_distance(torch, a, c) + margin)
    return losses if reduction == "none" else getattr(losses, reduction)()


def batches(draw: Draw) -> Inputs:
    n, d = draw.length(1), draw.length(1)
    settings = {"temperature": draw.choice([0.05, 0.5]), "reduction": draw.choice(REDUCTIONS)}
    return [vectors(draw, n, d), vectors(draw, n, d)], settings


def torch_in_batch(torch: Any, a: Any, b: Any, temperature: float, reduction: str) -> Any:
    a, b = (torch.nn.functional.normalize(x, dim=-1, eps=1e-30) for x in (a, b))
    target = torch.arange(len(a))
    return torch.nn.functional.cross_entropy(a @ b.T / temperature, target, reduction=reduction)


# --- sizes of what cancels, see `Comparison.scales` -----------------------------------------------


def of_logits(x: Any, labels: Any = None, *, reduction: str, **settings: Any) -> dict[str, float]:
    """A loss is as exact as its largest logit, a slope as a probability."""
    n = max(x[..., :1].size if labels is not None else x.size, 1)
    weight = float(np.max(settings.get("class_weights", settings.get("pos_weight", 1.0))))
    terms = n if reduction == "sum" else 1
    slope = weight / n if reduction == "mean" and "class_weights" not in settings else weight
    return {"output 0": weight * largest(x) * terms, "gradient 0": slope}


def of_angles(*vectors: Any, temperature: float = 1.0, **settings: Any) -> dict[str, float]:
    """Of an angle the slope is 1 / length."""
    lengths = [np.sqrt(np.square(x.astype(np.float64)).sum(axis=-1)) for x in vectors]
    slopes = {
        f"gradient {i}": float((1 / length).max(initial=0)) / temperature
        for i, length in enumerate(lengths)
    }
    terms = len(vectors[0]) if settings.get("reduction") == "sum" else 1
    return {"output 0": terms / temperature, **slopes}


def of_distances(*vectors: Any, **settings: Any) -> dict[str, float]:
    size = max(largest(x) for x in vectors) * vectors[0].shape[-1]
    return {"output 0": size * len(vectors[0]), **{f"gradient {i}": 1.0 for i in range(3)}}


LOGITS: dict[str, Any] = {"scales": of_logits, "edges": False}
CASES = [
    Comparison("cross_entropy", cross_entropy, torch_cross_entropy, classes, **LOGITS),
    Comparison("mse", mse, torch_mse, numbers),
    Comparison("huber", huber, torch_huber, bent),
    Comparison(
        "binary_cross_entropy",
        lambda p, goal, **s: binary_cross_entropy(p, goal, **s),
        torch_binary,
        chances,
        edges=False,
    ),
    Comparison(
        "binary_cross_entropy_with_logits", our_logits, torch_logits, logits, scales=of_logits
    ),
    Comparison(
        "negative_sampling_loss", negative_sampling_loss, torch_drawn, drawn, scales=of_distances
    ),
    Comparison("cosine_similarity", cosine_similarity, torch_cosine, two_of, scales=of_angles),
    Comparison("cosine_loss", cosine_loss, torch_cosine_loss, pairs, scales=of_angles),
    Comparison("contrastive_loss", contrastive_loss, torch_contrastive, pairs),
    Comparison("triplet_loss", triplet_loss, torch_triplet, three, scales=of_distances),
    Comparison(
        "in_batch_contrastive_loss",
        in_batch_contrastive_loss,
        torch_in_batch,
        batches,
        scales=of_angles,
    ),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)
