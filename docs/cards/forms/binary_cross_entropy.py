"""Gradients of the binary cross-entropy: of logits, with a weight, and of probabilities."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def sigmoid(z):
    return np.exp(np.minimum(z, 0)) / (1 + np.exp(-np.abs(z)))


def binary_cross_entropy(z, targets):
    return np.mean(np.logaddexp(0, z) - targets * z)  # logaddexp(0, z) = log(1 + e^z)


def binary_cross_entropy_gradients(grad, z, targets):
    return grad * (sigmoid(z) - targets) / z.size


def weighted_binary_cross_entropy(z, targets, weight):
    return np.mean(weight * targets * np.logaddexp(0, -z) + (1 - targets) * np.logaddexp(0, z))


def weighted_binary_cross_entropy_gradients(grad, z, targets, weight):
    by_z = (1 - targets) * sigmoid(z) - weight * targets * sigmoid(-z)
    return grad * by_z / z.size


def of_probabilities(p, targets):
    return -np.mean(targets * np.log(p) + (1 - targets) * np.log(1 - p))


def of_probabilities_gradients(grad, p, targets):
    return grad * (p - targets) / (p * (1 - p)) / p.size


TARGETS = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.25]])

FORMS = [
    Form(
        "binary_cross_entropy",
        binary_cross_entropy,
        binary_cross_entropy_gradients,
        sample=lambda rng: {"z": rng.normal(size=(2, 3), scale=2), "targets": TARGETS},
        differentiable=("z",),
        pmt=lambda z, targets: pmt_nn.binary_cross_entropy_with_logits(z, targets),
        primitives=("logit_losses",),
    ),
    Form(
        "weighted_binary_cross_entropy",
        weighted_binary_cross_entropy,
        weighted_binary_cross_entropy_gradients,
        sample=lambda rng: {
            "z": rng.normal(size=(2, 3), scale=2),
            "targets": TARGETS,
            "weight": np.array([0.5, 3.0, 2.0]),
        },
        differentiable=("z",),
        pmt=lambda z, targets, weight: pmt_nn.binary_cross_entropy_with_logits(
            z, targets, pos_weight=weight
        ),
        primitives=("logit_losses",),
    ),
    Form(
        "of_probabilities",
        of_probabilities,
        of_probabilities_gradients,
        sample=lambda rng: {"p": rng.uniform(0.1, 0.9, size=(2, 3)), "targets": TARGETS},
        differentiable=("p",),
        pmt=lambda p, targets: pmt_nn.binary_cross_entropy(p, targets),
        primitives=("log", "masked"),
    ),
]
