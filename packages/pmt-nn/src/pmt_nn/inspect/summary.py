"""Summary of a model: output shapes, parameters, bytes and FLOPs of its modules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmt_autograd import Tensor, flops_of, no_grad, operation_hook
from pmt_nn.module.hooks import module_hook
from pmt_nn.module.module import Module


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """Row of a module. All numbers include submodules.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, Sequential, summary
        >>> rng = np.random.default_rng(0)
        >>> model = Sequential(Linear(64, 32, rng).freeze(), Linear(32, 10, rng))
        >>> [(row.name, row.parameters, row.frozen) for row in summary(model).rows]
        [('', 2410, 2080), ('parts.0', 2080, 2080), ('parts.1', 330, 0)]
    """

    name: str  # dotted name; "" is the model itself
    kind: str  # name of the class
    output: tuple[tuple[int, ...], ...]  # shapes of the latest call's output; empty if not called
    parameters: int  # number of parameters, a tied one counted once
    bytes: int  # memory of the parameters
    flops: int  # floating-point operations of its calls in one forward pass
    frozen: int  # number of parameters that are not trained


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows in the order of attributes, the whole model first. `str()` returns the table.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, summary
        >>> table = summary(Linear(64, 10, np.random.default_rng(0)), np.ones((1, 64), np.float32))
        >>> table.total.parameters, table.total.flops, table.total.output
        (650, 1290, ((1, 10),))
    """

    rows: tuple[SummaryRow, ...]

    @property
    def total(self) -> SummaryRow:
        """The row of the whole model."""
        return self.rows[0]

    def __str__(self) -> str:
        head = ("module", "kind", "output", "parameters", "bytes", "FLOPs")
        cells = [head, *map(_cells, self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        aligned = "  ".join(f"{{:{'<' if i < 3 else '>'}{n}}}" for i, n in enumerate(widths))
        lines = [aligned.format(*row).rstrip() for row in cells]  # text left, numbers right
        lines.insert(1, "  ".join("-" * width for width in widths))
        if (total := self.total).frozen:
            lines.append(f"{total.frozen:,} of {total.parameters:,} parameters are frozen")
        return "\n".join(lines)


def summary(model: Module, *inputs: Any, **settings: Any) -> Summary:
    """Run one forward pass without recording, and return a table of the modules.

    Without inputs the table has neither shapes nor FLOPs, which are counted by `flops_of`, as in
    `profile()`. In training mode pass what training needs (rng), or call model.eval() first.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, ReLU, Sequential, summary
        >>> rng = np.random.default_rng(0)
        >>> model = Sequential(Linear(784, 128, rng), ReLU(), Linear(128, 10, rng))
        >>> print(summary(model, np.ones((32, 784), np.float32)))
        module   kind        output     parameters    bytes      FLOPs
        -------  ----------  ---------  ----------  -------  ---------
        (model)  Sequential  (32, 10)      101,770  407,080  6,512,960
        parts.0  Linear      (32, 128)     100,480  401,920  6,426,624
        parts.1  ReLU        (32, 128)           0        0      4,096
        parts.2  Linear      (32, 10)        1,290    5,160     82,240
    """
    forward = _ForwardPass()
    if inputs or settings:
        with no_grad(), operation_hook(forward.operation), module_hook(forward.call):
            model(*inputs, **settings)
    return Summary(tuple(_row(name, module, forward) for name, module in model.named_modules()))


class _ForwardPass:
    """FLOPs and output shapes of one forward pass, by module."""

    def __init__(self) -> None:
        self.running: list[int] = []
        self.flops: dict[int, int] = {}
        self.outputs: dict[int, tuple[tuple[int, ...], ...]] = {}

    def call(self, module: Module, run: Callable[[], Any]) -> Any:
        self.running.append(id(module))
        try:
            output = run()
        finally:
            self.running.pop()
        self.outputs[id(module)] = tuple(_shapes(output))
        return output

    def operation(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arrays: Any, **settings: Any) -> Any:
            result = function(*arrays, **settings)
            flops = flops_of(name, result[0], arrays, settings)
            for module in set(self.running):
                self.flops[module] = self.flops.get(module, 0) + flops
            return result

        return counted


def _shapes(output: Any) -> list[tuple[int, ...]]:
    if isinstance(output, Tensor):
        return [output.shape]
    if isinstance(output, (tuple, list)):
        return [shape for item in output for shape in _shapes(item)]
    return []


def _row(name: str, module: Module, forward: _ForwardPass) -> SummaryRow:
    parameters = list(module.parameters())
    return SummaryRow(
        name=name,
        kind=type(module).__name__,
        output=forward.outputs.get(id(module), ()),
        parameters=sum(p.size for p in parameters),
        bytes=sum(p.data.nbytes for p in parameters),
        flops=forward.flops.get(id(module), 0),
        frozen=sum(p.size for p in parameters if not p.requires_grad),
    )


def _cells(row: SummaryRow) -> tuple[str, ...]:
    shapes = ", ".join(map(str, row.output))
    numbers = (f"{n:,}" for n in (row.parameters, row.bytes, row.flops))
    return row.name or "(model)", row.kind, shapes, *numbers
