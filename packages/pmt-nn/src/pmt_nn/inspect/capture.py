"""Capture attention weights and module outputs of a forward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pmt_autograd import Array, Tensor, operation_hook
from pmt_nn.attention.biased import biased_attention
from pmt_nn.attention.kernel import attention_weights, split_packed
from pmt_nn.attention.ragged_attention import ragged_attention
from pmt_nn.attention.relative import relative_attention, relative_weights
from pmt_nn.attention.scaled_dot_product import attention, packed_attention
from pmt_nn.attention.unpadded import RaggedLayout, from_ragged, pad_rows, to_ragged
from pmt_nn.module.hooks import module_hook
from pmt_nn.module.module import Module

Captured = dict[str, Array]
"""Dotted name of a module and of the array -> array."""


@contextmanager
def capture(model: Module, *, outputs: bool = False) -> Iterator[Captured]:
    """Capture the attention weights of the calling thread's passes through `model`.

    Every attention module adds its weights before dropout, (b, h, t, s), under its dotted name and
    "weights". outputs: also capture the output of every module, under its name and "output" (for a
    tuple of tensors "output.0", "output.1", ...). Rows of an unpadded batch are padded again. A
    later pass replaces the arrays of an earlier one. Built on `module_hook` and `operation_hook`,
    so the results of the model do not change.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import TransformerConfig, TransformerEncoder, capture
        >>> rng = np.random.default_rng(0)
        >>> model = TransformerEncoder(TransformerConfig(width=8, heads=2, layers=1), rng).eval()
        >>> with capture(model) as captured:
        ...     y = model(rng.normal(size=(1, 5, 8)).astype(np.float32))
        >>> {name: weights.shape for name, weights in captured.items()}
        {'layers.0.attention.weights': (1, 2, 5, 5)}
        >>> np.allclose(captured["layers.0.attention.weights"].sum(axis=-1), 1)
        True
    """
    state = _Capture(model, outputs)
    with module_hook(state.call), operation_hook(state.operation):
        yield state.captured


class _Capture:
    """The arrays captured so far, and the modules that are running."""

    def __init__(self, model: Module, outputs: bool) -> None:
        self.captured: Captured = {}
        self._names = {id(module): name for name, module in model.named_modules()}
        self._outputs = outputs
        self._running: list[Module] = []
        self._layouts: list[RaggedLayout | None] = [None]  # of each running module, outermost first

    def call(self, module: Module, run: Callable[[], Any]) -> Any:
        """Capture the output of a module; a `ModuleHook`."""
        self._running.append(module)
        self._layouts.append(self._layouts[-1])
        try:
            output = run()
            if self._outputs:
                self._add_output(module, output)
        finally:
            self._running.pop()
            self._layouts.pop()
        return output

    def operation(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Capture the weights of an attention primitive; an `OperationHook`."""
        weights = _WEIGHTS.get(name)
        if name == to_ragged.__name__ or name == from_ragged.__name__:
            return self._follow_layout(name, function)
        if weights is None or not self._running:
            return function

        def run(*arrays: Any, **settings: Any) -> Any:
            named = {key: settings[key] for key in ("heads", "mask", "layout") if key in settings}
            self._add(self._running[-1], "weights", weights(*arrays, **named))
            return function(*arrays, **settings)

        return run

    def _follow_layout(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Keep the layout of the rows that modules exchange between `to_ragged` and its inverse."""

        def run(*arrays: Any, layout: RaggedLayout, **settings: Any) -> Any:
            self._layouts[-1] = layout if name == to_ragged.__name__ else None
            return function(*arrays, layout=layout, **settings)

        return run

    def _add_output(self, module: Module, output: Any) -> None:
        several = isinstance(output, tuple)
        for i, item in enumerate(output if several else (output,)):
            if isinstance(item, Tensor):
                array, layout = item.data, self._layouts[-1]
                if layout is not None and array.ndim == 2 and len(array) == len(layout.index):
                    array = pad_rows(array, layout)
                self._add(module, f"output.{i}" if several else "output", array)

    def _add(self, module: Module, what: str, array: Array) -> None:
        name = self._names.get(id(module))
        if name is not None:
            self.captured[f"{name}.{what}" if name else what] = array


def _ragged_weights(qkv: Array, *, heads: int, layout: RaggedLayout) -> Array:
    q, k, _ = split_packed(pad_rows(qkv, layout))
    return attention_weights(q, k, heads=heads, mask=layout.mask)


_WEIGHTS: dict[str, Callable[..., Array]] = {
    attention.__name__: lambda q, k, v, **settings: attention_weights(q, k, **settings),
    packed_attention.__name__: lambda qkv, **settings: attention_weights(
        *split_packed(qkv)[:2], **settings
    ),
    ragged_attention.__name__: _ragged_weights,
    biased_attention.__name__: lambda q, k, v, bias, **settings: attention_weights(
        q, k, bias=bias, **settings
    ),
    relative_attention.__name__: relative_weights,
}
"""Name of an attention primitive -> its weights (b, h, t, s), from its arguments."""
