"""The table of a model, freezing, precision, and looking at all outputs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients, profile
from pmt_core import DtypeError
from pmt_nn import (
    LSTM,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Embedding,
    Flatten,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    TransformerConfig,
    TransformerEncoder,
    capture,
    module_hook,
    summary,
)


def network(rng) -> Sequential:
    return Sequential(
        Conv2d(1, 4, 3, rng, padding=1), ReLU(), MaxPool2d(2), Flatten(), Linear(64, 10, rng)
    )


def image(rng, n: int = 2) -> Tensor:
    return Tensor(rng.normal(size=(n, 1, 8, 8)).astype(np.float32))


def test_shapes_parameters_bytes_and_flops_by_hand(rng) -> None:
    table = summary(network(rng), image(rng))
    rows = {row.name: row for row in table.rows}
    assert rows["parts.0"].output == ((2, 4, 8, 8),)
    assert rows["parts.4"].output == ((2, 10),)
    assert rows["parts.0"].parameters == 4 * 9 + 4
    assert rows["parts.4"].bytes == (64 * 10 + 10) * 4
    assert rows["parts.0"].flops == 2 * 4 * 64 * (2 * 9 + 1)
    assert rows["parts.4"].flops == 2 * 10 * (2 * 64 + 1)
    assert rows["parts.3"].flops == 0
    assert table.total.parameters == 40 + 650
    assert table.total.flops == sum(rows[f"parts.{i}"].flops for i in range(5))
    text = str(table)
    assert "690" in text
    assert "(2, 4, 8, 8)" in text
    assert text.splitlines()[0].split() == [
        "module",
        "kind",
        "output",
        "parameters",
        "bytes",
        "FLOPs",
    ]


def test_a_transformer_counts_its_products(rng) -> None:
    b, t, d, f = 2, 5, 8, 16
    model = TransformerEncoder(
        TransformerConfig(width=d, heads=2, hidden=f, layers=1, dropout=0.0), rng
    )
    table = summary(model, Tensor(np.ones((b, t, d), np.float32)))
    row = next(row for row in table.rows if row.name == "layers.0.attention")
    products = 2 * b * t * (d * 3 * d + d * d) + 4 * b * t * t * d
    biases = b * t * (3 * d + d)
    assert row.flops == products + biases


def test_fused_layers_count_their_products(rng) -> None:
    table = summary(
        TransformerEncoder(
            TransformerConfig(width=8, heads=2, hidden=16, layers=1, dropout=0.0), rng
        ),
        Tensor(np.ones((2, 5, 8), np.float32)),
    )
    row = next(row for row in table.rows if row.name == "layers.0.feed_forward")
    assert row.flops == 2 * 5 * (2 * 8 * 16 * 2 + 16 + 16 + 8)
    model = LSTM(4, 3, rng)
    table = summary(model, Tensor(np.ones((2, 5, 4), np.float32)))
    products = 2 * 5 * 12 * 2 * (4 + 3)
    assert products < table.total.flops < 2 * products


def test_without_inputs_there_are_no_shapes(rng) -> None:
    table = summary(network(rng))
    assert table.total.parameters == 690
    assert table.total.output == ()
    assert table.total.flops == 0


def test_a_tied_weight_counts_once(rng) -> None:
    class Tied(Module):
        def __init__(self) -> None:
            self.first = Linear(3, 3, rng)
            self.second = Linear(3, 3, rng)
            self.second.weight = self.first.weight

        def forward(self, x: Tensor) -> Tensor:
            return self.second(self.first(x))

    assert summary(Tied()).total.parameters == 9 + 3 + 3


def test_a_summary_leaves_nothing_behind(rng) -> None:
    model = Sequential(Conv2d(1, 2, 3, rng), BatchNorm2d(2)).eval()
    before = {name: dict(vars(module)) for name, module in model.named_modules()}
    summary(model, image(rng))
    assert {name: dict(vars(module)) for name, module in model.named_modules()} == before
    assert all(p.grad is None for p in model.parameters())


def test_frozen_parameters_get_no_gradient(rng) -> None:
    model = network(rng)
    assert model[0].freeze() is model[0]
    grads = gradients((model(image(rng)) ** 2).sum())
    assert {id(p) for p in grads} == {id(p) for p in model[4].parameters()}
    assert summary(model).total.frozen == 40
    assert "40 of 690 parameters are frozen" in str(summary(model))
    model.freeze(False)
    assert len(gradients((model(image(rng)) ** 2).sum())) == 4


def test_float64_and_back(rng) -> None:
    model = Sequential(Conv2d(1, 2, 3, rng), BatchNorm2d(2))
    state = model.state_dict()
    assert model.astype(np.float64) is model
    assert {v.dtype for v in model.state_dict().values()} == {np.dtype(np.float64)}
    x = image(rng).data.astype(np.float64)
    assert model(Tensor(x)).dtype == np.float64
    model.load_state_dict(state)
    model.astype(np.float32)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[name])
        assert value.dtype == np.float32
    with pytest.raises(DtypeError, match="float16"):
        model.astype(np.float16)


def test_outputs_of_every_module_can_be_seen(rng) -> None:
    model = network(rng)
    x = image(rng)
    with capture(model, outputs=True) as seen:
        y = model(x)
    np.testing.assert_array_equal(seen["output"], y.data)
    np.testing.assert_array_equal(seen["parts.1.output"], np.maximum(seen["parts.0.output"], 0))
    with capture(model) as less:
        model(x)
    assert less == {}


def test_a_module_hook_is_of_one_thread_and_ends(rng) -> None:
    model, kinds = network(rng), []

    def hook(module, run):
        kinds.append(type(module).__name__)
        return run()

    with module_hook(hook):
        thread = threading.Thread(target=lambda: model(image(rng)))
        thread.start()
        thread.join()
        assert kinds == []
        model(image(rng))
    assert kinds == ["Sequential", "Conv2d", "ReLU", "MaxPool2d", "Flatten", "Linear"]
    model(image(rng))
    assert len(kinds) == 6


def test_embedding_and_dropout_in_a_table(rng) -> None:
    class Model(Module):
        def __init__(self) -> None:
            self.words = Embedding(7, 3, rng)
            self.drop = Dropout(0.5)

        def forward(self, ids, *, rng=None) -> Tensor:
            return self.drop(self.words(ids), rng)

    table = summary(Model(), np.array([[1, 2]]), rng=rng)
    assert table.rows[1].output == ((1, 2, 3),)
    assert table.rows[1].flops == 0


@pytest.mark.parametrize("wrap", [Tensor, np.asarray])
def test_summary_and_profile_count_the_same_flops(rng, wrap) -> None:
    """Of 8 rows of 64 numbers each: a product and a sum per weight, and the bias."""
    layer = Linear(64, 64, rng)
    x = wrap(np.ones((8, 64), np.float32))
    with profile() as measured:
        layer(x)
    flops = 8 * 64 * (2 * 64 + 1)
    assert [(row.operation, row.flops) for row in measured.by_operation()] == [("linear", flops)]
    assert summary(layer, x).total.flops == flops == 66_048
