"""Branches beside each other."""

from __future__ import annotations

from typing import Any

from pmt_core import ShapeError
from pmt_nn.container import Container
from pmt_nn.pass_settings import Part


class Parallel(Container):
    """Every branch runs; the outputs come back as a tuple.

    split: False gives all inputs to every branch; True gives input i to branch i.
    """

    def __init__(self, *branches: Part, split: bool = False) -> None:
        super().__init__(*branches)
        self.split = split

    def forward(self, *inputs: Any, **settings: Any) -> tuple[Any, ...]:
        """One output per branch."""
        self.check(settings)
        if not self.split:
            return tuple(self.call(i, inputs, settings) for i in range(len(self.parts)))
        if len(inputs) != len(self.parts):
            raise ShapeError(
                f"{len(self.parts)} branches want as many inputs, got {len(inputs)}; "
                "split=False gives all inputs to every branch"
            )
        return tuple(self.call(i, (x,), settings) for i, x in enumerate(inputs))
