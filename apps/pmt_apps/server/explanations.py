"""`POST /explain`: why a model answers what it answers, as JSON, by task."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.kit.predict_jsonl import not_finite
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.language_model.surprise import token_surprise
from pmt_apps.mnist.attribution import feature_maps, pixel_gradients
from pmt_apps.mnist.predictor import DigitPredictor
from pmt_apps.ner.lattice import TagLattice, tag_lattice
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.qqp.attribution import head_attention, pair_scores
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.translation.beam_tree import beam_tree, path_of
from pmt_apps.translation.predictor import TranslationPredictor
from pmt_apps.word2vec.predictor import ANSWERS, WordPredictor
from pmt_apps.word2vec.word_map import signed_words, word_map
from pmt_core import DataError
from pmt_train import Workers

_DIGITS = 6
_MAP = 80  # words of a map beside those that were asked for
_LATTICE = 40  # words of a lattice
_LEAST_STEP = 1e-3  # probability of a step of it
Explain = Callable[[Any, Any], dict[str, Any]]
"""A function of a predictor and a checked example."""


def explanation(predictor: Any, value: Any) -> dict[str, Any]:
    """Return the JSON object that explains the answer to an example.

    Args:
        predictor: of a task in EXPLANATIONS.
        value: an example, as a request has it.

    Raises:
        DataError: if it is no example, or has no finite explanation.
    """
    with np.errstate(all="ignore"):  # what is not finite is an error, not a warning
        result = EXPLANATIONS[predictor.task](predictor, predictor.checked(value))
    if reason := not_finite(result):
        raise DataError(
            f"its explanation is not finite ({reason}): the weights of the run are too large for "
            "its numbers; train it anew with a lower --lr"
        )
    return result


def _text(predictor: TextPredictor, text: str) -> dict[str, Any]:
    """The probability of the most likely label, and what each word adds to its log-odds."""
    probabilities = predictor.predict_proba([text])[0]
    (scores,) = predictor.explain([text])
    predictor.model.network.zero_grad()
    best = int(probabilities.argmax())
    return {
        "text": text,
        "label": predictor.classes_[best],
        "probability": _rounded(probabilities[best]),
        "words": scores.words,
        "scores": _rounded(scores.scores),
    }


def _pair(predictor: PairPredictor, pair: tuple[str, str]) -> dict[str, Any]:
    """The answer, what each word adds to the log-odds of "the same", and attention by head."""
    (answer,) = predictor.predict_json([pair])
    scores = pair_scores(predictor.model, pair, predictor.workers)
    attention = head_attention(predictor.model, pair)
    return {
        **answer,
        "method": scores.method,
        "words1": scores.words[0],
        "scores1": _rounded(scores.scores[0]),
        "words2": scores.words[1],
        "scores2": _rounded(scores.scores[1]),
        "attention12": None if attention is None else _rounded(attention.weights12, 4),
        "attention21": None if attention is None else _rounded(attention.weights21, 4),
    }


def _entities(predictor: EntityPredictor, sentence: str | tuple[str, ...]) -> dict[str, Any]:
    """The answer, the probability of each tag for each word by itself, and the CRF's lattice."""
    (answer,) = predictor.predict_json([sentence])
    words = tuple(word for word, *_ in answer["words"])
    return {
        **answer,
        "classes": predictor.classes_,
        "probabilities": _rounded(predictor.predict_proba([sentence])[0]),
        "lattice": _lattice(tag_lattice(predictor.tagger, words, _LATTICE)) if words else None,
    }


def _lattice(lattice: TagLattice) -> dict[str, Any]:
    """Tags, the probabilities of nodes, and [from, to, probability] of the likelier steps."""
    pairs = lattice.pairs
    return {
        "tags": lattice.tags,
        "best": lattice.best.tolist(),
        "marginals": _rounded(lattice.marginals, 4),
        "emissions": _rounded(lattice.emissions, 3),
        "transitions": [[None if np.isnan(x) else _rounded(x, 3) for x in row]
                        for row in lattice.transitions],
        "steps": [[[int(a), int(b), _rounded(pairs[i, a, b], 4)]
                   for a, b in np.argwhere(pairs[i] >= _LEAST_STEP)] for i in range(len(pairs))],
    }  # fmt: skip


