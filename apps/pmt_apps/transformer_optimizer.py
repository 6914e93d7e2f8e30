"""The optimizer of a Transformer: AdamW, or Muon for the matrices of the layers."""

from __future__ import annotations

import functools
from typing import Literal

from pmt_nn import Parameter
from pmt_train import AdamW, Muon, OptimizerMaker, ParameterGroup

OptimizerName = Literal["adamw", "muon"]
_LAYERS_WITH_MATRICES = {"qkv": 3, "q": 1, "kv": 2, "project": 1, "up": 1, "down": 1}
"""Linear layers of the stacks, and the number of matrices side by side in the weights of each."""


def transformer_optimizer(
    name: OptimizerName,
    *,
    betas: tuple[float, float],
    weight_decay: float,
    other_lr_factor: float = 1.0,
) -> OptimizerMaker:
    """Return what makes the optimizer of this name.

    name: "adamw": of all parameters; "muon": of the matrices of the layers, and AdamW of the
    others, whose rate is multiplied by `other_lr_factor`.
    """
    if name == "adamw":
        return functools.partial(AdamW, betas=betas, weight_decay=weight_decay)
    return functools.partial(
        Muon,
        groups=[ParameterGroup(_is_other, other_lr_factor)] if other_lr_factor != 1 else (),
        matrices=_is_hidden_matrix,
        sections=_sections,
        betas=betas,
        weight_decay=weight_decay,
    )


def _is_hidden_matrix(name: str, parameter: Parameter) -> bool:
    """Return whether it is the matrix of a linear layer inside of the stack: no table."""
    return parameter.ndim == 2 and _layer_of(name) in _LAYERS_WITH_MATRICES


def _is_other(name: str, parameter: Parameter) -> bool:
    return not _is_hidden_matrix(name, parameter)


def _sections(name: str, parameter: Parameter) -> int:
    """Return 3 for queries, keys and values in one matrix, each of which is a matrix of its own."""
    return _LAYERS_WITH_MATRICES[_layer_of(name)]


def _layer_of(name: str) -> str:
    """Return the name of the layer whose parameter it is, empty for one of the model itself."""
    return name.rpartition(".")[0].rpartition(".")[2]
