"""Checks of the tasks of chapter 15: teacher forcing, label smoothing, cross-attention."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from docs.course.checks.chapter_12b import NAMES, loop_multi_head
from docs.course.checks.chapter_13a import loop_norm
from docs.course.checks.chapter_13b import arrays_of, leaves, loop_block, random_block
from docs.course.checks.operations import observe_operation
from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _teacher(mine: ModuleType) -> Observations:
    targets = np.array([[7, 4, 9, 0, 0], [5, 6, 5, 8, 3], [0, 0, 0, 0, 0]])
    before = targets.copy()
    read, said = mine.teacher_forcing(targets, 1, 2)
    right = np.array([[1, 7, 4, 9, 0, 0], [1, 5, 6, 5, 8, 3], [1, 0, 0, 0, 0, 0]])
    yield Observation("7 4 9, 5 6 5 8 3 and the empty sentence are read as", read, right)
    right = np.array([[7, 4, 9, 2, 0, 0], [5, 6, 5, 8, 3, 2], [2, 0, 0, 0, 0, 0]])
    yield Observation("7 4 9, 5 6 5 8 3 and the empty sentence are said as", said, right)
    yield Observation("the sentences are not changed", targets, before)


def _smoothed(logits: np.ndarray, labels: np.ndarray, share: float) -> np.ndarray:
    losses = []
    for z, label in zip(logits.reshape(-1, logits.shape[-1]), labels.ravel()):
        if label != 0:
            p = np.exp(z) / np.exp(z).sum()
            right = -np.log(p[label])
            losses.append((1 - share) * right + share * np.mean(-np.log(p)))
    return np.array(np.mean(losses))


def _smoothing(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(152)
    for label, labels, share in (
        ("three words of four, share 0.1", np.array([3, 1, 2]), 0.1),
        ("two sentences, one of them padded, share 0.4", np.array([[2, 3], [1, 0]]), 0.4),
        ("no smoothing", np.array([3, 1, 0, 0]), 0.0),
    ):
        logits = rng.normal(size=(*labels.shape, 4))
        yield from observe_operation(
            mine,
            label,
            lambda t, k=labels, s=share: mine.smoothed_cross_entropy_op(t, k, s),
            lambda x, k=labels, s=share: _smoothed(x, k, s),
            logits,
        )
    sure = mine.smoothed_cross_entropy_op(
        mine.Tensor(np.array([[0.0, 1000.0, 0.0]])), np.array([1]), 0.0
    )
    yield Observation("scores of 1000 for the right word", float(sure.value), 0.0)


def _loop_cross(
    x: np.ndarray, memory: np.ndarray, weights: Any, masks: tuple[Any, Any]
) -> np.ndarray:
    """Return a decoder block of arrays: the first half of a block, cross-attention, the rest."""
    y = loop_norm(x, *weights["norms"][0])
    x = x + loop_multi_head(y, y, weights["attention"], 2, masks[0], rotate=True)
    y = loop_norm(x, *weights["norms"][1])
    x = x + loop_multi_head(y, memory, weights["cross"], 2, masks[1])
    silent = {name: np.zeros_like(weights["cross"][name]) for name in NAMES}
    rest = weights | {"attention": silent, "norms": weights["norms"][1:]}
    return loop_block(x, rest, 2)


def _cross(mine: ModuleType) -> Observations:
    rng = np.random.default_rng(153)
    weights = random_block(mine, 4, 3, 154)
    weights["cross"] = random_block(mine, 4, 3, 155)["attention"]
    weights["norms"].append([mine.Tensor(rng.normal(size=4)) for _ in range(2)])
    arrays = arrays_of(weights)
    x, memory = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 2, 4))
    written, read = mine.Tensor(x), mine.Tensor(memory)
    got = mine.cross_block(written, read, weights, 2)
    label = "three words written, two words read"
    yield Observation(label, got.value, _loop_cross(x, memory, arrays, (None, None)))
    causal = np.tril(np.ones((3, 3), bool))
    padding = np.array([[[[True, False]]], [[[True, True]]]])
    got = mine.cross_block(written, read, weights, 2, causal, padding)
    right = _loop_cross(x, memory, arrays, (causal, padding))
    yield Observation("the same with a causal mask and padding in the source", got.value, right)
    mine.sum_axis(got).backward()
    parts = [written, read, *leaves(weights)]
    yield Observation("parts without a gradient", sum(p.grad is None for p in parts), 0)


_SELF = 'multi_head_attention(y, y, weights["attention"], heads, mask, rotate=True)'
_CROSS = 'multi_head_attention(y, memory, weights["cross"], heads, memory_mask)'

CHECKS = (
    Check(
        "15.1",
        _teacher,
        mutants=(
            Mutant(
                "The end token is behind the padding. It follows the last word.",
                "(targets != 0).sum(axis=1)] = end",
                "-1] = end",
            ),
            Mutant(
                "The decoder reads the sentence unshifted: the start token comes in front.",
                "[column + start, targets]",
                "[targets, column]",
            ),
            Mutant(
                "The end token is missing: nothing would teach the decoder to stop.",
                "    said[np.arange(len(targets)), (targets != 0).sum(axis=1)] = end\n",
                "",
            ),
            Mutant(
                "Start and end are exchanged.",
                edits=(("column + start", "column + end"), ("] = end", "] = start")),
            ),
            Mutant(
                "The end token overwrites the last word: it comes behind it.",
                "(targets != 0).sum(axis=1)]",
                "(targets != 0).sum(axis=1) - 1]",
            ),
            Mutant(
                "The two are exchanged: first what is read, then what is said.",
                "return read, said",
                "return said, read",
            ),
            Mutant(
                "said[:, columns] = end writes the ends of all sentences into every row: index "
                "rows and columns together.",
                "said[np.arange(len(targets)), (targets != 0).sum(axis=1)]",
                "said[:, (targets != 0).sum(axis=1)]",
            ),
        ),
    ),
    Check(
        "15.2",
        _smoothing,
        mutants=(
            Mutant(
                "The right word gets 1 - s only. The share is spread over *all* words, the right "
                "one included: 1 - s + s/v.",
                "(1 - share) * np.eye(v)[labels] + share / v",
                "np.where(np.eye(v)[labels] > 0, 1 - share, share / v)",
            ),
            Mutant(
                "You spread the share over the v - 1 wrong words; it is spread over all v.",
                "(1 - share) * np.eye(v)[labels] + share / v",
                "np.where(np.eye(v)[labels] > 0, 1 - share, share / (v - 1))",
            ),
            Mutant(
                "Every word gets the whole share: divide it by v.",
                "share / v",
                "share",
            ),
            Mutant(
                "Padding has a loss here. Positions with the label 0 are left out.",
                "(labels != 0)[..., np.newaxis] / np.sum(labels != 0)",
                "np.ones((*labels.shape, 1)) / labels.size",
            ),
            Mutant(
                "You divide by all positions. The mean is over the words that are there.",
                "/ np.sum(labels != 0)",
                "/ labels.size",
            ),
            Mutant(
                "The padding has no loss, but a slope: mask the gradient, too.",
                "grad * part * (softmax",
                "grad / np.sum(labels != 0) * (softmax",
            ),
            Mutant(
                "The slope is p - q, yours is q - p: training would make the loss larger.",
                "(softmax(logits.value) - targets)",
                "(targets - softmax(logits.value))",
            ),
            Mutant(
                "The gradient belongs to the loss without smoothing: subtract the smoothed "
                "targets.",
                "(softmax(logits.value) - targets)",
                "(softmax(logits.value) - np.eye(v)[labels])",
            ),
            Mutant(
                "You forget the slope that arrives: multiply by grad.",
                "grad * part *",
                "part *",
            ),
        ),
    ),
    Check(
        "15.3",
        _cross,
        mutants=(
            Mutant(
                "Queries and memory are exchanged: the words written ask, the memory is asked.",
                _CROSS,
                'multi_head_attention(memory, y, weights["cross"], heads)',
            ),
            Mutant(
                "The look at the source is missing a residual connection: add it to x.",
                f"x = x + {_CROSS}",
                f"x = {_CROSS}",
            ),
            Mutant(
                "The padding of the source is read: pass memory_mask to the cross-attention.",
                "heads, memory_mask)",
                "heads)",
            ),
            Mutant(
                "The cross-attention has the matrices of the self-attention: it has its own.",
                'weights["cross"]',
                'weights["attention"]',
            ),
            Mutant(
                "The cross-attention turns queries and keys, but positions of two languages do not "
                "compare: no rotate there.",
                "heads, memory_mask)",
                "heads, memory_mask, rotate=True)",
            ),
            Mutant(
                "The causal mask is missing in the self-attention: the decoder sees what it "
                "should say.",
                "heads, mask, rotate=True",
                "heads, None, rotate=True",
            ),
            Mutant(
                "The queries of the cross-attention are not normalized: use the second norm.",
                "multi_head_attention(y, memory,",
                "multi_head_attention(x, memory,",
            ),
            Mutant(
                "The third part has the norm of the second: there are three.",
                'weights["norms"][2]',
                'weights["norms"][1]',
            ),
            Mutant(
                "The source is looked at before the words written: self-attention comes first.",
                edits=(
                    (f"x = x + {_SELF}", f"x = x + {_CROSS} # first"),
                    (f"x = x + {_CROSS}\n", f"x = x + {_SELF}\n"),
                ),
            ),
        ),
    ),
)
