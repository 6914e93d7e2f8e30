"""Pre-training: word vectors from paraphrases, and masked language modeling of pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.kit.saved_model import load_weights
from pmt_apps.qqp.data.settings import Settings
from pmt_apps.qqp.models.pair_model import Texts
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.training.stage import Stage, bucket_batches, make_trainer, rise_and_fall
from pmt_autograd import Tensor
from pmt_core import DataError, RandomStream, ShapeError, decode_field, field
from pmt_nn import MaskedPairModel, MeanOfWords, in_batch_contrastive_loss
from pmt_text import (
    SPECIAL_TOKENS,
    EncodedPairs,
    PairBatch,
    PairEncoder,
    TextCorpus,
    load_qqp,
    mask_tokens,
)
from pmt_train import FitOptions, Workers, in_sequence, progress_bar

_VECTORS_LR, _VECTORS_BATCH, _TEMPERATURE = 2e-3, 256, 0.07
_PRETRAIN_LR, _PRETRAIN_BATCH = 1e-3, 64
_MASK_RATE = 0.2  # BERT's is 0.15; here the other question helps to predict a masked word
_OUTPUT_VOCABULARY = 8000  # the most frequent words are predicted
_WORDS_PER_QUESTION = 20  # of a plain text that is read as questions
_MAX_TEXT_PAIRS = 200_000  # of a plain text

_CLASSIFIER = "reader."  # prefix of the classifier's weights in pretrain.npz
_NOT_PRETRAINED = ("pool.", "features.", "classify.")  # the layers after the encoder


@dataclass(frozen=True)
class PretrainedWeights:
    """The content of pretrain.npz: weights of a `PairClassifier`, and its encoder."""

    encoder: PairEncoder
    weights: dict[str, NDArray[Any]]

    @classmethod
    def load(cls, path: Path) -> PretrainedWeights:
        """Read pretrain.npz of an earlier run.

        Raises:
            DataError: if the archive holds something else, or is damaged.
        """
        arrays, meta = load_weights(path)
        state = field(meta, "model", dict, {})
        weights = {
            name.removeprefix(_CLASSIFIER): array
            for name, array in arrays.items()
            if name.startswith(_CLASSIFIER)
        }
        if "encoder" not in state or "words.weight" not in weights:
            raise DataError(
                f"{path} holds no pre-trained classifier: give the pretrain.npz of a run of this "
                "program, or a text to train on"
            )
        encoder = decode_field(state, "encoder", PairEncoder.from_json)
        rows = weights["words.weight"].shape[:1]
        if rows != (len(encoder.vocabulary),):
            raise DataError(f"{path}: {rows} word vectors for {len(encoder.vocabulary)} words")
        return cls(encoder, weights)

    def load_into(self, model: TransformerPairModel) -> None:
        """Copy the weights up to the pooling into a model; its later layers stay as they are.

        Raises:
            DataError: if the model has other sizes.
        """
        initial, pretrained = model.classifier.state_dict(), self.weights
        later = {n: array for n, array in initial.items() if n.startswith(_NOT_PRETRAINED)}
        state = {n: array for n, array in pretrained.items() if not n.startswith(_NOT_PRETRAINED)}
        try:
            model.classifier.load_state_dict({**state, **later})
        except ShapeError as error:
            raise DataError(
                f"the pre-trained weights have other sizes: {error}; give --width, --hidden, "
                "--layers and --max-length as they were then"
            ) from error


def vectors_stage(
    pairs: EncodedPairs, vocabulary: int, settings: Settings, workers: Workers
) -> Stage:
    """Return the stage "vectors", which trains a `MeanOfWords` on paraphrases.

    Args:
        pairs: duplicates.
        vocabulary: number of words.
    """
    name = "vectors"
    rng = RandomStream(settings.seed, name).generator()
    model = MeanOfWords(vocabulary, settings.width, rng)
    batches = bucket_batches(pairs, _VECTORS_BATCH, settings, name)
    schedule = rise_and_fall(_VECTORS_LR, len(batches) * settings.vectors_epochs, 50)
    plain = replace(settings, weight_decay=0.0, average=0.0, optimizer="adamw")
    trainer = make_trainer(model, contrastive_loss, schedule, plain, workers, stream=name)
    return Stage(name, trainer, batches, FitOptions(settings.vectors_epochs))


def contrastive_loss(
    model: MeanOfWords, batch: PairBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Return the in-batch contrastive loss of each question and its paraphrase, and their number.

    The positive of a question is its paraphrase; the negatives are those of the other pairs.
    """
    words = batch.mask & (batch.ids >= len(SPECIAL_TOKENS))
    a, b = (model(batch.ids, words & (batch.segments == segment), rng=rng) for segment in (0, 1))
    loss_a = in_batch_contrastive_loss(a, b, temperature=_TEMPERATURE, reduction="sum")
    loss_b = in_batch_contrastive_loss(b, a, temperature=_TEMPERATURE, reduction="sum")
    return loss_a + loss_b, 2 * len(batch)


