"""Before it learns to tag, a tagger's encoder reads plain text and guesses hidden words."""

from __future__ import annotations

import functools
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
from pmt_apps.ner.settings import Settings
from pmt_apps.ner.tagger import EVALUATION_BATCH, Tagger
from pmt_autograd import Tensor, no_grad
from pmt_core import DataError, RandomStream, SettingsError, load_archive
from pmt_nn import MaskedTagger
from pmt_text import (
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
SENTENCE = 40  # words; text without sentence ends is cut so
HELD_BACK = 0.01  # part of the text on which the guessing is measured
WARMUP = 0.05  # part of the steps
DROPOUT, INPUT_DROPOUT = 0.1, 0.2  # less than for tagging: text is not scarce
_TAGGING = ("crf.", "classify.", "forgotten")  # what tagging alone teaches, or its data says
_TABLES = {"words.weight": "words", "spelling.characters": "characters", "shapes.weight": "shapes"}


def read_corpus(settings: Settings, run: Run[Settings]) -> list[TaggedSentence]:
    """The first --lm-words words of --lm-corpus as sentences of its lines; none without it."""
    if settings.lm_corpus is None:
        return []
    check_input_file(settings.lm_corpus, "plain text")
    found: list[TaggedSentence] = []
    left = settings.lm_words
    with progress_bar(left, "reading text", "word") as bar:
        for words in _sentences(settings.lm_corpus):
            words = words[:left]
            found.append(TaggedSentence(tuple(words)))
            left -= len(words)
            bar.update(len(words))
            if left <= 0:
                break
    run.log_file("lm_corpus", settings.lm_corpus, len(found))
    if len(found) < 2:
        raise DataError(f"{settings.lm_corpus} is too short to learn from: give a longer text")
    total = settings.lm_words - left
    run.say(f"lm-corpus: {total:,} words in {len(found):,} pieces")
    return found


def _sentences(path: Path) -> Iterator[list[str]]:
    """The words of each line; a long line in parts as even as can be."""
    corpus = TextCorpus(path, sentences="lines")
    end = b"\xff"  # stands at every line end
    for block in corpus.word_lists():
        for line in b" ".join(block).split(end):
            words = _words(line.decode("utf-8", "replace"))
            parts = max(-(-len(words) // SENTENCE), 1)
            for part in np.array_split(np.arange(len(words)), parts):
                if len(part):
                    yield words[part[0] : part[-1] + 1]


def _words(line: str) -> list[str]:
    """The words of a line, one object for every word: a long text has few different ones."""
    plain = line.split()
    if not all(map(str.isalpha, plain)):
        plain = [word.text for word in find_words(line)]
    return [sys.intern(word) for word in plain]


def frequent_words(corpus: Sequence[TaggedSentence], settings: Settings) -> list[str]:
    """The folded words of the corpus that are worth a vector, the most frequent first."""
    counts = Counter(fold_word(word) for sentence in corpus for word in sentence.words)
    return [word for word, count in counts.most_common() if count >= settings.lm_min_count]


def pretrain(
    tagger: Tagger,
    corpus: Sequence[TaggedSentence],
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
) -> None:
    """Put the weights that guess best into the tagger, and pretrain.npz; tags stay unlearned."""
    held = max(round(len(corpus) * HELD_BACK), 1)
    encoded, measured = (tagger.encoder.encode(part) for part in (corpus[held:], corpus[:held]))
    reader = tagger.twin(replace(settings, dropout=DROPOUT, input_dropout=INPUT_DROPOUT))
    guesser = MaskedTagger(
        reader.model,
        min(settings.lm_guessed, len(reader.model.words.weight)),
        RandomStream(settings.seed, "guesser").generator(),
    )
    batches = BucketBatches(
        encoded.lengths,
        settings.lm_batch_size,
        encoded.batch,
        RandomStream(settings.seed, "order", STAGE),
    )
    steps = len(batches) * settings.lm_epochs
    trainer = Trainer(
        guesser,
        _loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=warmup(linear_schedule(settings.lm_lr, steps), round(WARMUP * steps)),
        seed=settings.seed,
        workers=workers,
    )
    of_measured = BucketBatches(measured.lengths, EVALUATION_BATCH, measured.batch)
    run.fit(
        trainer,
        batches,
        FitOptions(
            settings.lm_epochs,
            evaluate=lambda: {"guess_loss": _guess_loss(guesser, of_measured, settings, workers)},
            monitor="guess_loss",
            mode="min",
        ),
        model_meta=tagger.to_json(),
        stage=STAGE,
    )
    learned = {
        name: array
        for name, array in reader.model.state_dict().items()
        if not name.startswith(_TAGGING)
    }
    tagger.model.load_state_dict({**tagger.model.state_dict(), **learned})


def _loss(
    guesser: MaskedTagger, batch: TaggedBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    found: tuple[Tensor, int] = guesser(
        batch.words, batch.characters, batch.shapes, batch.mask, batch.spelling_ids, rng=rng
    )
    return found


def _guess_loss(
    guesser: MaskedTagger,
    batches: BucketBatches[TaggedBatch],
    settings: Settings,
    workers: Workers,
) -> float:
    """Mean cross-entropy of the hidden words; the same ones are hidden every time."""
    stream = RandomStream(settings.seed, "measured")
    guesser.eval()

    def measure(batch: TaggedBatch) -> tuple[float, int]:
        rng = stream.child(int(batch.index[0])).generator()
        with no_grad():
            loss, count = _loss(guesser, batch, rng)
        return loss.item(), count

    found = predict_batches(measure, batches, workers, description="guessing")
    return sum(loss for loss, _ in found) / max(sum(count for _, count in found), 1)


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """Weights of an earlier run, with the vocabularies they are for."""

    path: Path
    weights: Mapping[str, NDArray[Any]]
    encoder: SentenceEncoder

    @classmethod
    def read(cls, path: Path) -> Self:
        """pretrain.npz or model.npz of a run of this program."""
        check_input_file(path, "a trained encoder")
        arrays, meta = load_archive(path)
        state = meta.get("model", {})
        if meta.get("task") != "ner" or "encoder" not in state:
            raise DataError(f"{path} is no pretrain.npz or model.npz of train_ner.py")
        # A guesser has the tagger within it.
        weights = {name.removeprefix("tagger."): array for name, array in arrays.items()}
        return cls(path, weights, SentenceEncoder.from_json(state["encoder"]))

    @property
    def words(self) -> list[str]:
        """The words that have learned vectors."""
        return self.encoder.words.to_json()[5 : self.encoder.learned]

    def give_to(self, tagger: Tagger) -> None:
        """Put the weights into a tagger, row by row where its vocabularies are others."""
        mine = tagger.model.state_dict()
        for name, array in mine.items():
            if name.startswith((*_TAGGING, "vectors")):
                continue
            theirs = self.weights.get(name)
            if theirs is None or theirs.shape[1:] != array.shape[1:]:
                raise SettingsError(
                    f"{self.path} does not fit: {name} is {array.shape} here and "
                    f"{None if theirs is None else theirs.shape} there; give the same --vectors, "
                    "--width, --layers, ... as that run had"
                )
            if name in _TABLES:
                old, new = (getattr(e, _TABLES[name]) for e in (self.encoder, tagger.encoder))
                known = {token: i for i, token in enumerate(old.to_json()[: len(theirs)])}
                for i, token in enumerate(new.to_json()[: len(array)]):
                    if token in known:
                        array[i] = theirs[known[token]]
            elif theirs.shape == array.shape:
                mine[name] = theirs
            else:
                raise SettingsError(f"{self.path} does not fit: {name} has another size there")
        tagger.model.load_state_dict(mine)
