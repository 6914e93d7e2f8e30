"""What a detector learns before it sees a label that says no: word vectors, and hidden words."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.run import Run
from pmt_apps.qqp.models.pair_model import Texts
from pmt_apps.qqp.models.transformer import TransformerPairModel
from pmt_apps.qqp.settings import Settings
from pmt_autograd import Tensor
from pmt_core import DataError, RandomStream, load_archive
from pmt_nn import MaskedPairModel, MeanOfWords, in_batch_contrastive_loss
from pmt_text import (
    SPECIAL_TOKENS,
    BucketBatches,
    EncodedPairs,
    PairBatch,
    PairEncoder,
    TextCorpus,
    load_qqp,
    mask_tokens,
)
from pmt_train import (
    AdamW,
    FitOptions,
    Schedule,
    Trainer,
    Workers,
    linear_schedule,
    progress_bar,
    warmup,
)

SAVED = ".npz"
"""Ending of a file given to --pretrain that is not read as a text."""

_VECTORS_LR, _VECTORS_BATCH, _TEMPERATURE = 2e-3, 256, 0.07
_PRETRAIN_LR, _PRETRAIN_BATCH = 1e-3, 64
_HIDDEN = 0.2  # share of the words; more than BERT's 0.15, as the other question gives the clue
_GUESSED = 8000  # the most frequent words
_PIECE = 20  # words of a plain text that stand for a question
_PLAIN_PAIRS = 200_000  # the most that are read of a plain text


@dataclass(frozen=True)
class Pretrained:
    """What pretrain.npz holds: the reader's weights by name, and the encoder they belong to."""

    encoder: PairEncoder
    weights: dict[str, NDArray[Any]]

    @classmethod
    def load(cls, path: Path) -> Pretrained:
        """Raises DataError for an archive that is something else."""
        weights, meta = load_archive(path)
        state = meta.get("model", {}).get("encoder")
        reader = "reader."  # beside it there is the layer that guesses
        readers = {n.removeprefix(reader): w for n, w in weights.items() if n.startswith(reader)}
        if state is None or "words.weight" not in readers:
            raise DataError(
                f"{path} holds no pre-trained reader: give the pretrain.npz of a run of this "
                "program, or a text to train on"
            )
        return cls(PairEncoder.from_json(state), readers)


def learn_vectors(
    encoder: PairEncoder,
    duplicates: EncodedPairs,
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
) -> NDArray[np.float32]:
    """Word vectors whose mean tells the duplicate of a question from the others in a batch."""
    stage = "vectors"
    rng = RandomStream(settings.seed, stage).generator()
    model = MeanOfWords(len(encoder.vocabulary), settings.width, rng)
    order = RandomStream(settings.seed, "order", stage)
    batches = BucketBatches(duplicates.lengths, _VECTORS_BATCH, duplicates.batch, order)
    trainer = Trainer(
        model,
        contrastive_loss,
        optimizer=functools.partial(AdamW, weight_decay=0.0),
        schedule=schedule(_VECTORS_LR, len(batches) * settings.vectors_epochs, 50),
        seed=stage_seed(settings, stage),
        workers=workers,
    )
    run.say("\nword vectors from paraphrases")
    run.fit(trainer, batches, FitOptions(settings.vectors_epochs), stage=stage)
    return model.words.weight.data.copy()


def contrastive_loss(
    model: MeanOfWords, batch: PairBatch, rng: np.random.Generator
) -> tuple[Tensor, int]:
    """Each question has to find its duplicate among those of the batch, from either side."""
    words = batch.mask & (batch.ids >= len(SPECIAL_TOKENS))
    a, b = (model(batch.ids, words & (batch.segments == side), rng=rng) for side in (0, 1))
    of_a = in_batch_contrastive_loss(a, b, temperature=_TEMPERATURE, reduction="sum")
    of_b = in_batch_contrastive_loss(b, a, temperature=_TEMPERATURE, reduction="sum")
    return of_a + of_b, 2 * len(batch)


