"""Checks of the tasks of chapter 14: the shifted text, the decoder, bits per character."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from docs.course.checks.chapter_13a import loop_norm
from docs.course.checks.chapter_13b import (
    arrays_of,
    leaves,
    loop_block,
    random_block,
    shapes_of,
)
from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def _shift(mine: ModuleType) -> Observations:
    ids = np.array([[5, 3, 8, 1], [2, 7, 4, 6]])
    before = ids.copy()
    read, said = mine.shift(ids)
    yield Observation("of (5, 3, 8, 1) and (2, 7, 4, 6) is read", read, ids[:, [0, 1, 2]])
    yield Observation("of (5, 3, 8, 1) and (2, 7, 4, 6) is said", said, ids[:, [1, 2, 3]])
    yield Observation("the argument is not changed", ids, before)


def loop_decoder(ids: np.ndarray, weights: Any, heads: int) -> np.ndarray:
    """Return the scores of a decoder of arrays."""
    t = ids.shape[1]
    mask = np.array([[j <= i for j in range(t)] for i in range(t)])
    x = np.array([[weights["letters"][i] for i in row] for row in ids])
    for each in weights["blocks"]:
        x = loop_block(x, each, heads, mask)
    return loop_norm(x, *weights["norm"]) @ weights["letters"].T


def random_decoder(mine: ModuleType, v: int, d: int, layers: int) -> Any:
    """Return weights of a decoder all of which are random."""
    rng = np.random.default_rng(142)
    return {
        "letters": mine.Tensor(rng.normal(size=(v, d))),
        "blocks": [random_block(mine, d, 3, 140 + i) for i in range(layers)],
        "norm": [mine.Tensor(rng.normal(size=d)), mine.Tensor(rng.normal(size=d))],
    }


def _decoder(mine: ModuleType) -> Observations:
    weights = random_decoder(mine, 5, 4, 2)
    arrays = arrays_of(weights)
    ids = np.array([[0, 3, 1], [4, 4, 2]])
    got = mine.decoder(ids, weights, 2)
    label = "the scores of two texts of three letters, two blocks"
    yield Observation(label, got.value, loop_decoder(ids, arrays, 2))
    changed = ids.copy()
    changed[:, 2] = 0
    got = mine.decoder(changed, weights, 2).value[:, :2] - got.value[:, :2]
    label = "the last letter changes: change of the scores before it"
    yield Observation(label, got, np.zeros((2, 2, 5)))
    small = random_decoder(mine, 3, 2, 1)
    arrays = arrays_of(small)
    text = np.array([[0, 2]])
    mine.sum_axis(mine.decoder(text, small, 1) * np.array([1.0, 2.0, -1.0])).backward()
    right = slopes(
        lambda table: (loop_decoder(text, arrays | {"letters": table}, 1) @ [1, 2, -1]).sum(),
        arrays["letters"],
    )
    yield Observation("the gradient by the table of letters", small["letters"].grad, right)
    unreached = [leaf for leaf in leaves(small) if leaf.grad is None]
    yield Observation("weights without a gradient", len(unreached), 0)
    weights = mine.new_decoder(50, 8, 12, 3, np.random.default_rng(142))
    got = shapes_of([weights["letters"], weights["norm"]])
    label = "new_decoder, which is given: the shapes of letters and norm"
    yield Observation(label, got, [[50, 8], [[8], [8]]])
    right = [shapes_of(mine.new_block(8, 12, np.random.default_rng(0)))] * 3
    yield Observation("new_decoder: its three blocks", shapes_of(weights["blocks"]), right)
    deviation = round(float(weights["letters"].value.std()), 1)
    yield Observation("new_decoder: the deviation of the letters", deviation, 0.1)
    norm = [leaf.value for leaf in weights["norm"]]
    yield Observation("new_decoder: gain and bias of the norm", norm, [np.ones(8), np.zeros(8)])


def _bits(mine: ModuleType) -> Observations:
    losses = np.log(2) * np.array([1.0, 3.0, 2.0])
    label = "three letters that cost 1, 3 and 2 bits"
    yield Observation(label, float(mine.bits_per_character(losses, 3)), 2.0)
    label = "the same three tokens, if they are ten characters"
    yield Observation(label, float(mine.bits_per_character(losses, 10)), 0.6)
    even = np.full((2, 50), np.log(46))
    label = "46 letters that are equally likely"
    yield Observation(label, float(mine.bits_per_character(even, 100)), 5.523561956)


_BLOCKS = """    for each in weights["blocks"]:
        x = block(x, each, heads, causal_mask(ids.shape[1]))
