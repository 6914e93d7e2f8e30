"""Gradient of the loss of a linear-chain CRF by transition, start and end scores."""

import numpy as np

from docs.cards.form import Form
from docs.cards.forms.crf_scores import by_pmt, crf_scores, forward_backward, sample


def crf_transitions_gradients(grad, emissions, transitions, start, end, tags):
    alpha, beta, z = forward_backward(emissions, transitions, start, end)
    following = np.exp(emissions[1:]) * beta[1:]
    by_transitions = np.exp(transitions) * (alpha[:-1].T @ following) / z  # expected uses
    np.subtract.at(by_transitions, (tags[:-1], tags[1:]), 1)  # - actual uses
    by_start, by_end = alpha[0] * beta[0] / z, alpha[-1] * beta[-1] / z
    by_start[tags[0]] -= 1
    by_end[tags[-1]] -= 1
    return grad * by_transitions, grad * by_start, grad * by_end


FORMS = [
    Form(
        "crf_transitions",
        crf_scores,
        crf_transitions_gradients,
        sample=sample,
        differentiable=("transitions", "start", "end"),
        pmt=by_pmt,
        primitives=("crf_log_partition",),
    )
]
