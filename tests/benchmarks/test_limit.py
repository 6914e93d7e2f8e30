"""The budget of a step: what is counted as a call of NumPy, how many bytes, and its replay."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from benchmarks.limit.budget import PARTS, Budget, main
from benchmarks.limit.numpy_calls import Recorder, recorded, replay

from pmt_autograd import Tensor
from pmt_nn import Linear, Sequential, Tanh, mse
from pmt_train import AdamW, Trainer, batches_of

SOURCE = """
from __future__ import annotations
import numpy as np

def layer(x, w, b, ids):
    y = np.empty((4, 5), np.float32)    # allocation
    np.matmul(x, w, out=y)              # product
    y += b                              # elementwise: 80 + 20 read, 80 written
    np.tanh(y, out=y)                   # elementwise: 80, 80
    total = y.sum(axis=0)               # reduction: 80, 20
    top = y[1:]                         # view
    chosen = y[ids]                     # copy: 2 rows of 20 bytes, twice, and 2 ids of 8 bytes
    top[0, :] = total                   # copy: 20, 20
    spread = np.broadcast_to(b, y.shape)  # view
    difference = spread - 1.0           # elementwise: 20 read, 80 written
    return difference @ w.T, chosen     # product

def quiet(x):
    return np.errstate(over="ignore")(len)(x)  # a decorator, which computes nothing

class Base:
    def scaled(self, x):
        return x * 2

class Child(Base):
    def scaled(self, x):
        factors = [n + 1 for n in range(2)]
        return super().scaled(x)[..., None] ** factors[1]

def counted(values: dict[str, list[int]], key: str) -> str:
    values[key][0] += 1
    values[key] = values[key] * 2
    return f"{key:>{2 + 1}}" + "%d" % -len(values)
"""


@pytest.fixture
def module(tmp_path: Path) -> Iterator[ModuleType]:
    path = tmp_path / "observed_here.py"
    path.write_text(SOURCE, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("observed_here", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["observed_here"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["observed_here"]


def arguments() -> tuple[Any, ...]:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in ((4, 3), (3, 5), 5)]
    return *arrays, np.array([3, 0])


def of_module(run: Callable[[], object]) -> Recorder:
    return recorded(run, packages=["observed_here"])


def test_kinds_and_bytes_of_a_known_function(module: ModuleType) -> None:
    calls = of_module(lambda: module.layer(*arguments())).calls
    assert [(call.kind, call.moved) for call in calls if call.kind != "product"] == [
        ("allocation", 0),
        ("elementwise", 180),
        ("elementwise", 160),
        ("reduction", 100),
        ("view", 0),
        ("copy", 96),
        ("copy", 40),
        ("view", 0),
        ("elementwise", 100),
    ]
    assert [call.kind for call in calls].count("product") == 2


def test_observed_code_computes_the_same(module: ModuleType) -> None:
    expected = module.layer(*arguments())
    results: list[Any] = []
    of_module(lambda: results.append(module.layer(*arguments())))
    for value, wanted in zip(results[0], expected, strict=True):
        assert value.tobytes() == wanted.tobytes()
    x = np.array([1.0, 2.0])
    recorder = of_module(lambda: results.append(module.Child().scaled(x)))
    np.testing.assert_array_equal(results[1], [[4.0], [16.0]])
    assert recorder.counts() == {"elementwise": 2, "view": 1}  # x * 2, [..., None], ** 2


def test_what_is_not_numpy_is_not_counted(module: ModuleType) -> None:
    values = {"k": [1]}
    results: list[str] = []
    recorder = of_module(lambda: results.append(module.counted(values, "k")))
    assert results == ["  k-1"]
    assert values == {"k": [2, 2]}
    assert recorder.calls == []


def test_the_code_is_as_before_afterwards(module: ModuleType) -> None:
    before = module.layer.__code__
    with pytest.raises(ValueError, match="matmul"):
        of_module(lambda: module.layer(np.ones((2, 2)), *arguments()[1:]))
    assert module.layer.__code__ is before


def test_a_replay_repeats_the_numbers(module: ModuleType) -> None:
    """In-place results are those of the first time after `restore`, and drift without."""
    recorder = of_module(lambda: module.layer(*arguments()))
    memory = [array for array, _ in recorder.contents.values()]
    first = [array.copy() for array in memory]
    recorder.restore()
    replay(recorder.calls)
    for array, wanted in zip(memory, first, strict=True):
        np.testing.assert_array_equal(array, wanted)


def test_a_decorator_of_numpy_is_no_call(module: ModuleType) -> None:
    recorder = recorded(lambda: module.quiet(np.ones(3)), packages=["observed_here"])
    assert recorder.calls == []


def test_products_and_nodes_of_a_known_graph() -> None:
    """A linear layer has one product forward and two backward, or one if x needs no gradient."""
    rng = np.random.default_rng(0)
    x = Tensor(np.ones((6, 4), np.float32))
    model = Sequential(Linear(4, 3, rng), Tanh(), Linear(3, 2, rng))
    recorder = recorded(lambda: model(x).sum().backward())
    shapes = Counter(
        tuple(sorted(array.shape for array in call.args if array.ndim == 2))
        for call in recorder.calls
        if call.kind == "product" and all(array.ndim == 2 for array in call.args)
    )
    assert shapes == {
        ((4, 3), (6, 4)): 1,  # x W
        ((4, 6), (6, 3)): 1,  # its dW
        ((3, 2), (6, 3)): 1,
        ((2, 3), (6, 2)): 1,  # dx
        ((3, 6), (6, 2)): 1,  # dW
    }
    assert recorder.nodes == 4  # linear, tanh, linear, sum


def test_the_optimizer_has_a_part_of_its_own_and_the_rows_add_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "budget.csv"
    main(["--rounds", "1", "--only", "step (64,4,2,256,32,32)", "--csv", str(path)])
    assert "fixed cost of a call" in capsys.readouterr().out
    _, *lines = [line.rsplit(",", 14) for line in path.read_text().splitlines()]
    assert len(lines) == 2
    for line in lines:
        row = Budget(line[0], *map(float, line[1:]))  # type: ignore[arg-type]
        parts = sum(getattr(row, name) for name in PARTS)
        assert abs(parts - row.step) < 1e-3
        assert row.products > 0
        assert row.numpy_calls > row.product_calls > 100


@pytest.mark.parametrize("workers", [1, 2])
def test_a_step_of_a_trainer_is_the_same_when_observed(workers: int) -> None:
    def weights(observe: bool) -> bytes:
        rng = np.random.default_rng(0)
        x, target = np.ones((6, 4), np.float32), np.zeros((6, 2), np.float32)
        trainer = Trainer(
            Linear(4, 2, rng),
            lambda model, batch, rng: mse(model(batch[0]), batch[1]),
            optimizer=AdamW,
            schedule=1e-2,
            workers=workers,
        )
        (batch,) = batches_of(x, target, batch_size=6)
        for _ in range(2):
            run = lambda: trainer.step(batch)  # noqa: E731
            _ = recorded(run) if observe else run()
        return b"".join(p.data.tobytes() for p in trainer.model.parameters())

    assert weights(True) == weights(False)
