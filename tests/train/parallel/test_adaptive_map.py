"""The way of mapping that takes less time is used, and both give the same bits."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from pmt_nn import Linear, mse
from pmt_train import SGD, Trainer, Workers
from pmt_train.parallel.adaptive_map import PERIOD, TRIALS, AdaptiveMap


class TimedWorkers:
    """Workers and a clock: a call takes `by_threads` seconds, an item alone `alone` seconds."""

    def __init__(self, by_threads: float, alone: float) -> None:
        self.by_threads, self.alone, self.active = by_threads, alone, 2
        self.now, self.ways = 0.0, ""

    def clock(self) -> float:
        return self.now

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        before = self.now, self.ways
        results = list(map(function, items))
        self.now, self.ways = before[0] + self.by_threads, before[1] + "t"
        return results

    def item(self, x: int) -> int:
        """Return 2 x; the first item of a call adds an "a" to the ways, which `map` removes."""
        self.now += self.alone
        self.ways += "a" if x == 0 else ""
        return 2 * x

    def call(self, mapping: AdaptiveMap, times: int) -> str:
        """Call the mapping some times; return the ways of these calls, a letter each."""
        self.ways = ""
        for _ in range(times):
            assert mapping(self.item, range(3)) == [0, 2, 4]
        return self.ways


TRIAL = "ta" * TRIALS


@pytest.mark.parametrize(("by_threads", "alone", "way"), [(0.02, 0.01, "t"), (0.04, 0.01, "a")])
def test_the_faster_way_is_used_after_the_trial(by_threads: float, alone: float, way: str) -> None:
    workers = TimedWorkers(by_threads, alone)  # three items alone: 0.03 s
    mapping = AdaptiveMap(workers, workers.clock)
    assert workers.call(mapping, 2 * TRIALS + 7) == TRIAL + 7 * way


def test_the_choice_is_made_anew_after_a_period() -> None:
    workers = TimedWorkers(0.04, 0.01)
    mapping = AdaptiveMap(workers, workers.clock)
    assert workers.call(mapping, PERIOD) == TRIAL + "a" * (PERIOD - 2 * TRIALS)
    workers.by_threads = 0.02
    assert workers.call(mapping, 2 * TRIALS + 3) == TRIAL + "ttt"


def test_a_single_slow_call_decides_nothing() -> None:
    workers = TimedWorkers(0.02, 0.01)
    mapping = AdaptiveMap(workers, workers.clock)
    workers.by_threads = 0.09  # the first call starts the threads
    assert workers.call(mapping, 1) == "t"
    workers.by_threads = 0.02
    assert workers.call(mapping, 2 * TRIALS) == TRIAL[1:] + "t"


def test_long_calls_are_made_by_threads_without_a_trial() -> None:
    workers = TimedWorkers(0.2, 0.001)
    mapping = AdaptiveMap(workers, workers.clock)
    assert workers.call(mapping, 20) == "t" * 20


def test_without_threads_there_is_nothing_to_choose() -> None:
    workers = TimedWorkers(0.04, 0.01)
    workers.active = 1
    assert workers.call(AdaptiveMap(workers, workers.clock), 20) == "t" * 20


def test_active_threads() -> None:
    workers = Workers(2)
    assert workers.active == 1
    with workers:
        assert workers.active == workers.count
    assert workers.active == 1


def test_training_gives_the_same_bits_in_either_way() -> None:
    def loss(model: Linear, batch: tuple[np.ndarray, np.ndarray], rng: np.random.Generator) -> Any:
        x, y = batch
        kept = x * (rng.random(x.shape, np.float32) < 0.5)  # of the shard's own stream
        return mse(model(kept), y)

    def weights_after(steps: int, threaded: bool) -> np.ndarray:
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(8, 3)).astype(np.float32), np.ones((8, 2), np.float32)
        model = Linear(3, 2, rng)
        trainer = Trainer(model, loss, optimizer=functools.partial(SGD, lr=0.1), workers=2)
        if not threaded:
            trainer.map_shards = lambda function, items: list(map(function, items))
        with trainer.workers:
            for _ in range(steps):
                trainer.step((x, y))
        return model.weight.data.copy()

    np.testing.assert_array_equal(weights_after(12, True), weights_after(12, False))
