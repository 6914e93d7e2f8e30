"""Trace, picture, profiler, gradient table: what they show is what ran."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import (
    Tensor,
    draw_tape,
    gradient_table,
    primitive,
    profile,
    profile_scope,
    tape_graph,
    tape_trace,
)
from pmt_core import StateError


def network() -> tuple[Tensor, dict[str, Tensor]]:
    w = Tensor(np.ones((4, 3), np.float32), requires_grad=True)
    b = Tensor(np.ones(3, np.float32), requires_grad=True)
    x = Tensor(np.ones((2, 4), np.float32))
    h = ag.tanh(x @ w + b)
    return (h * h).sum(), {"w": w, "b": b}


def test_trace() -> None:
    loss, names = network()
    lines = [" ".join(line.split()) for line in tape_trace(loss, names).splitlines()]
    assert sorted(lines[:2]) == sorted(["%0 = b (3,)", "%1 = w (4, 3)"])
    assert lines[2:] == [
        "%2 = matmul(%1) (2, 3)",
        "%3 = add(%2, %0) (2, 3)",
        "%4 = tanh(%3) (2, 3)",
        "%5 = multiply(%4, %4) (2, 3)",
        "%6 = sum(%5) ()",
    ]


def test_looking_changes_nothing() -> None:
    loss, names = network()
    tape_trace(loss)
    loss.backward()
    assert names["w"].grad is not None


def test_no_tape_no_graph() -> None:
    loss, names = network()
    loss.backward()
    for tensor in (loss, names["w"]):
        with pytest.raises(StateError, match="no tape behind this tensor"):
            tape_graph(tensor)


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_picture(tmp_path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    loss, names = network()
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    draw_tape(loss, first, names)
    draw_tape(loss, second, names)
    assert first.stat().st_size > 1000
    if suffix == "svg":
        assert "matmul" in first.read_text() or "<path" in first.read_text()
    else:
        assert first.read_bytes() == second.read_bytes()


def test_boxes_of_the_picture_do_not_overlap() -> None:
    from pmt_autograd.debug.tape_graph import _layout

    x = Tensor(np.ones(2), requires_grad=True)
    left, right = ag.exp(x), ag.tanh(x)
    y = (left * right + left) / (right + ag.sin(x) * Tensor(np.ones(2), requires_grad=True))
    graph = tape_graph(y)
    places = _layout(graph)
    assert len(set(places)) == len(graph)
    for node, (_, row) in zip(graph, places, strict=True):
        assert all(places[i][1] < row for i in node.inputs)


def test_a_picture_without_matplotlib_names_the_cure(tmp_path, monkeypatch) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    loss, _ = network()
    with pytest.raises(StateError, match="pip install matplotlib"):
        draw_tape(loss, tmp_path / "tape.png")
    assert not list(tmp_path.iterdir())


def test_profile_counts_calls_bytes_and_flops() -> None:
    with profile() as seen:
        loss, _ = network()
        loss.backward()
    rows = {row.operation: row for row in seen.by_operation()}
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
    assert "GFLOP/s" in str(seen)
    assert "tanh" in str(seen)


def test_profile_measures_time_in_forward_and_backward() -> None:
    @primitive
    def slow_for_test(x):
        def backward(grad):
            time.sleep(0.02)
            return grad

        time.sleep(0.01)
        return x * 1, backward

    try:
        with profile() as seen:
            slow_for_test(Tensor([1.0], requires_grad=True)).sum().backward()
    finally:
        ag.REGISTRY.pop("slow_for_test")
    row = seen.by_operation()[0]
    assert row.operation == "slow_for_test"
    assert row.forward >= 0.01
    assert row.backward >= 0.02


def test_profile_by_module() -> None:
    x = Tensor([1.0], requires_grad=True)
    with profile() as seen:
        with profile_scope("encoder"):
            ag.exp(x)
            with profile_scope("linear"):
                ag.exp(x)
        ag.exp(x)
    with profile_scope("nobody profiles"):
        ag.exp(x)
    assert {row.module: row.calls for row in seen.by_module()} == {
        "": 1,
        "encoder": 1,
        "encoder/linear": 1,
    }
    assert len(seen.by_operation()) == 1
    assert "encoder/linear" in str(seen)


def test_einsum_flops() -> None:
    with profile() as seen:
        ag.einsum(np.ones((2, 3, 4)), np.ones((2, 4, 5)), subscripts="bij,bjk->bik")
    assert seen.by_operation()[0].flops == 2 * 2 * 3 * 4 * 5


def test_an_operation_that_moves_numbers_has_no_flops() -> None:
    with profile() as seen:
        ag.getitem(ag.reshape(np.ones((2, 3)), shape=(3, 2)), index=0)
    assert [row.flops for row in seen.by_operation()] == [0, 0]


def test_flops_without_a_counter_are_one_per_element_read_or_returned() -> None:
    assert ag.flops_of("sum", np.float32(3), (np.ones((2, 3)),), {}) == 6
    assert ag.flops_of("add", np.ones((2, 3)), (np.ones(3), 1.0), {}) == 6


def test_the_gradient_table_names_every_primitive() -> None:
    text = gradient_table("pmt_autograd")
    for entry in ag.primitives_of("pmt_autograd"):
        assert f"| `{entry.name}` |" in text
    assert "| complex |" in text
    assert "| central |" in text


def test_the_gradient_table_fails_without_samples() -> None:
    entry = ag.REGISTRY["tanh"]
    maker, entry.sample_maker = entry.sample_maker, None
    try:
        with pytest.raises(StateError, match="'tanh'.*has no samples"):
            gradient_table("pmt_autograd")
    finally:
        entry.sample_maker = maker


def test_the_committed_gradient_table_is_up_to_date(root) -> None:
    """It names the primitives there are; the numbers themselves differ between machines."""
    text = (root / "docs" / "gradients.md").read_text()
    for entry in ag.primitives_of("pmt_autograd"):
        assert f"| `{entry.name}` |" in text, f"run hatch run gradient_table: no {entry.name}"