def _translation(predictor: TranslationPredictor, text: str) -> dict[str, Any]:
    """The answer, the cross-attention by layer and head, and the beams as a tree."""
    translator = predictor.translator
    best, steps = translator.observed(text)
    target, source, layers = translator.head_attention(text, best)
    nodes = beam_tree(steps, translator.penalty)
    names = translator.token_names(np.array([node.token for node in nodes], np.int64))
    return {
        "source": text,
        "translation": best.text,
        "score": _rounded(best.score),
        "source_tokens": source,
        "target_tokens": target,
        "attention": _rounded(np.stack(layers), 4),  # layers, heads, target, source
        "beam": translator.search.beam,
        "path": path_of(nodes, best.ids, ended=True) or path_of(nodes, best.ids, ended=False),
        "nodes": [
            [n.parent, n.depth, name, _rounded(n.log_probability, 4), _rounded(n.score, 4), n.state]
            for n, name in zip(nodes, names, strict=True)
        ],
    }


def _digit(predictor: DigitPredictor, image: Any) -> dict[str, Any]:
    """The answer, the gradient of each digit by pixel, and the maps of the first convolutions."""
    (answer,) = predictor.predict_json([image])
    maps = feature_maps(predictor.model, image)
    return {
        **answer,
        "gradients": [_picture(row) for row in pixel_gradients(predictor.model, image)],
        "layers": [
            {
                "kernels": None if layer.kernels is None else [_picture(k) for k in layer.kernels],
                "maps": [_picture(each, layer.maps.max()) for each in layer.maps],
            }
            for layer in maps
        ],
    }


def _picture(values: Any, most: float | None = None) -> list[list[int]]:
    """Return rows of whole numbers from -100 to 100; most: the value that becomes 100."""
    most = float(np.abs(values).max() if most is None else most)
    scaled = np.asarray(values, np.float64) * (100 / most if most else 0.0)
    if not np.isfinite(scaled).all():
        raise DataError("its picture is not finite; train the run anew with a lower --lr")
    rows: list[list[int]] = np.rint(scaled).astype(int).tolist()
    return rows


def _word(predictor: WordPredictor, text: str) -> dict[str, Any]:
    """The nearest words of a word or of a sum of words, and all of them as points of a plane."""
    vectors = predictor.vectors
    terms = [(word, predictor.find(word), sign) for word, sign in signed_words(text)]
    result: dict[str, Any] = {
        "word": text,
        "terms": [{"word": word, "sign": sign, "known": entry is not None}
                  for word, entry, sign in terms],
        "neighbors": [], "points": [], "explained": None,
    }  # fmt: skip
    known = [(entry, sign) for _, entry, sign in terms if entry is not None]
    if len(known) < len(terms):
        return result
    plus, minus = ([word for word, sign in known if sign == s] for s in (1, -1))
    around = vectors.most_similar(plus, minus, _MAP)
    neighbors = around[:ANSWERS]
    words = list(dict.fromkeys([*(word for word, _ in known), *(n.word for n in around)]))
    inner = len(words) - len(around) + len(neighbors)
    plane = word_map(vectors, words[:inner], words[inner:])
    result["neighbors"] = [{"word": w, "similarity": _rounded(s)} for w, s in neighbors]
    result["points"] = [
        {"word": word, "x": x, "y": y}
        for word, (x, y) in zip(words, _rounded(plane.points), strict=True)
    ]
    result["explained"] = _rounded(plane.explained)
    return result


def _tokens(predictor: PromptPredictor, text: str) -> dict[str, Any]:
    """Each token of a text, how likely the model finds it, and what it finds likelier."""
    with Workers(1):
        tokens = token_surprise(predictor, text)
    return {
        "text": text,
        "tokens": [
            {
                "text": token.text,
                "probability": None if token.probability is None else float(token.probability),
                "alternatives": [
                    {"text": name, "probability": _rounded(p)} for name, p in token.alternatives
                ],
            }
            for token in tokens
        ],
    }


EXPLANATIONS: Mapping[str, Explain] = {
    "classify": _text,
    "qqp": _pair,
    "ner": _entities,
    "word2vec": _word,
    "translation": _translation,
    "lm": _tokens,
    "mnist": _digit,
}
"""By task."""


def _rounded(value: Any, digits: int = _DIGITS) -> Any:
    """Return a number, or an array as lists, with some digits after the point."""
    rounded: Any = np.round(np.asarray(value, np.float64), digits).tolist()
    return rounded
