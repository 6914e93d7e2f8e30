"""The prefixes and hypotheses of a beam search as a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pmt_nn import BeamStep, LengthPenalty


@dataclass(frozen=True, slots=True)
class BeamNode:
    """A token that the search considered.

    Attributes:
        parent: list index of the node that it extends; -1 for the first token.
        depth: number of the step, from 1.
        token: its id.
        log_probability: of the tokens up to this one.
        score: log_probability / penalty(number of tokens).
        state: "kept" (it was extended, or cut at the end of the search), "dropped" or "ended".
    """

    parent: int
    depth: int
    token: int
    log_probability: float
    score: float
    state: str


def beam_tree(steps: Sequence[BeamStep], penalty: LengthPenalty) -> list[BeamNode]:
    """Return the candidates of each step, parents first.

    Args:
        steps: of the search for one sentence.
        penalty: divisor of a log-probability by the number of its tokens.
    """
    nodes: list[BeamNode] = []
    prefixes = [-1]  # index of the node of each prefix that the search extends
    for depth, step in enumerate(steps, start=1):
        by_rank: dict[int, int] = {}
        for j in range(step.tokens.shape[1]):
            p, rank = float(step.log_probability[0, j]), int(step.ranks[0, j])
            if not np.isfinite(p):
                continue
            state = "ended" if step.ended[0, j] else "kept" if rank >= 0 else "dropped"
            if rank >= 0:
                by_rank[rank] = len(nodes)
            parent = prefixes[int(step.prefixes[0, j])]
            token = int(step.tokens[0, j])
            nodes.append(BeamNode(parent, depth, token, p, p / penalty(depth), state))
        prefixes = [by_rank[rank] for rank in sorted(by_rank)]
    return nodes


def path_of(nodes: Sequence[BeamNode], tokens: Sequence[int], *, ended: bool) -> list[int]:
    """Return the indices of the nodes of a hypothesis, the first token first; [] if it is none.

    Args:
        nodes: of `beam_tree`.
        tokens: of the hypothesis, without its end token.
        ended: whether the hypothesis has its end token.
    """
    for last, node in enumerate(nodes):
        if node.depth != len(tokens) + ended or node.state != ("ended" if ended else "kept"):
            continue
        path = [last]
        while nodes[path[0]].parent >= 0:
            path.insert(0, nodes[path[0]].parent)
        ids = [nodes[i].token for i in path]
        if ids[: len(tokens)] == list(tokens):
            return path
    return []
