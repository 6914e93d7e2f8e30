"""Checks of the tasks of chapter 12: heads, rotary positions, multi-head attention."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.checks.chapter_12a import loop_attention
from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _heads(mine: ModuleType) -> Observations:
    x = np.arange(2 * 3 * 4.0).reshape(2, 3, 4)
    split = mine.split_heads(mine.Tensor(x), 2)
    right = np.array([[[each[:2] for each in text], [each[2:] for each in text]] for text in x])
    yield Observation("two heads of two texts of three words of width 4", split.value, right)
    merged = mine.merge_heads(mine.Tensor(right))
    yield Observation("the same heads, merged", merged.value, x)
    one = mine.split_heads(mine.Tensor(x), 1)
    yield Observation("a single head", one.value, x[:, np.newaxis])
    wide = np.random.default_rng(124).normal(size=(1, 2, 6))
    yield from observe_operation(
        mine, "three heads", lambda t: mine.merge_heads(mine.split_heads(t, 3)), np.copy, wide
    )
    t = mine.Tensor(wide)
    scores = mine.Tensor(np.arange(12.0).reshape(12, 1))
    loss = mine.reshape(mine.split_heads(t, 3), (1, 12)) @ scores
    mine.reshape(loss, ()).backward()
    right = np.arange(12.0).reshape(1, 3, 2, 2).swapaxes(1, 2).reshape(1, 2, 6)
    yield Observation("a slope for each number of three heads comes back", t.grad, right)


def loop_rotary(x: np.ndarray, sign: int = 1) -> np.ndarray:
    """Return x (..., t, k), each pair multiplied with e^(i angle) as a complex number."""
    y = np.empty_like(x)
    t, k = x.shape[-2:]
    for p in range(t):
        for i in range(k // 2):
            turn = np.exp(1j * sign * p / 10000 ** (2 * i / k))
            z = (x[..., p, 2 * i] + 1j * x[..., p, 2 * i + 1]) * turn
            y[..., p, 2 * i], y[..., p, 2 * i + 1] = z.real, z.imag
    return y


def _rotary(mine: ModuleType) -> Observations:
    x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    right = np.array([[1, 0], [math.cos(1), math.sin(1)], [-math.sin(2), math.cos(2)]])
    yield Observation("(1, 0), (1, 0) and (0, 1) at the positions 0, 1, 2", mine.rotary(x), right)
    x = np.random.default_rng(125).normal(size=(2, 3, 4))
    before = x.copy()
    yield Observation("an array (2, 3, 4)", mine.rotary(x), loop_rotary(x))
    yield Observation("an array (2, 3, 4), backwards", mine.rotary(x, -1), loop_rotary(x, -1))
    yield Observation("the input is not changed", x, before)
    yield from observe_operation(mine, "rotary_op", mine.rotary_op, loop_rotary, x[:1])


NAMES = ("query", "key", "value", "output")


def loop_multi_head(
    x: np.ndarray,
    memory: np.ndarray,
    weights: dict[str, np.ndarray],
    heads: int,
    mask: np.ndarray | None = None,
    rotate: bool = False,
) -> np.ndarray:
    """Return multi-head attention, computed for one head after another."""
    k = x.shape[-1] // heads
    parts = []
    for h in range(heads):
        columns = slice(h * k, (h + 1) * k)
        queries, keys, values = (
            text @ weights[name][:, columns]
            for text, name in ((x, "query"), (memory, "key"), (memory, "value"))
        )
        if rotate:
            queries, keys = loop_rotary(queries), loop_rotary(keys)
        allowed = mask if mask is None or mask.ndim < 4 else mask[:, 0]
        parts.append(loop_attention(queries, keys, values, allowed))
    return np.concatenate(parts, axis=-1) @ weights["output"]


def _multi_head(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(126)
    x, memory = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2, 4))
    arrays = {name: rng.normal(size=(4, 4)) for name in NAMES}
    weights = {name: mine.Tensor(array) for name, array in arrays.items()}
    inside, outside = mine.Tensor(x), mine.Tensor(memory)
    label = "cross-attention from (2, 3, 4) to (2, 2, 4), two heads"
    got = mine.multi_head_attention(inside, outside, weights, 2).value
    yield Observation(label, got, loop_multi_head(x, memory, arrays, 2))
    padding = np.array([[[[True, True, False]]], [[[True, True, True]]]])
    got = mine.multi_head_attention(inside, inside, weights, 2, padding).value
    right = loop_multi_head(x, x, arrays, 2, padding)
    yield Observation("self-attention with padding", got, right)
    causal = np.tril(np.ones((3, 3), bool))
    got = mine.multi_head_attention(inside, inside, weights, 1, causal, rotate=True).value
    right = loop_multi_head(x, x, arrays, 1, causal, rotate=True)
    yield Observation("one head, a causal mask, turned", got, right)
    got = mine.multi_head_attention(inside, inside, weights, 2, rotate=True).value
    yield Observation("two heads, turned", got, loop_multi_head(x, x, arrays, 2, rotate=True))
    loss = mine.multi_head_attention(inside, outside, weights, 2)
    mine.sum_axis(loss).backward()
    reached = [tensor.grad is not None for tensor in (inside, outside, *weights.values())]
    label = "x, memory and the four matrices receive a gradient"
    yield Observation(label, all(reached), True)


CHECKS = (
    Check(
        "12.4",
        _heads,
        mutants=(
            Mutant(
                "A reshape to (b, h, t, k) has the right shape and gives a head pieces of several "
                "words. Reshape to (b, t, h, k), then exchange the axes of words and heads.",
                edits=(
                    (
                        "swap_axes(reshape(x, (b, t, heads, d // heads)), 1, 2)",
                        "reshape(x, (b, heads, t, d // heads))",
                    ),
                    ("reshape(swap_axes(x, 1, 2), (b, t, h * k))", "reshape(x, (b, t, h * k))"),
                ),
            ),
            Mutant(
                "split_heads is right. merge_heads joins heads of different words: exchange the "
                "axes before the reshape.",
                "reshape(swap_axes(x, 1, 2), (b, t, h * k))",
                "reshape(x, (b, t, h * k))",
            ),
            Mutant(
                "The axis of the heads is behind that of the words. It must be in front: (b, h, "
                "t, k).",
                "swap_axes(reshape(x, (b, t, heads, d // heads)), 1, 2)",
                "reshape(x, (b, t, heads, d // heads))",
            ),
            Mutant(
                "Head 0 gets every h-th number of a word. It gets the first d / h neighboring "
                "ones.",
                "swap_axes(reshape(x, (b, t, heads, d // heads)), 1, 2)",
                "swap_axes(swap_axes(reshape(x, (b, t, d // heads, heads)), 2, 3), 1, 2)",
            ),
            Mutant(
                "The result is a new leaf: the gradient ends there. Use reshape and swap_axes of "
                "task 9.7, which know the way back.",
                "swap_axes(reshape(x, (b, t, heads, d // heads)), 1, 2)",
                "Tensor(np.swapaxes(x.value.reshape(b, t, heads, d // heads), 1, 2))",
            ),
            Mutant(
                "You exchange the heads with the width of a head: the axes 1 and 2 are to change "
                "places.",
                "swap_axes(reshape(x, (b, t, heads, d // heads)), 1, 2)",
                "swap_axes(reshape(x, (b, t, heads, d // heads)), 2, 3)",
            ),
        ),
    ),
    Check(
        "12.5",
        _rotary,
        mutants=(
            Mutant(
                "You turn the wrong way: the first number of a pair is x cos θ *minus* y sin θ.",
                "angles = sign * np.arange(t)",
                "angles = -sign * np.arange(t)",
            ),
            Mutant(
                "That is a reflection, not a rotation: only one of the two sines has a minus.",
                "first * np.cos(angles) - second * np.sin(angles)",
                "first * np.cos(angles) + second * np.sin(angles)",
            ),
            Mutant(
                "The gradient is turned in the same direction again. It must be turned back.",
                "rotary(grad, -1)",
                "rotary(grad)",
            ),
            Mutant(
                "The rates depend on the width of the rows: 10000^(-2i/k), with i from 0 to k/2 - "
                "1. Yours fall at half the speed.",
                "(-np.arange(0, k, 2) / k)",
                "(-np.arange(k // 2) / k)",
            ),
            Mutant(
                "Pairs are neighbors, 2i and 2i + 1. You pair the first half of a row with the "
                "second.",
                edits=(
                    (
                        "x[..., 0::2], x[..., 1::2]",
                        "x[..., : k // 2], x[..., k // 2 :]",
                    ),
                    ("y[..., 0::2] =", "y[..., : k // 2] ="),
                    ("y[..., 1::2] =", "y[..., k // 2 :] ="),
                ),
            ),
            Mutant(
                "You write into x itself, so the second line reads numbers that are already "
                "turned.",
                "np.empty_like(x)",
                "x",
            ),
            Mutant(
                "The first position is 0 and is not turned: yours count from 1.",
                "np.arange(t)[",
                "np.arange(1, t + 1)[",
            ),
            Mutant(
                "`sign` is not used, so the way back is the way forward.",
                "sign * np.arange(t)",
                "np.arange(t)",
            ),
        ),
    ),
    Check(
        "12.6",
        _multi_head,
        mutants=(
            Mutant(
                "Keys and values come from the memory: yours come from x, so nothing of it is "
                "read.",
                edits=(
                    ('memory @ weights["key"]', 'x @ weights["key"]'),
                    ('memory @ weights["value"]', 'x @ weights["value"]'),
                ),
            ),
            Mutant(
                "Your scores are too small by √h: each head divides by the root of its *own* "
                "width, so attention must get heads, not the whole width.",
                "attention(queries, keys, values, mask)",
                "attention(queries * heads**-0.5, keys, values, mask)",
            ),
            Mutant(
                "The mask is not passed on to attention.",
                "attention(queries, keys, values, mask)",
                "attention(queries, keys, values)",
            ),
            Mutant(
                "The last product with weights['output'], which mixes the heads, is missing.",
                ' @ weights["output"]',
                "",
            ),
            Mutant(
                "Only the queries are turned. The difference of the positions needs both: turn "
                "the keys, too.",
                "rotary_op(queries), rotary_op(keys)",
                "rotary_op(queries), keys",
            ),
            Mutant(
                "The values are turned, too. Positions belong into the comparison, not into what "
                "is found.",
                "queries, keys = rotary_op(queries), rotary_op(keys)",
                "queries, keys, values = rotary_op(queries), rotary_op(keys), rotary_op(values)",
            ),
            Mutant(
                "There is one wide head. Split queries, keys and values into heads before "
                "attention.",
                edits=(
                    (
                        'split_heads(x @ weights["query"], heads)',
                        'split_heads(x @ weights["query"], 1)',
                    ),
                    (
                        'split_heads(memory @ weights["key"], heads)',
                        'split_heads(memory @ weights["key"], 1)',
                    ),
                    (
                        'split_heads(memory @ weights["value"], heads)',
                        'split_heads(memory @ weights["value"], 1)',
                    ),
                ),
            ),
            Mutant(
                "The values are the keys here. They have a matrix of their own: weights['value'].",
                'memory @ weights["value"]',
                'memory @ weights["key"]',
            ),
        ),
    ),
)
