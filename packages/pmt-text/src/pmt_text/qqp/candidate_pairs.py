"""Candidate pairs for training: hard negatives by word overlap, and nearest neighbors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pmt_core import ShapeError
from pmt_text.files.errors import check_at_least
from pmt_text.qqp.formats import QuestionPair
from pmt_text.qqp.split import connected_components
from pmt_text.qqp.vector_features import unit_rows
from pmt_text.qqp.word_overlap import jaccard
from pmt_text.tokenizers.normalize import Tokenize, tokenize

_RAREST = 4  # words of a question that lead to candidates
_PER_WORD = 20  # candidates of each of them
_NOISE = 0.15  # of the overlap, so that not only the nearest questions are taken
_BLOCK = 100  # texts compared at once: (100, 60,000) cosines and indices take 80 MB


def mine_negatives(
    pairs: Sequence[QuestionPair], rng: np.random.Generator, *, tokenize: Tokenize = tokenize
) -> Iterator[tuple[str, str]]:
    """Yield, for duplicates, the first question of each and a similar question of another pair.

    The second question shares rare words with the first and is not linked to it by shared
    questions. It is the candidate with the highest Jaccard similarity, up to a little noise. A
    question that shares no rare word with any other yields nothing.

    These negatives are guesses: some are unlabeled duplicates, and most are easier than the pairs
    of the data set, so training should end on real labels.

    Args:
        pairs: duplicates.
        rng: random generator, of the noise and of the candidates.
        tokenize: maps a text to its tokens; may cache them.

    Examples:
        >>> import numpy as np
        >>> from pmt_text import QuestionPair, mine_negatives
        >>> pairs = [
        ...     QuestionPair("How do I learn chess?", "How can I learn chess?", 1),
        ...     QuestionPair("Who invented chess?", "Who made up chess?", 1),
        ... ]
        >>> for first, similar in mine_negatives(pairs, np.random.default_rng(0)):
        ...     print(first, "|", similar)
        Who invented chess? | How do I learn chess?
    """
    groups = np.repeat(connected_components(pairs, tokenize=tokenize), 2)
    texts = [text for pair in pairs for text in (pair.question1, pair.question2)]
    words = [frozenset(tokenize(text)) for text in texts]
    texts_with: dict[str, list[int]] = defaultdict(list)
    for i, text_words in enumerate(words):
        for word in sorted(text_words):
            texts_with[word].append(i)
    for i in range(0, len(texts), 2):
        candidates = [c for c in _candidates(words[i], texts_with, rng) if groups[c] != groups[i]]
        if candidates:
            noise = rng.uniform(0, _NOISE, len(candidates))
            scores = [jaccard(words[i], words[c]) for c in candidates]
            yield texts[i], texts[candidates[int(np.argmax(scores + noise))]]


def _candidates(
    words: frozenset[str], texts_with: dict[str, list[int]], rng: np.random.Generator
) -> list[int]:
    """Return the indices of questions that share one of the rarest words, in ascending order."""
    candidates: set[int] = set()
    for word in sorted(words, key=lambda word: (len(texts_with[word]), word))[:_RAREST]:
        indices = texts_with[word]
        if len(indices) > _PER_WORD:
            indices = [indices[k] for k in rng.integers(0, len(indices), _PER_WORD)]
        candidates.update(indices)
    return sorted(candidates)


def nearest_pairs(
    vectors: NDArray[np.floating],
    groups: NDArray[np.integer],
    rng: np.random.Generator,
    *,
    texts: int = 60_000,
    nearest: int = 16,
    each: int = 2,
    progress: Callable[[int], object] | None = None,
) -> NDArray[np.int64]:
    """Return pairs of indices: a text, and one drawn from its nearest neighbors.

    Both the texts and the pool of neighbors are random samples of at most `texts` texts, so time
    and memory are bounded for any n. No pair occurs twice, in either order.

    Args:
        vectors: of n texts, compared by cosine, (n, d).
        groups: (n,); texts of one group are never paired, as they are known to be equivalent.
        rng: random generator.
        texts: size of the samples.
        nearest: number of neighbors of a text from which its partners are drawn.
        each: largest number of partners of a text.
        progress: called with the number of texts done, block by block.

    Returns:
        (m, 2) int64.

    Raises:
        SettingsError: if a number is below 1.
        ShapeError: if the groups are not (n,).

    Examples:
        >>> import numpy as np
        >>> from pmt_text import nearest_pairs
        >>> vectors = np.array([[1.0, 0.1], [1.0, 0.0], [0.0, 1.0], [0.1, 1.0]])
        >>> groups = np.arange(4)
        >>> nearest_pairs(vectors, groups, np.random.default_rng(0), nearest=1)
        array([[2, 3],
               [0, 1]])
    """
    check_at_least(1, texts=texts, nearest=nearest, each=each)
    n = len(vectors)
    if groups.shape != (n,):
        raise ShapeError(f"{n} texts need as many groups, got {groups.shape}")
    anchors, pool = rng.permutation(n)[:texts], rng.permutation(n)[:texts]
    unit = unit_rows(vectors).astype(np.float32, copy=False)
    among = np.ascontiguousarray(unit[pool].T)
    k = min(nearest, len(pool))
    blocks: list[NDArray[np.int64]] = [np.empty((0, 2), np.int64)]
    for start in range(0, len(anchors), _BLOCK):
        block = anchors[start : start + _BLOCK]
        cosines = unit[block] @ among
        cosines[groups[block][:, np.newaxis] == groups[pool]] = -np.inf  # itself included
        near = np.argpartition(cosines, -k, axis=1)[:, -k:]
        allowed = np.take_along_axis(cosines, near, axis=1) > -np.inf
        # A random order of the allowed neighbors; the first `each` are taken.
        lot = np.where(allowed, rng.random(near.shape), 2.0)
        chosen = np.argsort(lot, axis=1, kind="stable")[:, :each]
        rows, columns = np.nonzero(np.take_along_axis(allowed, chosen, axis=1))
        partners = pool[np.take_along_axis(near, chosen, axis=1)[rows, columns]]
        blocks.append(np.stack([block[rows], partners], axis=1))
        if progress is not None:
            progress(len(block))
    pairs = np.concatenate(blocks)
    _, first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    return pairs[np.sort(first)]
