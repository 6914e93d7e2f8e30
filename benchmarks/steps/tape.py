"""What the tape costs per operation, forward plus backward, beside other libraries.

    hatch run bench:tape            # or: python -m benchmarks.steps.tape [--rounds 40]

Arrays are tiny (4 x 4), so that nearly all of the time is overhead. Every expression is a chain of
`length` links that ends in a sum, and its gradient by two leaves is taken. The libraries take
turns within one round, and processor time is counted, so that a busy machine does little harm;
printed are medians.
Opponents that are not installed are left out. One thread each.
"""

from __future__ import annotations

import argparse
import importlib
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

X = np.random.default_rng(0).uniform(0.4, 0.6, (4, 4)).astype(np.float32)
C = np.random.default_rng(1).uniform(0.9, 1.1, (4, 4)).astype(np.float32) / 4

# name, operations per link, expression of y (the chain so far) and the leaf c
EXPRESSIONS: list[tuple[str, int, Callable[[Any, Any, Any], Any]]] = [
    ("y + c", 1, lambda xp, y, c: y + c),
    ("y - c", 1, lambda xp, y, c: y - c),
    ("y * c", 1, lambda xp, y, c: y * c),
    ("y / c", 1, lambda xp, y, c: y / c),
    ("y * 0.9", 1, lambda xp, y, c: y * 0.9),
    ("1 - y", 1, lambda xp, y, c: 1 - y),
    ("y + c[0] (broadcast)", 2, lambda xp, y, c: y + c[0]),
    ("tanh(y)", 1, lambda xp, y, c: xp.tanh(y)),
    ("exp(y * 0.1)", 2, lambda xp, y, c: xp.exp(y * 0.1)),
    ("sqrt(y)", 1, lambda xp, y, c: xp.sqrt(y)),
    ("maximum(y, c)", 1, lambda xp, y, c: xp.maximum(y, c)),
    ("y @ c", 1, lambda xp, y, c: y @ c),
    ("y.reshape", 2, lambda xp, y, c: y.reshape(2, 8).reshape(4, 4)),
    ("y.T", 1, lambda xp, y, c: y.T),
    ("y[:2] * c[:2] ...", 4, lambda xp, y, c: (y[:2] * c[:2])[0] + y),
    ("y.sum() * c", 2, lambda xp, y, c: y.sum() * c),
    ("sigmoid, spelled out", 4, lambda xp, y, c: 1 / (1 + xp.exp(-y))),
    ("tanh(y @ c + c[0])", 4, lambda xp, y, c: xp.tanh(y @ c + c[0])),
]


@dataclass
class Library:
    """How to take the gradient of a chain with one library: (expression, length) -> gradients."""

    name: str
    run: Callable[[Callable[[Any, Any, Any], Any], int], Any]
    seconds: dict[str, list[float]] = field(default_factory=dict)


def crf(xp: Any, expression: Callable[[Any, Any, Any], Any], length: int, x: Any, c: Any) -> Any:
    y = x
    for _ in range(length):
        y = expression(xp, y, c)
    return y.sum()


def pmt() -> Library:
    import pmt_autograd as ag

    def run(expression: Any, length: int) -> Any:
        x, c = ag.Tensor(X, requires_grad=True), ag.Tensor(C, requires_grad=True)
        crf(ag, expression, length, x, c).backward()
        return x.grad, c.grad

    return Library("pmt", run)


def torch() -> Library:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)

    def run(expression: Any, length: int) -> Any:
        x, c = (torch.tensor(a, requires_grad=True) for a in (X, C))
        crf(torch, expression, length, x, c).backward()
        return x.grad, c.grad

    return Library("torch", run)


def mygrad() -> Library:
    mg = importlib.import_module("mygrad")

    def run(expression: Any, length: int) -> Any:
        x, c = mg.tensor(X), mg.tensor(C)
        crf(mg, expression, length, x, c).backward()
        return x.grad, c.grad

    return Library("mygrad", run)


def autograd() -> Library:
    hips, anp = importlib.import_module("autograd"), importlib.import_module("autograd.numpy")

    def run(expression: Any, length: int) -> Any:
        loss = hips.grad(lambda x, c: anp.sum(crf(anp, expression, length, x, c)), (0, 1))
        return loss(X, C)

    return Library("autograd", run)


def installed() -> list[Library]:
    libraries = []
    for make in (pmt, torch, mygrad, autograd):
        try:
            libraries.append(make())
        except ImportError as error:
            print(f"{make.__name__} is left out: {error}")
    return libraries


def measure(libraries: list[Library], rounds: int, length: int) -> None:
    for _ in range(rounds):
        for name, _operations, expression in EXPRESSIONS:
            for library in libraries:
                start = time.process_time()
                library.run(expression, length)
                elapsed = time.process_time() - start
                library.seconds.setdefault(name, []).append(elapsed)


def check(libraries: list[Library]) -> None:
    """All libraries find the same gradients, so they do the same work."""
    for name, _, expression in EXPRESSIONS:
        results = [lib.run(expression, 3) for lib in libraries]
        for other in results[1:]:
            for first, two in zip(results[0], other, strict=True):
                if first is not None:  # a leaf that the expression does not use
                    np.testing.assert_allclose(first, two, rtol=1e-4, atol=1e-6, err_msg=name)


def main() -> None:
    np.seterr(all="ignore")  # long chains overflow, which costs nothing and says nothing here
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--length", type=int, default=100)
    options = parser.parse_args()
    libraries = installed()
    check(libraries)
    measure(libraries, 2, options.length)  # warm up
    for library in libraries:
        library.seconds.clear()
    measure(libraries, options.rounds, options.length)

    others = libraries[1:]
    print(f"numpy {np.__version__}; microseconds per operation, forward + backward, medians of")
    print(f"{options.rounds} rounds; in brackets: how many times pmt's cost\n")
    print(f"{'expression':24}{'pmt':>8}" + "".join(f"{library.name:>18}" for library in others))
    ratios: dict[str, list[float]] = {library.name: [] for library in others}
    for name, operations, _ in EXPRESSIONS:
        cost = {
            library.name: statistics.median(library.seconds[name])
            / (operations * options.length)
            * 1e6
            for library in libraries
        }
        line = f"{name:24}{cost['pmt']:8.2f}"
        for library in others:
            ratio = cost[library.name] / cost["pmt"]
            ratios[library.name].append(ratio)
            line += f"{cost[library.name]:10.2f} ({ratio:4.1f}x)"
        print(line)
    line = f"{'geometric mean':24}{'':8}"
    for library in others:
        mean = math.exp(statistics.fmean(math.log(ratio) for ratio in ratios[library.name]))
        line += f"{'':10} ({mean:4.2f}x)"
    print(line)


if __name__ == "__main__":
    main()
