"""Chapter 11: a recurrent network unrolled, vanishing gradients, an LSTM, and a test of memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.drawing import (
    BLUE,
    GRAY,
    LIGHT_BLUE,
    LIGHT_GREEN,
    LIGHT_PURPLE,
    LIGHT_YELLOW,
    RED,
    arrow,
    box,
    canvas,
    figure_saved,
    label,
)
from pmt_autograd import Tensor, gradients
from pmt_nn import gru_scan, lstm_scan, orthogonal, rnn_scan

PICTURES = ("11_unrolled.png", "11_vanishing.png", "11_lstm.png", "11_recall.png")
MEASURED = Path(__file__).resolve().parents[1] / "measured"


def draw_unrolled(path: Path) -> None:
    """Draw four steps with their shapes; the gradient goes back in red."""
    with figure_saved(path, 10, 4.8) as figure:
        axes = canvas(figure)
        xs = (2.0, 4.3, 6.6, 8.9)
        start = box(axes, (0.55, 2.2), "$h_0 = 0$", 0.8, color=LIGHT_PURPLE)
        last = start
        for t, x in enumerate(xs, 1):
            word = box(axes, (x, 0.5), f"word $x_{t}$", 1.1, 0.46, color=LIGHT_BLUE)
            cell = box(axes, (x, 2.2), "tanh", 1.1, 0.7, color=LIGHT_GREEN)
            loss = box(axes, (x, 3.95), f"loss, from $h_{t}$", 1.4, 0.46, color=LIGHT_YELLOW)
            arrow(axes, word.top, cell.bottom, "(b, d)", fontsize=9)
            ends = (x - 0.12, cell.top[1]), (x - 0.12, loss.bottom[1])
            arrow(axes, *ends, f"$h_{t}$ (b, n)", fontsize=9, offset=(-0.08, 0))
            ends = (x + 0.12, loss.bottom[1]), (x + 0.12, cell.top[1])
            arrow(axes, *ends, f"$g_{t}$", color=RED)
            right, left = (last.right[0], 2.32), (cell.left[0], 2.32)
            arrow(axes, right, left, f"$h_{t - 1}$ (b, n)" if t > 1 else "", fontsize=9)
            if t > 1:
                left, right = (cell.left[0], 2.05), (last.right[0], 2.05)
                slope = f"$\\partial L/\\partial z_{t}$ $U^T$"
                arrow(axes, left, right, slope, color=RED, offset=(0, -0.2), fontsize=9)
            last = cell
        weights = (
            "the same at every tanh: $W$ (d, n) from the word, $U$ (n, n) from the state, $b$ (n,)"
        )
        label(axes, (5.0, 4.55), weights)


def reach(scan, gates: int, r: float = 1.0, forget: float = 0.0, t: int = 50) -> list[float]:
    """Return the length of the gradient 0, 1, ... t steps back, for one of length 1 at the end."""
    n = 32
    rng = np.random.default_rng(1)
    weight = np.concatenate(
        [r * orthogonal(rng, (n, n), dtype=np.float64) for _ in range(gates)], axis=1
    )
    x = 0.5 * rng.normal(size=(1, t, gates * n))
    x[..., n : 2 * n] += forget
    starts = [0.1 * rng.normal(size=(1, n)) for _ in range(2)]
    grad = rng.normal(size=(1, n))
    grad /= np.linalg.norm(grad)
    found = [1.0]
    for back in range(1, t + 1):  # the states before the last `back` steps are made leaves
        state = starts
        head, tail = x[:, : t - back], x[:, t - back :]
        if scan is lstm_scan:
            if back < t:
                both = scan(head, weight, *state)
                last = both.data if isinstance(both, Tensor) else both
                state = [last[:, -1, :n], last[:, -1, n:]]
            leaf = Tensor(state[1], requires_grad=True)
            end = scan(tail, weight, state[0], leaf)[:, -1, n:]
        else:
            bias = [np.zeros(gates * n)] if scan is gru_scan else []
            if back < t:
                both = scan(head, weight, *bias, state[0])
                state = [(both.data if isinstance(both, Tensor) else both)[:, -1]]
            leaf = Tensor(state[0], requires_grad=True)
            end = scan(tail, weight, *bias, leaf)[:, -1]
        found.append(float(np.linalg.norm(gradients((end * grad).sum())[leaf])))
    return found


def draw_vanishing(path: Path) -> None:
    """Draw the length of the gradient against the steps it went back."""
    with figure_saved(path, 10, 4.2) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        for r, style in ((0.5, ":"), (1.0, "-"), (1.5, "--"), (3.0, "-.")):
            left.semilogy(reach(rnn_scan, 1, r), style, color=RED, label=f"r = {r}")
        for name, scan, gates, forget, style, color in (
            ("LSTM, forget bias 0", lstm_scan, 4, 0, ":", BLUE),
            ("LSTM, forget bias 1", lstm_scan, 4, 1, "--", BLUE),
            ("LSTM, forget bias 4", lstm_scan, 4, 4, "-", BLUE),
            ("GRU, update bias 4", gru_scan, 3, 4, "-", GRAY),
        ):
            right.semilogy(
                reach(scan, gates, forget=forget), style, color=color, label=name, linewidth=1.8
            )
        left.set(title="tanh network, U is r times orthogonal", ylabel="length of the gradient")
        right.set(title="gated networks, U is orthogonal")
        left.set_ylim(1e-21, 1e9)
        for axes in (left, right):
            axes.axhline(1, color=GRAY, linewidth=0.8)
            axes.set_xlabel("steps back")
            axes.legend(loc="lower left")


def draw_lstm(path: Path) -> None:
    """Draw one step of an LSTM with its shapes."""
    with figure_saved(path, 10, 5) as figure:
        axes = canvas(figure)
        label(axes, (0.6, 4.4), "cell $c_{t-1}$\n(b, n)")
        label(axes, (0.6, 0.75), "state $h_{t-1}$\n(b, n)")
        label(axes, (1.9, 0.2), "word $x_t$  (b, d)")
        dense = box(axes, (4.2, 0.75), "four dense layers of $x_t$ and $h_{t-1}$", 5.4, 0.46,
                    color=LIGHT_YELLOW)  # fmt: skip
        arrow(axes, (1.1, 0.75), dense.left)
        arrow(axes, (2.75, 0.22), (3.4, 0.5))
        names = (
            (2.2, "$f_t = \\sigma$", LIGHT_GREEN),
            (3.5, "$i_t = \\sigma$", LIGHT_GREEN),
            (4.9, "tanh $\\tilde c_t$", LIGHT_PURPLE),
            (6.3, "$o_t = \\sigma$", LIGHT_GREEN),
        )
        gates = [box(axes, (x, 1.85), text, 1.05, 0.46, color=color) for x, text, color in names]
        for gate in gates:
            arrow(axes, (gate.bottom[0], 0.98), gate.bottom, "(b, n)", fontsize=9)
        forget = box(axes, (2.2, 4.4), "×", 0.44, 0.44, fontsize=13)
        write = box(axes, (4.2, 3.0), "×", 0.44, 0.44, fontsize=13)
        add = box(axes, (4.2, 4.4), "+", 0.44, 0.44, fontsize=13)
        tanh = box(axes, (7.6, 3.45), "tanh", 0.9, 0.44, color=LIGHT_PURPLE)
        show = box(axes, (7.6, 1.85), "×", 0.44, 0.44, fontsize=13)
        arrow(axes, (1.15, 4.4), forget.left, color=BLUE)
        arrow(axes, forget.right, add.left, "kept", color=BLUE)
        arrow(axes, add.right, (9.0, 4.4), "the cell: no matrix on this way", color=BLUE)
        arrow(axes, gates[0].top, forget.bottom, "forget", fontsize=9)
        arrow(axes, gates[1].top, write.left, "input", fontsize=9, offset=(-0.2, 0.1))
        arrow(axes, gates[2].top, write.right, "candidate", fontsize=9, offset=(0.25, 0.1))
        arrow(axes, write.top, add.bottom, "written", fontsize=9)
        arrow(axes, gates[3].right, show.left, "output", fontsize=9)
        arrow(axes, (7.6, 4.4), tanh.top, color=BLUE)
        arrow(axes, tanh.bottom, show.top, "(b, n)", fontsize=9)
        arrow(axes, show.right, (9.0, 1.85))
        label(axes, (9.5, 4.4), "cell $c_t$\n(b, n)")
        label(axes, (9.5, 1.85), "state $h_t$\n(b, n)")


def draw_recall(path: Path) -> None:
    """Draw the shares of measured/recall.csv."""
    lines = (MEASURED / "recall.csv").read_text(encoding="utf-8").splitlines()
    lengths = [int(length) for length in lines[1].split(",")[1:]]
    with figure_saved(path, 8, 4) as figure:
        axes = figure.subplots()
        for line, style in zip(lines[2:], ("o-", "s-", "^-", "D--"), strict=True):
            name, *shares = line.split(",")
            axes.plot(lengths, [float(share) for share in shares], style, label=name)
        axes.axhline(1 / 8, color=GRAY, linewidth=1, linestyle=":", label="guessing")
        axes.set_xscale("log")
        axes.set_xticks(lengths, [str(length) for length in lengths])
        axes.minorticks_off()
        axes.set(xlabel="length of the sequence", ylabel="right answers", ylim=(0, 1.05))
        axes.legend(loc="center left")


def draw(folder: Path) -> None:
    """Write PICTURES to `folder`."""
    drawings = (draw_unrolled, draw_vanishing, draw_lstm, draw_recall)
    for name, drawing in zip(PICTURES, drawings, strict=True):
        drawing(folder / name)
