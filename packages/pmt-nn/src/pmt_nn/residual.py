"""The skip connection (He et al. 2015)."""

from __future__ import annotations

from typing import Any

from pmt_autograd import Tensor
from pmt_core import ShapeError
from pmt_nn.container import Container
from pmt_nn.pass_settings import Part


class Residual(Container):
    """x + f(x). With a shortcut, shortcut(x) + f(x), e.g. a projection where shapes differ."""

    def __init__(self, function: Part, shortcut: Part | None = None) -> None:
        super().__init__(*([function] if shortcut is None else [function, shortcut]))

    def forward(self, x: Tensor, **settings: Any) -> Tensor:
        """x: whatever f takes. Raises ShapeError where f changes the shape."""
        self.check(settings)
        y = self.call(0, (x,), settings)
        skipped = self.call(1, (x,), settings) if len(self.parts) > 1 else x
        if skipped.shape != y.shape:
            raise ShapeError(
                f"a residual connection adds equal shapes, got {skipped.shape} and {y.shape}; "
                "give a shortcut that changes the shape, too"
            )
        total: Tensor = skipped + y
        return total
