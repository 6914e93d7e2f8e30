"""Consistency within documents: the same word has mostly entities of one type.

A name that one sentence leaves open is often clear in another one of its document (Krishnan and
Manning 2006, "An effective two-stage model for exploiting non-local dependencies in named entity
recognition"). So a document is tagged twice. Of the first pass, p_i(c) is the marginal probability
that word i is in an entity of type c, or in none. Words with a capital letter that differ at most
in case share what they are, weighted by how sure they are, w_j = max_c p_j(c)^4:

    q_i(c) = (sum_j w_j p_j(c) + p_i(c) / 2) / (sum_j w_j + 1 / 2)        over the others j

In the second pass the score of each tag of type c at word i is larger by

    weight log((q_i(c) + e) / (p_i(c) + e)),        e = 0.1,

and the CRF decodes these scores. Words that occur once keep theirs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.tagging import Tagging, WordScores, has_documents
from pmt_autograd import Array
from pmt_text import TaggedSentence
from pmt_train import Workers

_SURENESS = 4  # power of the largest probability
_OWN = 0.5  # weight of a word's own probabilities
_FLOOR = 0.1  # added to probabilities before they are divided


def tag_twice(
    tagger: Tagger,
    sentences: Sequence[TaggedSentence],
    workers: Workers,
    weight: float,
    *,
    description: str = "tagging",
) -> tuple[Tagging, Tagging]:
    """Return the tags of sentences by themselves, and with those of their documents.

    Both are the same if the weight is 0, or if the sentences are not known to be of several
    documents. The loss is that of the sentences. The network is run once.
    """
    scores = tagger.score(sentences, workers, description=description)
    first = tagger.decode(sentences, scores, workers)
    if not weight or not has_documents(sentences):
        return first, first
    documents = [sentence.document for sentence in sentences]
    changed = with_consistency(tagger, sentences, documents, scores, workers, weight)
    return first, tagger.decode(sentences, changed, workers)


def tag_documents(
    tagger: Tagger,
    sentences: Sequence[TaggedSentence],
    documents: Sequence[int],
    workers: Workers,
    weight: float,
    *,
    confidence: bool = False,
    description: str = "tagging",
) -> Tagging:
    """Return the most likely tags of sentences of documents; the loss is that of the first pass.

    Args:
        tagger: trained.
        sentences: n sentences.
        documents: the number of the document of each, (n,).
        workers: threads.
        weight: of what other words say.
        confidence: whether to compute marginal probabilities, those of the second pass.
        description: of the progress bar.
    """
    scores = tagger.score(sentences, workers, description=description)
    changed = with_consistency(tagger, sentences, documents, scores, workers, weight)
    return tagger.decode(sentences, changed, workers, confidence=confidence)


def with_consistency(
    tagger: Tagger,
    sentences: Sequence[TaggedSentence],
    documents: Sequence[int],
    scores: WordScores,
    workers: Workers,
    weight: float,
) -> WordScores:
    """Return the scores of the second pass, see `consistency_scores`."""
    marginals = tagger.word_marginals(scores, workers)
    words = [word for sentence in sentences for word in sentence.words]
    numbers = np.repeat(documents, [len(sentence) for sentence in sentences])
    added = consistency_scores(marginals, tagger.encoder.tags, words, numbers, weight)
    return replace(scores, emissions=scores.emissions + added)


def consistency_scores(
    marginals: Array,
    tags: Sequence[str],
    words: Sequence[str],
    documents: NDArray[np.integer],
    weight: float,
) -> Array:
    """Return what is added to the scores of the tags of words, (n, k).

    Args:
        marginals: p(tag) of each word, (n, k).
        tags: k tags, "O" or with a type behind a hyphen.
        words: n words.
        documents: the number of the document of each word, (n,).
        weight: of the logarithm.
    """
    types = [tag.partition("-")[2] for tag in tags]
    classes = sorted(set(types))
    class_of = np.array([classes.index(name) for name in types])
    p = np.stack([marginals[:, class_of == c].sum(axis=1) for c in range(len(classes))], axis=1)
    sure = p.max(axis=1, keepdims=True) ** _SURENESS
    added = np.zeros_like(marginals)
    for rows in _recurrences(words, documents):
        scores, w = p[rows], sure[rows]
        of_others = (w * scores).sum(axis=0) - w * scores
        pooled = (of_others + _OWN * scores) / (w.sum() - w + _OWN)
        added[rows] = weight * np.log((pooled + _FLOOR) / (scores + _FLOOR))[:, class_of]
    return added


def _recurrences(words: Sequence[str], documents: NDArray[np.integer]) -> list[NDArray[np.integer]]:
    """Return the positions of each capitalized word that occurs more than once in a document."""
    positions = defaultdict(list)
    for i, (word, document) in enumerate(zip(words, documents.tolist(), strict=True)):
        if word != word.lower():
            positions[document, word.lower()].append(i)
    return [np.array(rows) for rows in positions.values() if len(rows) > 1]
