"""Tagged sentences into ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import DataError, SettingsError, pad_sequences
from pmt_text.ner.encoded_sentences import EncodedSentences
from pmt_text.ner.tag_scheme import TAG_SCHEMES, TagScheme, convert_tags
from pmt_text.ner.tagged_sentence import TaggedSentence
from pmt_text.ner.word_shape import fold_word, letters_only, word_shape
from pmt_text.tokenizers.vocabulary import Vocabulary

__all__ = ["SentenceEncoder"]

_NO_TAG = -100


@dataclass(frozen=True, eq=False)
class SentenceEncoder:
    """The vocabularies of words, letters and shapes, and the tags, by which sentences become ids.

    words: of folded words (see `fold_word`: `lower`, `digits`). characters: of single letters, as
    they stand. shapes: see `word_shape`. tags: the names of the tags in the order of their ids,
    written in `scheme`, "O" first. max_letters: a longer word is known by its first and last ones.
    learned: the first so many words were met in training, those behind are known otherwise (they
    have a given vector); None: all were met.
    """

    words: Vocabulary
    characters: Vocabulary
    shapes: Vocabulary
    tags: tuple[str, ...]
    scheme: TagScheme = "IOBES"
    lower: bool = True
    digits: bool = True
    max_letters: int = 24
    learned: int | None = None

    def __post_init__(self) -> None:
        if not self.tags or self.tags[0] != "O" or len(set(self.tags)) != len(self.tags):
            raise DataError(f"the tags are different names, 'O' first, not {self.tags}")
        if self.scheme not in TAG_SCHEMES:
            raise SettingsError(f"scheme is one of {', '.join(TAG_SCHEMES)}, not {self.scheme!r}")
        if self.max_letters < 2:
            raise SettingsError(f"max_letters must be 2 or more, not {self.max_letters}")

    @classmethod
    def learn(
        cls,
        sentences: Sequence[TaggedSentence],
        *,
        scheme: TagScheme = "IOBES",
        min_count: int = 1,
        more_learned: Iterable[str] = (),
        further_words: Iterable[str] = (),
        lower: bool = True,
        digits: bool = True,
        max_letters: int = 24,
    ) -> SentenceEncoder:
        """The encoder of training sentences.

        min_count: words, letters and shapes seen fewer times are unknown. more_learned: folded
        words to learn besides, of other texts. further_words: folded words known otherwise, such
        as those of a vector file. tags: those of all types that occur, whether each tag of the
        type does or not.
        """
        folded = ([fold_word(w, lower=lower, digits=digits) for w in s.words] for s in sentences)
        words = _extended(Vocabulary.build(folded, min_count=min_count), more_learned)
        learned = len(words)
        words = _extended(words, further_words)
        return cls(
            words=words,
            characters=Vocabulary.build((list("".join(s.words)) for s in sentences), min_count),
            shapes=Vocabulary.build(
                ([word_shape(w) for w in s.words] for s in sentences), min_count
            ),
            tags=_tags_of(sentences, scheme),
            scheme=scheme,
            lower=lower,
            digits=digits,
            max_letters=max_letters,
            learned=learned,
        )

    def encode(self, sentences: Sequence[TaggedSentence]) -> EncodedSentences:
        """n sentences; with tags where all of them have some.

        A tag that `tags` does not have, of a type that training never met, is -100: no tag.
        """
        every = [word for sentence in sentences for word in sentence.words]
        number: dict[str, int] = {}
        spelling_ids = np.fromiter(
            (number.setdefault(word, len(number) + 1) for word in every), np.int32, len(every)
        )
        folded = [fold_word(word, lower=self.lower, digits=self.digits) for word in number]
        letters = [self.characters.ids(self._letters(word)) for word in number]
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        tagged = bool(sentences) and all(sentence.tags is not None for sentence in sentences)
        words = self._per_spelling(self.words, map(self._known, folded))
        shapes = self._per_spelling(self.shapes, map(word_shape, number))
        return EncodedSentences(
            words=words[spelling_ids],
            shapes=shapes[spelling_ids],
            spelling_ids=spelling_ids,
            characters=pad_sequences([np.empty(0, np.int64), *letters])[0].astype(np.int32),
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            tags=self._tag_ids(sentences) if tagged else None,
        )

    def tag_names(self, ids: NDArray[np.integer]) -> list[str]:
        """The tags, in `scheme`, of the ids (t,) of a sentence."""
        return [self.tags[i] for i in ids]

    def counts(self, data: EncodedSentences) -> NDArray[np.int64]:
        """How often each of the learned words occurs in training data, (learned,)."""
        learned = len(self.words) if self.learned is None else self.learned
        return np.bincount(data.words, minlength=learned)[:learned]

    def _known(self, word: str) -> str:
        """A folded word, or its letters alone where only they are known: "t-shirt", "tshirt".

        Vectors are often of words without marks; without such further words nothing is guessed.
        """
        if word in self.words or self.learned in (None, len(self.words)):
            return word
        return letters_only(word)

    def _letters(self, word: str) -> str:
        if len(word) <= self.max_letters:
            return word
        end = self.max_letters // 2
        return word[: self.max_letters - end] + word[-end:]

    @staticmethod
    def _per_spelling(vocabulary: Vocabulary, names: Iterable[str]) -> NDArray[np.int32]:
        """The ids of the names, with one for spelling 0 (the padding) before them."""
        return np.concatenate([[0], vocabulary.ids(names)]).astype(np.int32)

    def _tag_ids(self, sentences: Sequence[TaggedSentence]) -> NDArray[np.int32]:
        ids = {name: i for i, name in enumerate(self.tags)}
        found = (
            ids.get(tag, _NO_TAG)
            for sentence in sentences
            for tag in convert_tags(sentence.tags or (), self.scheme)
        )
        return np.fromiter(found, np.int32)

    def to_json(self) -> dict[str, Any]:
        """The encoder as JSON can hold it."""
        return {
            "words": self.words.to_json(),
            "characters": self.characters.to_json(),
            "shapes": self.shapes.to_json(),
            "tags": list(self.tags),
            "scheme": self.scheme,
            "lower": self.lower,
            "digits": self.digits,
            "max_letters": self.max_letters,
            "learned": self.learned,
        }

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> SentenceEncoder:
        """The encoder that `to_json` wrote."""
        tables = ("words", "characters", "shapes")
        rest = ("tags", "scheme", "lower", "digits", "max_letters", "learned")
        if set(state) != {*tables, *rest}:
            raise DataError("this is no encoder of sentences in JSON, as to_json() writes it")
        found: dict[str, Any] = {name: Vocabulary.from_json(state[name]) for name in tables}
        found |= {name: state[name] for name in rest}
        return cls(**found | {"tags": tuple(state["tags"])})


def _extended(words: Vocabulary, more: Iterable[str]) -> Vocabulary:
    new = dict.fromkeys(word for word in more if word not in words)
    return Vocabulary([*words.to_json(), *new]) if new else words


def _tags_of(sentences: Sequence[TaggedSentence], scheme: TagScheme) -> tuple[str, ...]:
    types = {tag[2:] for s in sentences for tag in s.tags or () if tag != "O"}
    kinds = "BIES" if scheme == "IOBES" else "BI"
    return ("O", *(f"{kind}-{type_}" for type_ in sorted(types) for kind in kinds))
