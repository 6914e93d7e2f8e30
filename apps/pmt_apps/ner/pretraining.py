"""Pre-train the encoder of a tagger on plain text by masked language modeling."""

from __future__ import annotations

import functools
import math
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import check_input_file
from pmt_apps.kit.run import Run
from pmt_apps.kit.saved_model import load_weights
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import EVALUATION_BATCH, Tagger
from pmt_autograd import Tensor
from pmt_core import IGNORE_LABEL, DataError, RandomStream, SettingsError, decode_field, field
from pmt_nn import MaskedTagger, with_current_names
from pmt_text import (
    MASK,
    SPECIAL_TOKENS,
    BucketBatches,
    SentenceEncoder,
    TaggedBatch,
    TaggedSentence,
    TextCorpus,
    find_words,
    fold_word,
)
from pmt_train import (
    AdamW,
    FitOptions,
    Trainer,
    Workers,
    linear_schedule,
    predict_batches,
    progress_bar,
    warmup,
)

STAGE = "pretrain"
MAX_WORDS = 40  # of a sentence; longer lines are cut
DEV_FRACTION = 0.01  # of the text, held out
MASK_RATE = 0.15  # fraction of the words
WARMUP = 0.05  # fraction of the steps
DROPOUT, INPUT_DROPOUT = 0.1, 0.2  # less than for tagging, as there is more text
# Prefixes of what only tagging or its data sets.
_TAGGING = ("crf.", "classify.", "forgotten", "context.")
_TABLES = {"words.weight": "words", "spelling.characters": "characters", "shapes.weight": "shapes"}


def read_corpus(settings: Settings, run: Run[Settings]) -> list[TaggedSentence]:
    """Return the first --lm-words words of --lm-corpus as sentences; an empty list without it."""
    if settings.lm_corpus is None:
        return []
    check_input_file(settings.lm_corpus, "plain text")
    sentences: list[TaggedSentence] = []
    left = settings.lm_words
    with progress_bar(left, "reading text", "word") as bar:
        for words in _sentences(settings.lm_corpus):
            words = words[:left]
            sentences.append(TaggedSentence(tuple(words)))
            left -= len(words)
            bar.update(len(words))
            if left <= 0:
                break
    run.log_file("lm_corpus", settings.lm_corpus, len(sentences))
    if len(sentences) < 2:
        raise DataError(f"{settings.lm_corpus} is too short for pre-training: give a longer text")
    run.say(f"lm-corpus: {settings.lm_words - left:,} words in {len(sentences):,} sentences")
    return sentences


def _sentences(path: Path) -> Iterator[list[str]]:
    """Yield the words of each line; a long line is cut into parts of about equal length."""
    corpus = TextCorpus(path, sentences="lines")
    line_end = b"\xff"
    for block in corpus.word_lists():
        for line in b" ".join(block).split(line_end):
            words = _words(line.decode("utf-8", "replace"))
            if len(words) <= MAX_WORDS:
                if words:
                    yield words
                continue
            parts = -(-len(words) // MAX_WORDS)
            for part in np.array_split(np.arange(len(words)), parts):
                yield words[part[0] : part[-1] + 1]


def _words(line: str) -> list[str]:
    """Return the words of a line, interned: a long text has few different ones."""
    words = line.split()
    if not all(map(str.isalnum, words)):  # letters and digits without a sign between are one word
        words = [word.text for word in find_words(line)]
    return [sys.intern(word) for word in words]


def frequent_words(corpus: Sequence[TaggedSentence], settings: Settings) -> list[str]:
    """Return the folded words of frequency --lm-min-count and more, the most frequent first."""
    counts = Counter(
        fold_word(word, lower=not settings.keep_case)
        for sentence in corpus
        for word in sentence.words
    )
    return [word for word, count in counts.most_common() if count >= settings.lm_min_count]


def pretrain(
    tagger: Tagger,
    corpus: Sequence[TaggedSentence],
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
) -> None:
    """Pre-train the tagger, except for its output layer and CRF; save pretrain.npz."""
    dev_size = max(round(len(corpus) * DEV_FRACTION), 1)
    train, dev = (tagger.encoder.encode(part) for part in (corpus[dev_size:], corpus[:dev_size]))
    clone = tagger.clone(replace(settings, dropout=DROPOUT, input_dropout=INPUT_DROPOUT))
    masked_lm = MaskedTagger(
        clone.model,
        min(settings.mlm_vocabulary, len(clone.model.words.weight)),
        RandomStream(settings.seed, "guesser").generator(),
        mask_id=MASK,
    )
    batches = BucketBatches(
        train.lengths,
        settings.lm_batch_size,
        train.batch,
        RandomStream(settings.seed, "order", STAGE),
    )
    steps = len(batches) * settings.lm_epochs
    trainer = Trainer(
        masked_lm,
        _loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=warmup(linear_schedule(settings.lm_lr, steps), round(WARMUP * steps)),
        seed=settings.seed,
        workers=workers,
    )
    dev_batches = BucketBatches(dev.lengths, EVALUATION_BATCH, dev.batch)
    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.lm_epochs,
            evaluate=lambda: {"mlm_loss": _mlm_loss(masked_lm, dev_batches, settings, workers)},
            monitor="mlm_loss",
            mode="min",
        ),
        model_meta=tagger.to_json(),
        stage=STAGE,
    )
    pretrained = {
        name: array
        for name, array in clone.model.state_dict().items()
        if not name.startswith(_TAGGING)
    }
    tagger.model.load_state_dict({**tagger.model.state_dict(), **pretrained})


