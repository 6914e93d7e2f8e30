"""`EntityPredictor`: a trained tagger that finds entities in raw text or in given words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.predictor import Predictor
from pmt_apps.ner.consistency import tag_documents
from pmt_apps.ner.ensemble import load_tagger
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import Tagger
from pmt_apps.ner.tagging import Tagging
from pmt_autograd import Array
from pmt_core import DataError, tag_spans
from pmt_text import TaggedSentence, TextWord, convert_tags, find_words

Sentence = str | tuple[str, ...]
"""A raw text, or its words."""


class EntityPredictor(Predictor[Settings, Sentence, list[str]]):
    """A trained tagger: `predict` returns the tags (IOB2) of the words of each text.

    An input is a raw text, whose words `find_words` finds, or a sequence of words.

    Attributes:
        classes_: tags, the columns of `predict_proba`; in IOB2, those of an IOB1 model in IOB1.
        tagger: the model with its vocabularies.
    """

    task = "ner"
    settings_type = Settings
    key = "tags"

    def __init__(self, settings: Settings, tagger: Tagger) -> None:
        super().__init__(settings)
        self.tagger = tagger
        names = [self._class_of(tag) for tag in tagger.encoder.tags]
        self.classes_ = list(dict.fromkeys(names))
        self._columns = [self.classes_.index(name) for name in names]

    def _class_of(self, tag: str) -> str:
        if self.tagger.encoder.scheme != "IOBES" or tag == "O":
            return tag
        return {"B": "B", "S": "B", "I": "I", "E": "I"}[tag[0]] + tag[1:]

    @classmethod
    def from_weights(
        cls, settings: Settings, weights: Mapping[str, Array], meta: Mapping[str, Any]
    ) -> Self:
        """Return the tagger of a run."""
        tagger = load_tagger(settings, meta)
        tagger.model.load_state_dict(weights)
        return cls(settings, tagger)

    def weights(self) -> Mapping[str, Array]:
        """Return the weights of the tagger."""
        return self.tagger.model.state_dict()

    def model_meta(self) -> Mapping[str, Any]:
        """Return the vocabularies and the sizes of the tagger."""
        return self.tagger.to_json()

    def checked(self, value: Any) -> Sentence:
        """Return a text, or words without white space as a tuple. Raises DataError."""
        if isinstance(value, str):
            return str(value)
        if not isinstance(value, Sequence) or not all(isinstance(word, str) for word in value):
            raise DataError(f"expected a text or a list of words, got {type(value).__name__}")
        return checked_words(value)

    def answers(
        self, inputs: Sequence[Sentence], *, document: bool = False
    ) -> Iterator[Mapping[str, Any]]:
        """Return text, entities, words and tags (IOB2) of each text, one after the other.

        start and end are character offsets: text[start:end] is the entity or word; the text of
        given words has a space between them. The confidence of an entity is the smallest marginal
        probability of its tags.

        Args:
            inputs: checked texts, see `checked_inputs`.
            document: whether the texts are those of one document, which are tagged twice with the
                setting `consistency`.
        """
        texts = [text if isinstance(text, str) else " ".join(text) for text in inputs]
        words = [_words(sentence) for sentence in inputs]
        sentences = _tagged(words, document=document)
        tagged: Iterator[tuple[Sequence[str], NDArray[np.float32]]] = iter(())
        if sentences:
            tagging = self._tagging(sentences, document=document)
            tagged = zip(tagging.tags, tagging.confidence, strict=True)
        return (
            _answer(text, row, *(next(tagged) if row else _NOTHING))
            for text, row in zip(texts, words, strict=True)
        )

    def _tagging(self, sentences: list[TaggedSentence], *, document: bool) -> Tagging:
        weight = self.settings.consistency
        if not (document and weight):
            return self.tagger.tag(sentences, self.workers, confidence=True)
        numbers = [1] * len(sentences)
        return tag_documents(self.tagger, sentences, numbers, self.workers, weight, confidence=True)

    def document_entities(
        self, inputs: Iterable[str | Sequence[str]]
    ) -> list[list[dict[str, Any]]]:
        """Return the entities of each sentence of one document, as `entities` does.

        Names recur in a document; a sentence in which one is clear helps the others.

        Raises:
            DataError: as for `predict_json`.
        """
        answers = self.answers(self.checked_inputs(inputs), document=True)
        return [answer["entities"] for answer in answers]

    def entities(self, inputs: Iterable[str | Sequence[str]]) -> list[list[dict[str, Any]]]:
        """Return the entities of each text: type, text, start, end, confidence; see `answers`."""
        return [answer["entities"] for answer in self.predict_json(inputs)]

    def words(self, inputs: Iterable[str | Sequence[str]]) -> list[list[str]]:
        """Return the words of each text, to which `predict` and `predict_proba` refer."""
        return [[word.text for word in _words(text)] for text in self.checked_inputs(inputs)]

    def predict_proba(self, inputs: Iterable[str | Sequence[str]]) -> list[NDArray[np.float32]]:
        """Return the marginal probabilities of the tags of each text, (words, classes) each.

        A row is p(tag | text) of a word by itself. `predict` gives the most likely sequence, whose
        tags need not be the most likely ones of their words.

        Raises:
            DataError: as for `predict_json`.
        """
        words = [_words(text) for text in self.checked_inputs(inputs)]
        sentences = _tagged(words)
        rows = iter(self.tagger.marginals(sentences, self.workers) if sentences else [])
        results = []
        for i, row in enumerate(words):
            probabilities = np.zeros((len(row), len(self.classes_)), np.float32)
            if row:
                np.add.at(probabilities.T, self._columns, next(rows).T)
            if not np.isfinite(probabilities).all():
                raise DataError(f"input {i}: {_NOT_FINITE}")
            results.append(probabilities)
        return results


_NOT_FINITE = (
    "the probabilities of its tags are not finite: the weights of the run are too large for its "
    "numbers; train it anew with a lower --lr"
)


def checked_words(words: Iterable[str]) -> tuple[str, ...]:
    """Return the words of a sentence. Raises DataError for an empty word, or white space in it."""
    result = tuple(map(str, words))
    if not all(word and not any(map(str.isspace, word)) for word in result):
        raise DataError("expected words that are not empty and have no white space in them")
    return result


def _words(sentence: Sentence) -> list[TextWord]:
    if isinstance(sentence, str):
        return find_words(sentence)
    starts = np.cumsum([0, *(len(word) + 1 for word in sentence)]).tolist()
    return [
        TextWord(word, start, start + len(word))
        for word, start in zip(sentence, starts[:-1], strict=True)
    ]


def _tagged(words: Sequence[Sequence[TextWord]], *, document: bool = False) -> list[TaggedSentence]:
    """Return the sentences that have words, of one document or of unknown ones."""
    return [
        TaggedSentence(tuple(word.text for word in row), document=int(document))
        for row in words
        if row
    ]


_NOTHING: tuple[Sequence[str], NDArray[np.float32]] = ((), np.zeros(0, np.float32))


def _answer(
    text: str, words: list[TextWord], tags: Sequence[str], confidence: NDArray[np.float32]
) -> dict[str, Any]:
    """Return the answer to a text, and empty `words`: a line may have 300,000 words."""
    if not np.isfinite(confidence).all():
        raise DataError(_NOT_FINITE)
    rows: list[Any] = list(words)
    words.clear()
    for i, word in enumerate(rows):
        rows[i] = list(word)
    entities = []
    for span in tag_spans(tags):
        start, end = rows[span.start][1], rows[span.stop - 1][2]
        entities.append(
            {
                "type": span.type,
                "text": text[start:end],
                "start": start,
                "end": end,
                "confidence": round(float(confidence[span.start : span.stop].min()), 6),
            }
        )
    return {
        "text": text,
        "entities": entities,
        "words": rows,
        "tags": convert_tags(tags, "IOB2"),
    }
