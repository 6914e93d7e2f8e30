"""Layers beside the Transformer against torch with copied weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pmt_autograd import Tensor
from pmt_nn import (
    ELU,
    GELU,
    AvgPool1d,
    AvgPool2d,
    BatchNorm1d,
    BatchNorm2d,
    Conv1d,
    Conv2d,
    ConvTranspose2d,
    GroupNorm,
    LeakyReLU,
    LogSoftmax,
    MaxPool1d,
    MaxPool2d,
    Padding,
    ReLU,
    RMSNorm,
    Sequential,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from pmt_nn.convolution.conv import CASES

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore::UserWarning")]
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
modes = pytest.mark.parametrize("mode", ["train", "eval"])


def same(x: np.ndarray) -> np.ndarray:
    return x


def hold(oracle, ours, theirs, x: np.ndarray, names: dict[str, str], mode: str = "train") -> None:
    """Copy ours into theirs (names: our parameter -> theirs, one layout), and compare a pass."""
    theirs = theirs.to(oracle.torch.float64 if x.dtype == np.float64 else oracle.torch.float32)
    ours.train(mode == "train"), theirs.train(mode == "train")
    local = dict(ours.named_parameters())
    other: dict[str, Any] = dict(theirs.named_parameters())
    assert set(other) == set(names.values())
    oracle.copy({other[b]: local[a].data for a, b in names.items()})
    theirs.zero_grad()
    leaf, their_leaf = Tensor(x, requires_grad=True), oracle.tensor(x)
    pairs = [(local[a], other[b], same) for a, b in names.items()]
    oracle.compare(ours(leaf), theirs(their_leaf), [(leaf, their_leaf, same), *pairs])


PLAIN = {"weight": "weight", "bias": "bias"}
NORM = {"weight": "weight", "bias": "bias"}


@dtypes
@pytest.mark.parametrize(
    ("x", "kernel", "settings"),
    [case[:3] for case in CASES if case[0][0]],
    ids=[case[3] for case in CASES if case[0][0]],
)
def test_conv2d(oracle, rng, dtype, x, kernel, settings) -> None:
    ours = Conv2d(x[1], kernel[0], kernel[2:], rng, dtype=dtype, **settings)
    theirs = oracle.torch.nn.Conv2d(x[1], kernel[0], kernel[2:], **settings)
    hold(oracle, ours, theirs, rng.normal(size=x).astype(dtype), PLAIN)


@dtypes
@pytest.mark.parametrize(
    "settings", [{}, {"stride": 2, "padding": 1}, {"dilation": 2, "groups": 2}], ids=str
)
def test_conv1d(oracle, rng, dtype, settings) -> None:
    ours = Conv1d(4, 6, 3, rng, dtype=dtype, **settings)
    theirs = oracle.torch.nn.Conv1d(4, 6, 3, **settings)
    hold(oracle, ours, theirs, rng.normal(size=(2, 4, 9)).astype(dtype), PLAIN)


@dtypes
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"stride": 2, "padding": 1, "output_padding": 1},
        {"stride": 3, "dilation": 2, "output_padding": 2},
        {"groups": 2, "padding": 1},
    ],
    ids=str,
)
def test_conv_transpose2d(oracle, rng, dtype, settings) -> None:
    border = Padding(settings.get("padding", 0), output=settings.get("output_padding", 0))
    others = {k: v for k, v in settings.items() if "padding" not in k}
    ours = ConvTranspose2d(4, 6, 3, rng, padding=border, dtype=dtype, **others)
    theirs = oracle.torch.nn.ConvTranspose2d(4, 6, 3, **settings)
    hold(oracle, ours, theirs, rng.normal(size=(2, 4, 5, 4)).astype(dtype), PLAIN)


@pytest.mark.parametrize(
    "settings",
    [{"kernel": 2}, {"kernel": 3, "stride": 2, "padding": 1}, {"kernel": 3, "stride": 1}],
    ids=str,
)
def test_pools(oracle, rng, settings) -> None:
    nn = oracle.torch.nn
    named = {("kernel_size" if k == "kernel" else k): v for k, v in settings.items()}
    x = rng.normal(size=(2, 3, 7, 8))
    hold(oracle, MaxPool2d(**settings), nn.MaxPool2d(**named), x, {})
    hold(oracle, AvgPool2d(**settings), nn.AvgPool2d(**named), x, {})
    hold(
        oracle,
        AvgPool2d(**settings, count_include_pad=False),
        nn.AvgPool2d(**named, count_include_pad=False),
        x,
        {},
    )
    hold(oracle, MaxPool1d(**settings), nn.MaxPool1d(**named), x[:, :, 0], {})
    hold(oracle, AvgPool1d(**settings), nn.AvgPool1d(**named), x[:, :, 0], {})


@dtypes
@modes
@pytest.mark.parametrize("shape", [(6, 4), (3, 4, 5), (2, 4, 5, 3)], ids=str)
def test_batch_norm(oracle, rng, stir, dtype, mode, shape) -> None:
    flat = len(shape) < 4
    ours = stir((BatchNorm1d if flat else BatchNorm2d)(4, dtype=dtype))
    theirs = (oracle.torch.nn.BatchNorm1d if flat else oracle.torch.nn.BatchNorm2d)(4)
    for _ in range(3):  # running statistics go along
        x = rng.normal(1, 2, size=shape).astype(dtype)
        hold(oracle, ours, theirs, x, NORM)
    hold(oracle, ours, theirs, rng.normal(size=shape).astype(dtype), NORM, mode)
    for local, other in [("running_mean", "running_mean"), ("running_variance", "running_var")]:
        np.testing.assert_allclose(
            getattr(ours, local).data, getattr(theirs, other).numpy(), rtol=1e-5
        )


@dtypes
@pytest.mark.parametrize("groups", [1, 2, 6])
@pytest.mark.parametrize("shape", [(3, 6), (2, 6, 4, 5)], ids=str)
def test_group_norm(oracle, rng, stir, dtype, groups, shape) -> None:
    if groups == 6 and len(shape) == 2:
        pytest.skip("one number in a group has no variance")
    ours = stir(GroupNorm(groups, 6, dtype=dtype))
    theirs = oracle.torch.nn.GroupNorm(groups, 6)
    hold(oracle, ours, theirs, rng.normal(size=shape).astype(dtype), NORM)


@dtypes
def test_rms_norm(oracle, rng, stir, dtype) -> None:
    ours = stir(RMSNorm(6, eps=1e-5, dtype=dtype))
    theirs = oracle.torch.nn.RMSNorm(6, eps=1e-5)
    hold(oracle, ours, theirs, rng.normal(size=(3, 2, 6)).astype(dtype), {"weight": "weight"})


@dtypes
def test_activations(oracle, rng, dtype) -> None:
    nn = oracle.torch.nn
    for ours, theirs in [
        (ReLU(), nn.ReLU()),
        (LeakyReLU(0.1), nn.LeakyReLU(0.1)),
        (ELU(1.5), nn.ELU(1.5)),
        (GELU(), nn.GELU(approximate="tanh")),
        (GELU(exact=True), nn.GELU()),
        (SiLU(), nn.SiLU()),
        (Tanh(), nn.Tanh()),
        (Sigmoid(), nn.Sigmoid()),
        (Softmax(), nn.Softmax(-1)),
        (LogSoftmax(1), nn.LogSoftmax(1)),
    ]:
        hold(oracle, ours, theirs, (rng.normal(size=(3, 4, 5)) * 3).astype(dtype), {})


@dtypes
def test_a_small_network(oracle, rng, dtype) -> None:
    """Convolution, norm, pool and all together, through several layers."""
    nn = oracle.torch.nn
    ours = Sequential(
        Conv2d(1, 4, 3, rng, padding=1, dtype=dtype),
        BatchNorm2d(4, dtype=dtype),
        ReLU(),
        MaxPool2d(2),
        Conv2d(4, 8, 3, rng, dtype=dtype),
        SiLU(),
    )
    theirs = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3),
        nn.SiLU(),
    )
    names = {}
    for i in (0, 1, 4):
        for a, b in (NORM if i == 1 else PLAIN).items():
            names[f"parts.{i}.{a}"] = f"{i}.{b}"
    hold(oracle, ours, theirs, rng.normal(size=(3, 1, 12, 12)).astype(dtype), names)
