"""Reverse-mode differentiation: `Tensor`, the tape, `@primitive`, and the tensor operations.

Read `primitive.py`, `walk.py` and one operation (`elementary.py`), in this order.
"""

from pmt_autograd.tensor import Tensor, values  # isort: skip (the operations import it)
from pmt_autograd.arithmetic import add, divide, multiply, negative, power, subtract
from pmt_autograd.array_types import Array, Backward, Gradient, Gradients, Result, Wanted
from pmt_autograd.cast import astype
from pmt_autograd.elementary import exp, log, sigmoid, softplus, sqrt, tanh
from pmt_autograd.indexing import getitem, take_rows
from pmt_autograd.joining import concat, stack
from pmt_autograd.matmul import matmul
from pmt_autograd.primitive import primitive
from pmt_autograd.recording import is_recording, no_grad
from pmt_autograd.reduction import max, mean, min, sum, var
from pmt_autograd.registry import REGISTRY, Primitive, Sample, samples
from pmt_autograd.selection import absolute, maximum, minimum, relu, where
from pmt_autograd.shape import broadcast_to, reshape, swapaxes, transpose
from pmt_autograd.softmax import log_softmax, logsumexp, softmax
from pmt_autograd.walk import gradients

__all__ = [
    "REGISTRY",
    "Array",
    "Backward",
    "Gradient",
    "Gradients",
    "Primitive",
    "Result",
    "Sample",
    "Tensor",
    "Wanted",
    "absolute",
    "add",
    "astype",
    "broadcast_to",
    "concat",
    "divide",
    "exp",
    "getitem",
    "gradients",
    "is_recording",
    "log",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "negative",
    "no_grad",
    "power",
    "primitive",
    "relu",
    "reshape",
    "samples",
    "sigmoid",
    "softmax",
    "softplus",
    "sqrt",
    "stack",
    "subtract",
    "sum",
    "swapaxes",
    "take_rows",
    "tanh",
    "transpose",
    "values",
    "var",
    "where",
]