def _loss(
    masked_lm: MaskedTagger, batch: TaggedBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Return the summed cross-entropy of words that are masked at random, and their number."""
    words = batch.words
    is_masked = (words >= len(SPECIAL_TOKENS)) & (words < masked_lm.output_vocabulary)
    is_masked &= rng.random(words.shape) < MASK_RATE
    labels = np.where(is_masked, words, IGNORE_LABEL)
    loss: tuple[Tensor, int] = masked_lm(batch, np.where(is_masked, MASK, words), labels, rng=rng)
    return loss


def _mlm_loss(
    masked_lm: MaskedTagger,
    batches: BucketBatches[TaggedBatch],
    settings: Settings,
    workers: Workers,
) -> float:
    """Return the mean cross-entropy of masked words; the mask is the same every time.

    It is nan if no word is masked.
    """
    stream = RandomStream(settings.seed, "measured")
    masked_lm.eval()

    def sum_loss(batch: TaggedBatch) -> tuple[float, int]:
        rng = stream.child(int(batch.index[0])).generator()
        loss, count = _loss(masked_lm, batch, rng)
        return loss.item(), count

    sums = predict_batches(sum_loss, batches, workers, description="scoring")
    masked = sum(count for _, count in sums)
    return sum(loss for loss, _ in sums) / masked if masked else math.nan


@dataclass(frozen=True, slots=True, eq=False)
class PretrainedWeights:
    """Weights of an earlier run.

    Attributes:
        path: the file that they were loaded from.
        weights: arrays by name.
        encoder: the vocabularies of the weights.
    """

    path: Path
    weights: Mapping[str, NDArray[Any]]
    encoder: SentenceEncoder

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load pretrain.npz or model.npz of a run of this program.

        Raises:
            DataError: the file is of another program, or damaged.
        """
        check_input_file(path, "a trained encoder")
        arrays, meta = load_weights(path)
        state = field(meta, "model", dict, {})
        if meta.get("task") != "ner" or "encoder" not in state:
            raise DataError(
                f"{path}: expected pretrain.npz or model.npz of a run of train_ner.py, got a file "
                "of another program"
            )
        # The masked language model of pretrain.npz contains the tagger.
        weights = {name.removeprefix("tagger."): array for name, array in arrays.items()}
        return cls(path, weights, decode_field(state, "encoder", SentenceEncoder.from_json))

    @property
    def words(self) -> list[str]:
        """The words with trained vectors."""
        return self.encoder.words.to_json()[5 : self.encoder.learned]

    def load_into(self, tagger: Tagger) -> None:
        """Copy the weights into a tagger; rows of tables are matched by word, letter or shape.

        Raises:
            SettingsError: a weight has another shape in the tagger.
        """
        state = tagger.model.state_dict()
        weights = with_current_names(self.weights, state)
        for name, array in state.items():
            if name.startswith((*_TAGGING, "vectors")):
                continue
            source = weights.get(name)
            axes = slice(1 if name in _TABLES else 0, None)
            if source is None or source.shape[axes] != array.shape[axes]:
                raise SettingsError(
                    f"{self.path} does not fit: expected {name} of shape {array.shape}, got "
                    f"{None if source is None else source.shape}; give the same --vectors, "
                    "--width, --layers, ... as in that run"
                )
            if name in _TABLES:
                self._copy_rows(name, source, tagger.encoder, array)
            else:
                state[name] = source
        tagger.model.load_state_dict(state)

    def _copy_rows(
        self, name: str, source: NDArray[Any], encoder: SentenceEncoder, target: NDArray[Any]
    ) -> None:
        """Copy the rows of a table whose tokens are in both vocabularies."""
        old, new = (getattr(e, _TABLES[name]).to_json() for e in (self.encoder, encoder))
        rows = {token: i for i, token in enumerate(old[: len(source)])}
        for i, token in enumerate(new[: len(target)]):
            if token in rows:
                target[i] = source[rows[token]]
