"""Reverse-mode differentiation: `Tensor`, the tape, `@primitive`, and the tensor operations.

Read `primitive.py`, `walk.py` and one operation (`elementary.py`), in this order.
"""

from pmt_autograd.tensor import Tensor, values  # isort: skip (the operations import it)
from pmt_autograd.anomaly import detect_anomaly
from pmt_autograd.arithmetic import add, divide, multiply, negative, power, subtract
from pmt_autograd.array_types import Array, Backward, Gradient, Gradients, Result, Wanted
from pmt_autograd.cast import astype
from pmt_autograd.cumulative import cumsum
from pmt_autograd.einsum import einsum
from pmt_autograd.elementary import exp, expm1, log, log1p, sigmoid, softplus, sqrt, square, tanh
from pmt_autograd.erf import erf, erf_values
from pmt_autograd.flops import counts_flops
from pmt_autograd.in_place_guard import in_place_guard
from pmt_autograd.indexing import getitem, take_rows
from pmt_autograd.joining import concat, stack
from pmt_autograd.ledger import gradient_ledger
from pmt_autograd.matmul import matmul
from pmt_autograd.norm import norm
from pmt_autograd.primitive import primitive
from pmt_autograd.products import outer, tensordot
from pmt_autograd.profile import Profile, ProfileRow, module_scopes, profile, profile_scope
from pmt_autograd.rearranging import expand_dims, flip, moveaxis, pad, repeat, squeeze, tile
from pmt_autograd.recompute import recompute
from pmt_autograd.recording import Watcher, enable_grad, is_recording, no_grad, watching
from pmt_autograd.rectifiers import elu, leaky_relu, silu
from pmt_autograd.reduction import max, mean, min, std, sum, var
from pmt_autograd.registry import REGISTRY, Primitive, Sample, samples
from pmt_autograd.registry_walk import PrimitiveReport, check_primitive, primitives_of
from pmt_autograd.scattering import scatter_add, set_items, take, take_along_axis
from pmt_autograd.selection import absolute, clip, maximum, minimum, relu, where
from pmt_autograd.shape import broadcast_to, reshape, swapaxes, transpose
from pmt_autograd.softmax import log_softmax, logsumexp, softmax
from pmt_autograd.splitting import split
from pmt_autograd.tape_graph import GraphNode, tape_graph, tape_trace
from pmt_autograd.tape_picture import draw_tape
from pmt_autograd.top_k import top_k
from pmt_autograd.trigonometry import arctan, cos, sin
from pmt_autograd.walk import gradients

__all__ = [
    "REGISTRY",
    "Array",
    "Backward",
    "Gradient",
    "Gradients",
    "GraphNode",
    "Primitive",
    "PrimitiveReport",
    "Profile",
    "ProfileRow",
    "Result",
    "Sample",
    "Tensor",
    "Wanted",
    "Watcher",
    "absolute",
    "add",
    "arctan",
    "astype",
    "broadcast_to",
    "check_primitive",
    "clip",
    "concat",
    "cos",
    "counts_flops",
    "cumsum",
    "detect_anomaly",
    "divide",
    "draw_tape",
    "einsum",
    "elu",
    "enable_grad",
    "erf",
    "erf_values",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "getitem",
    "gradient_ledger",
    "gradients",
    "in_place_guard",
    "is_recording",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "module_scopes",
    "moveaxis",
    "multiply",
    "negative",
    "no_grad",
    "norm",
    "outer",
    "pad",
    "power",
    "primitive",
    "primitives_of",
    "profile",
    "profile_scope",
    "recompute",
    "relu",
    "repeat",
    "reshape",
    "samples",
    "scatter_add",
    "set_items",
    "sigmoid",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "take_rows",
    "tanh",
    "tape_graph",
    "tape_trace",
    "tensordot",
    "tile",
    "top_k",
    "transpose",
    "values",
    "var",
    "watching",
    "where",
]
