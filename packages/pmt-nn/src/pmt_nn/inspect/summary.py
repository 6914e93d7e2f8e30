"""A table of a model: its modules, what they give, how large they are and what they cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pmt_autograd import Tensor, no_grad, operation_hook
from pmt_nn.inspect.flops import operation_cost
from pmt_nn.module.hooks import module_hook
from pmt_nn.module.module import Module


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """One module.

    Attributes:
        name: dotted; "" is the model itself.
        kind: its class.
        output: shapes of what its latest call gave; empty where it was not called.
        parameters: learned numbers in it and all below it, a tied one once.
        bytes: memory of those.
        flops: operations of its calls in one forward pass, all below it included.
        frozen: parameters among them that are not trained.
    """

    name: str
    kind: str
    output: tuple[tuple[int, ...], ...]
    parameters: int
    bytes: int
    flops: int
    frozen: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Rows in the order of attributes; the first is the whole model. `str()` gives the table."""

    rows: tuple[SummaryRow, ...]

    @property
    def total(self) -> SummaryRow:
        """The whole model."""
        return self.rows[0]

    def __str__(self) -> str:
        head = ("module", "kind", "output", "parameters", "bytes", "FLOPs")
        cells = [head, *map(_cells, self.rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
        lines = ["  ".join(_aligned(row, widths)).rstrip() for row in cells]
        lines.insert(1, "  ".join("-" * width for width in widths))
        total = self.total
        if total.frozen:
            lines.append(f"{total.frozen:,} of {total.parameters:,} parameters are frozen")
        return "\n".join(lines)


def summary(model: Module, *inputs: Any, **settings: Any) -> Summary:
    """Run one forward pass with the inputs, without recording, and tell what was seen.

    Without inputs the table has no shapes and no FLOPs. In training mode give what a pass in
    training needs (rng), or call model.eval() first. FLOPs: see `operation_cost`.
    """
    seen = _Pass()
    if inputs or settings:
        with no_grad(), operation_hook(seen.operation), module_hook(seen.call):
            model(*inputs, **settings)
    return Summary(tuple(_row(name, module, seen) for name, module in model.named_modules()))


class _Pass:
    """What one forward pass showed, by module."""

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
            cost = operation_cost(name, arrays, result[0], settings)
            for module in set(self.running):
                self.flops[module] = self.flops.get(module, 0) + cost
            return result

        return counted


def _shapes(output: Any) -> list[tuple[int, ...]]:
    if isinstance(output, Tensor):
        return [output.shape]
    if isinstance(output, (tuple, list)):
        return [shape for item in output for shape in _shapes(item)]
    return []


def _row(name: str, module: Module, seen: _Pass) -> SummaryRow:
    parameters = list(module.parameters())
    return SummaryRow(
        name=name,
        kind=type(module).__name__,
        output=seen.outputs.get(id(module), ()),
        parameters=sum(p.size for p in parameters),
        bytes=sum(p.data.nbytes for p in parameters),
        flops=seen.flops.get(id(module), 0),
        frozen=sum(p.size for p in parameters if not p.requires_grad),
    )


def _cells(row: SummaryRow) -> tuple[str, ...]:
    return (
        row.name or "(model)",
        row.kind,
        ", ".join(str(shape) for shape in row.output),
        f"{row.parameters:,}",
        f"{row.bytes:,}",
        f"{row.flops:,}",
    )


def _aligned(row: tuple[str, ...], widths: list[int]) -> list[str]:
    """Words to the left, numbers to the right."""
    return [
        cell.ljust(width) if i < 3 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
