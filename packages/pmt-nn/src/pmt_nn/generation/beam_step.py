"""`BeamStep`: what beam search considers at a step, for a function that observes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BeamStep:
    """The candidates of a step: each extends a prefix of the step before by one token.

    Attributes:
        sentences: (m,) indices of the sentences that were not finished.
        prefixes: (m, c) the index of the prefix that a candidate extends: its `ranks` in the step
            before, 0 in the first.
        tokens: (m, c) the token.
        log_probability: (m, c) of all tokens of the candidate; -inf if there is none.
        ranks: (m, c) index among the prefixes of the next step; -1 if it is dropped or has ended.
        ended: (m, c) whether it has its end token and counts as a hypothesis.

    Examples:
        >>> import numpy as np
        >>> from pmt_nn import BeamStep
        >>> step = BeamStep(
        ...     sentences=np.array([0]),
        ...     prefixes=np.array([[0, 0]]),
        ...     tokens=np.array([[7, 5]]),
        ...     log_probability=np.array([[-0.1, -2.0]]),
        ...     ranks=np.array([[0, -1]]),
        ...     ended=np.array([[False, False]]),
        ... )
        >>> step.tokens[step.ranks >= 0].tolist()
        [7]
    """

    sentences: Ids
    prefixes: Ids
    tokens: Ids
    log_probability: NDArray[np.float64]
    ranks: Ids
    ended: NDArray[np.bool_]
