"""What must hold of every module there is; a new one has to be entered in `module_examples`."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from inputs import stream
from module_examples import MODULES, call, flat, make

import pmt_nn as nn
from pmt_autograd import Tensor, gradients, no_grad, profile
from pmt_core import RowSparse, load_archive, save_archive

# Bases and parts that are not called for themselves.
NOT_CALLED = {
    *("Module", "ModuleList"),
    *("AttentionPositions", "RotaryPositions", "Alibi", "RelativeBias"),
    *("MaskedBert", "MaskedTagger", "MaskedPairModel"),  # return a sum over the batch
}
# The running statistics move, as they shall, and examples see each other.
BATCH_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
# Parameters that the call in the table does not use.
WEIGHTS = ("weight", "bias")
WITHOUT_ALL_GRADIENTS = {
    "LSTMCell": {"weight"},  # the first state is 0
    "CBOW": {"vectors.weight"},  # the output starts at zero, and all comes through it
    "SkipGram": {"vectors.weight"},
    "Bert": {"pool.weight", "pool.bias"},
    "EntityTagger": {"crf.transitions", "crf.start", "crf.end"},  # its loss uses them
}

every = pytest.mark.parametrize("name", MODULES)


def loss_of(outputs: list[Tensor]) -> Tensor:
    """Something that depends on every element in its own way."""
    total = Tensor(np.float32(0))
    for i, output in enumerate(outputs):
        weight = stream(50 + i).normal(size=output.shape).astype(np.float32)
        total = total + (output * output * weight + output * weight).sum()
    return total


def outcome(module: nn.Module, name: str) -> dict[str, np.ndarray]:
    """Outputs and gradients of all parameters."""
    with nn.collecting_statistics():
        outputs = call(module, name)
    grads = gradients(loss_of(outputs))
    result = {f"output {i}": output.data for i, output in enumerate(outputs)}
    for key, parameter in module.named_parameters():
        gradient = grads.get(parameter, np.zeros(parameter.shape, np.float32))
        result[key] = gradient.to_dense() if isinstance(gradient, RowSparse) else gradient
    return result


def test_the_table_is_complete() -> None:
    public = {
        name
        for name in nn.__all__
        if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), nn.Module)
    }
    aliases = {"Dense"}
    assert public - aliases == set(MODULES) | NOT_CALLED


@every
def test_its_signature_is_that_of_its_constructor(name: str) -> None:
    """`help()` shows the parameters; rng comes by position or keyword, dtype by keyword."""
    parameters = inspect.signature(getattr(nn, name)).parameters
    variadic = {"Sequential": "parts", "Parallel": "branches"}
    kinds = {key: parameter.kind for key, parameter in parameters.items()}
    for key, kind in kinds.items():
        expected = key == variadic.get(name)
        assert (kind == inspect.Parameter.VAR_POSITIONAL) == expected, key
        assert kind != inspect.Parameter.VAR_KEYWORD
    assert kinds.get("rng", inspect.Parameter.POSITIONAL_OR_KEYWORD) == (
        inspect.Parameter.POSITIONAL_OR_KEYWORD
    )
    assert kinds.get("dtype", inspect.Parameter.KEYWORD_ONLY) == inspect.Parameter.KEYWORD_ONLY


@every
def test_its_repr_is_the_tree_of_its_modules(name: str) -> None:
    module = make(name)
    lines = repr(module).splitlines()
    modules = [part for _, part in module.named_modules()]
    assert len(lines) == len(modules)
    for line, part in zip(lines, modules, strict=True):
        assert f"{type(part).__name__}(" in line
        count = part.parameter_count()
        assert not count or f" {count:,}" in line
    with pytest.raises(AttributeError, match="no attribute 'unknown'"):
        module.unknown = 1


@every
def test_float32_in_and_out(name: str) -> None:
    for key, array in outcome(make(name), name).items():
        assert array.dtype == np.float32, key
        assert np.isfinite(array).all(), key


FORMS: dict[str, Callable[[np.ndarray], Any]] = {
    "int64 array": lambda x: np.rint(x).astype(np.int64),
    "bool array": lambda x: x > 0,
    "float64 array": lambda x: x.astype(np.float64),
    "float64 tensor": lambda x: Tensor(x.astype(np.float64), requires_grad=True),
    "int64 tensor": lambda x: Tensor(np.rint(x).astype(np.int64)),
}
PASS_ON = {"Concatenate", "Identity", "Lambda", "Parallel"}  # compute nothing themselves


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", [name for name in MODULES if name not in PASS_ON])
def test_it_computes_in_its_own_dtype(name: str, form: str) -> None:
    """Inputs are converted to the dtype of the parameters, or, without any, integers to float32."""
    module, (_, inputs, settings) = make(name).eval(), MODULES[name]
    if not any(isinstance(x, np.ndarray) and x.dtype.kind == "f" for x in inputs):
        pytest.skip("takes ids only")
    given = [FORMS[form](x) if is_floating(x) else x for x in inputs]
    values = [x.data if isinstance(x, Tensor) else x for x in given]
    settings = {key: value for key, value in settings.items() if key != "rng"}
    outputs = list(flat(module(*given, **settings)))
    has_dtype = name == "SinusoidalPositions" or any(True for _ in module.parameters())
    kept = np.float64 if "float64" in form else np.float32
    plain = [Tensor(x.astype(np.float32)) if is_floating(y) else x for x, y in zip(values, inputs)]
    for output, expected in zip(outputs, flat(module(*plain, **settings)), strict=True):
        assert output.dtype == (np.float32 if has_dtype else kept)
        np.testing.assert_allclose(output.data, expected.data, rtol=2e-3, atol=1e-4)


def is_floating(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


@every
def test_every_parameter_gets_a_gradient(name: str) -> None:
    module = make(name)
    grads = outcome(module, name)
    for key, _ in module.named_parameters():
        if key not in WITHOUT_ALL_GRADIENTS.get(name, ()):
            assert np.abs(grads[key]).max() > 0, key


@every
def test_a_pass_leaves_nothing_on_the_module(name: str) -> None:
    module = make(name)
    before = {key: dict(vars(part)) for key, part in module.named_modules()}
    state = module.state_dict()
    outcome(module, name)
    for key, part in module.named_modules():
        assert vars(part).keys() == before[key].keys()
        for attribute, value in before[key].items():
            assert vars(part)[attribute] is value, f"{key}.{attribute}"
    for key, array in module.state_dict().items():
        np.testing.assert_array_equal(array, state[key])


@every
def test_two_threads_at_once_give_the_bits_of_one(name: str) -> None:
    module = make(name)
    expected = outcome(module, name)
    got: list[dict[str, np.ndarray]] = []

    def work() -> None:
        got.extend(outcome(module, name) for _ in range(2))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 4
    for first in got:
        for key, array in expected.items():
            np.testing.assert_array_equal(first[key], array, err_msg=key)


@every
def test_examples_do_not_see_each_other(name: str) -> None:
    """Another order of the batch, or a part of it, gives the same rows."""
    if name in BATCH_NORMS:
        pytest.skip("batch statistics: by design")
    module = make(name).eval()
    axis = 1 if name in ("RNN", "GRU", "LSTM") else 0  # of the last states
    whole = call(module, name)
    for order in (np.array([2, 0, 3, 1]), np.array([1, 2])):
        for i, (a, b) in enumerate(zip(whole, call(module, name, order), strict=True)):
            at = axis if i else 0
            expected = np.take(a.data, order, axis=at)
            np.testing.assert_allclose(b.data, expected, rtol=2e-5, atol=2e-5)


@every
def test_evaluation_needs_no_stream_and_repeats_itself(name: str) -> None:
    module = make(name).eval()
    settings = {"rng": 1} if "rng" in MODULES[name][2] else {}
    first, second = call(module, name, **settings), call(module, name, **settings)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a.data, b.data)


@every
def test_no_grad_gives_the_same_values(name: str) -> None:
    module = make(name)
    with nn.collecting_statistics(), no_grad():
        outputs = call(module, name)
    for i, output in enumerate(outputs):
        assert output.node is None
        np.testing.assert_allclose(
            output.data, outcome(module, name)[f"output {i}"], rtol=1e-6, atol=1e-6
        )


@every
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_state_travels_through_a_file(name: str, suffix: str, tmp_path) -> None:
    first, second = make(name, 0), make(name, 1)
    save_archive(tmp_path / f"state{suffix}", first.state_dict(), {"kind": name})
    arrays, meta = load_archive(tmp_path / f"state{suffix}")
    assert meta == {"kind": name}
    second.load_state_dict(arrays)
    a, b = outcome(first, name), outcome(second, name)
    for key, array in a.items():
        np.testing.assert_array_equal(array, b[key], err_msg=key)


@every
def test_profile_and_summary_count_the_same_flops(name: str) -> None:
    module = make(name)
    _, inputs, settings = MODULES[name]
    settings = {**settings, **({"rng": stream(1)} if "rng" in settings else {})}
    arrays = [Tensor(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in inputs]
    with nn.collecting_statistics():
        total = nn.summary(module, *arrays, **settings).total
        with profile() as measured:
            module(*arrays, **settings)
    assert total.flops == sum(row.flops for row in measured.by_operation())
    assert total.output
