"""Encode tagged sentences as ids of words, word shapes, characters and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import (
    IGNORE_LABEL,
    DataError,
    SettingsError,
    dataclass_fields,
    field,
    json_errors,
    json_object,
    pad_sequences,
    value_text,
)
from pmt_text.files.errors import check_at_least
from pmt_text.ner.document_words import DocumentWords
from pmt_text.ner.encoded_sentences import EncodedSentences
from pmt_text.ner.tag_scheme import TAG_SCHEMES, TagScheme, convert_tags
from pmt_text.ner.tagged_sentence import TaggedSentence
from pmt_text.tokenizers.vocabulary import SPECIAL_TOKENS, Vocabulary

_DIGIT = re.compile(r"\d")


def fold_word(word: str, *, lower: bool = True, digits: bool = True) -> str:
    """Return the word without the differences that its vector should not depend on: 0000-00-00.

    Args:
        word: any word.
        lower: whether to convert it to lower case.
        digits: whether to replace each digit by 0.

    Examples:
        >>> from pmt_text import fold_word
        >>> fold_word("Boeing-747"), fold_word("Boeing-747", lower=False)
        ('boeing-000', 'Boeing-000')
    """
    if lower:
        word = word.lower()
    return _DIGIT.sub("0", word) if digits else word


def letters_only(word: str) -> str:
    """Return the letters of a word in lower case, without punctuation and digits.

    Examples:
        >>> from pmt_text import letters_only
        >>> letters_only("T-shirts'")
        'tshirts'
    """
    return "".join(filter(str.isalpha, word)).lower()


def word_shape(word: str, max_run: int = 2) -> str:
    """Return the word with X for capitals, x for other letters and d for digits.

    Other characters are kept: "U.S." is "X.X.", "Brussels" "Xxx", "1996-08-22" "dd-dd-dd".

    Args:
        word: any word.
        max_run: runs of one sign are cut to this length.

    Examples:
        >>> from pmt_text import word_shape
        >>> [word_shape(word) for word in ("U.S.", "Brussels", "1996-08-22", "McDonald")]
        ['X.X.', 'Xxx', 'dd-dd-dd', 'XxXxx']
    """
    shape: list[str] = []
    run, previous = 0, ""
    for letter in word:
        if letter.isalpha():
            sign = "X" if letter.isupper() or letter.istitle() else "x"
        else:
            sign = "d" if letter.isdigit() else letter
        run = run + 1 if sign == previous else 1
        previous = sign
        if run <= max_run:
            shape.append(sign)
    return "".join(shape)


@dataclass(frozen=True, eq=False)
class SentenceEncoder:
    """Encoder of sentences: the vocabularies of words, characters and shapes, and the tags.

    Attributes:
        words, lower, digits: vocabulary of folded words, and how they are folded, see `fold_word`.
        shapes: vocabulary of word shapes, see `word_shape`.
        tags, scheme: names of the tags in the order of their ids, "O" first, and their scheme.
        max_letters: of a longer word only the first and last characters are encoded.
        learned: the first `learned` words occurred in training, later ones do not (they have
            pretrained vectors); None: all occurred.

    Examples:
        >>> from pmt_text import SentenceEncoder, TaggedSentence
        >>> sentence = TaggedSentence(("Ada", "met", "Ada"), ("B-PER", "O", "B-PER"))
        >>> encoder = SentenceEncoder.learn([sentence])
        >>> encoder.tags
        ('O', 'B-PER', 'I-PER', 'E-PER', 'S-PER')
        >>> data = encoder.encode([sentence])
        >>> data.words, encoder.tag_names(data.tags)
        (array([5, 6, 5], dtype=int32), ['S-PER', 'O', 'S-PER'])
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
            raise DataError(f"the tags must be different names, 'O' first, not {self.tags!r:.80}")
        if self.scheme not in TAG_SCHEMES:
            given = value_text(self.scheme)
            raise SettingsError(f"scheme is one of {', '.join(TAG_SCHEMES)}, not {given}")
        prefixes = tuple(f"{letter}-" for letter in _prefixes(self.scheme))
        if wrong := [tag for tag in self.tags[1:] if not tag.startswith(prefixes)]:
            raise DataError(
                f"the tags of {self.scheme} begin with {' or '.join(prefixes)}, not as in "
                f"{value_text(wrong[0])}"
            )
        check_at_least(2, max_letters=self.max_letters)
        if self.learned is not None and not len(SPECIAL_TOKENS) <= self.learned <= len(self.words):
            raise DataError(
                f"expected {len(SPECIAL_TOKENS)} to {len(self.words)} learned words, as many as "
                f"the vocabulary has, got {self.learned}"
            )

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
        """Build the encoder of training sentences.

        The tags are all tags of the types that occur, whether each of them occurs or not.
        min_count: rarer words, characters and shapes are unknown. more_learned: further folded
        words to count as learned, from other texts. further_words: folded words that are not
        learned, such as those of a file of vectors. The other arguments are those of the class.
        """
        folded = ([fold_word(w, lower=lower, digits=digits) for w in s.words] for s in sentences)
        words = _extended(Vocabulary.build(folded, min_count=min_count), more_learned)
        learned = len(words)
        words = _extended(words, further_words)
        characters = Vocabulary.build((list("".join(s.words)) for s in sentences), min_count)
        shapes = Vocabulary.build(([word_shape(w) for w in s.words] for s in sentences), min_count)
        tags = _tags_of(sentences, scheme)
        return cls(words, characters, shapes, tags, scheme, lower, digits, max_letters, learned)

    def encode(self, sentences: Sequence[TaggedSentence]) -> EncodedSentences:
        """Encode n sentences, with tags if all of them have tags.

        The label of a tag of an unknown type is `IGNORE_LABEL`.
        """
        words = [word for sentence in sentences for word in sentence.words]
        numbers: dict[str, int] = {}
        spelling_ids = np.fromiter(
            (numbers.setdefault(word, len(numbers) + 1) for word in words), np.int32, len(words)
        )
        folded = [fold_word(word, lower=self.lower, digits=self.digits) for word in numbers]
        word_ids = self._per_spelling(self.words, map(self._known, folded))
        shape_ids = self._per_spelling(self.shapes, map(word_shape, numbers))
        letters = [self.characters.ids(self._letters(word)) for word in numbers]
        lengths = np.fromiter(map(len, sentences), np.int64, len(sentences))
        tagged = bool(sentences) and all(sentence.tags is not None for sentence in sentences)
        all_ids = word_ids[spelling_ids]
        documents = [sentence.document for sentence in sentences]
        return EncodedSentences(
            words=all_ids,
            shapes=shape_ids[spelling_ids],
            spelling_ids=spelling_ids,
            characters=pad_sequences([np.empty(0, np.int64), *letters])[0].astype(np.int32),
            offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
            tags=self._tag_ids(sentences) if tagged else None,
            tag_names=self.tags,
            scheme=self.scheme,
            contexts=DocumentWords.of(all_ids, lengths, documents),
        )

    def tag_names(self, ids: NDArray[np.integer]) -> list[str]:
        """Return the tags of the ids (t,) of a sentence."""
        return [self.tags[i] for i in ids]

    def counts(self, data: EncodedSentences) -> NDArray[np.int64]:
        """Return how often each learned word occurs in training data, (learned,)."""
        learned = len(self.words) if self.learned is None else self.learned
        return np.bincount(data.words, minlength=learned)[:learned]

    def _known(self, word: str) -> str:
        """Return a folded word, or its letters if only they are known: "t-shirt", "tshirt".

        Pretrained vectors are often of words without punctuation. If there are no such further
        words, the word is returned as it is.
        """
        if word in self.words or self.learned in (None, len(self.words)):
            return word
        return letters_only(word)

    def _letters(self, word: str) -> str:
        end = self.max_letters // 2
        short = len(word) <= self.max_letters
        return word if short else word[: self.max_letters - end] + word[-end:]

    @staticmethod
    def _per_spelling(vocabulary: Vocabulary, names: Iterable[str]) -> NDArray[np.int32]:
        """Return the ids of the names of all spellings, after one of spelling 0, the padding."""
        return np.concatenate([[0], vocabulary.ids(names)]).astype(np.int32)

    def _tag_ids(self, sentences: Sequence[TaggedSentence]) -> NDArray[np.int32]:
        ids = {name: i for i, name in enumerate(self.tags)}
        converted = (convert_tags(sentence.tags or (), self.scheme) for sentence in sentences)
        return np.fromiter(
            (ids.get(tag, IGNORE_LABEL) for tags in converted for tag in tags), np.int32
        )

    def to_json(self) -> dict[str, Any]:
        """Return the encoder as a JSON object."""
        return {
            name: value.to_json() if isinstance(value, Vocabulary) else value
            for name, value in vars(self).items()
        } | {"tags": list(self.tags)}

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> SentenceEncoder:
        """Return the encoder of a JSON object made by `to_json`. Raises DataError for another."""
        state = json_object(state)
        tags = tuple(field(state, "tags", list[str]))
        vocabularies = dict.fromkeys(("words", "characters", "shapes"), Vocabulary.from_json)
        values = dataclass_fields(state, cls, {**vocabularies, "tags": lambda _: tags})
        with json_errors(state.where):
            return cls(**values)


def _extended(words: Vocabulary, more: Iterable[str]) -> Vocabulary:
    new = dict.fromkeys(word for word in more if word not in words)
    return Vocabulary([*words.to_json(), *new]) if new else words


def _tags_of(sentences: Sequence[TaggedSentence], scheme: TagScheme) -> tuple[str, ...]:
    types = {tag[2:] for s in sentences for tag in s.tags or () if tag != "O"}
    prefixes = _prefixes(scheme)
    return ("O", *(f"{prefix}-{type_}" for type_ in sorted(types) for prefix in prefixes))


def _prefixes(scheme: TagScheme) -> str:
    return "BIES" if scheme == "IOBES" else "BI"
