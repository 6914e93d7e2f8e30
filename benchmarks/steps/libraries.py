"""Forward and backward of one encoder classifier: pmt beside MyGrad, HIPS autograd, PyDyNet, JAX.

    hatch run bench:libraries [--rounds 7] [--sizes 0 1] [--processor-time]

No optimizer, no dropout, float32, the same weights and batches. Every opponent that is installed
takes part, pmt alternating with it; the figure is the ratio of the medians. The opponents' model is
written once against NumPy's names (`loss_of`): autograd and JAX (jit) have them all, MyGrad nearly
all; PyDyNet, whose names differ more, gets a small layer of translation. All must find the same
loss as pmt before they are timed.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable

import numpy as np
from benchmarks.models import encoder_model

from pmt_autograd import gradients
from pmt_train import Trainer, core_count
from pmt_train.parallel.adaptive_map import TRIALS
from pmt_train.trainer.batches import shard_of

Step = Callable[[], float]
AIMS = {"mygrad": 3, "autograd": 5, "pydynet": 2, "jax": 1}


def loss_of(np_, p, size, batch, take, one_hot):
    """Sum of the cross-entropy, from the names of NumPy in `np_`. p: weights by name."""
    b, t, h, k = size.b, size.t, size.heads, size.d // size.heads
    x = take(p["words.weight"], batch.ids) + p["positions.weight"][:t]
    hidden = np.where(batch.mask, 0.0, -1e9).astype(np.float32)[:, None, None, :]

    def norm(x, name):
        x = x - np_.mean(x, axis=-1, keepdims=True)
        variance = np_.mean(x * x, axis=-1, keepdims=True)
        return x / np_.sqrt(variance + 1e-5) * p[f"{name}.weight"] + p[f"{name}.bias"]

    def linear(x, name):
        return np_.matmul(x, p[f"{name}.weight"]) + p[f"{name}.bias"]

    def heads(x):
        return np_.transpose(np_.reshape(x, (b, t, h, k)), (0, 2, 1, 3))

    for i in range(size.layers):
        name = f"encoder.layers.{i}"
        qkv = linear(norm(x, f"{name}.attention_norm"), f"{name}.attention.qkv")
        d = size.d
        q, key, v = heads(qkv[..., :d]), heads(qkv[..., d : 2 * d]), heads(qkv[..., 2 * d :])
        scores = np_.matmul(q, np_.transpose(key, (0, 1, 3, 2))) * k**-0.5 + hidden
        weights = np_.exp(scores - np_.max(scores, axis=-1, keepdims=True))
        weights = weights / np_.sum(weights, axis=-1, keepdims=True)
        mixed = np_.reshape(np_.transpose(np_.matmul(weights, v), (0, 2, 1, 3)), (b, t, d))
        x = x + linear(mixed, f"{name}.attention.project")
        y = linear(norm(x, f"{name}.feed_forward_norm"), f"{name}.feed_forward.up")
        inner = (y + y * y * y * 0.044715) * 0.7978845608
        y = y * 0.5 * (np_.tanh(inner) + 1)
        x = x + linear(y, f"{name}.feed_forward.down")
    share = (batch.mask / batch.mask.sum(axis=1, keepdims=True)).astype(np.float32)
    pooled = np_.sum(norm(x, "encoder.norm") * share[..., None], axis=1)
    z = linear(pooled, "classify")
    z = z - np_.max(z, axis=-1, keepdims=True)
    return np_.sum(np_.log(np_.sum(np_.exp(z), axis=-1))) - np_.sum(z * one_hot)


def pmt_side(size, batch, workers: int) -> tuple[Step, Trainer]:
    trainer = Trainer(encoder_model.Classifier(size, 0.0), encoder_model.loss, workers=workers)
    rng = np.random.default_rng(0)

    def shard(part):
        value, _ = encoder_model.loss(trainer.model, part, rng)
        return value.item(), gradients(value)

    def step() -> float:
        n = trainer.workers.count
        results = trainer.map_shards(shard, [shard_of(batch, i, n) for i in range(n)])
        trainer.flat.gather([g for _, g in results], trainer.workers)
        return sum(value for value, _ in results)

    return step, trainer


def autograd_side(size, batch, weights, one_hot) -> Step:
    np_ = importlib.import_module("autograd.numpy")
    pair = importlib.import_module("autograd").value_and_grad(
        lambda p: loss_of(np_, p, size, batch, lambda table, ids: table[ids], one_hot)
    )
    return lambda: float(pair(weights)[0])


def jax_side(size, batch, weights, one_hot) -> Step:
    jax = importlib.import_module("jax")
    pair = jax.jit(
        jax.value_and_grad(
            lambda p: loss_of(jax.numpy, p, size, batch, lambda table, ids: table[ids], one_hot)
        )
    )
    on_device = jax.device_put(weights)
    return lambda: float(jax.block_until_ready(pair(on_device))[0])


def mygrad_side(size, batch, weights, one_hot) -> Step:
    mg = importlib.import_module("mygrad")
    p = {name: mg.tensor(array.copy()) for name, array in weights.items()}

    def step() -> float:
        loss = loss_of(mg, p, size, batch, lambda table, ids: table[ids], one_hot)
        loss.backward()
        return float(loss.item())

    return step


def pydynet_side(size, batch, weights, one_hot) -> Step:
    pdn = importlib.import_module("pydynet")
    p = {
        name: pdn.Tensor(array.copy(), dtype=np.float32, requires_grad=True)
        for name, array in weights.items()
    }

    class Names:
        matmul, exp, log, sqrt = pdn.matmul, pdn.exp, pdn.log, pdn.sqrt
        tanh = staticmethod(lambda x: (pdn.exp(x * -2.0) + 1) ** -1.0 * 2.0 - 1)
        mean = staticmethod(lambda x, axis, keepdims: pdn.mean(x, axis=axis, keepdims=keepdims))
        max = staticmethod(lambda x, axis, keepdims: pdn.max(x, axis=axis, keepdims=keepdims))
        reshape = staticmethod(lambda x, shape: x.reshape(*shape))
        transpose = staticmethod(lambda x, axes: x.transpose(*axes))

        @staticmethod
        def sum(x, axis=None, keepdims=False):
            return pdn.sum(x, axis=axis, keepdims=keepdims)

    def step() -> float:
        for tensor in p.values():
            tensor.zero_grad()
        loss = loss_of(Names, p, size, batch, lambda table, ids: table[ids], one_hot)
        loss.backward()
        return float(loss.item())

    return step


SIDES = {
    "mygrad": mygrad_side,
    "autograd": autograd_side,
    "pydynet": pydynet_side,
    "jax": jax_side,
}


def seconds(step: Step, clock: Callable[[], float]) -> float:
    start = clock()
    step()
    return clock() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", default=list(SIDES), choices=list(SIDES))
    parser.add_argument("--workers", type=int, default=core_count(), help="pmt's threads")
    parser.add_argument(
        "--processor-time", action="store_true", help="of all threads, for a busy machine"
    )
    chosen = parser.parse_args()
    clock = time.process_time if chosen.processor_time else time.perf_counter
    print(f"{'(d,heads,layers,f,b,t)':>24}  {'library':>9}   pmt ms  its ms  times as fast")
    for size in [encoder_model.SIZES[i] for i in chosen.sizes]:
        batch = encoder_model.make_batch(size)
        ours, trainer = pmt_side(size, batch, chosen.workers)
        weights = {name: array.copy() for name, array in trainer.model.state_dict().items()}
        one_hot = np.eye(2, dtype=np.float32)[batch.labels]
        for name in chosen.only:
            try:
                theirs = SIDES[name](size, batch, weights, one_hot)
                loss = theirs()
            except ImportError as error:
                print(f"{size!s:>24}  {name:>9}   not installed ({error})")
                continue
            if abs(loss - ours()) > 1e-3 * abs(loss):
                print(f"{size!s:>24}  {name:>9}   finds the loss {loss}, pmt {ours()}: not timed")
                continue
            times: tuple[list[float], list[float]] = [], []
            with trainer.workers:
                for _ in range(2 * TRIALS):  # threads or one thread: the faster way is chosen
                    ours()
            for _ in range(chosen.rounds):
                with trainer.workers:
                    times[0].append(seconds(ours, clock))
                times[1].append(seconds(theirs, clock))
            local, its = (statistics.median(results) * 1e3 for results in times)
            print(
                f"{size!s:>24}  {name:>9} {local:8.1f} {its:7.1f} {its / local:14.2f}"
                f"  (aim: at least {AIMS[name]})",
                flush=True,
            )


if __name__ == "__main__":
    main()
