"""Adam (Kingma & Ba 2015), AdamW (Loshchilov & Hutter 2019), both optionally as AMSGrad."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, Unpack

import numpy as np

from pmt_autograd import Array
from pmt_train.optim.blocks import Block
from pmt_train.optim.flat_parameters import Parameters
from pmt_train.optim.optimizer import Optimizer
from pmt_train.optim.settings import OptimizerOptions, check_eps, check_rates


class AdaptiveMoments(Optimizer):
    """Base class of Adam and its variants: running means m of the gradient and v of its square.

    `betas` are (b1, b2), each in 0 <= b < 1; `eps` is above 0. Weight decay is added to the
    gradient as `decay p` (L2 regularization) or, if `decoupled_weight_decay`, p is multiplied by
    1 - lr decay instead. Other arguments: see `Optimizer`.
    """

    state_names: tuple[str, ...] = ("m", "v")
    decoupled_weight_decay = False

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        check_rates("beta", *betas)
        check_eps(eps)
        self.state_rates = (*betas, *[1.0] * (len(self.state_names) - len(betas)))
        super().__init__(parameters, lr, weight_decay=weight_decay, **options)
        self.betas = betas
        self.eps = eps

    def decayed(self, block: Block) -> Block:
        """Apply the weight decay, to the parameters or to the gradient of the block returned."""
        if not self.decoupled_weight_decay:
            return _with_l2_gradient(block)
        if block.decay:
            np.multiply(block.p, 1 - block.lr * block.decay, out=block.p)
        return block


class Adam(AdaptiveMoments):
    """Adam (Kingma & Ba 2015, algorithm 1). See `AdamW` for the formula and the arguments.

    `weight_decay` is added to the gradient as `decay p` (L2 regularization), so it is divided by
    the root of v as the gradient is; `AdamW` subtracts it from the parameter instead. The moments
    of rows of tables contain the decay only of the steps that name the row.

    Examples:
        >>> from pmt_nn import Parameter
        >>> from pmt_train import Adam
        >>> p = Parameter([1.0, -100.0])
        >>> optimizer = Adam([p], lr=0.1)
        >>> for _ in range(3):  # both parameters move by about lr, whatever their gradients
        ...     optimizer.zero_grad()
        ...     (p * p).sum().backward()
        ...     optimizer.step()
        ...     print(p.data.round(3))
        [  0.9 -99.9]
        [  0.8 -99.8]
        [  0.702 -99.7  ]
    """

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        if amsgrad:
            self.state_names = ("m", "v", "v_max")
        super().__init__(parameters, lr, betas=betas, eps=eps, weight_decay=weight_decay, **options)
        self.amsgrad = amsgrad

    def update(self, block: Block) -> None:
        """See `AdamW`. The corrections of m and v are part of the step size:

        lr m / (1 - b1^t) / (sqrt(v / c2) + eps) = lr sqrt(c2) / (1 - b1^t) * m
                                                    / (sqrt(v) + eps sqrt(c2)),  c2 = 1 - b2^t
        """
        block = self.decayed(block)
        s, (b1, b2) = block.scratch[0], self.betas
        correction = math.sqrt(1 - b2**self.steps)
        step_size = block.lr * correction / (1 - b1**self.steps)

        update_moments(block, b1, b2, s)
        v = block.state[1]
        if self.amsgrad:
            v_max = block.state[2]
            v = np.maximum(v_max, v, out=v_max)
        np.sqrt(v, out=s)
        s += self.eps * correction
        np.divide(block.state[0], s, out=s)
        s *= step_size
        np.subtract(block.p, s, out=block.p)


class AdamW(Adam):
    """Adam (Kingma & Ba 2015) with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2).

        m = b1 m + (1 - b1) g              running mean of the gradient
        v = b2 v + (1 - b2) g^2            running mean of its square
        p = p - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps) - lr decay p

    t counts steps from 1. The decay is multiplied by the learning rate of the step (the paper
    multiplies it by the factor of the schedule alone), as is usual now. Without a gradient, the
    moments of a row decay by b1 and b2 in each step, see `Optimizer`.

    With `amsgrad` the step is divided by the root of the largest v so far, an array more, so the
    step size of a parameter never grows (Reddi, Kale & Kumar 2018, algorithm 2).

    `betas` are (b1, b2), each in 0 <= b < 1; `eps` is above 0. Other arguments: see `Optimizer`.

    Examples:
        Without a gradient only the weight decay acts, on matrices, not on vectors such as biases:

        >>> import numpy as np
        >>> from pmt_nn import Linear
        >>> from pmt_train import AdamW
        >>> model = Linear(1, 1, np.random.default_rng(0))
        >>> model.weight.data[...] = model.bias.data[...] = 1
        >>> optimizer = AdamW(model.parameters(), lr=0.1, weight_decay=0.5)
        >>> (model(np.ones((1, 1), np.float32)) * 0).sum().backward()
        >>> optimizer.step()
        >>> model.weight.data, model.bias.data  # 1 - 0.1 * 0.5
        (array([[0.95]], dtype=float32), array([1.], dtype=float32))
    """

    decoupled_weight_decay = True

    def __init__(
        self,
        parameters: Parameters,
        lr: float | None = None,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        **options: Unpack[OptimizerOptions],
    ) -> None:
        settings: dict[str, Any] = {"betas": betas, "eps": eps, "amsgrad": amsgrad}
        super().__init__(parameters, lr, weight_decay=weight_decay, **settings, **options)


def update_moments(block: Block, b1: float, b2: float, scratch: Array) -> None:
    """Update the running means m of the gradient and v of its square, the first state arrays."""
    g, (m, v) = block.g, block.state[:2]
    np.multiply(g, block.scale * (1 - b1), out=scratch)
    m *= b1
    m += scratch
    np.multiply(g, block.scale * math.sqrt(1 - b2), out=scratch)
    scratch *= scratch
    v *= b2
    v += scratch


def _with_l2_gradient(block: Block) -> Block:
    """Return the block with its weight decay added to the gradient, in the second scratch array."""
    if not block.decay:
        return block
    scratch, decayed = block.scratch
    block.decayed_gradient(decayed, scratch)
    return replace(block, g=decayed, scale=1.0, decay=0.0)
