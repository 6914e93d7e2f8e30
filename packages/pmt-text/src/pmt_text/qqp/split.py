"""Split question pairs into train and dev such that no question occurs in both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError
from pmt_text.qqp.formats import QuestionPair
from pmt_text.tokenizers.normalize import Tokenize, tokenize


def connected_components(
    pairs: Sequence[QuestionPair], *, tokenize: Tokenize = tokenize
) -> NDArray[np.int64]:
    """Return the number of the group of each pair, from 0 in order of appearance.

    Two pairs are in one group if they share a question, by its id or its normalized text, or are
    linked by a chain of such pairs.

    Args:
        pairs: n question pairs.
        tokenize: maps a text to its tokens; may cache them.

    Returns:
        (n,) int64.

    Examples:
        >>> from pmt_text import QuestionPair, connected_components
        >>> pairs = [QuestionPair("A?", "B?"), QuestionPair("C?", "D?"), QuestionPair("b ?", "E?")]
        >>> connected_components(pairs)  # the first and the last share a question
        array([0, 1, 0])
    """
    parent: list[int] = []
    node_of: dict[tuple[str, str], int] = {}

    def node(kind: str, name: str) -> int:
        if (kind, name) not in node_of:
            node_of[kind, name] = len(parent)
            parent.append(len(parent))
        return node_of[kind, name]

    def root(start: int) -> int:
        while parent[start] != start:
            parent[start] = parent[parent[start]]  # path halving
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


def split_by_question(
    pairs: Sequence[QuestionPair],
    dev_fraction: float,
    rng: np.random.Generator,
    *,
    tokenize: Tokenize = tokenize,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the pairs for train and for dev.

    The `connected_components` are assigned to dev in random order while they fit; one that is
    larger than the remaining room is assigned to train.

    Args:
        pairs: n question pairs.
        dev_fraction: share of the pairs for dev, above 0 and below 1; dev has slightly less if the
            components do not fit exactly.
        rng: random generator of the order.
        tokenize: maps a text to its tokens; may cache them.

    Returns:
        The indices of train and of dev, each ascending, int64.

    Raises:
        DataError: if train or dev would be empty.
        SettingsError: if the fraction is out of range.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import QuestionPair, split_by_question
        >>> pairs = [QuestionPair(f"{word}?", "Is it?") for word in ("a", "b")]  # share a question
        >>> pairs += [QuestionPair(f"{word} or?", f"And {word}?") for word in ("c", "d", "e")]
        >>> train, dev = split_by_question(pairs, 0.4, np.random.default_rng(0))
        >>> len(train), len(dev)
        (3, 2)
        >>> (0 in train) == (1 in train)
        True
    """
    if not 0 < dev_fraction < 1:
        raise SettingsError(f"dev_fraction must lie between 0 and 1, not {dev_fraction}")
    group = connected_components(pairs, tokenize=tokenize)
    sizes = np.bincount(group)
    room = round(dev_fraction * len(pairs))
    in_dev = np.zeros(len(sizes), np.bool_)
    for chosen in rng.permutation(len(sizes)):
        if sizes[chosen] <= room:
            in_dev[chosen] = True
            room -= int(sizes[chosen])
    is_dev = in_dev[group] if len(pairs) else np.empty(0, np.bool_)
    train, dev = np.flatnonzero(~is_dev), np.flatnonzero(is_dev)
    if not (len(train) and len(dev)):
        raise DataError(
            f"{len(pairs)} pairs in {len(sizes)} groups linked by shared questions cannot be split "
            f"into train and dev (dev_fraction={dev_fraction}): give two files, or more pairs"
        )
    return train.astype(np.int64), dev.astype(np.int64)
