"""`unbroadcast` as the transpose of broadcasting."""

import numpy as np
import pytest

from pmt_core import ShapeError, unbroadcast

SHAPES = [
    ((3, 4), (3, 4)),
    ((3, 4), (4,)),
    ((3, 4), (1, 4)),
    ((3, 4), (3, 1)),
    ((3, 4), (1, 1)),
    ((3, 4), ()),
    ((2, 3, 4), (3, 1)),
    ((2, 3, 4), (1, 3, 4)),
    ((1, 4), (4,)),
    ((5, 1, 4), (1, 4)),
    ((0, 4), (1, 4)),
    ((0, 4), (4,)),
    ((3, 0), (3, 0)),
    ((), ()),
]


@pytest.mark.parametrize(("wide", "shape"), SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_the_transpose_of_broadcasting(wide, shape, dtype):
    rng = np.random.default_rng(0)
    grad = rng.integers(-9, 9, wide).astype(dtype)
    x = rng.integers(-9, 9, shape).astype(dtype)
    result = unbroadcast(grad, shape)
    assert result.shape == shape
    assert result.dtype == dtype
    # <grad, broadcast(x)> = <unbroadcast(grad), x>; whole numbers, so exactly.
    assert np.sum(grad * np.broadcast_to(x, wide)) == np.sum(result * x)


def test_by_hand():
    grad = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    assert unbroadcast(grad, (3,)).tolist() == [11, 22, 33]
    assert unbroadcast(grad, (2, 1)).tolist() == [[6], [60]]
    assert unbroadcast(grad, ()).tolist() == 66


def test_equal_shapes_are_not_copied():
    grad = np.ones((2, 3))
    assert unbroadcast(grad, (2, 3)) is grad


def test_a_read_only_broadcast_gradient():
    grad = np.broadcast_to(np.float32(2), (3, 4))
    assert unbroadcast(grad, (4,)).tolist() == [6, 6, 6, 6]


@pytest.mark.parametrize(
    ("wide", "shape"),
    [((3, 4), (3,)), ((3, 4), (2, 4)), ((4,), (3, 4)), ((4,), (1, 4)), ((), (1,))],
)
def test_shapes_that_do_not_broadcast_are_refused(wide, shape):
    with pytest.raises(ShapeError, match="does not broadcast"):
        unbroadcast(np.zeros(wide), shape)
