"""Which parameters a weight decay is for."""

from __future__ import annotations

from collections.abc import Callable

from pmt_nn import Parameter

Decays = Callable[[str, Parameter], bool]
"""(dotted name, parameter) -> whether it decays."""


def decays_matrices(name: str, parameter: Parameter) -> bool:
    """Matrices and tables decay; biases and the scales of norms (vectors) do not.

    A vector's size says nothing about how complex a function is, so pulling it to zero only
    makes the fit worse: what is usual where a Transformer is trained.
    """
    return parameter.ndim >= 2
