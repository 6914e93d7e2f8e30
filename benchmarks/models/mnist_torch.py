"""The network of `train_mnist.py` in PyTorch, and how it is trained there."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from pmt_nn import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, Sequential


def torch_network(model: Sequential, order: torch.memory_format) -> torch.nn.Sequential:
    """Return a copy of a network with equal weights, its images stored in an order."""
    network = torch.nn.Sequential(*(_torch_part(part) for part in model))
    return network.to(memory_format=order)


def _torch_part(part: Any) -> torch.nn.Module:
    if isinstance(part, Conv2d):
        o, c, *kernel = part.weight.shape
        reference: torch.nn.Module = torch.nn.Conv2d(c, o, kernel, padding=part.settings["padding"])
        return _with_weights(reference, part.weight.data, part.bias.data)
    if isinstance(part, Linear):
        reference = torch.nn.Linear(*part.weight.shape)
        return _with_weights(reference, part.weight.data.T, part.bias.data)
    if isinstance(part, MaxPool2d):
        return torch.nn.MaxPool2d(part.kernel)
    if isinstance(part, Dropout):
        return torch.nn.Dropout(part.rate)
    return {ReLU: torch.nn.ReLU, Flatten: torch.nn.Flatten}[type(part)]()


def _with_weights(reference: Any, weight: np.ndarray, bias: np.ndarray) -> torch.nn.Module:
    with torch.no_grad():
        reference.weight.copy_(torch.from_numpy(weight.copy()))
        reference.bias.copy_(torch.from_numpy(bias))
    return reference


class TorchTraining:
    """Training as of pmt's app: fused AdamW, gradients clipped at a global norm of 1."""

    def __init__(
        self, network: torch.nn.Sequential, order: torch.memory_format, lr: float, decay: float
    ) -> None:
        self.network, self.order = network.train(), order
        self.parameters = list(network.parameters())
        self.optimizer = torch.optim.AdamW(self.parameters, lr, weight_decay=decay, fused=True)

    def step(self, images: np.ndarray, labels: np.ndarray) -> float:
        """Train on images (b, h, w) of bytes; return the loss."""
        x = torch.from_numpy(images)[:, None].float().mul_(1 / 255)
        logits = self.network(x.contiguous(memory_format=self.order))
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        return float(loss.detach())
