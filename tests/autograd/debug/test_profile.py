"""The profiler: calls, seconds, saved bytes and FLOPs, per operation and module."""

from __future__ import annotations

import time

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Tensor, primitive, profile, profile_scope


def test_profile_counts_calls_bytes_and_flops() -> None:
    w = Tensor(np.ones((4, 3), np.float32), requires_grad=True)
    b = Tensor(np.ones(3, np.float32), requires_grad=True)
    x = Tensor(np.ones((2, 4), np.float32))
    with profile() as measured:
        h = ag.tanh(x @ w + b)
        (h * h).sum().backward()
    rows = {row.operation: row for row in measured.by_operation()}
    assert {name: row.calls for name, row in rows.items()} == {
        "matmul": 1,
        "add": 1,
        "tanh": 1,
        "multiply": 1,
        "sum": 1,
    }
    assert rows["matmul"].flops == 2 * 2 * 4 * 3
    assert rows["matmul"].saved == 2 * 4 * 4  # x, for the gradient of w
    assert rows["add"].saved == 0  # only shapes
    assert rows["tanh"].saved == 2 * 3 * 4  # its value
    assert rows["multiply"].saved == 0  # the same array: counted once
    assert "GFLOP/s" in str(measured)
    assert "tanh" in str(measured)


def test_profile_measures_time_in_forward_and_backward() -> None:
    @primitive
    def slow_for_test(x):
        def backward(grad):
            time.sleep(0.02)
            return grad

        time.sleep(0.01)
        return x * 1, backward

    try:
        with profile() as measured:
            slow_for_test(Tensor([1.0], requires_grad=True)).sum().backward()
    finally:
        ag.REGISTRY.pop("slow_for_test")
    rows = {row.operation: row for row in measured.by_operation()}
    row = rows["slow_for_test"]  # on a busy machine others may take longer
    assert row.forward >= 0.01
    assert row.backward >= 0.02


def test_profile_by_module() -> None:
    x = Tensor([1.0], requires_grad=True)
    with profile() as measured:
        with profile_scope("encoder"):
            ag.exp(x)
            with profile_scope("linear"):
                ag.exp(x)
        ag.exp(x)
    with profile_scope("not profiled"):
        ag.exp(x)
    assert {row.module: row.calls for row in measured.by_module()} == {
        "": 1,
        "encoder": 1,
        "encoder/linear": 1,
    }
    assert len(measured.by_operation()) == 1
    assert "encoder/linear" in str(measured)


def test_einsum_flops() -> None:
    with profile() as measured:
        ag.einsum(np.ones((2, 3, 4)), np.ones((2, 4, 5)), subscripts="bij,bjk->bik")
    assert measured.by_operation()[0].flops == 2 * 2 * 3 * 4 * 5


def test_an_operation_that_moves_numbers_has_no_flops() -> None:
    with profile() as measured:
        ag.getitem(ag.reshape(np.ones((2, 3)), shape=(3, 2)), index=0)
    assert [row.flops for row in measured.by_operation()] == [0, 0]


def test_flops_without_a_counter_are_one_per_element_read_or_returned() -> None:
    assert ag.flops_of("sum", np.float32(3), (np.ones((2, 3)),), {}) == 6
    assert ag.flops_of("add", np.ones((2, 3)), (np.ones(3), 1.0), {}) == 6
