"""Gradients of the cross-entropy of labels: plain, with label smoothing, with class weights."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def cross_entropy(z, labels):
    return -log_softmax(z)[np.arange(len(z)), labels].mean()


def cross_entropy_gradients(grad, z, labels):
    by_z = np.exp(log_softmax(z))
    by_z[np.arange(len(z)), labels] -= 1
    return grad * by_z / len(z)


def smoothed_targets(labels, smoothing, v):
    """Return q: 1 - s + s/v at the label, s/v elsewhere. (n, v)"""
    return (1 - smoothing) * np.eye(v)[labels] + smoothing / v


def smoothed_cross_entropy(z, labels, smoothing):
    q = smoothed_targets(labels, smoothing, z.shape[1])
    return -(q * log_softmax(z)).sum(axis=1).mean()


def smoothed_cross_entropy_gradients(grad, z, labels, smoothing):
    p, q = np.exp(log_softmax(z)), smoothed_targets(labels, smoothing, z.shape[1])
    return grad * (p - q) / len(z)


def weighted_cross_entropy(z, labels, smoothing, weights):
    q = weights * smoothed_targets(labels, smoothing, z.shape[1])
    return -(q * log_softmax(z)).sum() / weights[labels].sum()


def weighted_cross_entropy_gradients(grad, z, labels, smoothing, weights):
    p, q = np.exp(log_softmax(z)), weights * smoothed_targets(labels, smoothing, z.shape[1])
    by_z = p * q.sum(axis=1, keepdims=True) - q
    return grad * by_z / weights[labels].sum()


LABELS = np.array([2, 0, 1, 2, 2])

FORMS = [
    Form(
        "cross_entropy",
        cross_entropy,
        cross_entropy_gradients,
        sample=lambda rng: {"z": rng.normal(size=(5, 4)), "labels": LABELS},
        differentiable=("z",),
        pmt=lambda z, labels: pmt_nn.cross_entropy(z, labels),
        primitives=("cross_entropy",),
    ),
    Form(
        "smoothed_cross_entropy",
        smoothed_cross_entropy,
        smoothed_cross_entropy_gradients,
        sample=lambda rng: {"z": rng.normal(size=(5, 4)), "labels": LABELS, "smoothing": 0.1},
        differentiable=("z",),
        pmt=lambda z, labels, smoothing: pmt_nn.cross_entropy(z, labels, label_smoothing=smoothing),
        primitives=("cross_entropy",),
    ),
    Form(
        "weighted_cross_entropy",
        weighted_cross_entropy,
        weighted_cross_entropy_gradients,
        sample=lambda rng: {
            "z": rng.normal(size=(5, 4)),
            "labels": LABELS,
            "smoothing": 0.1,
            "weights": np.array([0.5, 2.0, 1.0, 3.0]),
        },
        differentiable=("z",),
        pmt=lambda z, labels, smoothing, weights: pmt_nn.cross_entropy(
            z, labels, label_smoothing=smoothing, class_weights=weights
        ),
        primitives=("cross_entropy",),
    ),
]
