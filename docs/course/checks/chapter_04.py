"""Checks of the tasks of chapter 4: split, random weights, dropout, early stopping.

Answers may draw their random numbers in any way, so what is observed are properties that hold for
every stream, and means over many draws with room for six standard deviations.
"""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _split(answers: ModuleType) -> Observations:
    train, dev = answers.split(1000, 0.2, np.random.default_rng(1))
    sizes = [len(train), len(dev)]
    yield Observation("sizes of training and dev for n = 1000, part = 0.2", sizes, [800, 200])
    together = sorted([*map(int, train), *map(int, dev)])
    yield Observation("every number is in exactly one part", together == list(range(1000)), True)
    # Of a random fifth, about 100 are below 500; the standard deviation is 6.3.
    low = int((np.asarray(dev) < 500).sum())
    yield Observation("the dev part is drawn from everywhere", 60 <= low <= 140, True)
    again = answers.split(1000, 0.2, np.random.default_rng(1))
    equal = all(np.array_equal(one, two) for one, two in zip((train, dev), again))
    yield Observation("the same seed gives the same split", equal, True)
    other = answers.split(1000, 0.2, np.random.default_rng(2))[1]
    yield Observation("another seed gives another", np.array_equal(dev, other), False)
    sizes = [len(part) for part in answers.split(7, 0.25, np.random.default_rng(1))]
    yield Observation("sizes for n = 7, part = 0.25: 1.75 is rounded", sizes, [5, 2])


def _random_weight(answers: ModuleType) -> Observations:
    rng = np.random.default_rng(3)
    weight = np.asarray(answers.random_weight(300, 100, rng))
    yield Observation("the shape for 300 inputs, 100 outputs", weight.shape, (300, 100))
    limit = math.sqrt(6 / 400)
    top, bottom = float(weight.max()) / limit, float(weight.min()) / limit
    yield Observation("the largest number, divided by √(6/400)", top, 1.0, tolerance=0.01)
    yield Observation("the smallest number, divided by √(6/400)", bottom, -1.0, tolerance=0.01)
    # The variance of a uniform number is limit²/3; what 30,000 of them show is off by 0.5 %.
    variance = float((weight**2).mean()) / (2 / 400)
    yield Observation("the mean square, divided by 2/400", variance, 1.0, tolerance=0.03)
    second = answers.random_weight(300, 100, rng)
    yield Observation("a second weight is the same", np.array_equal(weight, second), False)
    again = answers.random_weight(300, 100, np.random.default_rng(3))
    yield Observation("the same seed gives the same weight", np.array_equal(weight, again), True)
    narrow = float(np.abs(answers.random_weight(2000, 4, rng)).max()) / math.sqrt(6 / 2004)
    label = "2000 inputs, 4 outputs: the largest number, divided by √(6/2004)"
    yield Observation(label, narrow, 1.0, tolerance=0.01)


def _dropout(answers: ModuleType) -> Observations:
    x = np.random.default_rng(4).uniform(1, 2, (200, 300))
    before = x.copy()
    rng = np.random.default_rng(5)
    y, mask = answers.dropout(x, 0.25, rng)
    y, mask = np.asarray(y), np.asarray(mask)
    yield Observation("x, which must stay as it was", np.array_equal(x, before), True)
    yield Observation("the shape of the mask", mask.shape, x.shape)
    yield Observation("the mask holds 0 and 1/(1 - 0.25)", np.unique(mask), np.array([0.0, 4 / 3]))
    yield Observation("the result is x times the mask", np.allclose(y, before * mask), True)
    # 60,000 draws: the standard deviation of the share is 0.0018.
    share = float((mask == 0).mean())
    yield Observation("the share of numbers that are 0", share, 0.25, tolerance=0.011)
    scale = float(y.mean() / before.mean())
    yield Observation("the mean of the result, by that of x", scale, 1.0, tolerance=0.016)
    rows, columns = (mask == 0).mean(axis=1), (mask == 0).mean(axis=0)
    alone = bool(rows.std() < 0.1 and columns.std() < 0.1)
    yield Observation("each number is drawn for itself", alone, True)
    other = np.asarray(answers.dropout(x, 0.25, rng)[1])
    yield Observation("the next mask is the same", np.array_equal(mask, other), False)
    again = np.asarray(answers.dropout(before, 0.25, np.random.default_rng(5))[1])
    yield Observation("the same seed gives the same mask", np.array_equal(mask, again), True)
    y, mask = answers.dropout(before, 0.0, rng)
    yield Observation("a rate of 0 changes nothing", np.array_equal(y, before), True)


def _early_stopping(answers: ModuleType) -> Observations:
    cases = (
        ([0.9, 0.7, 0.8, 0.75, 0.6], 2, (1, 4)),
        ([0.9, 0.7, 0.8, 0.75, 0.6], 3, (4, 5)),
        ([0.9, 0.8, 0.7, 0.6], 2, (3, 4)),
        ([0.5, 0.7, 0.6, 0.4], 1, (0, 2)),
        ([0.5, 0.7, 0.6, 0.55, 0.4], 2, (0, 3)),
        ([0.8, 0.5, 0.5, 0.5, 0.4], 2, (1, 4)),
        ([0.9, 0.6, 0.7, 0.5, 0.8, 0.7, 0.4], 2, (3, 6)),
        ([0.3], 5, (0, 1)),
    )
    for losses, patience, right in cases:
        label = f"{losses}, patience {patience}: best epoch, epochs run"
        yield Observation(label, tuple(answers.early_stopping(losses, patience)), right)


