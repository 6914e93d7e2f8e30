"""Make the picture, the trace and the profile of a two-layer network for docs/tape.md.

python docs/tape_pictures.py

Writes docs/img/two_layers.png and .svg, and the blocks of docs/tape.md after the comments
`<!-- trace -->` and `<!-- profile -->`. Requires matplotlib.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import pmt_autograd as ag
from pmt_autograd import Tensor, draw_tape, profile, profile_scope, tape_trace
from pmt_nn import Linear, Module, cross_entropy, module_hook

DOCS = Path(__file__).resolve().parent


class TwoLayers(Module):
    """Two linear layers, d -> f -> n, with tanh in between."""

    def __init__(self, d: int, f: int, n: int, rng: np.random.Generator) -> None:
        self.hidden = Linear(d, f, rng=rng)
        self.output = Linear(f, n, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits (b, n) of x (b, d)."""
        return self.output(ag.tanh(self.hidden(x)))


def plain_network() -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a two-layer network in plain operations, and its parameters."""
    rng = np.random.default_rng(0)
    shapes = {"w1": (4, 16), "b1": (16,), "w2": (16, 3), "b2": (3,)}
    p = {
        name: Tensor(rng.normal(size=s).astype(np.float32), requires_grad=True)
        for name, s in shapes.items()
    }
    x = rng.normal(size=(8, 4)).astype(np.float32)
    h = ag.tanh(x @ p["w1"] + p["b1"])
    y = h @ p["w2"] + p["b2"]
    chosen = ag.log_softmax(y)[np.arange(8), rng.integers(0, 3, 8)]
    return -chosen.mean(), p


def training_step_profile() -> str:
    """Return the profile of a training step of TwoLayers, the fastest of ten."""
    rng = np.random.default_rng(0)
    model = TwoLayers(64, 256, 10, rng)
    x = Tensor(rng.normal(size=(512, 64)).astype(np.float32))
    labels = rng.integers(0, 10, 512)
    names = {id(module): name or "model" for name, module in model.named_modules()}

    def named(module: Module, run: Callable[[], Any]) -> Any:
        with profile_scope(names[id(module)]):
            return run()

    steps = []
    for _ in range(10):
        with profile() as measured, module_hook(named):
            cross_entropy(model(x), labels).backward()
        steps.append(measured)
    return str(min(steps, key=lambda step: sum(row.seconds for row in step.by_operation())))


def replace_block(text: str, marker: str, content: str) -> str:
    """Return `text` with the content of the code block after a comment replaced."""
    pattern = rf"(<!-- {marker} -->\n```text\n).*?(```)"
    return re.sub(pattern, lambda m: f"{m[1]}{content}\n{m[2]}", text, flags=re.DOTALL)


def main() -> None:
    """Draw, measure and write."""
    loss, names = plain_network()
    for suffix in ("png", "svg"):
        draw_tape(loss, DOCS / "img" / f"two_layers.{suffix}", names)
    page = DOCS / "tape.md"
    text = replace_block(page.read_text("utf-8"), "trace", tape_trace(loss, names))
    page.write_text(replace_block(text, "profile", training_step_profile()), "utf-8")


if __name__ == "__main__":
    main()
