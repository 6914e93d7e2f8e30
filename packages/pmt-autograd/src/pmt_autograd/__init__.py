"""Reverse-mode differentiation: `Tensor`, the tape, `@primitive`, and the tensor operations.

To understand it from the source, read `primitive.py`, `backward.py` and one file of operations,
e.g. `ops/elementwise.py`, in this order.
"""

# the backward pass
from pmt_autograd.backward import gradients

# debug: checks, guards, the profiler, the tape as a graph
from pmt_autograd.debug.check_primitive import PrimitiveReport, check_composed, check_primitive
from pmt_autograd.debug.gradient_table import gradient_table
from pmt_autograd.debug.guards import detect_anomaly, in_place_guard
from pmt_autograd.debug.profile import Profile, ProfileRow, profile, profile_scope
from pmt_autograd.debug.tape_graph import GraphNode, draw_tape, tape_graph, tape_trace
from pmt_autograd.debug.tape_values import ValueNode, tape_values

# recording, and hooks around operations
from pmt_autograd.grad_mode import (
    OperationHook,
    enable_grad,
    is_recording,
    no_grad,
    only_values,
    operation_hook,
)
from pmt_autograd.gradient_array import GradientArray

# ops: the operations, and the methods of Tensor
from pmt_autograd.ops.arithmetic import add, divide, multiply, negative, power, subtract
from pmt_autograd.ops.diagonals import diag, diagonal, trace, tril, triu
from pmt_autograd.ops.einsum import einsum
from pmt_autograd.ops.elementwise import (
    exp,
    exp2,
    expm1,
    log,
    log1p,
    log2,
    log10,
    logaddexp,
    sigmoid,
    silu,
    softplus,
    sqrt,
    square,
)
from pmt_autograd.ops.erf import erf, erf_values
from pmt_autograd.ops.indexing import getitem, masked, take_rows, where
from pmt_autograd.ops.join_split import concat, hstack, split, stack, vstack
from pmt_autograd.ops.matmul import matmul, outer, tensordot
from pmt_autograd.ops.piecewise import (
    absolute,
    clip,
    elu,
    leaky_relu,
    maximum,
    minimum,
    relu,
)
from pmt_autograd.ops.product import cumprod, cumsum, prod
from pmt_autograd.ops.rearrange import expand_dims, flip, moveaxis, pad, repeat, roll, squeeze, tile
from pmt_autograd.ops.reduction import max, mean, min, norm, std, sum, var
from pmt_autograd.ops.rounding import ceil, floor, floor_divide, mod, round, sign, trunc
from pmt_autograd.ops.scatter import scatter_add, set_items, take, take_along_axis
from pmt_autograd.ops.shape import astype, broadcast_to, reshape, swapaxes, transpose
from pmt_autograd.ops.softmax import log_softmax, logsumexp, softmax
from pmt_autograd.ops.sorting import argsort, sort, top_k
from pmt_autograd.ops.tensor_methods import bind_tensor_methods
from pmt_autograd.ops.trigonometry import (
    arccos,
    arccosh,
    arcsin,
    arcsinh,
    arctan,
    arctan2,
    arctanh,
    cos,
    cosh,
    sin,
    sinh,
    tan,
    tanh,
)

# primitives and tensors
from pmt_autograd.primitive import primitive
from pmt_autograd.recompute import recompute
from pmt_autograd.registry import (
    REGISTRY,
    Primitive,
    Sample,
    composed_form,
    counts_flops,
    flops_of,
    no_flops,
    primitives_of,
    samples,
)
from pmt_autograd.tensor import Tensor, values
from pmt_autograd.types import Array, Backward, Gradient, Gradients, NeedsGrad, Result

bind_tensor_methods()

# fmt: off
__all__ = [
    "REGISTRY", "Array", "Backward", "Gradient", "GradientArray", "Gradients", "GraphNode",
    "NeedsGrad", "OperationHook", "Primitive", "PrimitiveReport", "Profile", "ProfileRow", "Result",
    "Sample", "Tensor", "ValueNode", "absolute", "add", "arccos", "arccosh", "arcsin", "arcsinh",
    "arctan", "arctan2", "arctanh", "argsort", "astype", "broadcast_to", "ceil", "check_composed",
    "check_primitive", "clip", "composed_form", "concat", "cos", "cosh", "counts_flops", "cumprod",
    "cumsum", "detect_anomaly", "diag", "diagonal", "divide", "draw_tape", "einsum", "elu",
    "enable_grad", "erf", "erf_values", "exp", "exp2", "expand_dims", "expm1", "flip", "floor",
    "floor_divide", "flops_of", "getitem", "gradient_table", "gradients", "hstack",
    "in_place_guard", "is_recording", "leaky_relu", "log", "log10", "log1p", "log2", "log_softmax",
    "logaddexp", "logsumexp", "masked", "matmul", "max", "maximum", "mean", "min", "minimum", "mod",
    "moveaxis", "multiply", "negative", "no_flops", "no_grad", "norm", "only_values",
    "operation_hook", "outer", "pad", "power", "primitive", "primitives_of", "prod", "profile",
    "profile_scope", "recompute", "relu", "repeat", "reshape", "roll", "round", "samples",
    "scatter_add", "set_items", "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softplus",
    "sort", "split", "sqrt", "square", "squeeze", "stack", "std", "subtract", "sum", "swapaxes",
    "take", "take_along_axis", "take_rows", "tan", "tanh", "tape_graph", "tape_trace",
    "tape_values", "tensordot", "tile", "top_k", "trace", "transpose", "tril", "triu", "trunc",
    "values", "var", "vstack", "where",
]
# fmt: on
