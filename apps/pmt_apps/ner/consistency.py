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

from pmt_apps.ner.tagger import (
    EVALUATION_BATCH,
    Tagger,
    Tagging,
    inner_ends,
    join_cut_sentences,
    word_positions,
)
from pmt_autograd import Array
from pmt_text import BucketBatches, TaggedBatch, TaggedSentence
from pmt_train import Workers, predict_batches

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
    documents. The loss is that of the sentences.
    """
    first = tagger.tag(sentences, workers, description=description)
    documents = [sentence.document for sentence in sentences]
    if not weight or len(set(documents) - {0}) < 2:
        return first, first
    second = tag_documents(tagger, sentences, documents, workers, weight, description=description)
    return first, replace(second, loss=first.loss)


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
    """Return the most likely tags of sentences of documents; the loss is nan.

    Args:
        tagger: trained.
        sentences: n sentences.
        documents: the number of the document of each, (n,).
        workers: threads.
        weight: of what other words say.
        confidence: whether to compute marginal probabilities, those of the second pass.
        description: of the progress bar.
    """
    encoded = tagger.encode(sentences)
    model, crf = tagger.model.eval(), tagger.model.crf
    scores = np.zeros((len(encoded.words), len(tagger.encoder.tags)), np.float32)
    marginals = np.zeros_like(scores)
    tags = np.zeros(len(scores), np.int64)
    confidences = np.zeros(len(scores) if confidence else 0, np.float32)

    def score_batch(batch: TaggedBatch) -> None:
        emissions = model(batch)
        positions = word_positions(encoded, batch)
        scores[positions] = emissions.data[batch.mask]
        marginals[positions] = crf.marginals(emissions, batch.mask)[batch.mask]

    def tag_batch(batch: TaggedBatch) -> None:
        positions = word_positions(encoded, batch)
        emissions = np.zeros((*batch.mask.shape, scores.shape[1]), np.float32)
        emissions[batch.mask] = scores[positions]
        best = crf.decode(emissions, batch.mask)[batch.mask]
        tags[positions] = best
        if confidence:
            probabilities = crf.marginals(emissions, batch.mask)[batch.mask]
            confidences[positions] = probabilities[np.arange(len(best)), best]

    batches = BucketBatches(encoded.lengths, EVALUATION_BATCH, encoded.batch)
    predict_batches(score_batch, batches, workers, description=description)
    words = [word for sentence in sentences for word in sentence.words]
    numbers = np.repeat(documents, [len(sentence) for sentence in sentences])
    scores += consistency_scores(marginals, tagger.encoder.tags, words, numbers, weight)
    predict_batches(tag_batch, batches, workers, description=description)
    ends = inner_ends(sentences)
    names = [tagger.encoder.tag_names(ids) for ids in np.split(tags, ends)]
    join_cut_sentences(names, encoded.offsets, tagger.encoder.scheme)
    return Tagging(names, np.split(confidences, ends) if confidence else [], float("nan"))


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
