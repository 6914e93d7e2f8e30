"""One part after the other."""

from __future__ import annotations

from typing import Any

from pmt_nn.container import Container


class Sequential(Container):
    """Each part gets what the one before gives; a tuple becomes several inputs.

    Sequential(Linear(784, 128, rng), relu, Dropout(0.1), Linear(128, 10, rng))
    """

    def forward(self, *inputs: Any, **settings: Any) -> Any:
        """Inputs of the first part -> output of the last; without parts the inputs themselves."""
        self.check(settings)
        for i in range(len(self.parts)):
            output = self.call(i, inputs, settings)
            inputs = output if isinstance(output, tuple) else (output,)
        return inputs[0] if len(inputs) == 1 else inputs
