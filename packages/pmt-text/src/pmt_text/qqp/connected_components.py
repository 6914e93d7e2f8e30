"""Which question pairs hang together by shared questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_text.qqp.question_pair import QuestionPair
from pmt_text.tokenizers.normalize import Tokenize, tokenize

__all__ = ["connected_components"]


def connected_components(
    pairs: Sequence[QuestionPair], *, tokenize: Tokenize = tokenize
) -> NDArray[np.int64]:
    """For every pair the number of its group, (n,) int64, from 0 in the order of appearance.

    Two pairs are in one group if they share a question, by its id or its normalized text, or are
    linked by a chain of such pairs.

    tokenize: a function from a text to its tokens; one that caches them shares the work.
    """
    parent: list[int] = []
    node_of: dict[tuple[str, str], int] = {}

    def node(kind: str, name: str) -> int:
        found = node_of.setdefault((kind, name), len(parent))
        if found == len(parent):
            parent.append(found)
        return found

    def root(start: int) -> int:
        while parent[start] != start:
            parent[start] = parent[parent[start]]  # halve the path for the next one
            start = parent[start]
        return start

    first_nodes: list[int] = []
    for pair in pairs:
        nodes = [node("text", " ".join(tokenize(q))) for q in (pair.question1, pair.question2)]
        nodes += [node("id", name) for name in (pair.id1, pair.id2) if name is not None]
        roots = [root(each) for each in nodes]
        for each in roots[1:]:
            parent[root(each)] = root(roots[0])
        first_nodes.append(nodes[0])
    numbers: dict[int, int] = {}
    groups = [numbers.setdefault(root(each), len(numbers)) for each in first_nodes]
    return np.array(groups, np.int64)
