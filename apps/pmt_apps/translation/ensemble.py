"""`TranslationEnsemble`: several encoder-decoders whose predictions are averaged.

Each token is predicted by the mean of the log-probabilities of the members, normalized: a product
of experts (Hinton 1999). The members share the vocabulary and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_autograd import Tensor, log_softmax
from pmt_nn import EncoderDecoder, EnsembleDecoding, Hypothesis, Module, beam_search, cross_entropy
from pmt_text import TranslationBatch


class TranslationEnsemble(Module):
    """Encoder-decoders that translate together; it is not trained itself.

    Args:
        members: of the same vocabulary; one or more.
    """

    def __init__(self, members: Sequence[EncoderDecoder]) -> None:
        self.members = list(members)

    def forward(self, batch: TranslationBatch) -> Tensor:
        """Return the mean log-probabilities of the target tokens, (b, t, v)."""
        inputs = batch.source, batch.target, batch.source_mask, batch.target_mask
        total = log_softmax(self.members[0](*inputs), axis=-1)
        for member in self.members[1:]:
            total = total + log_softmax(member(*inputs), axis=-1)
        return total / len(self.members)

    def loss(self, batch: TranslationBatch) -> Tensor:
        """Return the summed cross-entropy of the labels at the target's tokens."""
        logits, labels = self(batch)[batch.target_mask], batch.labels[batch.target_mask]
        loss: Tensor = cross_entropy(logits, labels, reduction="sum")
        return loss

    def beam_search(
        self,
        source: NDArray[np.int64],
        mask: NDArray[np.bool_] | None = None,
        *,
        start: int,
        **settings: Any,
    ) -> list[list[Hypothesis]]:
        """Return the best hypotheses of each source; see `EncoderDecoder.beam_search`."""
        decoding = EnsembleDecoding([member.decoding(source, mask) for member in self.members])
        first = np.full((len(source), 1), start, np.int64)
        return beam_search(decoding, first, **settings)
