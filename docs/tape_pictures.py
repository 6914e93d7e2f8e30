"""Makes what docs/tape.md shows of a two-layer network: its picture, its trace and its profile.

python docs/tape_pictures.py

Writes docs/img/two_layers.png and .svg, and the two blocks of docs/tape.md between the markers
`<!-- trace -->` and `<!-- profile -->`. Needs matplotlib and pmt_nn.
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
    """d -> f -> n, with tanh in between."""

    def __init__(self, d: int, f: int, n: int, rng: np.random.Generator) -> None:
        self.hidden = Linear(d, f, rng=rng)
        self.output = Linear(f, n, rng=rng)

    def forward(self, x: Tensor) -> Tensor:
        """x: (b, d); returns (b, n)."""
        return self.output(ag.tanh(self.hidden(x)))


def plain_network() -> tuple[Tensor, dict[str, Tensor]]:
    """The same in plain operations, so that the picture shows each."""
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
    """The profile of a training step of TwoLayers, the quickest of ten."""
    rng = np.random.default_rng(0)
    model = TwoLayers(64, 256, 10, rng)
    x = Tensor(rng.normal(size=(512, 64)).astype(np.float32))
    labels = rng.integers(0, 10, 512)
    names = {id(module): name or "model" for name, module in model.named_modules()}

    def under_its_name(module: Module, run: Callable[[], Any]) -> Any:
        with profile_scope(names[id(module)]):
            return run()

    steps = []
    for _ in range(10):
        with profile() as seen, module_hook(under_its_name):
            cross_entropy(model(x), labels).backward()
        steps.append(seen)
    return str(min(steps, key=lambda seen: sum(row.seconds for row in seen.by_operation())))


def replace_block(text: str, marker: str, content: str) -> str:
    """`text` with what stands in the fence below a marker replaced."""
    pattern = rf"(<!-- {marker} -->\n```text\n).*?(```)"
    return re.sub(pattern, lambda m: f"{m[1]}{content}\n{m[2]}", text, flags=re.DOTALL)


def main() -> None:
    """Draw, measure, and write."""
    loss, names = plain_network()
    for suffix in ("png", "svg"):
        draw_tape(loss, DOCS / "img" / f"two_layers.{suffix}", names)
    page = DOCS / "tape.md"
    text = replace_block(page.read_text("utf-8"), "trace", tape_trace(loss, names))
    page.write_text(replace_block(text, "profile", training_step_profile()), "utf-8")


if __name__ == "__main__":
    main()
