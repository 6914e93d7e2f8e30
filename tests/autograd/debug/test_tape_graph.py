"""The tape as text and as a picture."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import pmt_autograd as ag
from pmt_autograd import Tensor, draw_tape, tape_graph, tape_trace
from pmt_autograd.debug.tape_graph import _layout
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


def test_the_picture_has_a_box_for_each_node(tmp_path) -> None:
    pytest.importorskip("matplotlib")
    loss, names = network()
    draw_tape(loss, tmp_path / "tape.svg", names)
    picture = (tmp_path / "tape.svg").read_text()
    boxes = set(re.findall(r'id="(text_\d+)"', picture))
    assert len(boxes) == len(tape_graph(loss))


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_tape_gives_the_same_file(tmp_path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    loss, names = network()
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    draw_tape(loss, first, names)
    draw_tape(loss, second, names)
    assert first.read_bytes() == second.read_bytes()


def test_boxes_of_the_picture_do_not_overlap() -> None:
    x = Tensor(np.ones(2), requires_grad=True)
    left, right = ag.exp(x), ag.tanh(x)
    y = (left * right + left) / (right + ag.sin(x) * Tensor(np.ones(2), requires_grad=True))
    graph = tape_graph(y)
    positions = _layout(graph)
    assert len(set(positions)) == len(graph)
    for node, (_, row) in zip(graph, positions, strict=True):
        assert all(positions[i][1] < row for i in node.inputs)


def test_a_picture_without_matplotlib_names_the_cure(tmp_path, monkeypatch) -> None:
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    loss, _ = network()
    with pytest.raises(StateError, match="pip install matplotlib"):
        draw_tape(loss, tmp_path / "tape.png")
    assert not list(tmp_path.iterdir())
