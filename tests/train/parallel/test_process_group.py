"""ProcessGroup: a batch trained by several members is the batch trained by one."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import GradientError, RowSparse, SettingsError
from pmt_nn import BatchNorm1d, Dropout, Embedding, Linear, Module, Parameter, cross_entropy
from pmt_train import (
    Clipping,
    FitOptions,
    FlatParameters,
    SingleProcess,
    Trainer,
    launched_process_group,
    run_thread_group,
)
from pmt_train.trainer.all_reduce import sum_over_ranks


def run(toys, ranks, workers=1, fit=False, **kwargs):
    """Weights after some training, and what the steps said."""

    def work(rank):
        trainer = Trainer(
            toys.model(rate=0.3),
            toys.loss,
            schedule=0.02,
            workers=workers,
            process_group=rank,
            **kwargs,
        )
        if fit:
            history = trainer.fit(
                toys.data(), epochs=2, evaluate=toys.evaluate(trainer), quiet=True
            )
            return trainer.model.state_dict(), [history.column("train_loss"), history.best]
        with trainer.workers:
            results = [trainer.step(*batch) for batch in batches(toys, trainer.accumulate)]
        return trainer.model.state_dict(), results

    return run_thread_group(ranks, work) if ranks > 1 else [work(SingleProcess())]


def batches(toys, count):
    rows = [toys.Rows(r.ids, r.labels) for r in toys.data().epoch(0)]
    return [rows[i : i + count] for i in range(0, len(rows), count)]


@pytest.mark.parametrize("kwargs", [{}, {"average": 0.9, "clip": Clipping(value=0.1)}])
def test_two_ranks_are_two_workers_bit_for_bit(toys, kwargs):
    ((weights, results),) = run(toys, 1, workers=2, **kwargs)
    for other, seen in run(toys, 2, **kwargs):
        assert seen == results
        for name, value in weights.items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)


@pytest.mark.parametrize(("ranks", "workers"), [(4, 1), (2, 2), (3, 1)])
def test_more_ranks_are_as_many_workers_to_the_rounding(toys, ranks, workers):
    ((weights, results),) = run(toys, 1, workers=ranks * workers, accumulate=2)
    runs = run(toys, ranks, workers=workers, accumulate=2)
    for other, seen in runs:
        assert [r.loss for r in seen] == pytest.approx([r.loss for r in results], rel=1e-5)
        for name, value in weights.items():
            np.testing.assert_allclose(other[name], value, atol=2e-5, err_msg=name)
            np.testing.assert_array_equal(other[name], runs[0][0][name])  # all ranks alike


def test_fit_with_ranks_is_fit_with_workers(toys):
    ((weights, history),) = run(toys, 1, workers=2, fit=True)
    for other, seen in run(toys, 2, fit=True):
        assert seen == history
        for name, value in weights.items():
            np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_only_rank_0_writes_and_evaluates(toys, tmp_path):
    evaluated = []

    def work(rank):
        trainer = Trainer(toys.model(), toys.loss, process_group=rank)
        events = []

        def evaluate():
            evaluated.append(rank.rank)
            return {"accuracy": 0.5}

        trainer.fit(
            toys.data(),
            FitOptions(
                epochs=2,
                evaluate=evaluate,
                checkpoint_path=tmp_path / "checkpoint.npz",
                callbacks={"checkpoint": lambda event: events.append(event.step)},
                quiet=True,
            ),
        )
        return events

    assert run_thread_group(2, work) == [[7, 14], []]
    assert evaluated == [0, 0]


def test_a_checkpoint_is_resumed_by_all_ranks(toys, tmp_path):
    path = tmp_path / "checkpoint.npz"

    def fit(rank, epochs, resume):
        trainer = Trainer(toys.model(rate=0.3), toys.loss, process_group=rank, average=0.9)
        trainer.fit(
            toys.data(), FitOptions(epochs=epochs, checkpoint_path=path, resume=resume, quiet=True)
        )
        return trainer.model.state_dict()

    straight = run_thread_group(2, lambda rank: fit(rank, 3, False))
    run_thread_group(2, lambda rank: fit(rank, 1, False))
    for weights, expected in zip(
        run_thread_group(2, lambda rank: fit(rank, 3, True)), straight, strict=True
    ):
        for name, value in expected.items():
            np.testing.assert_array_equal(weights[name], value)


def test_gradients_of_every_kind_are_added():
    """Dense here and rows there, taking part on one rank only, on none."""
    rng = np.random.default_rng(0)
    rows = [RowSparse(rng.integers(0, 6, 4), rng.normal(size=(4, 2)), (6, 2)) for _ in range(3)]
    dense = rng.normal(size=(6, 2))
    names = ("both rows", "dense and rows", "one", "none", "rows once")

    def work(ranks):
        tables = [Parameter(np.zeros((6, 2))) for _ in names]
        flat = FlatParameters(list(zip(names, tables, strict=True)))
        flat.gather([{t: np.full((6, 2), 9.0) for t in tables}])  # what a step before left behind
        local = {tables[0]: rows[ranks.rank]}
        if ranks.rank == 0:
            local |= {tables[1]: rows[2], tables[4]: rows[2]}
        else:
            local |= {tables[1]: dense, tables[2]: dense}
        summed = sum_over_ranks(flat, flat.gather([local]), ranks)
        values = [summed.of(slot) for slot in flat.slots]
        kinds = [type(value).__name__ for value in values]
        values = [v.to_dense() if isinstance(v, RowSparse) else v for v in values]
        return kinds, [None if v is None else v.copy() for v in values], summed.squared_norm

    expected = [
        rows[0].to_dense() + rows[1].to_dense(),
        rows[2].to_dense() + dense,
        dense,
        None,
        rows[2].to_dense(),
    ]
    for kinds, values, squared_norm in run_thread_group(2, work):
        assert kinds == ["RowSparse", "ndarray", "ndarray", "NoneType", "RowSparse"]
        for value, right in zip(values, expected, strict=True):
            if right is not None:
                np.testing.assert_allclose(value, right, atol=1e-12)
        total = sum((e**2).sum() for e in expected if e is not None)
        assert squared_norm == pytest.approx(total)


def test_a_batch_smaller_than_the_ranks(toys):
    ((weights, _),) = run_small(toys, 1)
    for other, results in run_small(toys, 3):
        assert [r.count for r in results] == [2]
        for name, value in weights.items():
            np.testing.assert_allclose(other[name], value, atol=1e-6)


def run_small(toys, ranks):
    def work(rank):
        trainer = Trainer(toys.model(rate=0.0), toys.loss, process_group=rank)
        return trainer.model.state_dict(), [trainer.step(toys.rows(2))]

    return run_thread_group(ranks, work)


class Normed(Module):
    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.words = Embedding(60, 4, rng)
        self.norm = BatchNorm1d(4)
        self.dropout = Dropout(0.0)
        self.out = Linear(4, 2, rng)

    def forward(self, ids, rng=None):
        return self.out(self.norm(self.words(ids).mean(axis=1)))


def test_running_statistics_are_those_of_all_ranks(toys):
    def loss(model, batch, rng):
        return cross_entropy(model(batch.ids), batch.labels, reduction="sum"), len(batch)

    def work(rank, workers=1):
        trainer = Trainer(Normed(), loss, process_group=rank, workers=workers)
        with trainer.workers:
            trainer.step(toys.rows(40))
        return trainer.model.state_dict()

    expected = work(SingleProcess(), workers=2)
    for weights in run_thread_group(2, work):
        for name, value in expected.items():
            np.testing.assert_allclose(weights[name], value, rtol=1e-6, err_msg=name)


def test_an_infinite_loss_ends_every_rank(toys):
    def work(rank):
        trainer = Trainer(toys.model(), toys.loss, process_group=rank)
        if rank.rank == 1:
            trainer.model.out.bias.data[:] = np.nan
        with pytest.raises(GradientError, match="loss became nan"):
            trainer.step(toys.rows(10))
        return "done"

    assert run_thread_group(2, work) == ["done", "done"]


def test_an_error_on_one_rank_ends_the_others():
    def work(rank):
        if rank.rank == 1:
            raise KeyError("rank 1")
        rank.all_reduce_sum(np.ones(3))

    with pytest.raises(KeyError, match="rank 1"):
        run_thread_group(3, work)
    with pytest.raises(SettingsError):
        run_thread_group(0, work)


def test_the_two_operations_of_a_carrier():
    def work(ranks):
        numbers = np.arange(5.0) * 10**ranks.rank
        ranks.all_reduce_sum(numbers)
        gathered = ranks.all_gather(np.arange(ranks.rank))
        message = ranks.broadcast({"a": [1.5, None]} if ranks.rank == 0 else None)
        return (
            numbers.tolist(),
            [g.tolist() for g in gathered],
            message,
            ranks.all_reduce_max(ranks.rank),
        )

    expected = ([0, 111, 222, 333, 444], [[], [0], [0, 1]], {"a": [1.5, None]}, 2)
    assert run_thread_group(3, work) == [expected] * 3


def test_who_is_started_in_the_ordinary_way_is_alone(monkeypatch):
    for name in ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE"):
        monkeypatch.delenv(name, raising=False)
    launched_process_group.cache_clear()
    assert (launched_process_group().rank, launched_process_group().size) == (0, 1)
    launched_process_group.cache_clear()
