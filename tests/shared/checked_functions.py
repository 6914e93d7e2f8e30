"""Functions with correct gradients, for the tests of the gradient check."""

import numpy as np

from pmt_core import RowSparse, check_gradient, softmax, unbroadcast


def check(function, *inputs, **options):
    return check_gradient(function, *inputs, rng=np.random.default_rng(0), **options)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# --- functions with correct gradients -----------------------------------------------------------


def tanh(x):
    y = np.tanh(x)
    return y, lambda grad: grad * (1 - y * y)


def exp(x):
    y = np.exp(x)
    return y, lambda grad: grad * y


def square(x):
    return x * x, lambda grad: 2 * x * grad


def log(x):
    return np.log(x), lambda grad: grad / x


def sqrt(x):
    y = np.sqrt(x)
    return y, lambda grad: grad / (2 * y)


def relu(x):
    return np.maximum(x, 0), lambda grad: grad * (x > 0)


def total(x):
    return x.sum(), lambda grad: np.broadcast_to(grad, x.shape)


def multiply(x, y):
    def backward(grad):
        return unbroadcast(grad * y, x.shape), unbroadcast(grad * x, y.shape)

    return x * y, backward


def matmul(a, b):
    return a @ b, lambda grad: (grad @ b.T, a.T @ grad)


def soft(x):
    p = softmax(x)

    def backward(grad):
        return p * (grad - (p * grad).sum(axis=-1, keepdims=True))

    return p, backward


def lookup(table, ids):
    def backward(grad):
        rows = RowSparse(ids.reshape(-1), grad.reshape(-1, table.shape[1]), table.shape)
        return rows, None

    return table[ids], backward
