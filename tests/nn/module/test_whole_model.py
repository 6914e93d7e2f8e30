"""A whole model: its state travels, it can be copied, and a pass leaves nothing behind."""

from __future__ import annotations

import copy
import threading
from typing import Any

import numpy as np
import pytest
from inputs import Pairs, stream

from pmt_autograd import Tensor, gradients
from pmt_nn import (
    Module,
    PairClassifier,
    PairClassifierConfig,
    TransformerConfig,
    TransformerEncoder,
    cross_entropy,
)


def small_model() -> PairClassifier:
    config = PairClassifierConfig(
        vocabulary=11, max_length=9, width=8, heads=2, hidden=16, layers=2, dropout=0.3
    )
    return PairClassifier(config, stream())


def a_batch(n: int = 3, t: int = 6) -> Pairs:
    return Pairs.random(stream(4), n, t, 11)


def test_state_travels() -> None:
    first, second = (
        small_model(),
        PairClassifier(
            PairClassifierConfig(
                vocabulary=11, max_length=9, width=8, heads=2, hidden=16, layers=2
            ),
            stream(9),
        ),
    )
    batch = a_batch()
    first.eval(), second.eval()
    assert (first(batch).data != second(batch).data).all()
    second.load_state_dict(first.state_dict())
    np.testing.assert_array_equal(first(batch).data, second(batch).data)


def remembered(model: Module) -> dict[str, dict[str, Any]]:
    return {name: dict(vars(module)) for name, module in model.named_modules()}


def run(model: PairClassifier, seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    logits = model(a_batch(), rng=stream(seed))
    grads = gradients(cross_entropy(logits, np.array([0, 1, 1]), reduction="sum"))
    by_name = {}
    for name, parameter in model.named_parameters():
        gradient = grads[parameter]
        by_name[name] = gradient if isinstance(gradient, np.ndarray) else gradient.to_dense()
    return logits.data, by_name


def test_nothing_of_a_pass_stays_on_the_modules() -> None:
    model = small_model()
    before, values = remembered(model), model.state_dict()
    run(model, 1)
    after = remembered(model)
    assert before.keys() == after.keys()
    for name, attributes in before.items():
        assert attributes.keys() == after[name].keys()
        for key, value in attributes.items():
            assert after[name][key] is value, f"{name}.{key}"
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, values[name])
    assert all(parameter.grad is None for parameter in model.parameters())


def test_two_threads_on_one_model_give_what_one_gives() -> None:
    model = small_model()
    expected = {seed: run(model, seed) for seed in range(4)}
    got: dict[int, list[tuple[np.ndarray, dict[str, np.ndarray]]]] = {s: [] for s in range(4)}
    start = threading.Barrier(4)

    def work(seed: int) -> None:
        start.wait()
        for _ in range(5):
            got[seed].append(run(model, seed))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, (logits, by_name) in expected.items():
        assert len(got[seed]) == 5
        for logits_there, by_name_there in got[seed]:
            np.testing.assert_array_equal(logits_there, logits)
            for name, gradient in by_name.items():
                np.testing.assert_array_equal(by_name_there[name], gradient)


def test_a_model_can_be_copied() -> None:
    model = small_model().eval()
    copied = copy.deepcopy(model)
    copied.words.weight.data += 1
    assert not np.array_equal(model.words.weight.data, copied.words.weight.data)
    with pytest.raises(AttributeError):
        copied.wrods = 1


def test_every_parameter_of_the_encoder_gets_a_gradient() -> None:
    model = TransformerEncoder(
        TransformerConfig(width=8, heads=2, hidden=16, layers=2, dropout=0.0), stream()
    )
    # Squares, as a plain sum of layer-normed rows does not depend on the rows.
    y = model(Tensor(stream(1).normal(size=(2, 3, 8)).astype(np.float32)), rng=stream())
    grads = gradients((y * y * y).sum())
    for name, parameter in model.named_parameters():
        assert np.abs(grads[parameter]).max() > 0, name
        assert grads[parameter].dtype == np.float32
