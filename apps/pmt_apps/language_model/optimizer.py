"""The optimizer of a language-model run: AdamW, or Muon for the matrices of the layers."""

from __future__ import annotations

import functools

from pmt_apps.language_model.settings import Settings
from pmt_nn import Parameter
from pmt_train import AdamW, Muon, OptimizerMaker

_LAYERS_WITH_MATRICES = ("qkv", "project", "up", "down")


def build_optimizer(settings: Settings) -> OptimizerMaker:
    """Return what makes the optimizer of the settings."""
    betas = (0.9, settings.beta2)
    if settings.optimizer == "adamw":
        return functools.partial(AdamW, betas=betas, weight_decay=settings.weight_decay)
    return functools.partial(
        Muon,
        matrices=_is_hidden_matrix,
        sections=_sections,
        betas=betas,
        weight_decay=settings.weight_decay,
    )


def _is_hidden_matrix(name: str, parameter: Parameter) -> bool:
    """Return whether it is the matrix of a linear layer inside of the decoder: no table."""
    return parameter.ndim == 2 and name.split(".")[-2] in _LAYERS_WITH_MATRICES


def _sections(name: str, parameter: Parameter) -> int:
    """Return 3 for queries, keys and values in one matrix, each of which is a matrix of its own."""
    return 3 if name.endswith("qkv.weight") else 1