CHECKS = (
    Check(
        "4.1",
        _split,
        (
            Mutant(
                "You cut without shuffling. If the file is sorted, dev is unlike the rest.",
                "rng.permutation(n)",
                "np.arange(n)",
            ),
            Mutant(
                "Your parts are exchanged: training comes first, and dev is the small one.",
                "order[size:], order[:size]",
                "order[:size], order[size:]",
            ),
            Mutant(
                "Your training part holds the dev examples, too. A network that has seen them "
                "cannot be judged by them.",
                "return order[size:],",
                "return order,",
            ),
            Mutant(
                "You draw with replacement: some numbers come twice, others never. Shuffle.",
                "rng.permutation(n)",
                "rng.integers(0, n, n)",
            ),
            Mutant(
                "You shuffle with a stream of your own, so the seed of the caller has no effect.",
                "rng.permutation(n)",
                "np.random.default_rng(0).permutation(n)",
            ),
            Mutant(
                "int() cuts 1.75 down to 1. The task rounds.",
                "round(part * n)",
                "int(part * n)",
            ),
            Mutant(
                "You draw for each number by itself, so the size of the dev part is left to "
                "chance. Cut a shuffled order instead.",
                "return order[size:], order[:size]",
                "chosen = rng.random(n) < part\n"
                "    return np.where(~chosen)[0], np.where(chosen)[0]",
            ),
        ),
    ),
    Check(
        "4.2",
        _random_weight,
        (
            Mutant(
                "The root is missing: the limit is √(6 / (n_in + n_out)).",
                "np.sqrt(6 / (n_in + n_out))",
                "6 / (n_in + n_out)",
            ),
            Mutant(
                "Your weights are all positive. Half of them should be below 0.",
                "rng.uniform(-limit, limit, (n_in, n_out))",
                "rng.uniform(0, limit, (n_in, n_out))",
            ),
            Mutant(
                "Your weight is transposed: it is (n_in, n_out).",
                "(n_in, n_out))",
                "(n_out, n_in))",
            ),
            Mutant(
                "You take the inputs only. The gradient passes backwards through the outputs, so "
                "both count.",
                "np.sqrt(6 / (n_in + n_out))",
                "np.sqrt(6 / n_in)",
            ),
            Mutant(
                "You draw normal numbers with the limit as standard deviation. They are too large; "
                "the task asks for uniform ones.",
                "rng.uniform(-limit, limit, (n_in, n_out))",
                "rng.normal(scale=limit, size=(n_in, n_out))",
            ),
            Mutant(
                "Your stream starts anew in each call, so all weights of one shape are equal. Use "
                "the rng of the caller.",
                "rng.uniform(",
                "np.random.default_rng(0).uniform(",
            ),
            Mutant(
                "2 / (n_in + n_out) is the variance. A uniform number with this variance goes up "
                "to √3 times its root.",
                "np.sqrt(6",
                "np.sqrt(2",
            ),
        ),
    ),
    Check(
        "4.3",
        _dropout,
        (
            Mutant(
                "The numbers that stay are not scaled, so the next layer sees less than without "
                "dropout: divide by 1 - rate.",
                "(rng.random(x.shape) >= rate) / (1 - rate)",
                "(rng.random(x.shape) >= rate) * 1.0",
            ),
            Mutant(
                "You drop with the probability 1 - rate. rate is the share that becomes 0.",
                ">= rate)",
                "< rate)",
            ),
            Mutant(
                "You divide by rate. The share that stays is 1 - rate.",
                ">= rate) / (1 - rate)",
                ">= rate) / max(rate, 1e-9)",
            ),
            Mutant(
                "You multiply by 1 - rate. That is for evaluation in the first paper; here the "
                "numbers that stay are divided by it.",
                ">= rate) / (1 - rate)",
                ">= rate) * (1 - rate)",
            ),
            Mutant(
                "You draw one number for each column, so whole columns vanish. Each number is "
                "drawn for itself.",
                "(rng.random(x.shape) >= rate)",
                "(np.zeros(x.shape) + rng.random(x.shape[-1]) >= rate)",
            ),
            Mutant(
                "The mask that you return is not the one that made the result. The way back needs "
                "the same draw.",
                "return x * mask, mask",
                "return x * mask, (rng.random(x.shape) >= rate) / (1 - rate)",
            ),
            Mutant(
                "Your mask says which numbers stay. Put the factor 1/(1 - rate) into it, so that "
                "the gradient is scaled alike.",
                "return x * mask, mask",
                "return x * mask, mask > 0",
            ),
            Mutant(
                "The same numbers are dropped in every call: your stream starts anew. Use the rng "
                "of the caller.",
                "rng.random(",
                "np.random.default_rng(0).random(",
            ),
        ),
    ),
    Check(
        "4.4",
        _early_stopping,
        (
            Mutant(
                "You count an equal loss as better. Then a training that stands still never stops.",
                "loss < losses[best]",
                "loss <= losses[best]",
            ),
            Mutant(
                "You stop an epoch too late: `patience` epochs without a better one are enough.",
                "epoch - best == patience",
                "epoch - best > patience",
            ),
            Mutant(
                "You compare with the epoch before. A loss that falls after a rise may still be "
                "worse than the best.",
                "loss < losses[best]",
                "epoch and loss < losses[epoch - 1]",
            ),
            Mutant(
                "You take the best of all losses, also of those behind the stop. Nobody saw them.",
                "return best,",
                "return losses.index(min(losses)),",
            ),
            Mutant(
                "You look for the highest loss. For a loss, lower is better.",
                "loss < losses[best]",
                "loss > losses[best]",
            ),
            Mutant(
                "You return the last epoch in place of the number of epochs: counted from 0, it is "
                "one less.",
                "epoch + 1",
                "epoch",
            ),
            Mutant(
                "You keep the weights of the last epoch. They are `patience` epochs past the best.",
                "return best,",
                "return epoch,",
            ),
        ),
    ),
)
