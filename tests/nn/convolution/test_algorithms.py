"""The algorithms of convolution against each other, and where each is chosen."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_nn import BatchNorm2d, conv2d
from pmt_nn.convolution import algorithm
from pmt_nn.convolution.fourier import AxisTransform, FourierConvolution
from pmt_nn.convolution.patches import PatchGrid

ALL = (True, True, True)
CASES = {
    "plain": ((3, 8, 6, 7), (5, 8, 3, 3), {}),
    "border": ((3, 8, 7, 7), (4, 8, 3, 3), {"padding": 1}),
    "border, rectangular": ((2, 2, 9, 5), (4, 2, 2, 3), {"padding": (1, 2)}),
    "two strips": ((2, 3, 23, 4), (2, 3, 3, 3), {"padding": (1, 0)}),
    "three strips, dilation": (
        (2, 2, 40, 6),
        (3, 2, 3, 3),
        {"padding": (4, 2), "dilation": (3, 2)},
    ),
    "an output row": ((3, 2, 4, 6), (2, 2, 4, 1), {}),
    "a kernel of a column": ((2, 3, 6, 5), (2, 3, 5, 1), {"padding": (2, 0)}),
}
STEPS = {
    "stride": ((2, 3, 9, 8), (4, 3, 3, 3), {"stride": (2, 3), "padding": 1}),
    "padding beyond the kernel": ((2, 2, 3, 3), (2, 2, 2, 2), {"padding": 3}),
}


def by_all(names, x, kernel, bias, settings, grad=None):
    """Output and gradients by each algorithm, for one gradient of the output."""
    grid, results = PatchGrid.of(kernel.shape, **settings), []
    for name in names:
        groups = (1,) if name == "_by_patches" else ()
        y, backward = getattr(algorithm, name)(x, kernel, bias, grid, *groups)
        grad = np.random.default_rng(1).normal(size=y.shape) if grad is None else grad
        results.append([y, *backward(grad.astype(x.dtype), ALL)])
    return results


def draw(rng, x, kernel):
    return rng.normal(size=x), rng.normal(size=kernel), rng.normal(size=kernel[0])


@pytest.mark.parametrize(("x", "kernel", "settings"), CASES.values(), ids=CASES)
def test_coefficients_give_the_results_of_patches(rng, x, kernel, settings) -> None:
    names = ("_by_patches", "_by_coefficients")
    for expected, actual in zip(*by_all(names, *draw(rng, x, kernel), settings), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-11)


@pytest.mark.parametrize(("x", "kernel", "settings"), (CASES | STEPS).values(), ids=CASES | STEPS)
def test_runs_give_the_results_of_patches(rng, x, kernel, settings) -> None:
    names = ("_by_patches", "_by_runs")
    for expected, actual in zip(*by_all(names, *draw(rng, x, kernel), settings), strict=True):
        np.testing.assert_allclose(actual, expected, atol=1e-11)


def test_coefficients_are_as_exact_as_patches_in_float32(rng) -> None:
    x, kernel, bias = draw(rng, (8, 16, 14, 14), (8, 16, 3, 3))
    (exact,) = by_all(["_by_patches"], x, kernel, bias, {"padding": 1})
    single = [a.astype(np.float32) for a in (x, kernel, bias)]
    names = ("_by_patches", "_by_coefficients")
    for part, *others in zip(exact, *by_all(names, *single, {"padding": 1}), strict=True):
        patches, coefficients = (np.sqrt(np.mean((part - other) ** 2)) for other in others)
        assert all(other.dtype == np.float32 for other in others)
        assert coefficients < 4 * patches


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_patches(rng, value) -> None:
    """An image with such a pixel, then a gradient with such an element."""
    (x, kernel, bias), settings = draw(rng, (32, 16, 12, 12), (16, 16, 3, 3)), {"padding": 1}
    grid = PatchGrid.of(kernel.shape, **settings)
    assert algorithm.has_fewer_products(x.shape, kernel, grid)
    wrong = x.copy()
    wrong[3, 5, 6, 7] = value
    whole, touched = conv2d(x, kernel, bias, **settings).data, np.zeros((32, 16, 12, 12), bool)
    touched[3, :, 5:8, 6:9] = True
    y = conv2d(wrong, kernel, bias, **settings).data
    np.testing.assert_array_equal(np.isfinite(y), ~touched)
    np.testing.assert_allclose(y[~touched], whole[~touched], atol=1e-11)
    grad = rng.normal(size=y.shape)
    grad[3, 5, 6, 7] = value
    leaf = Tensor(x, requires_grad=True)
    by_x = np.asarray(gradients(conv2d(leaf, kernel, bias, **settings), grad)[leaf])
    np.testing.assert_array_equal(np.isfinite(by_x), ~touched)


def test_the_composed_form_of_a_large_convolution(rng) -> None:
    """The samples of the registry are too small for coefficients."""
    arrays = draw(rng, (16, 9, 20, 15), (8, 9, 3, 3))
    assert algorithm.has_fewer_products(arrays[0].shape, arrays[1], PatchGrid((3, 3)))
    results = []
    for operation in (conv2d, conv2d.composed):
        leaves = [Tensor(a, requires_grad=True) for a in arrays]
        y = operation(*leaves, padding=1)
        found_grads = gradients((y * y).sum())
        results.append([y.data, *(np.asarray(found_grads[leaf]) for leaf in leaves)])
    for fused, composed in zip(*results, strict=True):
        np.testing.assert_allclose(fused, composed, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("needs_grad", "count"), [((True, False, False), 1), ((False, True, False), 1), (ALL, 3)]
)
def test_only_what_is_needed_is_computed(rng, needs_grad, count) -> None:
    arrays, grid = draw(rng, (2, 3, 5, 5), (2, 3, 3, 3)), PatchGrid((3, 3))
    for name in ("_by_coefficients", "_by_runs"):
        y, backward = getattr(algorithm, name)(*arrays, grid)
        results = backward(y, needs_grad)
        assert [part is not None for part in results] == list(needs_grad)
        assert sum(part is not None for part in results) == count


def test_where_coefficients_are_chosen() -> None:
    kernel = np.zeros((32, 32, 3, 3), np.float32)
    shape = (64, 32, 14, 14)
    assert algorithm.has_fewer_products(shape, kernel, PatchGrid((3, 3), padding=(1, 1)))
    assert not algorithm.has_fewer_products(shape, kernel, PatchGrid((3, 3), stride=(2, 2)))
    assert not algorithm.has_fewer_products((1, 32, 8, 8), kernel, PatchGrid((3, 3)))  # little work
    assert not algorithm.has_fewer_products(shape, kernel[:, :, :1], PatchGrid((1, 3)))
    assert not algorithm.has_fewer_products((640, 32, 3, 9), kernel, PatchGrid((3, 3)))  # a row


def test_the_first_product_is_that_of_the_sums() -> None:
    """The bias is added there, and there a number shows that is not finite."""
    axis = AxisTransform.of(14, 3, 14, 1, 1, np.dtype(np.float64))
    np.testing.assert_array_equal(axis.input[0], 1)
    np.testing.assert_array_equal(axis.output[:, 0], 1)
    assert len(axis.input) == 22  # 15 points: a real coefficient and seven complex ones
    plan = FourierConvolution.of((23, 9), PatchGrid((3, 3)), np.dtype(np.float32))
    assert [strip.output for strip in plan.strips] == [slice(0, 10), slice(10, 21)]
    assert [strip.input for strip in plan.strips] == [slice(0, 12), slice(10, 23)]


def test_images_stored_with_pixels_first_are_images(rng) -> None:
    """Batch normalization and a pointwise convolution treat them in their own order."""
    stored = rng.normal(size=(4, 5, 3, 8)).astype(np.float32)  # (h, w, b, c)
    x = stored.transpose(2, 3, 0, 1)
    kernel, bias = rng.normal(size=(6, 8, 1, 1)).astype(np.float32), np.ones(6, np.float32)
    for operation in (BatchNorm2d(8), lambda image: conv2d(image, kernel, bias)):
        results = []
        for data in (x, np.ascontiguousarray(x)):
            leaf = Tensor(data, requires_grad=True)
            y = operation(leaf)
            results.append((y.data, np.asarray(gradients((y * y * y).sum())[leaf])))
        for pixels_first, plain in zip(*results, strict=True):
            assert pixels_first.transpose(2, 3, 0, 1).flags.c_contiguous
            np.testing.assert_allclose(pixels_first, plain, rtol=1e-4, atol=1e-4)
