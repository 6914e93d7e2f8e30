"""Checks of the tasks of chapter 0: slopes by trying, paths of slopes, standardized columns."""

from __future__ import annotations

import math
from types import ModuleType

import numpy as np

from docs.course.workshop.task import Check, Mutant, Observation, Observations


def _slope(answers: ModuleType) -> Observations:
    slope = answers.slope
    yield Observation("the slope of x² at 3", slope(lambda x: x * x, 3.0), 6.0)
    yield Observation("the slope of 5 - 2x at 1", slope(lambda x: 5 - 2 * x, 1.0), -2.0)
    yield Observation("the slope of eˣ at 1", slope(math.exp, 1.0), math.e)
    wave = slope(lambda x: math.sin(20 * x), 0.07)
    yield Observation(
        "the slope of sin(20x) at 0.07, where it bends a lot", wave, 20 * math.cos(1.4)
    )
    yield Observation("the slope of 7, a constant", slope(lambda _: 7.0, 2.0), 0.0)
    yield Observation("the slope of x³ at -10", slope(lambda x: x**3, -10.0), 300.0)


def _slopes(answers: ModuleType) -> Observations:
    vector = np.array([1.0, -2.0, 0.5])
    before = vector.copy()
    cubes = answers.slopes(lambda x: (x**3).sum(), vector)
    yield Observation("the gradient of the sum of x³ at [1, -2, 0.5]", cubes, 3 * before**2)
    yield Observation("x is afterwards what it was", np.array_equal(vector, before), True)
    table = np.array([[0.3, -1.0, 2.0], [1.5, 0.2, -0.7]])
    weights = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    weighted = answers.slopes(lambda x: (weights * x).sum(), table)
    yield Observation("the gradient of a weighted sum of a (2, 3) array", weighted, weights)
    pairs = answers.slopes(lambda x: x[0] * x[1], np.array([3.0, 7.0]))
    yield Observation("the gradient of x₀x₁ at [3, 7]", pairs, np.array([7.0, 3.0]))
    whole = answers.slopes(lambda x: (x / 4).sum(), np.array([1, 2]))
    yield Observation("the gradient of the sum of x/4 at whole numbers", whole, np.full(2, 0.25))
    waves = answers.slopes(lambda x: np.sin(20 * x).sum(), np.array([0.07, 0.2]))
    right = np.array([20 * math.cos(1.4), 20 * math.cos(4.0)])
    yield Observation("the gradient of the sum of sin(20x), which bends a lot", waves, right)


def _path_slope(answers: ModuleType) -> Observations:
    edges = {
        "a": [("product", 2.0), ("sum", 1.0)],
        "c": [("product", 5.0)],
        "product": [("sum", 1.0)],
        "sum": [("y", 4.0)],
    }
    slope = answers.path_slope
    yield Observation("the slope of y by c in 4(ac + a), one path", slope(edges, "c", "y"), 20.0)
    yield Observation("the slope of y by a in 4(ac + a), two paths", slope(edges, "a", "y"), 12.0)
    yield Observation("the slope of y by y", slope(edges, "y", "y"), 1.0)
    yield Observation("the slope of the sum by a, not of y", slope(edges, "a", "sum"), 3.0)
    yield Observation("the slope of a by c, to which no path leads", slope(edges, "c", "a"), 0.0)
    dead = {"x": [("note", 9.0), ("y", 3.0)]}
    yield Observation("a path that ends elsewhere counts nothing", slope(dead, "x", "y"), 3.0)
    twice = {"x": [("square", 3.0), ("square", 3.0)], "square": [("y", 0.5)]}
    yield Observation("x used twice by one product", slope(twice, "x", "y"), 3.0)


def _standardize(answers: ModuleType) -> Observations:
    x = np.array([[1.0, 100.0, 3.0], [2.0, 300.0, 3.0], [3.0, 800.0, 3.0], [6.0, 400.0, 3.0]])
    before = x.copy()
    y = np.asarray(answers.standardize(x))
    yield Observation("the shape of the result for a (4, 3) table", y.shape, (4, 3))
    # Column 0: mean 3, deviations -2, -1, 0, 3, variance 14/4.
    column = np.array([-2.0, -1.0, 0.0, 3.0]) / math.sqrt(3.5)
    yield Observation("the column 1, 2, 3, 6", y[:, 0], column)
    prices = np.array([-300.0, -100.0, 400.0, 0.0]) / math.sqrt(260_000 / 4)
    yield Observation("the column 100, 300, 800, 400", y[:, 1], prices)
    yield Observation("a column of equal numbers", y[:, 2], np.zeros(4))
    yield Observation("x, which must stay as it was", x, before)


