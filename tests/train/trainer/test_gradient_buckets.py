"""Gradients that are summed while the backward pass runs, beside a sum at its end."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_nn import Embedding, Linear, Module, Parameter
from pmt_train import AdamW, ProcessGroup, Trainer, run_thread_group

BATCH = 12


class Words(Module):
    """A table that is looked up, and in some steps multiplied by, too; layers; one of one rank."""

    def __init__(self) -> None:
        super().__init__()
        rng = np.random.default_rng(5)
        self.table = Embedding(30, 8, rng)
        self.layers = [Linear(8, 8, rng) for _ in range(4)]
        self.seldom = Parameter(np.ones(8, np.float32))


def loss(model: Words, batch: np.ndarray, rng: np.random.Generator) -> tuple[Tensor, int]:
    x = model.table(batch)
    for layer in model.layers:
        x = layer(x).tanh() * (rng.random(8) > 0.2)
    if batch.sum() % 3 == 0:  # on some ranks of some steps
        x = x * model.seldom + (x @ model.table.weight.T).sum(axis=-1, keepdims=True) * 0.01
    return (x * x).sum(), len(batch)


def trained(group: ProcessGroup, size: int, workers: int, accumulate: int) -> tuple[Any, ...]:
    group.bucket_bytes = size
    trainer = Trainer(Words(), loss, optimizer=AdamW, workers=workers, process_group=group)
    rng = np.random.default_rng(1)
    results = []
    with trainer.workers:
        for step in range(6):
            rows = BATCH if step != 3 else 1  # 1: nothing for the other ranks
            batches = [rng.integers(0, 30, (rows, 3)) for _ in range(accumulate)]
            results.append(trainer.step(*batches))
    return trainer.flat.buffers[np.dtype(np.float32)].copy(), results


@pytest.mark.parametrize(("ranks", "workers", "accumulate"), [(2, 1, 1), (3, 2, 1), (2, 1, 2)])
def test_buckets_do_not_change_a_bit(ranks: int, workers: int, accumulate: int) -> None:
    def run(size: int) -> list[tuple[Any, ...]]:
        return run_thread_group(ranks, lambda g: trained(g, size, workers, accumulate))

    expected_weights, expected_results = run(0)[0]
    for size in (1, 300, 1 << 30):
        for weights, results in run(size):
            np.testing.assert_array_equal(weights, expected_weights)
            assert results == expected_results


def test_buckets_are_summed_while_the_backward_pass_runs() -> None:
    def run(group: ProcessGroup) -> int:
        summed, add = threading.Event(), group.all_reduce_sum

        def all_reduce_sum(array: np.ndarray) -> None:
            add(array)
            summed.set()

        def loss(model: Words, batch: np.ndarray, rng: np.random.Generator) -> Tensor:
            return model.layers[1](model.layers[0](np.ones((2, 8), np.float32))).sum()

        def receiver(shard: int) -> Any:
            receive = make_receiver(shard)

            def wait_and_receive(parameter: Tensor, gradient: Any) -> None:
                # Called in the backward pass, in which this is the last parameter.
                if trainer.step_count and parameter is trainer.model.layers[0].weight:
                    assert summed.wait(timeout=600), "nothing was summed during the pass"
                receive(parameter, gradient)

            return wait_and_receive

        group.all_reduce_sum, group.bucket_bytes = all_reduce_sum, 1  # type: ignore[method-assign]
        trainer = Trainer(Words(), loss, process_group=group)
        make_receiver = trainer.buckets._receiver
        trainer.buckets._receiver = receiver  # type: ignore[method-assign]
        trainer.step(np.zeros((4, 1), np.int64))  # sees which gradients are complete when
        summed.clear()
        trainer.step(np.zeros((4, 1), np.int64))
        return trainer.step_count

    assert run_thread_group(2, run) == [2, 2]


def test_a_leaf_is_complete_when_all_of_its_uses_are_done() -> None:
    w, v = (Tensor(np.array([2.0, 3.0]), requires_grad=True) for _ in range(2))
    complete: list[tuple[str, list[float]]] = []

    def on_final(leaf: Tensor, gradient: Any) -> None:
        complete.append(("w" if leaf is w else "v", gradient.tolist()))

    total = ((w * w).sum() * v).sum() + w.sum()
    grads = gradients(total, on_final=on_final)
    assert complete[0][0] == "v"  # w is used by the first operation, too
    assert complete == [("v", grads[v].tolist()), ("w", grads[w].tolist())]
