"""Checks of the tasks of chapter 13: the weights of a block, and the block."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from docs.course.checks.chapter_12b import loop_multi_head
from docs.course.checks.chapter_13a import loop_norm
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def leaves(tree: Any) -> list[Any]:
    """Return the tensors of nested dictionaries and lists, in order."""
    if isinstance(tree, dict):
        return [leaf for part in tree.values() for leaf in leaves(part)]
    if isinstance(tree, list | tuple):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


def shapes_of(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: shapes_of(tree[key]) for key in sorted(tree)}
    if isinstance(tree, list | tuple):
        return [shapes_of(part) for part in tree]
    return list(tree.value.shape)


def _new_block(mine: ModuleType) -> Observations:
    weights = mine.new_block(4, 6, np.random.default_rng(0))
    norm, square = [[4], [4]], [4, 4]
    right = {
        "attention": dict.fromkeys(("key", "output", "query", "value"), square),
        "down": [[6, 4], [4]],
        "norms": [norm, norm],
        "up": [[4, 6], [6]],
    }
    yield Observation("the shapes of a block of width 4 with 6 hidden", shapes_of(weights), right)
    count = sum(leaf.value.size for leaf in leaves(weights))
    yield Observation("its number of weights", count, 4 * 16 + 2 * 24 + 6 + 5 * 4)
    gains = [gain.value for gain, _ in weights["norms"]]
    yield Observation("the gains", gains, [np.ones(4), np.ones(4)])
    biases = [weights["up"][1].value, weights["down"][1].value]
    biases += [bias.value for _, bias in weights["norms"]]
    yield Observation("the biases", biases, [np.zeros(n) for n in (6, 4, 4, 4)])
    tensors = leaves(weights)
    label = "no tensor is in two places"
    yield Observation(label, len({id(tensor) for tensor in tensors}), len(tensors))
    matrices = [leaf.value for leaf in tensors if leaf.value.ndim == 2]
    different = {float(matrix[0, 0]) for matrix in matrices}
    yield Observation("the six matrices differ", len(different), 6)
    large = mine.new_block(64, 256, np.random.default_rng(1))
    deviations = [large["attention"]["query"], large["up"][0], large["down"][0]]
    got = [round(float(each.value.std() * each.value.shape[0] ** 0.5), 1) for each in deviations]
    label = "deviation times √n of the matrices query, up and down, to one decimal"
    yield Observation(label, got, [1.0, 1.0, 1.0])
    means = [abs(float(each.value.mean())) < 0.01 for each in deviations]
    yield Observation("their means are about 0", all(means), True)
    again = mine.new_block(4, 6, np.random.default_rng(0))["up"][0].value
    label = "the same generator gives the same weights"
    yield Observation(label, again, weights["up"][0].value)


def arrays_of(tree: Any) -> Any:
    """Return nested dictionaries and lists of tensors as the same of arrays."""
    if isinstance(tree, dict):
        return {key: arrays_of(part) for key, part in tree.items()}
    if isinstance(tree, list | tuple):
        return [arrays_of(part) for part in tree]
    return tree.value.copy()


def _gelu(x: np.ndarray) -> np.ndarray:
    u = (2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)
    return x / (1 + np.exp(-2 * u))


def loop_block(
    x: np.ndarray, weights: Any, heads: int, mask: np.ndarray | None = None
) -> np.ndarray:
    """Return a block of arrays."""
    y = loop_norm(x, *weights["norms"][0])
    x = x + loop_multi_head(y, y, weights["attention"], heads, mask, rotate=True)
    y = loop_norm(x, *weights["norms"][1])
    hidden = _gelu(y @ weights["up"][0] + weights["up"][1])
    return x + (hidden @ weights["down"][0] + weights["down"][1])


def random_block(mine: ModuleType, d: int, f: int, seed: int) -> Any:
    """Return weights of a block all of which are random, gains and biases, too."""
    rng = np.random.default_rng(seed)

    def tensor(*shape: int) -> Any:
        return mine.Tensor(rng.normal(size=shape) / shape[0] ** 0.5)

    return {
        "attention": {name: tensor(d, d) for name in ("query", "key", "value", "output")},
        "up": [tensor(d, f), tensor(f)],
        "down": [tensor(f, d), tensor(d)],
        "norms": [[tensor(d), tensor(d)] for _ in range(2)],
    }


def _block(mine: ModuleType) -> Observations:
    weights = random_block(mine, 4, 6, 135)
    arrays = arrays_of(weights)
    x = np.random.default_rng(136).normal(size=(2, 3, 4))
    got = mine.block(mine.Tensor(x), weights, 2)
    yield Observation("a block of two texts of three words", got.value, loop_block(x, arrays, 2))
    mask = np.tril(np.ones((3, 3), bool))
    got = mine.block(mine.Tensor(x), weights, 2, mask)
    right = loop_block(x, arrays, 2, mask)
    yield Observation("the same with a causal mask", got.value, right)
    word = mine.Tensor(x[:1, :1])
    mine.sum_axis(mine.block(word, weights, 1)).backward()
    right = slopes(lambda v: loop_block(v, arrays, 1).sum(), x[:1, :1])
    yield Observation("the gradient by a single word", word.grad, right)
    unreached = [leaf for leaf in leaves(weights) if leaf.grad is None]
    yield Observation("weights without a gradient", len(unreached), 0)


_ATTENTION = 'multi_head_attention(y, y, weights["attention"], heads, mask, rotate=True)'
_NORMS = '"norms": [[Tensor(np.ones(d)), Tensor(np.zeros(d))] for _ in range(2)]'

CHECKS = (
    Check(
        "13.4",
        _new_block,
        mutants=(
            Mutant(
                "Both norms are the same two tensors: `[...] * 2` repeats the list, not what is "
                "in it.",
                _NORMS,
                '"norms": [[Tensor(np.ones(d)), Tensor(np.zeros(d))]] * 2',
            ),
            Mutant(
                "The deviation of a matrix is 1: divide by the root of the number of its rows.",
                "rng.normal(size=(n, m)) / np.sqrt(n)",
                "rng.normal(size=(n, m))",
            ),
            Mutant(
                "You divide by n; the deviation is 1/√n.",
                "/ np.sqrt(n)",
                "/ n",
            ),
            Mutant(
                "You divide by the root of the number of columns. A product sums over the *rows* "
                "of its matrix: their number counts.",
                "/ np.sqrt(n)",
                "/ np.sqrt(m)",
            ),
            Mutant(
                "The gains are 0: then every norm gives its bias, whatever comes in. They begin "
                "with 1.",
                "Tensor(np.ones(d))",
                "Tensor(np.zeros(d))",
            ),
            Mutant(
                "The four matrices of attention are one: query, key, value and output are drawn "
                "each.",
                '{name: matrix(d, d) for name in ("query", "key", "value", "output")}',
                'dict.fromkeys(("query", "key", "value", "output"), matrix(d, d))',
            ),
            Mutant(
                "Your numbers are all positive (rng.random); they are normal, with mean 0.",
                "rng.normal(size=(n, m))",
                "rng.random(size=(n, m))",
            ),
            Mutant(
                "The bias of `up` belongs to the hidden layer: it has f numbers, not d.",
                "Tensor(np.zeros(f))",
                "Tensor(np.zeros(d))",
            ),
        ),
    ),
    Check(
        "13.5",
        _block,
        mutants=(
            Mutant(
                "The first residual connection is missing: attention is *added* to x.",
                f"x = x + {_ATTENTION}",
                f"x = {_ATTENTION}",
            ),
            Mutant(
                "The second residual connection is missing: what the word thought is *added* to x.",
                "return x + gelu_op",
                "return gelu_op",
            ),
            Mutant(
                "You add to the normalized y. The stream that is added to is never normalized.",
                edits=(("x = x + multi", "x = y + multi"), ("return x + gelu", "return y + gelu")),
            ),
            Mutant(
                "Both norms are the first one: the second part has its own gain and bias.",
                '*weights["norms"][1]',
                '*weights["norms"][0]',
            ),
            Mutant(
                "Attention gets x without its norm.",
                "multi_head_attention(y, y,",
                "multi_head_attention(x, x,",
            ),
            Mutant(
                "Only the queries are normalized. Keys and values come from y, too.",
                "multi_head_attention(y, y,",
                "multi_head_attention(y, x,",
            ),
            Mutant(
                "The mask is not passed on to attention.",
                "heads, mask, rotate=True",
                "heads, None, rotate=True",
            ),
            Mutant(
                "The words have no positions: rotate=True is missing.",
                "heads, mask, rotate=True",
                "heads, mask",
            ),
            Mutant(
                "That is the norm behind, of the original Transformer. Here it is in front of "
                "each part, and the sum is not normalized.",
                edits=(
                    ('    y = layer_norm_op(x, *weights["norms"][0])\n', ""),
                    (
                        f"x = x + {_ATTENTION}",
                        f"x = layer_norm_op(x + {_ATTENTION.replace('y, y', 'x, x')}, "
                        '*weights["norms"][0])',
                    ),
                    ('    y = layer_norm_op(x, *weights["norms"][1])\n', ""),
                    (
                        "return x + gelu_op(y @ up + up_bias) @ down + down_bias",
                        "return layer_norm_op(x + gelu_op(x @ up + up_bias) @ down + down_bias, "
                        '*weights["norms"][1])',
                    ),
                ),
            ),
            Mutant(
                "There is no bend between the two dense layers: without gelu they are one.",
                "gelu_op(y @ up + up_bias)",
                "(y @ up + up_bias)",
            ),
        ),
    ),
)