def pretrain(
    detector: TransformerPairModel,
    pairs: EncodedPairs,
    settings: Settings,
    run: Run[Settings],
    workers: Workers,
) -> Pretrained:
    """Train the detector's reader to guess hidden words of these pairs, which are duplicates."""
    stage = "pretrain"
    words = len(detector.encoder.vocabulary)
    rng = RandomStream(settings.seed, stage, "head").generator()
    model = MaskedPairModel(detector.reader, min(_GUESSED, words), rng)
    order = RandomStream(settings.seed, "order", stage)
    batches = BucketBatches(pairs.lengths, _PRETRAIN_BATCH, pairs.batch, order)

    def loss(
        model: MaskedPairModel, batch: PairBatch, rng: np.random.Generator
    ) -> tuple[Tensor, int]:
        hidden = mask_tokens(batch.ids, words, rng, rate=_HIDDEN)
        losses = model(
            hidden.ids, batch.segments, batch.match_types, batch.mask, hidden.labels, rng=rng
        )
        return losses.sum(), model.count(hidden.labels)

    trainer = Trainer(
        model,
        loss,
        optimizer=functools.partial(AdamW, weight_decay=settings.weight_decay),
        schedule=schedule(_PRETRAIN_LR, len(batches) * settings.pretrain_epochs, 200),
        seed=stage_seed(settings, stage),
        workers=workers,
    )
    run.say(f"\nhidden words of {len(pairs):,} pairs")
    run.fit(
        trainer,
        batches,
        FitOptions(settings.pretrain_epochs),
        stage=stage,
        model_meta={"encoder": detector.encoder.to_json()},
    )
    weights = {name: array.copy() for name, array in detector.reader.state_dict().items()}
    return Pretrained(detector.encoder, weights)


def start_from(detector: TransformerPairModel, pretrained: Pretrained) -> None:
    """Give the detector's reader the pre-trained weights; the layers after pooling stay new."""
    own = detector.reader.state_dict()
    after = ("pool.", "features.", "classify.")
    learned = {
        name: array for name, array in pretrained.weights.items() if not name.startswith(after)
    }
    wrong = [name for name, array in learned.items() if own[name].shape != array.shape]
    if wrong:
        name = wrong[0]
        raise DataError(
            f"the pre-trained {name} has shape {learned[name].shape} and the model wants "
            f"{own[name].shape}: give --width, --hidden and --max-length as they were then"
        )
    detector.reader.load_state_dict({**own, **learned})


def read_pretraining_texts(path: Path, run: Run[Settings]) -> Texts:
    """The question pairs of a file, or pairs of neighboring pieces of a plain text."""
    try:
        file = load_qqp(path)
    except DataError:
        pieces = _pieces(path)
        found: Texts = list(pairwise(pieces))
    else:
        found = [(pair.question1, pair.question2) for pair in file.pairs]
    run.log_file("pretrain", path, len(found))
    run.say(f"pretrain: {len(found):,} pairs of texts")
    return found


def _pieces(path: Path) -> list[str]:
    found: list[str] = []
    with progress_bar(_PLAIN_PAIRS, "reading text") as bar:
        for words in TextCorpus(path).word_lists():
            for start in range(0, len(words), _PIECE):
                piece = b" ".join(words[start : start + _PIECE])
                found.append(piece.decode("utf-8", "replace"))
            bar.update(len(found) - bar.n)
            if len(found) > _PLAIN_PAIRS:
                break
    return found[: _PLAIN_PAIRS + 1]


def schedule(lr: float, steps: int, rising: int) -> Schedule:
    """Up in `rising` steps (or a tenth of all, if that is less), then down to 0."""
    return warmup(linear_schedule(lr, max(steps, 1)), min(rising, steps // 10))


def stage_seed(settings: Settings, stage: str) -> int:
    """The seed of a stage's dropout and masks: another for every stage."""
    return int(RandomStream(settings.seed, "stage", stage).generator().integers(1 << 31))
