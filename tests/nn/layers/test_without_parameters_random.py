"""Layers without weights or biases, several normalized axes, cells and borders beside torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import Comparison, Inputs, hold

from pmt_autograd import Tensor
from pmt_nn import (
    GRU,
    LSTM,
    RNN,
    BatchNorm3d,
    Conv1d,
    Conv2d,
    GroupNorm,
    GRUCell,
    LayerNorm,
    LSTMCell,
    Padding,
    RMSNorm,
    RNNCell,
    conv2d,
    conv_transpose1d,
    conv_transpose2d,
    layer_norm,
    rms_norm,
)
from pmt_nn.convolution.padding import pad_border

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
MODES = ("zeros", "reflect", "replicate", "circular")


def stream() -> np.random.Generator:
    return np.random.default_rng(0)


# --- norms ----------------------------------------------------------------------------------------


def several_axes(draw: Draw) -> Inputs:
    """The axes that are normalized have more than one number, so that no variance is 0."""
    last = tuple(draw.integer(2, 4) for _ in range(draw.integer(1, 3)))
    x = draw.normal(*draw.shape(0, 2), *last)
    weights = [draw.normal(*last) for _ in range(draw.integer(0, 2))]
    return [x, *weights], {"axes": len(last)}


def our_layer_norm(x: Any, weight: Any = None, bias: Any = None, *, axes: int) -> Any:
    return layer_norm(x, weight, bias, axes=axes)


def torch_layer_norm(torch: Any, x: Any, weight: Any = None, bias: Any = None, *, axes: int) -> Any:
    return torch.nn.functional.layer_norm(x, x.shape[x.ndim - axes :], weight, bias)


def one_weight(draw: Draw) -> Inputs:
    arrays, settings = several_axes(draw)
    return arrays[:2], settings


def our_rms_norm(x: Any, weight: Any = None, *, axes: int) -> Any:
    return rms_norm(x, weight, axes=axes)


def torch_rms_norm(torch: Any, x: Any, weight: Any = None, *, axes: int) -> Any:
    return torch.nn.functional.rms_norm(x, x.shape[x.ndim - axes :], weight, 1e-6)


def volumes(draw: Draw) -> Inputs:
    settings = {"affine": draw.chance(0.5), "training": draw.chance(0.5)}
    shape = draw.integer(2, 3), draw.integer(1, 3), *(draw.integer(1, 3) for _ in range(3))
    return [draw.normal(*shape)], settings


def our_volumes(x: Any, affine: bool, training: bool) -> Any:
    layer = BatchNorm3d(x.shape[1], affine=affine, dtype=x.dtype).train(training)
    return layer(x), layer.running_mean.data


def torch_volumes(torch: Any, x: Any, affine: bool, training: bool) -> Any:
    layer = torch.nn.BatchNorm3d(x.shape[1], affine=affine, dtype=x.dtype).train(training)
    return layer(x), layer.running_mean


def of_norms(x: Any, *parameters: Any, **settings: Any) -> dict[str, float]:
    """Of two numbers that are nearly equal the slope is steep."""
    return {f"gradient {i}": 300.0 for i in range(3)} | {"output 0": 10.0, "output 1": 1.0}


# --- recurrent networks and cells -----------------------------------------------------------------

CELLS: dict[str, Any] = {"RNNCell": RNNCell, "GRUCell": GRUCell, "LSTMCell": LSTMCell}
NETWORKS: dict[str, Any] = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}


def step(draw: Draw, kind: str) -> Inputs:
    b, n_in, n, gates = *(draw.integer(1, 4) for _ in range(3)), CELLS[kind].gates
    settings = {"kind": kind, "bias": draw.chance(0.5), "states": draw.chance(0.6)}
    arrays = [draw.normal(b, n_in), draw.normal(n_in, gates * n), draw.normal(n, gates * n)]
    if settings["bias"]:
        arrays += [draw.normal(gates * n) for _ in range(1 + (kind == "GRUCell"))]
    return arrays + [draw.normal(b, n) for _ in range(2)], settings


def our_step(x: Any, weight: Any, state_weight: Any, *rest: Any, **settings: Any) -> Any:
    kind = CELLS[settings["kind"]]
    n = state_weight.shape[0]
    cell = kind(x.shape[1], n, stream(), bias=settings["bias"], dtype=x.dtype)
    cell.input.weight, cell.weight, *biases = weight, state_weight, *rest[:-2]
    if settings["bias"]:
        cell.input.bias, cell.bias = (*biases, None)[:2]
    state = rest[-2:] if settings["kind"] == "LSTMCell" else rest[-1]
    return cell(x, state if settings["states"] else None)


def torch_step(
    torch: Any, x: Any, weight: Any, state_weight: Any, *rest: Any, **settings: Any
) -> Any:
    cell = getattr(torch.nn, settings["kind"])(
        x.shape[1], state_weight.shape[0], bias=settings["bias"], dtype=x.dtype
    )
    values = {"weight_ih": weight.T, "weight_hh": state_weight.T}
    if settings["bias"]:
        values["bias_ih"] = rest[0]
        values["bias_hh"] = rest[1] if len(rest) == 4 else torch.zeros_like(rest[0])
    state = tuple(rest[-2:]) if settings["kind"] == "LSTMCell" else rest[-1]
    return torch.func.functional_call(cell, values, (x, state if settings["states"] else None))


def sequence(draw: Draw, kind: str) -> Inputs:
    b, t, n_in, n = (draw.integer(1, 3) for _ in range(4))
    gates = NETWORKS[kind].gates
    arrays = [draw.normal(b, t, n_in), draw.normal(n_in, gates * n), draw.normal(n, gates * n)]
    return arrays, {"kind": kind}


def our_network(x: Any, weight: Any, state_weight: Any, kind: str) -> Any:
    model = NETWORKS[kind](x.shape[2], state_weight.shape[0], stream(), bias=False, dtype=x.dtype)
    (cell,) = model.cells
    assert cell.bias is None
    assert cell.input.bias is None
    cell.input.weight, cell.weight = weight, state_weight
    return model(x)[0]


def torch_network(torch: Any, x: Any, weight: Any, state_weight: Any, kind: str) -> Any:
    model = getattr(torch.nn, kind)(
        x.shape[2], state_weight.shape[0], bias=False, batch_first=True, dtype=x.dtype
    )
    values = {"weight_ih_l0": weight.T, "weight_hh_l0": state_weight.T}
    return torch.func.functional_call(model, values, (x,))[0]


def of_states(*arrays: Any, **settings: Any) -> dict[str, float]:
    return {f"output {i}": 1.0 for i in range(2)} | {f"gradient {i}": 20.0 for i in range(8)}


# --- convolutions ---------------------------------------------------------------------------------


def bordered(draw: Draw, rank: int) -> Inputs:
    groups, kernel = draw.choice([1, 2]), tuple(draw.integer(1, 3) for _ in range(rank))
    size = tuple(draw.integer(4, 6) for _ in range(rank))
    padding = tuple(draw.integer(0, 3) for _ in range(rank))
    settings = {"padding": padding, "padding_mode": draw.choice(MODES), "groups": groups}
    settings["stride"] = draw.integer(1, 2)
    return [draw.normal(2, 2 * groups, *size), draw.normal(2 * groups, 2, *kernel)], settings


def our_bordered(x: Any, kernel: Any, padding: Any, padding_mode: str, **settings: Any) -> Any:
    rank = kernel.ndim - 2
    kind, sizes = (Conv1d, kernel.shape[2]) if rank == 1 else (Conv2d, kernel.shape[2:])
    padding = Padding(padding, padding_mode)
    layer = kind(
        x.shape[1], len(kernel), sizes, stream(), bias=False, padding=padding, dtype=x.dtype,
        **settings,
    )  # fmt: skip
    layer.weight = kernel
    return layer(x)


def torch_bordered(torch: Any, x: Any, kernel: Any, **settings: Any) -> Any:
    kind = torch.nn.Conv1d if kernel.ndim == 3 else torch.nn.Conv2d
    layer = kind(x.shape[1], len(kernel), kernel.shape[2:], bias=False, dtype=x.dtype, **settings)
    return torch.func.functional_call(layer, {"weight": kernel}, (x,))


def edges(draw: Draw) -> Inputs:
    """Borders of images with infinities and nan."""
    widths = draw.integer(0, 3), draw.integer(0, 3)
    x = draw.array((draw.integer(0, 2), 2, draw.integer(4, 5), draw.integer(4, 5)))
    return [x], {"widths": widths, "mode": draw.choice(MODES[1:])}


def torch_edges(torch: Any, x: Any, widths: Any, mode: str) -> Any:
    (h, w) = widths
    if not len(x):  # torch refuses an empty batch in some of the modes
        return x.new_zeros(0, 2, x.shape[2] + 2 * h, x.shape[3] + 2 * w) + x.sum()
    return torch.nn.functional.pad(x, (w, w, h, h), mode=mode)


def without_bias(draw: Draw) -> Inputs:
    groups, kernel = draw.choice([1, 2]), (draw.integer(1, 3), draw.integer(1, 3))
    x = draw.normal(2, 2 * groups, draw.integer(3, 5), draw.integer(3, 5))
    return [x, draw.normal(2 * groups, 2, *kernel)], {"groups": groups, "stride": 2}


def spread_out(draw: Draw) -> Inputs:
    groups, stride = draw.choice([1, 2]), draw.integer(1, 3)
    settings = {"groups": groups, "stride": stride, "padding": draw.integer(0, 1)}
    settings |= {"output_padding": draw.integer(0, stride - 1), "dilation": draw.integer(1, 2)}
    x = draw.normal(2, 2 * groups, draw.integer(3, 6))
    return [x, draw.normal(2 * groups, 2, draw.integer(1, 3)), draw.normal(2 * groups)], settings


def of_products(x: Any, kernel: Any, *bias: Any, **settings: Any) -> dict[str, float]:
    return {"output 0": 10.0, "gradient 0": 10.0, "gradient 1": 30.0, "gradient 2": 5.0}


NORMS: dict[str, Any] = {"scales": of_norms, "edges": False}
PRODUCTS: dict[str, Any] = {"scales": of_products, "edges": False}
CASES = [
    Comparison("layer_norm of axes", our_layer_norm, torch_layer_norm, several_axes, **NORMS),
    Comparison("rms_norm of axes", our_rms_norm, torch_rms_norm, one_weight, **NORMS),
    Comparison("BatchNorm3d", our_volumes, torch_volumes, volumes, **NORMS),
    *[
        Comparison(kind, our_step, torch_step, lambda d, kind=kind: step(d, kind),
                   scales=of_states, edges=False)
        for kind in CELLS
    ],
    *[
        Comparison(f"{kind} without bias", our_network, torch_network,
                   lambda d, kind=kind: sequence(d, kind), scales=of_states, edges=False)
        for kind in NETWORKS
    ],
    *[
        Comparison(f"Conv{rank}d, borders", our_bordered, torch_bordered,
                   lambda d, rank=rank: bordered(d, rank), **PRODUCTS)
        for rank in (1, 2)
    ],
    Comparison("pad_border", pad_border, torch_edges, edges),
    Comparison(
        "conv2d without bias",
        lambda x, k, **s: conv2d(x, k, None, **s),
        lambda t, x, k, **s: t.nn.functional.conv2d(x, k, None, **s),
        without_bias,
        **PRODUCTS,
    ),
    Comparison(
        "conv_transpose2d without bias",
        lambda x, k, **s: conv_transpose2d(x, k, None, **s),
        lambda t, x, k, **s: t.nn.functional.conv_transpose2d(x, k, None, **s),
        without_bias,
        **PRODUCTS,
    ),
    Comparison(
        "conv_transpose1d",
        conv_transpose1d,
        lambda t, x, k, b, **s: t.nn.functional.conv_transpose1d(x, k, b, **s),
        spread_out,
        **PRODUCTS,
    ),
]  # fmt: skip


@pytest.mark.parametrize("comparison", CASES, ids=str)
def test_torch_agrees(comparison: Comparison) -> None:
    hold(comparison)


@pytest.mark.parametrize("training", [True, False])
def test_norms_without_weights_normalize(training: bool) -> None:
    x = Tensor(stream().normal(size=(6, 4, 3)) * 5 + 2)
    for layer in (
        LayerNorm(3, affine=False),
        RMSNorm(3, affine=False),
        GroupNorm(2, 4, affine=False),
    ):
        assert not list(layer.parameters())
        y = layer.train(training)(x)
        np.testing.assert_allclose(np.square(y.data).mean(), 1, rtol=1e-3)
