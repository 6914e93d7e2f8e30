"""`EnsembleDecoding`: token-by-token decoding with the averaged predictions of several models."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from pmt_autograd import Array
from pmt_core import check_sizes, log_softmax
from pmt_nn.attention.kv_cache import Rows
from pmt_nn.generation.decoding import StepwiseDecoding
from pmt_nn.masks import Ids


class EnsembleDecoding:
    """Decode with several models at once; each step has the mean of their log-probabilities.

    Normalized, that is the geometric mean of their distributions, a product of experts (Hinton
    1999). `beam_search` and `token_stream` work with it as with a `Decoding`.

    Args:
        members: decodings of models with the same target vocabulary, nothing decoded so far.

    Examples:
        >>> import numpy as np
        >>> from pmt_autograd import Tensor
        >>> from pmt_nn import Decoding, EnsembleDecoding
        >>> def constant(*p):  # the same probabilities at every step
        ...     logits = np.log(np.array([p]))
        ...     return Decoding(lambda ids, *_: Tensor(logits[np.zeros_like(ids)]), layers=0)
        >>> decoding = EnsembleDecoding([constant(0.8, 0.2), constant(0.2, 0.8)])
        >>> np.exp(decoding.step(np.array([[1]]))).round(2)  # of each sqrt(0.8 * 0.2)
        array([[0.4, 0.4]])
    """

    def __init__(self, members: Sequence[StepwiseDecoding]) -> None:
        check_sizes("EnsembleDecoding", members=len(members))
        self.members = list(members)

    def step(self, ids: Ids) -> Array:
        """Append ids (n, t) and return the mean log-probabilities of the next token, (n, v)."""
        total = reduce(np.add, (log_softmax(member.step(ids), axis=-1) for member in self.members))
        return total / total.dtype.type(len(self.members))

    def select(self, rows: Rows, sources: Rows | None = None) -> None:
        """Keep these rows of the tokens of all members; see `Decoding.select`."""
        for member in self.members:
            member.select(rows, sources)