def pretraining_stage(
    model: TransformerPairModel, pairs: EncodedPairs, settings: Settings, workers: Workers
) -> Stage:
    """Return the stage "pretrain", which trains the classifier's encoder on masked words."""
    name = "pretrain"
    words = len(model.encoder.vocabulary)
    rng = RandomStream(settings.seed, name, "head").generator()
    masked_model = MaskedPairModel(model.classifier, min(_OUTPUT_VOCABULARY, words), rng)
    batches = bucket_batches(pairs, _PRETRAIN_BATCH, settings, name)

    def loss(
        module: MaskedPairModel, batch: PairBatch, rng: np.random.Generator
    ) -> tuple[Tensor, int]:
        masked = mask_tokens(batch.ids, words, rng, rate=_MASK_RATE)
        result: tuple[Tensor, int] = module(batch, masked.ids, masked.labels, rng=rng)
        return result

    epochs, restart = settings.pretrain_epochs, settings.pretrain_restart
    cycles = [restart, epochs - restart] if 0 < restart < epochs else [epochs]
    steps = [len(batches) * cycle for cycle in cycles]
    schedule = in_sequence([(rise_and_fall(_PRETRAIN_LR, n, 200), n) for n in steps])
    last = replace(settings, average=0.0, optimizer="adamw")
    trainer = make_trainer(masked_model, loss, schedule, last, workers, stream=name)
    meta = {"encoder": model.encoder.pairs.to_json()}
    return Stage(name, trainer, batches, FitOptions(settings.pretrain_epochs), model_meta=meta)


def read_pretraining_texts(path: Path, run: Run[Settings]) -> Texts:
    """Read the question pairs of a file, or the pairs of neighboring chunks of a plain text."""
    try:
        file = load_qqp(path)
    except DataError:
        texts: Texts = list(pairwise(_chunks(path)))
    else:
        texts = [(pair.question1, pair.question2) for pair in file.pairs]
    run.log_file("pretrain", path, len(texts))
    run.say(f"pretrain: {len(texts):,} pairs of texts")
    return texts


def _chunks(path: Path) -> list[str]:
    """Cut a plain text into chunks of as many words as a question has."""
    chunks: list[str] = []
    with progress_bar(_MAX_TEXT_PAIRS, "reading text") as bar:
        for words in TextCorpus(path).word_lists():
            for start in range(0, len(words), _WORDS_PER_QUESTION):
                chunk = b" ".join(words[start : start + _WORDS_PER_QUESTION])
                chunks.append(chunk.decode("utf-8", "replace"))
            bar.update(len(chunks) - bar.n)
            if len(chunks) > _MAX_TEXT_PAIRS:
                break
    return chunks[: _MAX_TEXT_PAIRS + 1]
