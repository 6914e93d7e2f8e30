"""The CRF beside an enumeration of all tag sequences in torch (`-m oracle`)."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import CONFIGURATIONS, Comparison, Inputs, hold

from pmt_autograd import Tensor
from pmt_nn import LinearChainCRF, crf_log_partition

pytestmark = pytest.mark.oracle


def scores(draw: Draw, *shape: int) -> Any:
    """Return scores; some are so large that a sum of exponentials overflows, or forbid a tag."""
    size = {"large": 1000, "mixed": 50, "small": 1e-6}.get(draw.content, 2)
    values = draw.rng.normal(size=shape) * size
    if draw.content == "ties":
        values = np.round(values)
    if draw.content in ("edges", "infinities"):
        values = np.where(draw.rng.random(shape) < 0.15, -1e4, values)
    return draw.laid_out(values.astype(draw.dtype))


def chains(draw: Draw) -> Inputs:
    b, t, n = draw.integer(1, 3), draw.integer(1, 4), draw.integer(1, 3)
    lengths = draw.rng.integers(0, t + 1, b)
    arrays = [scores(draw, *shape) for shape in [(b, t, n), (n, n), (n,), (n,)]]
    return arrays, {"lengths": lengths}


def tagged(draw: Draw) -> Inputs:
    arrays, _ = chains(draw)
    b, t, n = arrays[0].shape
    mask = draw.rng.random((b, t)) < 0.7
    tags = np.where(mask, draw.rng.integers(0, n, (b, t)), -100)
    return arrays, {"tags": tags, "mask": mask, "reduction": draw.choice(["none", "sum", "mean"])}


def path_scores(torch: Any, emissions: Any, transitions: Any, start: Any, end: Any) -> Any:
    """Return all tag sequences of one sentence and their scores."""
    paths = list(product(range(emissions.shape[1]), repeat=len(emissions)))
    index = torch.tensor(paths)
    total = start[index[:, 0]] + end[index[:, -1]]
    for i, row in enumerate(emissions):
        total = total + row[index[:, i]]
        if i:
            total = total + transitions[index[:, i - 1], index[:, i]]
    return paths, total


def torch_partition(torch: Any, emissions: Any, *scores: Any, lengths: Any) -> Any:
    rows = [
        torch.logsumexp(path_scores(torch, row[:length], *scores)[1], 0)
        if length
        else torch.zeros((), dtype=row.dtype)
        for row, length in zip(emissions, lengths.tolist(), strict=True)
    ]
    return torch.stack(rows)


def our_loss(emissions: Any, *scores: Any, tags: Any, mask: Any, reduction: str) -> Any:
    return crf_of(scores, emissions.dtype)(emissions, tags, mask, reduction=reduction)


def crf_of(scores: Any, dtype: Any) -> LinearChainCRF:
    crf = LinearChainCRF(scores[0].shape[0], np.random.default_rng(0), dtype=dtype)
    crf.transitions, crf.start, crf.end = scores
    return crf


def torch_loss(
    torch: Any, emissions: Any, *scores: Any, tags: Any, mask: Any, reduction: str
) -> Any:
    losses = []
    for row, chosen, keep in zip(emissions, tags, mask, strict=True):
        if not keep.any():
            losses.append(torch.zeros((), dtype=row.dtype))
            continue
        paths, total = path_scores(torch, row[torch.from_numpy(keep)], *scores)
        losses.append(torch.logsumexp(total, 0) - total[paths.index(tuple(chosen[keep].tolist()))])
    stacked = torch.stack(losses)
    return stacked if reduction == "none" else getattr(stacked, reduction)()


def largest(*arrays: Any, **settings: Any) -> dict[str, float]:
    """A partition is as exact as the scores that it adds; a marginal as its exponent."""
    size = sum(float(np.abs(x).max(initial=0)) for x in arrays) * arrays[0].shape[1]
    return {"output 0": len(arrays[0]) * size, **{f"gradient {i}": size + 1 for i in range(4)}}


SCALED: dict[str, Any] = {"scales": largest, "edges": False}
CASES = [
    Comparison("crf_log_partition", crf_log_partition, torch_partition, chains, **SCALED),
    Comparison("LinearChainCRF", our_loss, torch_loss, tagged, **SCALED),
]


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)


def test_no_path_is_better_than_the_decoded_one() -> None:
    torch = pytest.importorskip("torch")
    for number in range(CONFIGURATIONS):
        (emissions, *scores), settings = tagged(Draw("decode", number))
        crf = crf_of([Tensor(array) for array in scores], emissions.dtype)
        tags, reached = crf.decode_with_scores(emissions, settings["mask"])
        others = [torch.from_numpy(array.copy()) for array in scores]
        for row, chosen, value, keep in zip(emissions, tags, reached, settings["mask"]):
            if keep.any():
                paths, total = path_scores(torch, torch.from_numpy(row[keep]), *others)
                of_ours = float(total[paths.index(tuple(chosen[keep].tolist()))])
                expected = pytest.approx(float(total.max()), rel=1e-5, abs=1e-5)
                assert of_ours == expected, number
                assert value == expected, number
