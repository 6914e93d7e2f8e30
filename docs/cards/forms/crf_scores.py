"""Gradient of the loss of a linear-chain CRF by the scores of the tags (emissions)."""

import numpy as np

import pmt_nn
from docs.cards.form import Form


def forward_backward(emissions, transitions, start, end):
    """Return alpha and beta (words, tags), the sums over beginnings and over ends, and Z."""
    e, a = np.exp(emissions), np.exp(transitions)
    alpha, beta = np.exp(start) * e, np.exp(end) * np.ones_like(e)
    for i in range(1, len(e)):
        alpha[i] = (alpha[i - 1] @ a) * e[i]
        beta[-1 - i] = a @ (e[-i] * beta[-i])
    return alpha, beta, alpha[-1] @ np.exp(end)


def score_of(emissions, transitions, start, end, tags):
    emitted = emissions[np.arange(len(tags)), tags].sum()
    return start[tags[0]] + emitted + transitions[tags[:-1], tags[1:]].sum() + end[tags[-1]]


def crf_scores(emissions, transitions, start, end, tags):
    z = forward_backward(emissions, transitions, start, end)[2]
    return np.log(z) - score_of(emissions, transitions, start, end, tags)  # -log p(tags)


def crf_scores_gradients(grad, emissions, transitions, start, end, tags):
    alpha, beta, z = forward_backward(emissions, transitions, start, end)
    one_hot = np.eye(len(start))[tags]
    return (grad * (alpha * beta / z - one_hot),)  # probability of the tag - whether it is it


def sample(rng):
    shapes = {"emissions": (5, 3), "transitions": (3, 3), "start": (3,), "end": (3,)}
    arrays = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    return arrays | {"tags": np.array([0, 1, 1, 1, 2])}


def by_pmt(emissions, transitions, start, end, tags):
    t = len(tags)
    chain = emissions.reshape(1, t, -1), transitions, start, end
    log_z = pmt_nn.crf_log_partition(*chain, lengths=np.array([t]))[0]
    return log_z - score_of(emissions, transitions, start, end, tags)


FORMS = [
    Form(
        "crf_scores",
        crf_scores,
        crf_scores_gradients,
        sample=sample,
        differentiable=("emissions",),
        pmt=by_pmt,
        primitives=("crf_log_partition",),
    )
]
