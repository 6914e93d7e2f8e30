"""Pictures are made of whatever comes, without a warning (warnings are errors here)."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from pmt_core import ShapeError
from pmt_train import (
    AttentionMap,
    History,
    attention_plot,
    confusion_plot,
    learning_curves,
    plot_label,
    token_loss_plot,
)

ODD = ["<cls>", "日本", "🙂", "$x^2$", "a$b", "\\frac{", "", " ", "\n\t\0", "é", "ا", "_" * 60, "%"]


def size_of(path):
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")


def row(epoch, **more):
    return {"epoch": epoch, "train_loss": 1 / epoch, "lr": 1e-3, **more}


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(1)],
        [row(1, dev_accuracy=0.5)],
        [row(i, dev_accuracy=i / 9, dev_loss=1.0, dev_f1=0.5) for i in range(1, 9)],
        [row(1, dev_accuracy=math.nan), row(2, dev_accuracy=0.5, dev_loss=math.inf)],
        [{"epoch": 1, "train_loss": math.nan, "lr": 0.0}],
        [row(i, **{"dev_$odd_日": 0.1}) for i in range(1, 60)],
    ],
)
def test_learning_curves(tmp_path, rows):
    path = tmp_path / "curves.png"
    learning_curves(path, History(rows=rows, best_epoch=1 if rows else None))
    width, height = size_of(path)
    assert width >= 300
    assert height >= 300


@pytest.mark.parametrize("n", [1, 2, 9, 30])
def test_confusion(tmp_path, n):
    rng = np.random.default_rng(n)
    matrix = rng.integers(0, 1000, (n, n))
    matrix[0] = 0  # a class that does not occur
    names = (ODD * 3)[:n]
    confusion_plot(tmp_path / "c.png", matrix, names, title="of $dev$")
    size_of(tmp_path / "c.png")
    with pytest.raises(ShapeError, match="classes need a matrix"):
        confusion_plot(tmp_path / "c.png", matrix, [*names, "more"])


@pytest.mark.parametrize(("queries", "keys", "maps"), [(1, 1, 1), (13, 5, 3), (50, 50, 2)])
def test_attention(tmp_path, queries, keys, maps):
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(keys), queries)
    weights[0, 0] = np.nan
    one = AttentionMap("head $1", (ODD * 9)[:queries], (ODD * 9)[:keys], weights)
    attention_plot(tmp_path / "a.png", [one] * maps, title="pair $2$ \0", columns=3)
    size_of(tmp_path / "a.png")


def test_attention_of_nothing(tmp_path):
    zero = AttentionMap("masked", ["a"], ["b", "c"], np.zeros((1, 2)))
    attention_plot(tmp_path / "a.png", [zero])
    gone = AttentionMap("nan", ["a"], ["b", "c"], np.full((1, 2), np.nan, np.float32))
    attention_plot(tmp_path / "a.png", [gone])
    with pytest.raises(ShapeError, match="at least one attention map"):
        attention_plot(tmp_path / "a.png", [])
    for wrong in (
        AttentionMap("x", ["a"], ["b"], np.ones((2, 1))),
        AttentionMap("x", [], [], np.ones((0, 0))),
    ):
        with pytest.raises(ShapeError, match="need weights of shape"):
            attention_plot(tmp_path / "a.png", [wrong])


@pytest.mark.parametrize("tokens", [[], ["a"], list("two\nlines"), ODD, ["word "] * 40], ids=len)
def test_surprise(tmp_path, tokens):
    path = tmp_path / "surprise.png"
    bits = [math.nan, math.inf, 0.0, -0.0, 99.0][: len(tokens)]
    token_loss_plot(path, tokens, bits + [1.5] * (len(tokens) - len(bits)), "a $title_", columns=20)
    width, height = size_of(path)
    assert width >= 300
    assert height >= 100
    with pytest.raises(ShapeError, match="bits"):
        token_loss_plot(path, ["a"], [])


def test_a_text_of_more_lines_makes_a_taller_picture(tmp_path):
    heights = []
    for text in ("x" * 20, "x" * 21, "x\nx\nx\nx\n"):
        token_loss_plot(tmp_path / "s.png", list(text), [1.0] * len(text), columns=20)
        heights.append(size_of(tmp_path / "s.png")[1])
    assert heights[0] < heights[1] < heights[2]


def test_labels():
    assert plot_label("plain é") == "plain é"
    assert plot_label("日x") == "\ufffdx"
    assert plot_label(" a b ") == "\N{OPEN BOX}a b\N{OPEN BOX}"
    assert plot_label("x" * 30, 5) == "xxxx…"
    assert plot_label("$a$") == r"\$a\$"


def test_pictures_need_no_screen_and_leave_no_state(tmp_path):
    code = (
        "import sys, pmt_train\n"
        "heavy = [m for m in sys.modules if m.split('.')[0] in ('matplotlib', 'PIL')]\n"
        "assert not heavy, heavy\n"
        "from pathlib import Path\n"
        f"pmt_train.learning_curves(Path({str(tmp_path / 'c.png')!r}), pmt_train.History())\n"
        "assert 'matplotlib' in sys.modules and 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
    size_of(tmp_path / "c.png")
