"""`Encoder`: a pre-trained encoder folder as vectors of texts, and as a start of fine-tuning."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.encoder.batches import EncodedWords, TokenBatch
from pmt_apps.encoder.nearest import cosine_matrix, nearest_vectors
from pmt_apps.encoder.pooling import Pooling, SentenceHead
from pmt_apps.encoder.sentence_files import read_sentence_files, write_sentence_files
from pmt_autograd import Tensor, no_grad
from pmt_core import DataError, FileProblem, SettingsError
from pmt_nn import Bert, load_bert, save_bert
from pmt_text import EncodedText, SubwordAlignment, Tokenizer

Texts = str | Sequence[str]
Vectors = NDArray[np.floating]
_QUIET_SECONDS = 1.0


class Encoder:
    r"""A pre-trained encoder: texts to vectors.

    Attributes:
        model: the encoder, a module.
        tokenizer: its tokenizer.
        head: pooling and what follows it, a module.
        max_length: ids of the longest text; longer ones are truncated.
        lower: whether texts are converted to lower case before the tokenizer.

    Examples:
        A model with random weights, in a folder as model hubs have it:

        >>> from pathlib import Path
        >>> import numpy as np
        >>> from pmt_apps import Encoder
        >>> from pmt_nn import Bert, BertConfig, save_bert
        >>> words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "how", "to", "swim", "a", "cat"]
        >>> config = BertConfig(vocabulary=len(words), width=16, heads=2, hidden=32, layers=1)
        >>> save_bert("model", Bert(config, np.random.default_rng(0)))
        >>> _ = Path("model/vocab.txt").write_text("\n".join(words))
        >>> encoder = Encoder.load("model")
        >>> vectors = encoder.embed(["how to swim", "a cat", "a cat swims"])
        >>> vectors.shape, vectors.dtype
        ((3, 16), dtype('float32'))
        >>> encoder.similarity("a cat", ["a cat"]).round(3)
        array([[1.]], dtype=float32)
        >>> indices, cosines = encoder.nearest("a cat", ["how to swim", "a cat"], k=1)
        >>> indices
        array([[1]])
    """

    def __init__(
        self,
        model: Bert,
        tokenizer: Tokenizer,
        head: SentenceHead | None = None,
        *,
        max_length: int | None = None,
        lower: bool = False,
    ) -> None:
        """Raises SettingsError if tokenizer, model and head do not fit together."""
        if len(tokenizer) > model.config.vocabulary:
            raise SettingsError(
                f"the tokenizer has {len(tokenizer)} ids, the model {model.config.vocabulary}: "
                "they are of different models"
            )
        limits = (max_length, tokenizer.max_length, model.config.max_length)
        self.model = model
        self.tokenizer = tokenizer
        self.head = SentenceHead(Pooling()) if head is None else head
        self.max_length = min(limit for limit in limits if limit is not None)
        self.lower = lower
        self.head.eval()

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Encoder:
        """Load a model's folder, as Hugging Face and sentence-transformers write it.

        It holds config.json, model.safetensors, tokenizer.json (or vocab.txt, or vocab.json and
        merges.txt), and may hold modules.json with the folders of pooling and dense layers;
        without it the vector of a text is the mean over its tokens.

        Raises:
            FileProblem: a file is missing or cannot be read.
            DataError: a file is damaged, or has an entry of an unknown kind.
            SettingsError: the model is of another family, or the files do not fit together.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise FileProblem(f"{folder} is no folder; give the folder of a model")
        settings = read_sentence_files(folder)
        model_folder = settings.model_folder
        model = load_bert(model_folder)
        encoder = cls(
            model,
            Tokenizer.load(model_folder),
            settings.head,
            max_length=settings.max_length,
            lower=settings.lower,
        )
        try:
            with no_grad():
                encoder.head(Tensor(np.zeros((1, 1, model.config.width), np.float32)), _ONE_TOKEN)
        except ValueError as error:
            raise DataError(f"{folder}: the layers after the model do not fit: {error}") from error
        return encoder

    def save(self, folder: str | os.PathLike[str]) -> None:
        """Write a folder that `load`, transformers and sentence-transformers read.

        Raises FileProblem.
        """
        save_bert(folder, self.model)
        self.tokenizer.save(folder)
        width = self.model.config.width
        write_sentence_files(
            Path(folder), self.head, width, max_length=self.max_length, lower=self.lower
        )

    @property
    def width(self) -> int:
        """Length of the vectors of texts."""
        return self.head.width(self.model.config.width)

    # --- vectors of texts ---

    def embed(self, texts: Texts, batch_size: int = 32) -> NDArray[np.float32]:
        """Return the vectors (n, width) of n texts, in their order; (width,) of a single text.

        Texts of similar length are computed together, batch_size at a time.
        """
        if isinstance(texts, str):
            vector: NDArray[np.float32] = self.embed([texts], batch_size)[0]
            return vector
        if batch_size < 1:
            raise SettingsError(f"batch_size is 1 or more, got {batch_size}")
        encoded = self.encode(texts)
        order = np.argsort([-len(text.ids) for text in encoded], kind="stable")
        vectors = np.empty((len(encoded), self.width), np.float32)
        for rows in _with_progress(range(0, len(order), batch_size)):
            chosen = order[rows : rows + batch_size]
            batch = self.batch([encoded[i] for i in chosen])
            vectors[chosen] = self._vectors(batch)
        return vectors

    def similarity(self, a: Texts | Vectors, b: Texts | Vectors) -> Vectors:
        """Return the cosines (n, m) of n and m texts, or vectors."""
        return cosine_matrix(self._as_vectors(a), self._as_vectors(b))

    def nearest(
        self, queries: Texts | Vectors, corpus: Texts | Vectors, k: int = 10
    ) -> tuple[NDArray[np.int64], Vectors]:
        """Return for each query the k nearest of the corpus, nearest first.

        queries, corpus: texts, or vectors (n, width) and (m, width), e.g. of `embed`. Returns
        indices (n, k) in the corpus and their cosines (n, k); k is at most m. Similarities are
        computed in blocks of bounded memory.
        """
        return nearest_vectors(self._as_vectors(queries), self._as_vectors(corpus), k)

    def _as_vectors(self, texts: Texts | Vectors) -> Vectors:
        if isinstance(texts, np.ndarray):
            return texts
        return self.embed([texts] if isinstance(texts, str) else texts)

    def _vectors(self, batch: TokenBatch) -> NDArray[np.float32]:
        was_training = self.model.training
        if was_training:
            self.model.eval()
        try:
            with no_grad():
                vectors: NDArray[np.float32] = self.pooled(batch).data
        finally:
            if was_training:
                self.model.train()
        return vectors

    # --- for fine-tuning ---

    def encode(
        self, texts: Sequence[str] | Sequence[tuple[str, str]], *, max_length: int | None = None
    ) -> list[EncodedText]:
        """Return ids and token types of texts, or of pairs of texts, with special tokens."""
        if self.lower:
            texts = [_lower(text) for text in texts]  # type: ignore[assignment]
        return self.tokenizer.encode_batch(texts, max_length=self._length(max_length))

    def encode_words(self, words: Sequence[str], *, max_length: int | None = None) -> EncodedWords:
        """Return the ids of a text that is split into words, and the alignment of both.

        `alignment.starts` has the index of the first piece of each word. Words that do not fit
        have no pieces.
        """
        if self.lower:
            words = [word.lower() for word in words]
        text, pieces, before = self.tokenizer.encode_words(
            words, max_length=self._length(max_length)
        )
        after = len(text.ids) - before - int(pieces.sum())
        return EncodedWords(text, SubwordAlignment(pieces, before, after))

    def batch(self, texts: Sequence[EncodedText] | Sequence[EncodedWords]) -> TokenBatch:
        """Return encoded texts as one padded batch."""
        plain = [item.text if isinstance(item, EncodedWords) else item for item in texts]
        return TokenBatch.of(plain, self.tokenizer.padding_id)

    def hidden(self, batch: TokenBatch, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return the vectors of the tokens of a batch, (b, t, d), zeros at padding.

        rng: the random stream of dropout, needed if the model is in training mode.
        """
        types = np.minimum(batch.token_types, max(self.model.config.token_types - 1, 0))
        states: Tensor = self.model(batch.ids, batch.mask, types, rng=rng)
        return states

    def pooled(self, batch: TokenBatch, *, rng: np.random.Generator | None = None) -> Tensor:
        """Return the vectors of the texts of a batch, (b, width)."""
        vectors: Tensor = self.head(self.hidden(batch, rng=rng), batch.mask)
        return vectors

    def _length(self, max_length: int | None) -> int:
        return self.max_length if max_length is None else min(max_length, self.max_length)

    def __repr__(self) -> str:
        config = self.model.config
        return (
            f"Encoder({config.model_type}, {config.layers} layers of width {config.width}, "
            f"{self.tokenizer}, {'+'.join(self.head.pooling.modes)})"
        )


_ONE_TOKEN = np.ones((1, 1), np.bool_)


def _lower(text: str | tuple[str, str]) -> str | tuple[str, str]:
    return text.lower() if isinstance(text, str) else (text[0].lower(), text[1].lower())


def _with_progress(steps: range) -> Iterator[int]:
    """Yield steps; if they take longer than a second, show a progress bar."""
    start, bar = time.perf_counter(), None
    for done, step in enumerate(steps):
        yield step
        if bar is None and time.perf_counter() - start > _QUIET_SECONDS and done + 1 < len(steps):
            from pmt_train import progress_bar

            bar = progress_bar(len(steps), "embed", delay=0.0)
            bar.update(done)
        if bar is not None:
            bar.update(1)
    if bar is not None:
        bar.close()
