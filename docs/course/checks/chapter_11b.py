"""Checks of the tasks of chapter 11: the LSTM."""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType
from typing import TypeAlias

import numpy as np

from docs.course.checks.chapter_11a import random_arrays
from docs.course.workshop.task import Check, Mutant, Observation, Observations

Numbers: TypeAlias = Sequence[float] | np.ndarray


def _gate(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _loop_step(
    x: np.ndarray,
    state: Numbers,
    cell: Numbers,
    weight_x: np.ndarray,
    weight_h: np.ndarray,
    bias: np.ndarray,
) -> tuple[list[float], list[float]]:
    """Make a step of one sentence, number by number."""
    n = len(cell)
    z = [
        bias[k]
        + sum(x[m] * weight_x[m, k] for m in range(len(x)))
        + sum(state[m] * weight_h[m, k] for m in range(n))
        for k in range(4 * n)
    ]
    cells = [_gate(z[n + k]) * cell[k] + _gate(z[k]) * math.tanh(z[2 * n + k]) for k in range(n)]
    return [_gate(z[3 * n + k]) * math.tanh(cells[k]) for k in range(n)], cells


def _lstm_step(mine: ModuleType) -> Observations:
    zeros = np.zeros((1, 1)), np.zeros((1, 4)), np.zeros((1, 4))
    state, cell = mine.lstm_step(zeros[0], zeros[0], np.array([[2.0]]), *zeros[1:], np.zeros(4))
    yield Observation(
        "the cell 2 if all gates are at 1/2 and the candidate at 0", cell, np.array([[1.0]])
    )
    yield Observation("the state of that step", state, np.array([[0.5 * math.tanh(1)]]))
    x, state, cell, *weights = random_arrays(1, (3, 2), (3, 2), (3, 2), (2, 8), (2, 8), (8,))
    before = cell.copy()
    got = mine.lstm_step(x, state, cell, *weights)
    right = [_loop_step(*rows, *weights) for rows in zip(x, state, cell)]
    yield Observation("the cells of three sentences", got[1], np.array([row[1] for row in right]))
    yield Observation("the states of three sentences", got[0], np.array([row[0] for row in right]))
    yield Observation("the old cells are as they were", cell, before)


def _lstm(mine: ModuleType) -> Observations:
    lengths = (4, 2, 1)
    x, *weights = random_arrays(2, (3, 4, 2), (2, 8), (2, 8), (8,))
    mask = np.arange(4) < np.array(lengths)[:, None]
    right = np.zeros((3, 4, 2))
    for i, length in enumerate(lengths):
        state = cell = np.zeros(2)
        for t in range(4):
            if t < length:
                state, cell = _loop_step(x[i, t], state, cell, *weights)
            right[i, t] = state
    yield Observation("a full batch", mine.lstm(x[:1], mask[:1], *weights), right[:1])
    yield Observation("sentences of 4, 2 and 1 words", mine.lstm(x, mask, *weights), right)
    x[~mask] = np.nan
    got = mine.lstm(x, mask, *weights)
    yield Observation("the same, if the padding contains nan", got, right)
    at_start = np.array([[False, True, False, True]])
    state = cell = np.zeros(2)
    states = [state]
    for t in (1, 3):
        state, cell = _loop_step(x[0, t], state, cell, *weights)
        states += [state] * (2 if t == 1 else 1)
    got = mine.lstm(x[:1], at_start, *weights)
    yield Observation("padding at the first and the third position", got, np.array([states]))


CHECKS = (
    Check(
        "11.3",
        _lstm_step,
        mutants=(
            Mutant(
                "Input gate and forget gate are swapped. The order is input, forget, candidate, "
                "output.",
                "enter, forget, candidate, output",
                "forget, enter, candidate, output",
            ),
            Mutant(
                "Candidate and output gate are swapped. The order is input, forget, candidate, "
                "output.",
                "enter, forget, candidate, output",
                "enter, forget, output, candidate",
            ),
            Mutant(
                "Your cell forgets nothing, as in the LSTM of 1997. Multiply the old cell by the "
                "forget gate.",
                "sigmoid(forget) * cell",
                "cell",
            ),
            Mutant(
                "Your forget gate is upside down: 1 means to keep.",
                "sigmoid(forget) * cell",
                "(1 - sigmoid(forget)) * cell",
            ),
            Mutant(
                "The candidate is a tanh, not a sigmoid: notes may be negative.",
                "np.tanh(candidate)",
                "sigmoid(candidate)",
            ),
            Mutant(
                "The state is the gated cell without its tanh.",
                "sigmoid(output) * np.tanh(cell)",
                "sigmoid(output) * cell",
            ),
            Mutant(
                "The state comes from the *old* cell. It comes from the new one.",
                edits=(
                    ("    cell = sigmoid(forget)", "    new = sigmoid(forget)"),
                    ("np.tanh(cell), cell", "np.tanh(cell), new"),
                ),
            ),
            Mutant(
                "You return the cell first. The order is state, cell.",
                "return sigmoid(output) * np.tanh(cell), cell",
                "return cell, sigmoid(output) * np.tanh(cell)",
            ),
            Mutant(
                "The state has no say in the gates: add state @ weight_h.",
                " + state @ weight_h",
                "",
            ),
            Mutant(
                "The output gate has closed the cell as well. It opens the state; the cell goes "
                "on ungated.",
                "np.tanh(cell), cell",
                "np.tanh(cell), sigmoid(output) * cell",
            ),
        ),
    ),
    Check(
        "11.4",
        _lstm,
        mutants=(
            Mutant(
                "You ignored the mask: the network reads the padding.",
                "real = mask[:, t, None]",
                "real = True",
            ),
            Mutant(
                "At padding the state is zero in your answer. It stays what it was.",
                "np.where(real, new_state, state)",
                "np.where(real, new_state, 0)",
            ),
            Mutant(
                "The cell changes at padding. It has to stay, too; otherwise the next word finds "
                "other notes.",
                "np.where(real, new_cell, cell)",
                "new_cell",
            ),
            Mutant(
                "You multiplied by the mask. If the padding contains nan, so does the result: 0 "
                "times nan is nan. Choose with `np.where`.",
                "np.where(real, new_state, state), np.where(real, new_cell, cell)",
                "real * new_state + ~real * state, real * new_cell + ~real * cell",
            ),
            Mutant(
                "Your mask is upside down: True means a real word.",
                "real = mask[:, t, None]",
                "real = ~mask[:, t, None]",
            ),
            Mutant(
                "State and cell begin anew at every word. They begin at zero once, before the "
                "first one.",
                "        real = mask",
                "        state = cell = np.zeros((len(x), len(weight_h)))\n        real = mask",
            ),
            Mutant(
                "You returned the last states only. Return those of all positions, (b, t, n).",
                "np.stack(states, axis=1)",
                "state",
            ),
            Mutant(
                "The first word of each sentence is missing.",
                "    for t in range(x.shape[1]):",
                "    states.append(state)\n    for t in range(1, x.shape[1]):",
            ),
        ),
    ),
)