"""
_NORM = 'layer_norm_op(x, *weights["norm"])'

CHECKS = (
    Check(
        "14.1",
        _shift,
        mutants=(
            Mutant(
                "What is said is what is read: the labels are not shifted, and the model learns "
                "to copy.",
                "ids[:, :-1], ids[:, 1:]",
                "ids[:, :-1], ids[:, :-1]",
            ),
            Mutant(
                "The two are exchanged: your model reads the future and says the past.",
                "ids[:, :-1], ids[:, 1:]",
                "ids[:, 1:], ids[:, :-1]",
            ),
            Mutant(
                "You cut the batch, not the texts: the letters are along the second axis.",
                "ids[:, :-1], ids[:, 1:]",
                "ids[:-1], ids[1:]",
            ),
            Mutant(
                "The texts are rolled: the last letter is followed by the first. Cut it off.",
                "ids[:, :-1], ids[:, 1:]",
                "ids, np.roll(ids, -1, axis=1)",
            ),
            Mutant(
                "The label is two steps later: it is the very next letter.",
                "ids[:, :-1], ids[:, 1:]",
                "ids[:, :-2], ids[:, 2:]",
            ),
        ),
    ),
    Check(
        "14.2",
        _decoder,
        mutants=(
            Mutant(
                "There is no causal mask: every position may look at its answer. The loss would "
                "fall to 0 and what the model writes would be nonsense.",
                ", causal_mask(ids.shape[1])",
                "",
            ),
            Mutant(
                "The norm at the end is missing; the scores grow with every block.",
                _NORM,
                "x",
            ),
            Mutant(
                "Every block is the first one: use the weights of each.",
                "block(x, each,",
                'block(x, weights["blocks"][0],',
            ),
            Mutant(
                "Only the last block counts: each takes the letters instead of what the block "
                "before made.",
                _BLOCKS,
                '    letters = x\n    for each in weights["blocks"]:\n'
                "        x = block(letters, each, heads, causal_mask(ids.shape[1]))\n",
            ),
            Mutant(
                "The table in the last product is a constant, so half of its gradient is lost: use "
                "swap_axes, not .value.T.",
                'swap_axes(weights["letters"], 0, 1)',
                'weights["letters"].value.T',
            ),
            Mutant(
                "You return probabilities. cross_entropy_op takes scores and makes the softmax "
                "itself.",
                f'return {_NORM} @ swap_axes(weights["letters"], 0, 1)',
                f'return softmax_op({_NORM} @ swap_axes(weights["letters"], 0, 1))',
            ),
            Mutant(
                "The mask has the size of the batch, not of the text: it is causal_mask of the "
                "length, ids.shape[1].",
                "causal_mask(ids.shape[1])",
                "causal_mask(ids.shape[0])",
            ),
            Mutant(
                "The norm comes before the blocks. It is behind the last one.",
                edits=(
                    (_BLOCKS, f"    x = {_NORM}\n" + _BLOCKS),
                    (f"return {_NORM}", "return x"),
                ),
            ),
        ),
    ),
    Check(
        "14.3",
        _bits,
        mutants=(
            Mutant(
                "You take the mean over the tokens. Take the sum, and divide by the characters.",
                "np.sum(losses) / np.log(2) / characters",
                "np.mean(losses) / np.log(2)",
            ),
            Mutant(
                "Those are nats per character: a bit is log 2 nats, so divide by log 2.",
                " / np.log(2)",
                "",
            ),
            Mutant(
                "You multiply by log 2. There are more bits than nats: divide.",
                "/ np.log(2)",
                "* np.log(2)",
            ),
            Mutant(
                "That is the perplexity, the exponential of the mean loss.",
                "np.sum(losses) / np.log(2) / characters",
                "np.exp(np.mean(losses))",
            ),
            Mutant(
                "You divide twice: the mean has the number of tokens in it already. Take the sum.",
                "np.sum(losses)",
                "np.mean(losses)",
            ),
            Mutant(
                "That is the logarithm of base 2 of the sum. Divide the sum by log 2 instead.",
                "np.sum(losses) / np.log(2)",
                "np.log2(np.sum(losses))",
            ),
        ),
    ),
)
