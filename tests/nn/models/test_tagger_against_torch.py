"""The parts of the tagger against torch: its convolution, its autograd over plain formulas."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_nn import crf_log_partition, relative_attention, spelling_features

pytestmark = pytest.mark.oracle
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def same(x: np.ndarray) -> np.ndarray:
    return x


@dtypes
@pytest.mark.parametrize("window", [1, 3, 5])
def test_characters_of_words(oracle, rng, dtype, window: int) -> None:
    """Embedding, Conv1d and the maximum over the places that hold a character."""
    torch = oracle.torch
    ids = rng.integers(1, 7, (9, 6))
    ids[np.arange(6) >= rng.integers(1, 7, (9, 1))] = 0
    spelling_ids = rng.integers(0, 9, (3, 4))
    characters = rng.normal(size=(7, 4)).astype(dtype)
    kernel = rng.normal(size=(window, 4, 5)).astype(dtype)
    leaves = Tensor(characters, requires_grad=True), Tensor(kernel, requires_grad=True)
    table, weight = oracle.tensor(characters), oracle.tensor(kernel.transpose(2, 1, 0))
    border = window // 2
    around = torch.from_numpy(np.pad(ids, ((0, 0), (border, border))))
    seen = torch.nn.functional.conv1d(table[around].transpose(1, 2), weight)  # (words, k, length)
    outside = torch.from_numpy(ids == 0)[:, None]
    maximum_of_filter = seen.masked_fill(outside, -torch.inf).amax(dim=2)
    oracle.compare(
        spelling_features(*leaves, ids=ids, spelling_ids=spelling_ids),
        maximum_of_filter[torch.from_numpy(spelling_ids)],
        [(leaves[0], table, same), (leaves[1], weight, lambda g: g.transpose(2, 1, 0))],
    )


@dtypes
def test_relative_attention(oracle, rng, dtype) -> None:
    """Scores by a table of all offsets, one head and one pair after the other."""
    torch = oracle.torch
    b, t, heads, width = 2, 5, 2, 4
    arrays = [
        rng.normal(size=shape).astype(dtype) / 2
        for shape in ((b, t, 3 * heads * width), (heads, width), (heads, width))
    ]
    leaves = [Tensor(x, requires_grad=True) for x in arrays]
    qkv, content_bias, position_bias = others = [oracle.tensor(x) for x in arrays]
    q, k, v = (part.reshape(b, t, heads, width) for part in qkv.chunk(3, dim=-1))
    offsets = (torch.arange(t)[None] - torch.arange(t)[:, None]).double()  # key's less query's
    pairs = []
    for i in range(width // 2):
        angle = offsets * 10000.0 ** (-2 * i / width)
        pairs += [torch.sin(angle), torch.cos(angle)]
    r = torch.stack(pairs, dim=-1).to(qkv.dtype)  # (t, s, k)
    rows = []
    for h in range(heads):
        content = torch.einsum("btk,bsk->bts", q[:, :, h] + content_bias[h], k[:, :, h])
        column = torch.einsum("btk,tsk->bts", q[:, :, h] + position_bias[h], r)
        rows.append((content + column).softmax(dim=-1) @ v[:, :, h])
    oracle.compare(
        relative_attention(*leaves),
        torch.cat(rows, dim=-1),
        [(leaf, other, same) for leaf, other in zip(leaves, others, strict=True)],
    )


@dtypes
@pytest.mark.parametrize("spread", [1.0, 50.0], ids=["products", "logarithms"])
def test_all_paths_of_the_chain(oracle, rng, dtype, spread: float) -> None:
    torch = oracle.torch
    lengths = np.array([6, 1, 4])
    arrays = [
        (rng.normal(size=s) * m).astype(dtype)
        for s, m in (((3, 6, 4), spread), ((4, 4), 1), (4, 1), (4, 1))
    ]
    leaves = [Tensor(x, requires_grad=True) for x in arrays]
    emissions, transitions, start, end = others = [oracle.tensor(x) for x in arrays]
    result = []
    for row, n in zip(emissions, lengths.tolist(), strict=True):
        total = start + row[0]
        for i in range(1, n):
            total = torch.logsumexp(total[:, None] + transitions, dim=0) + row[i]
        result.append(torch.logsumexp(total + end, dim=0))
    oracle.compare(
        crf_log_partition(*leaves, lengths=lengths),
        torch.stack(result),
        [(leaf, other, same) for leaf, other in zip(leaves, others, strict=True)],
    )
