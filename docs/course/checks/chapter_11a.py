"""Checks of the tasks of chapter 11: a recurrent network, and its gradients."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations, slopes


def random_arrays(seed: int, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng([11, seed])
    return [rng.normal(size=shape) for shape in shapes]


def _loop_rnn(
    x: np.ndarray, start: np.ndarray, weight_x: np.ndarray, weight_h: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    b, t, n = len(x), x.shape[1], len(bias)
    states = np.zeros((b, t, n))
    for i in range(b):
        state = start[i]
        for j in range(t):
            state = [
                math.tanh(
                    bias[k]
                    + sum(x[i, j, m] * weight_x[m, k] for m in range(x.shape[2]))
                    + sum(state[m] * weight_h[m, k] for m in range(n))
                )
                for k in range(n)
            ]
            states[i, j] = state
    return states


def _rnn(mine: ModuleType) -> Observations:
    got = mine.rnn(
        np.ones((1, 3, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.zeros(1)
    )
    first = math.tanh(1)
    second = math.tanh(1 + first)
    right = np.array([[[first], [second], [math.tanh(1 + second)]]])
    yield Observation("the word 1 three times, all weights 1", got, right)
    for seed, (b, t) in enumerate(((2, 4), (3, 1))):
        x, start, *weights = random_arrays(seed, (b, t, 3), (b, 2), (3, 2), (2, 2), (2,))
        before = start.copy()
        right = _loop_rnn(x, start, *weights)
        got = mine.rnn(x, start, *weights)
        yield Observation(f"{b} sentences of {t} words", got, right)
        yield Observation("the start is as it was", start, before)


def _rnn_gradients(mine: ModuleType) -> Observations:
    for seed, (b, t) in enumerate(((1, 1), (1, 2), (2, 3))):
        inputs = random_arrays(seed, (b, t, 2), (b, 2), (2, 2), (2, 2), (2,))
        x, start, weight_x, weight_h, _ = inputs
        (grad,) = random_arrays(9, (b, t, 2))
        states = np.empty((b, t, 2))
        states[:] = _loop_rnn(*inputs)
        answer = mine.rnn_gradients(grad, x, start, states, weight_x, weight_h)
        yield Observation("the number of gradients", len(answer), 5)
        names = ("x", "the start", "weight_x", "weight_h", "the bias")
        for i, (name, got) in enumerate(zip(names, answer)):

            def loss(
                value: np.ndarray,
                i: int = i,
                inputs: list[np.ndarray] = inputs,
                grad: np.ndarray = grad,
            ) -> float:
                return (_loop_rnn(*inputs[:i], value, *inputs[i + 1 :]) * grad).sum()

            label = f"the gradient by {name}, sentences: {b}, words: {t}"
            yield Observation(label, got, slopes(loss, inputs[i]))
        yield Observation("the states are as they were", states, _loop_rnn(*inputs))


CHECKS = (
    Check(
        "11.1",
        _rnn,
        mutants=(
            Mutant(
                "Your network forgets: each state is made from its word and the *start*. It is "
                "made from its word and the state before.",
                "+ state @ weight_h",
                "+ start @ weight_h",
            ),
            Mutant(
                "You ignored `start` and began at zero.",
                "state, states = start, []",
                "state, states = np.zeros_like(start), []",
            ),
            Mutant(
                "The recurrent weights are transposed: it is h U, not h Uᵀ.",
                "state @ weight_h",
                "state @ weight_h.T",
            ),
            Mutant(
                "The tanh is around the word only. It is around the sum of word, bias and state.",
                "np.tanh(x[:, t] @ weight_x + bias + state @ weight_h)",
                "np.tanh(x[:, t] @ weight_x + bias) + state @ weight_h",
            ),
            Mutant("You forgot the bias.", " + bias", ""),
            Mutant("You forgot the tanh.", "np.tanh(", "("),
            Mutant(
                "You read the sentence from its end.",
                "range(x.shape[1])",
                "reversed(range(x.shape[1]))",
            ),
            Mutant(
                "The old state is added unchanged. It goes through its weights.",
                "state @ weight_h",
                "state",
            ),
            Mutant(
                "Time and sentences are swapped: the states are (b, t, n).",
                "np.stack(states, axis=1)",
                "np.stack(states, axis=0)",
            ),
            Mutant(
                "Your states are one step late: the list begins with the start, and the last one "
                "is missing.",
                edits=(
                    (
                        "        state = np.tanh",
                        "        states.append(state)\n        state = np.tanh",
                    ),
                    ("        states.append(state)\n    return", "    return"),
                ),
            ),
        ),
    ),
    Check(
        "11.2",
        _rnn_gradients,
        mutants=(
            Mutant(
                "Nothing goes back in time: each state has a slope of its own only. Add what the "
                "next state sends.",
                "(grad[:, t] + carried)",
                "grad[:, t]",
            ),
            Mutant(
                "What is carried back goes through U transposed, not through U.",
                "@ weight_h.T",
                "@ weight_h",
            ),
            Mutant(
                "You forgot the slope of the tanh, 1 - h².",
                " * (1 - states[:, t] ** 2)",
                "",
            ),
            Mutant(
                "The slope of the tanh is applied to the direct slope only. What comes from the "
                "next state goes through it, too.",
                "(grad[:, t] + carried) * (1 - states[:, t] ** 2)",
                "grad[:, t] * (1 - states[:, t] ** 2) + carried",
            ),
            Mutant(
                "In the gradient of U each step goes with the state *before* it, not with its own.",
                "dense_gradients(d_z, before, weight_h)",
                "dense_gradients(d_z, states, weight_h)",
            ),
            Mutant(
                "In the gradient of U the first step is missing: the state before it is `start`, "
                "not zero.",
                "[start[:, None], states[:, :-1]]",
                "[0 * start[:, None], states[:, :-1]]",
            ),
            Mutant(
                "You went forwards in time. What a word sends back has to be known when its turn "
                "comes: begin at the last one.",
                "reversed(range(x.shape[1]))",
                "range(x.shape[1])",
            ),
            Mutant(
                "The gradient by `start` is that of the first z. It still has to go through U.",
                "return d_x, carried,",
                "return d_x, d_z[:, 0],",
            ),
            Mutant(
                "The gradient of U is that of the last step only. U was used at every step: add "
                "them all.",
                "dense_gradients(d_z, before, weight_h)",
                "dense_gradients(d_z[:, -1:], before[:, -1:], weight_h)",
            ),
            Mutant(
                "The gradients by the weights are means over the steps. They are sums: the "
                "weights were used at every step.",
                edits=(
                    (
                        "return d_x, carried, d_weight_x, d_weight_h, d_bias",
                        "steps = x.shape[1]\n"
                        "    return d_x, carried, d_weight_x / steps, d_weight_h / steps, d_bias "
                        "/ steps",
                    ),
                ),
            ),
        ),
    ),
)
