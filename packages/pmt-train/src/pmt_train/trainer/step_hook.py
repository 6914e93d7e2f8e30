"""`StepHook`: sees the forward passes and the gradients of the steps of a `Trainer`."""

from __future__ import annotations

from typing import Any, Protocol

from pmt_train.optim.flat_gradients import FlatGradients
from pmt_train.trainer.shards import Loss


class StepHook(Protocol):
    """What a `Trainer` calls in each step, if it is its `step_hook`. It changes nothing.

    `TrainingRecorder` is built on it.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import Linear, mse
        >>> from pmt_train import Trainer
        >>> class Names:
        ...     def loss(self, loss):
        ...         return loss
        ...
        ...     def gradients(self, gradients, scale):
        ...         print([slot.name for slot in gradients.dense])
        >>> model = Linear(2, 1, np.random.default_rng(0))
        >>> trainer = Trainer(model, lambda model, x, rng: mse(model(x), x[:, :1]))
        >>> trainer.step_hook = Names()
        >>> result = trainer.step(np.ones((4, 2), np.float32))
        ['weight', 'bias']
    """

    def loss(self, loss: Loss[Any, Any], /) -> Loss[Any, Any]:
        """Return the loss function of the next step: `loss`, or one that also looks at its passes.

        Called before the step changes anything. The function is called by several threads.
        """

    def gradients(self, gradients: FlatGradients, scale: float, /) -> None:
        """Look at the gradients of the step, before clipping and the update.

        `scale` times the sum in `gradients` is the mean gradient. The arrays must not be changed,
        and are valid during the call only.
        """