CHECKS = (
    Check(
        "0.1",
        _slope,
        (
            Mutant(
                "You step to one side only. The error is then as large as the step, where the "
                "function bends; with a step to both sides it is as small as the step's square.",
                "(f(x + h) - f(x - h)) / (2 * h)",
                "(f(x + h) - f(x)) / h",
            ),
            Mutant(
                "Your slopes are twice too large: x + h and x - h are 2h apart.", "(2 * h)", "h"
            ),
            Mutant(
                "a / 2 * h divides by 2 and then multiplies by h. Put 2 * h in parentheses.",
                "(2 * h)",
                "2 * h",
            ),
            Mutant(
                "Your slopes have the wrong sign: it is f on the right minus f on the left.",
                "f(x + h) - f(x - h)",
                "f(x - h) - f(x + h)",
            ),
            Mutant(
                "Your step is so small that the difference is mostly rounding: a number of 64 bits "
                "has 16 digits. Use 1e-6.",
                "1e-6",
                "1e-15",
            ),
            Mutant(
                "Your step is too large: that is the slope of a secant, not yet of the tangent. "
                "Use 1e-6.",
                "1e-6",
                "1e-1",
            ),
        ),
    ),
    Check(
        "0.2",
        _slopes,
        (
            Mutant(
                "Your array of nudges is not reset: entries that had their turn keep moving along. "
                "Make a new one for each index.",
                edits=(
                    ("gradient = np.zeros(x.shape)", "gradient, unit = np.zeros((2, *x.shape))"),
                    ("        unit = np.zeros(x.shape)\n", ""),
                ),
            ),
            Mutant(
                "You move all entries at once. A partial derivative moves one entry and holds the "
                "others still.",
                "unit = np.zeros(x.shape)",
                "unit = np.ones(x.shape)",
            ),
            Mutant(
                "You run over the first axis only, and so move whole rows of a table. "
                "np.ndindex(x.shape) runs over all entries.",
                "np.ndindex(x.shape)",
                "range(len(x))",
            ),
            Mutant(
                "Your gradient has the type of x: if x holds whole numbers, the slopes lose what "
                "is behind the point.",
                "gradient = np.zeros(x.shape)",
                "gradient = np.zeros_like(x)",
            ),
            Mutant(
                "You change x itself and do not put it back: the caller's x is different now, and "
                "each further slope is taken at another point.",
                "gradient[index] = slope(lambda h: f(x + h * unit), 0.0)",
                "x[index] += 1e-6; above = f(x); x[index] -= 2e-6\n"
                "        gradient[index] = (above - f(x)) / 2e-6",
            ),
            Mutant(
                "Your gradient is a flat list of slopes. It must have the shape of x.",
                "return gradient",
                "return gradient.ravel()",
            ),
            Mutant(
                "You step to one side only, so the slopes are inexact where the function bends. "
                "Use slope.",
                "slope(lambda h: f(x + h * unit), 0.0)",
                "(f(x + 1e-6 * unit) - f(x)) / 1e-6",
            ),
        ),
    ),
    Check(
        "0.3",
        _path_slope,
        (
            Mutant(
                "You add slopes along a path. They are multiplied, like the ratios of gears.",
                "step * path_slope",
                "step + path_slope",
            ),
            Mutant(
                "You multiply over the paths. Each path moves the end by itself, so they add up.",
                "sum(step * path_slope(edges, user, end) for user, step in edges.get(start, []))",
                "float(np.prod([step * path_slope(edges, user, end) "
                "for user, step in edges.get(start, [])]))",
            ),
            Mutant(
                "Anything has the slope 1 by itself. With 0 every path ends in a factor of 0.",
                "return 1.0",
                "return 0.0",
            ),
            Mutant(
                "You follow only the first user of a value. The slopes over the other paths are "
                "lost.",
                "edges.get(start, [])",
                "edges.get(start, [])[:1]",
            ),
            Mutant(
                "The last path overwrites those before it. Gradients of several uses add up.",
                "edges.get(start, [])",
                "edges.get(start, [])[-1:]",
            ),
            Mutant(
                "A value that nobody uses is not in the dictionary, and edges[start] fails there. "
                "Its slope is 0: use edges.get(start, []).",
                "edges.get(start, [])",
                "edges[start]",
            ),
            Mutant(
                "You count each user once, however often it uses the value. x · x uses x twice, "
                "and both slopes count.",
                "edges.get(start, [])",
                "dict(edges.get(start, [])).items()",
            ),
        ),
    ),
    Check(
        "0.4",
        _standardize,
        (
            Mutant(
                "You standardize rows: axis=1 is gone in your mean. The mean of a column is taken "
                "over the rows, axis=0.",
                edits=(
                    ("x.mean(axis=0)", "x.mean(axis=1, keepdims=True)"),
                    ("(centered**2).mean(axis=0)", "(centered**2).mean(axis=1, keepdims=True)"),
                ),
            ),
            Mutant(
                "You use one mean for the whole table. Each column has its own.",
                "x.mean(axis=0)",
                "x.mean()",
            ),
            Mutant(
                "You use one mean and one deviation for the whole table. Each column has its own.",
                edits=(
                    ("x.mean(axis=0)", "x.mean()"),
                    ("(centered**2).mean(axis=0)", "(centered**2).mean()"),
                ),
            ),
            Mutant(
                "You divide by the variance. The root is missing: it has the unit of x, the "
                "variance has its square.",
                "np.sqrt((centered**2).mean(axis=0))",
                "(centered**2).mean(axis=0)",
            ),
            Mutant(
                "You divide the squares by n - 1. With n the columns have the variance 1.",
                "(centered**2).mean(axis=0)",
                "(centered**2).sum(axis=0) / (len(x) - 1)",
            ),
            Mutant(
                "A column of equal numbers has the deviation 0, and 0/0 is nan. Divide by 1 there.",
                "np.where(deviation > 0, deviation, 1)",
                "deviation",
            ),
            Mutant(
                "You divide x and not the difference from its mean, so the means are not 0.",
                "return centered /",
                "return x /",
            ),
            Mutant(
                "The numbers are right, but x is changed: -= works in place. Write x - mean.",
                "centered = x - x.mean(axis=0)",
                "centered = x; centered -= x.mean(axis=0)",
            ),
        ),
    ),
)
