"""The convolutions of the MNIST app, forward plus backward: pmt beside PyTorch and MyGrad.

    hatch run bench:convolution     # [--rounds 20] [--threads 1] [--batch 64]
    hatch run bench:convolution --epoch 3200 --rounds 11    # an epoch of so many images, too

Every convolution of the app's network, with its bias, gets what it gets in the app (the first one
needs no gradient of its input), and the whole network a batch with its loss. All libraries compute
the same first, which is checked; then they take turns within one round, so that a busy machine
slows all of them alike; printed are medians. torch runs twice, with channels first and last in
memory. With one thread the time is the processor's, so that
it does not count what other programs take away; with several it is the clock's, and pmt shares the
batch among its workers, as its trainer does, and torch uses its own; MyGrad has one anyway.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.models.mnist_torch import torch_network
from benchmarks.steps.mnist_epoch import compare_epochs

from pmt_apps.mnist.model import build_model
from pmt_apps.mnist.settings import Settings
from pmt_autograd import Tensor, gradients
from pmt_nn import Conv2d, Sequential, conv2d, cross_entropy
from pmt_train import Workers

Arrays = list[np.ndarray]


@dataclass
class Contest:
    """One thing that all libraries do: name -> function that returns output and gradients."""

    name: str
    runs: dict[str, Callable[[], Arrays]]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def check(self) -> None:
        expected, *others = [run() for run in self.runs.values()]
        for results in others:
            for single, two in zip(expected, results, strict=True):
                scale = float(np.abs(single).max())
                np.testing.assert_allclose(single, two, rtol=1e-3, atol=1e-4 * scale)

    def play(self, clock: Callable[[], float]) -> None:
        for name, run in self.runs.items():
            start = clock()
            run()
            self.seconds.setdefault(name, []).append(clock() - start)

    def median(self, name: str) -> float:
        """Of a library, in milliseconds."""
        return statistics.median(self.seconds[name]) * 1e3


def layer_contest(
    layer: Conv2d, x: np.ndarray, with_x: bool, workers: Workers, mygrad: Any
) -> Contest:
    y = layer(Tensor(x)).data
    grad = np.empty_like(y)  # in the order in which the app's next layer hands it back
    grad[...] = np.random.default_rng(1).normal(size=y.shape)
    weight, bias, padding = layer.weight.data, layer.bias.data, layer.settings["padding"]

    def pmt() -> Arrays:
        def shard(i: int) -> tuple[np.ndarray, Arrays]:
            part = Tensor(x[i :: workers.count], requires_grad=with_x)
            leaves = [Tensor(a, requires_grad=True) for a in (weight, bias)]
            out = conv2d(part, *leaves, padding=padding)
            results = gradients(out, grad[i :: workers.count])
            return out.data, [results[leaf] for leaf in ([part] if with_x else []) + leaves]

        return _joined(workers.map(shard, range(workers.count)), with_x)

    def of_torch(order: torch.memory_format) -> Callable[[], Arrays]:
        image = torch.from_numpy(np.ascontiguousarray(x)).contiguous(memory_format=order)
        upstream = torch.from_numpy(np.ascontiguousarray(grad)).contiguous(memory_format=order)
        w, b = (torch.tensor(a, requires_grad=True) for a in (weight, bias))
        w = w.detach().contiguous(memory_format=order).requires_grad_()

        def run() -> Arrays:
            leaf = image.detach().requires_grad_(with_x)
            w.grad = b.grad = None
            out = torch.nn.functional.conv2d(leaf, w, b, padding=padding)
            out.backward(upstream)
            results = [leaf.grad, w.grad, b.grad] if with_x else [w.grad, b.grad]
            return [out.detach().numpy(), *(g.numpy() for g in results)]

        return run

    def of_mygrad() -> Arrays:
        image = mygrad.tensor(x, constant=not with_x)
        w, b = mygrad.tensor(weight), mygrad.tensor(bias)
        out = mygrad.nnet.layers.conv_nd(image, w, stride=1, padding=padding)
        out = out + b.reshape(-1, 1, 1)
        out.backward(grad)
        results = [image.grad, w.grad, b.grad] if with_x else [w.grad, b.grad]
        return [out.data, *results]

    runs = {
        "pmt": pmt,
        "torch first": of_torch(torch.contiguous_format),
        "torch last": of_torch(torch.channels_last),
    }
    if mygrad is not None:
        runs["mygrad"] = of_mygrad
    c, o, k = x.shape[1], len(weight), weight.shape[2]
    return Contest(f"{c:3} -> {o:2}, {k} x {k}, {y.shape[2]} x {y.shape[3]}", runs)


def network_contest(model: Sequential, x: np.ndarray, workers: Workers) -> Contest:
    labels = np.random.default_rng(2).integers(0, 10, len(x))
    model.eval()  # no dropout: the same for both

    def pmt() -> Arrays:
        def shard(i: int) -> tuple[np.ndarray, Arrays]:
            logits = model(Tensor(x[i :: workers.count]))
            results = gradients(cross_entropy(logits, labels[i :: workers.count], reduction="sum"))
            return logits.data, [results[p] for p in model.parameters()]

        return _joined(workers.map(shard, range(workers.count)), False)

    def of_torch(order: torch.memory_format) -> Callable[[], Arrays]:
        reference = torch_network(model, order).eval()
        image = torch.from_numpy(x).contiguous(memory_format=order)
        target = torch.from_numpy(labels)

        def run() -> Arrays:
            reference.zero_grad()
            logits = reference(image)
            torch.nn.functional.cross_entropy(logits, target, reduction="sum").backward()
            results = [p.grad.numpy() for p in reference.parameters()]
            return [logits.detach().numpy(), *(g.T if g.ndim == 2 else g for g in results)]

        return run

    runs = {
        "pmt": pmt,
        "torch first": of_torch(torch.contiguous_format),
        "torch last": of_torch(torch.channels_last),
    }
    return Contest("the whole network", runs)


def _joined(shards: list[tuple[np.ndarray, Arrays]], with_x: bool) -> Arrays:
    """Output and gradients of the batch from those of its shards."""
    if len(shards) == 1:
        return [shards[0][0], *shards[0][1]]
    strided = [np.stack([out for out, _ in shards], axis=1)]
    columns = list(zip(*(results for _, results in shards), strict=True))
    if with_x:
        strided.append(np.stack(columns.pop(0), axis=1))
    whole = [a.reshape(-1, *a.shape[2:]) for a in strided]
    return whole + [sum(column[1:], column[0]) for column in columns]


def contests(batch: int, workers: Workers, mygrad: Any) -> list[Contest]:
    model = build_model(Settings())
    x = np.random.default_rng(0).random((batch, 1, 28, 28), np.float32)
    whole = network_contest(model, x, workers)
    results: list[Contest] = []
    value = Tensor(x)
    for part in model:
        if isinstance(part, Conv2d):
            results.append(layer_contest(part, value.data, bool(results), workers, mygrad))
        value = part(value)
    return [*results, whole]


def installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        print(f"{name} is left out: {error}")
        return None


def show(results: list[Contest]) -> None:
    """A line per layer, their sum, and the network; in brackets: how many times pmt's."""
    layers, whole = results[:-1], results[-1]
    names = list(layers[0].runs)
    print(f"{'layer':26}" + "".join(f"{name:>18}" for name in names))
    for contest in layers:
        print(_line(contest.name, {name: contest.median(name) for name in names}))
    sums = {name: sum(contest.median(name) for contest in layers) for name in names}
    print(_line("all convolutions", sums))
    print(_line(whole.name, {name: whole.median(name) for name in whole.runs}))
    best = min(sums["torch first"], sums["torch last"])
    print(f"\nall convolutions: pmt takes {sums['pmt'] / best:.2f} of the time of torch's", end="")
    print(" faster order", end="")
    if "mygrad" in sums:
        print(f", MyGrad {sums['mygrad'] / sums['pmt']:.1f} times that of pmt", end="")
    print()


