"""Looking into a model while it runs."""

from __future__ import annotations

import threading

import numpy as np

from pmt_autograd import Tensor
from pmt_nn import TransformerEncoder, is_observed, observing, tell


def stream(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def model_and_input() -> tuple[TransformerEncoder, Tensor, np.ndarray]:
    model = TransformerEncoder(8, 2, 16, 2, stream(), dropout=0.0)
    mask = np.array([[True, True, True], [True, False, False]])
    return model, Tensor(stream(1).normal(size=(2, 3, 8)).astype(np.float32)), mask


def test_attention_weights_by_dotted_name() -> None:
    model, x, mask = model_and_input()
    with observing(model) as seen:
        model(x, mask)
    names = [name for name in seen if name.endswith("attention.weights")]
    assert names == [f"layers.{i}.attention.weights" for i in (0, 1)]
    weights = seen["layers.1.attention.weights"]
    assert weights.shape == (2, 2, 3, 3)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-5)
    assert (weights[1, :, :, 1:] == 0).all()


def test_looking_changes_no_number_and_keeps_nothing() -> None:
    model, x, mask = model_and_input()
    before = model(x, mask).data
    attributes = {name: dict(vars(module)) for name, module in model.named_modules()}
    with observing(model):
        np.testing.assert_array_equal(model(x, mask).data, before)
    for name, module in model.named_modules():
        assert vars(module) == attributes[name]
    assert not is_observed(model)


def test_outside_of_the_context_nothing_is_told() -> None:
    model, x, mask = model_and_input()
    with observing(model) as seen:
        pass
    model(x, mask)
    tell(model, "anything", x.data)
    assert seen == {}


def test_only_the_looking_thread_sees() -> None:
    model, x, mask = model_and_input()
    with observing(model) as seen:
        thread = threading.Thread(target=lambda: model(x, mask))
        thread.start()
        thread.join()
        assert seen == {}


def test_the_innermost_look_counts_and_the_outer_comes_back() -> None:
    model, x, mask = model_and_input()
    other = TransformerEncoder(8, 2, 16, 1, stream(), dropout=0.0)
    with observing(model) as outer:
        with observing(other) as inner:
            assert is_observed(other)
            assert not is_observed(model)
            other(x, mask)
        assert is_observed(model)
        model(x, mask)
    assert "layers.0.attention.weights" in inner
    assert "layers.1.attention.weights" in outer


def test_an_error_inside_ends_the_look() -> None:
    model, _, _ = model_and_input()
    try:
        with observing(model):
            raise RuntimeError
    except RuntimeError:
        pass
    assert not is_observed(model)
