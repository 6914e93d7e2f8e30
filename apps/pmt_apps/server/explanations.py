"""`POST /explain`: why a model answers what it answers, as JSON, by task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from pmt_apps.classification.predictor import TextPredictor
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.language_model.surprise import token_surprise
from pmt_apps.ner.predictor import EntityPredictor
from pmt_apps.qqp.attribution import head_attention, pair_scores
from pmt_apps.qqp.predictor import PairPredictor
from pmt_apps.word2vec.predictor import ANSWERS, WordPredictor
from pmt_apps.word2vec.word_map import signed_words, word_map
from pmt_core import DataError
from pmt_train import Workers

_DIGITS = 6
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
    if not _is_finite(result):
        raise DataError(
            "its explanation is not finite: the weights of the run are too large for its numbers; "
            "train it anew with a lower --lr"
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
    """The answer, and the probability of each tag for each word by itself."""
    (answer,) = predictor.predict_json([sentence])
    return {
        **answer,
        "classes": predictor.classes_,
        "probabilities": _rounded(predictor.predict_proba([sentence])[0]),
    }


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
    neighbors = vectors.most_similar(plus, minus, ANSWERS)
    words = list(dict.fromkeys([*(word for word, _ in known), *(n.word for n in neighbors)]))
    plane = word_map(vectors, words)
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
    "lm": _tokens,
}
"""By task; the others have none."""


def _rounded(value: Any, digits: int = _DIGITS) -> Any:
    """Return a number, or an array as lists, with some digits after the point."""
    rounded: Any = np.round(np.asarray(value, np.float64), digits).tolist()
    return rounded


def _is_finite(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_finite, value.values()))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or bool(np.isfinite(value))