def _line(name: str, times: dict[str, float]) -> str:
    line = f"{name:26}{times['pmt']:18.2f}"
    for other in list(times)[1:]:
        line += f"{times[other]:10.2f} ({times[other] / times['pmt']:4.2f}x)"
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epoch", type=int, help="train epochs of so many MNIST images instead")
    parser.add_argument("--data", type=Path, help="folder of MNIST; by default random images")
    options = parser.parse_args()
    if options.epoch is not None:
        torch.set_num_threads(options.threads)
        compare_epochs(options.epoch, options.batch, options.rounds, options.threads, options.data)
        return
    mygrad = installed("mygrad")
    torch.set_num_threads(options.threads)
    clock = time.process_time if options.threads == 1 else time.perf_counter
    with Workers(options.threads) as workers:
        results = contests(options.batch, workers, mygrad)
        for contest in results:
            contest.check()
        for round in range(options.rounds + 2):
            if round == 2:  # the first ones warm up
                for contest in results:
                    contest.seconds.clear()
            for contest in results:
                contest.play(clock)
    print(
        f"batch of {options.batch}, {options.threads} thread(s), numpy {np.__version__}, torch "
        f"{torch.__version__}; milliseconds, forward + backward, medians of {options.rounds}\n"
    )
    show(results)


if __name__ == "__main__":
    main()
