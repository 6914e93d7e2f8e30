"""`Tokenizer`: a pre-trained tokenizer, as tokenizer.json describes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_core import SettingsError, ShapeError
from pmt_text.tokenizers.pretrained.post_processors import EncodedText, Truncation
from pmt_text.tokenizers.pretrained.stages import Stages, read_stages
from pmt_text.tokenizers.pretrained.tokenizer_files import (
    SpecialTokens,
    read_tokenizer_folder,
    write_tokenizer_folder,
)
from pmt_text.tokenizers.pretrained.vocabulary_files import word_piece_of_tokens

_CACHED = 1 << 17  # words; bounds the memory


class Tokenizer:
    r"""A pre-trained tokenizer: text to the ids that a pre-trained model was trained with.

    The stages are those of Hugging Face's tokenizers: added tokens are cut out of the text; the
    rest is normalized, split into words, and each word into pieces (WordPiece, byte-level BPE or
    Unigram); a post-processor adds special tokens. The ids are the same as there.

    Attributes:
        special_tokens: names of the special tokens by their part: "cls_token", "pad_token", ...
        padding_id: id of the padding token, 0 if there is none.
        unknown_id: id of the unknown token, None if there is none.
        max_length: ids of the longest text that the model reads, None if the files do not say.

    Examples:
        >>> from pathlib import Path
        >>> from pmt_text import Tokenizer
        >>> tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##like", "##ly"]
        >>> _ = Path("vocab.txt").write_text("\n".join(tokens))
        >>> tokenizer = Tokenizer.load(".")  # a folder as model hubs have it
        >>> one, two = tokenizer.encode_batch(["Unlikely", ("unlike", "un")])
        >>> tokenizer.tokens(one.ids)
        ['[CLS]', 'un', '##like', '##ly', '[SEP]']
        >>> two.ids, two.token_types
        ([2, 4, 5, 3, 4, 3], [0, 0, 0, 0, 1, 1])
        >>> tokenizer.decode(one.ids)
        'unlikely'
    """

    def __init__(self, stages: Stages, special_tokens: SpecialTokens | None = None) -> None:
        self._stages = stages
        self._cache = _WordCache(stages.model.encode_word)
        named = special_tokens or SpecialTokens()
        self.special_tokens = _known_parts(stages) | named.names
        self.max_length = named.max_length
        self.unknown_id = stages.model.unknown
        padding = stages.id_of(self.special_tokens.get("pad_token", stages.padding_token))
        self.padding_id = 0 if padding is None else padding

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Tokenizer:
        """Load the tokenizer of a model's folder, or a file tokenizer.json.

        A folder has tokenizer.json, or vocab.txt (WordPiece), or vocab.json and merges.txt
        (byte-level BPE of RoBERTa and GPT-2), and may have tokenizer_config.json.

        Raises:
            FileProblem: there is no such file.
            DataError: a file is damaged, or of an unknown kind; the message names file and key.
        """
        content, named = read_tokenizer_folder(path)
        return cls(read_stages(content), named)

    @classmethod
    def from_json(cls, content: object) -> Tokenizer:
        """Return the tokenizer of the content of a tokenizer.json. Raises DataError."""
        return cls(read_stages(content))

    @classmethod
    def word_piece(
        cls, tokens: Sequence[str], *, lower: bool = False, max_length: int | None = None
    ) -> Tokenizer:
        """Return the tokenizer of a BERT model with a vocabulary of `learn_word_pieces`.

        Args:
            tokens: in the order of their ids, with the special tokens of BERT.
            lower: whether texts are converted to lower case, and accents removed.
            max_length: ids of the longest text that the model reads.

        Raises:
            DataError: a special token is missing, or a token occurs twice.
        """
        content = word_piece_of_tokens(tokens, lower=lower)
        return cls(read_stages(content), SpecialTokens(max_length=max_length))

    def to_json(self) -> dict[str, Any]:
        """Return the content of tokenizer.json."""
        return self._stages.content

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write tokenizer.json and tokenizer_config.json into a folder. Raises FileProblem."""
        named = SpecialTokens(self.special_tokens, self.max_length)
        write_tokenizer_folder(folder, self.to_json(), named)

    # --- text to ids ---

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids (n,) of a text, without special tokens."""
        return np.array(self._ids(text), np.int64)

    def encode_with_specials(
        self, text: str, second: str | None = None, *, max_length: int | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Encode one text or two with special tokens, e.g. ``[CLS] text [SEP] second [SEP]``.

        max_length: maximal number of ids; by default that of the tokenizer.json, if it has one. Of
        two texts the longer one is truncated first. Returns ids (n,) and token types (n,).
        """
        encoded = self._processed([text] if second is None else [text, second], max_length)
        return np.array(encoded.ids, np.int64), np.array(encoded.token_types, np.int64)

    def encode_batch(
        self,
        texts: Iterable[str] | Iterable[tuple[str, str]],
        *,
        max_length: int | None = None,
    ) -> list[EncodedText]:
        """Return ids and token types of texts, or of pairs of texts, with special tokens."""
        return [
            self._processed([text] if isinstance(text, str) else text, max_length) for text in texts
        ]

    def encode_words(
        self, words: Sequence[str], *, max_length: int | None = None
    ) -> tuple[EncodedText, NDArray[np.int64], int]:
        """Encode a text that is split into w words, with special tokens.

        Each word but the first is encoded with a space before it, as in a text. Returns ids and
        token types, the number of pieces of each word (w,), and the number of special tokens
        before them. Words that do not fit into `max_length` ids have fewer pieces, or none.
        """
        parts = [self._ids(f" {word}" if i else word) for i, word in enumerate(words)]
        counts = np.array([len(part) for part in parts], np.int64)
        ids = [[i for part in parts for i in part]]
        truncated = self._truncated(ids, max_length)
        excess = len(ids[0]) - len(truncated[0])
        if self._truncation(max_length).left:
            counts = _without_first(counts, excess)
        else:
            counts = _without_first(counts, len(truncated[0]), keep=True)
        encoded = self._stages.post_process(truncated)
        return encoded, counts, self._stages.post_process.before

    def _processed(self, texts: Sequence[str], max_length: int | None) -> EncodedText:
        return self._stages.post_process(self._truncated([*map(self._ids, texts)], max_length))

    def _truncated(self, ids: list[list[int]], max_length: int | None) -> list[list[int]]:
        if max_length is None and self._stages.truncation is None:
            return ids
        specials = self._stages.post_process.specials(len(ids))
        return self._truncation(max_length)(ids, specials)

    def _truncation(self, max_length: int | None) -> Truncation:
        rule = self._stages.truncation or Truncation(1 << 62)
        return rule if max_length is None else replace(rule, max_length=max_length)

    def _ids(self, text: str) -> list[int]:
        return self._stages.text_ids(text, self._cache)

    # --- ids to text ---

    def tokenize(self, text: str) -> list[str]:
        """Return the pieces of a text, without special tokens."""
        return self.tokens(self._ids(text))

    def tokens(self, ids: Iterable[int] | NDArray[np.integer]) -> list[str]:
        """Return the pieces of n ids, (n,). Raises ShapeError for an unknown id."""
        names, result = self._stages.tokens, []
        for i in ids:
            name = names.get(int(i))
            if name is None:
                raise ShapeError(f"{int(i)} is no id of this tokenizer, which has {len(self)}")
            result.append(name)
        return result

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Return the text of n ids, (n,), without special tokens.

        What the normalizer changed, such as case, is lost. Raises SettingsError if the decoder of
        the tokenizer.json is not known.
        """
        special = self._stages.special_ids
        return self._stages.decode(self.tokens(i for i in map(int, ids) if i not in special))

    def id_of(self, token: str) -> int:
        """Return the id of a token; that of the unknown token if it is not in the vocabulary.

        Raises SettingsError if there is no unknown token.
        """
        known = self._stages.id_of(token)
        if known is None:
            known = self.unknown_id
        if known is None:
            raise SettingsError(f"{token!r} is no token of this tokenizer")
        return known

    def __len__(self) -> int:
        """Return the number of ids: the largest one and 1."""
        return self._stages.size

    def __repr__(self) -> str:
        return f"Tokenizer({self._stages.kind}, {len(self)} tokens)"


# Names of the special tokens, for files that do not say which is which.
_USUAL_NAMES = {
    "unk_token": ("[UNK]", "<unk>"),
    "sep_token": ("[SEP]", "</s>"),
    "pad_token": ("[PAD]", "<pad>"),
    "cls_token": ("[CLS]", "<s>"),
    "mask_token": ("[MASK]", "<mask>"),
}


def _known_parts(stages: Stages) -> dict[str, str]:
    """Return the special tokens by their part, as far as they have their usual names."""
    return {
        part: name
        for part, names in _USUAL_NAMES.items()
        for name in names
        if stages.added.get(name) in stages.special_ids
    }


class _WordCache(dict[str, tuple[int, ...]]):
    """The ids of words, computed once."""

    def __init__(self, encode_word: Callable[[str], tuple[int, ...]]) -> None:
        super().__init__()
        self._encode_word = encode_word

    def __missing__(self, word: str) -> tuple[int, ...]:
        ids = self._encode_word(word)
        if len(self) < _CACHED:
            self[word] = ids
        return ids


def _without_first(
    counts: NDArray[np.int64], total: int, *, keep: bool = False
) -> NDArray[np.int64]:
    """Return the counts without the first `total` pieces; keep: of the first `total` pieces."""
    ends = np.cumsum(counts)
    first: NDArray[np.int64] = np.minimum(counts, np.maximum(total - (ends - counts), 0))
    return first if keep else counts - first
