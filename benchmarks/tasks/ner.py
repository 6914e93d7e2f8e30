"""Sentences per second of the named-entity tagger, training and tagging, beside torch.

    hatch run bench:ner [--data FILE] [--rounds 9] [--threads 1] [--only training]

The model of `train_ner.py` with its default sizes, on the shipped sample or another CoNLL file;
the opponent is `ner_torch.py`, with the same weights: the losses and tags of both are compared
first. The sides take turns within a round. With one thread processor time is counted, so that a
busy machine does little harm, with more the clock. Printed are medians over the rounds.
"""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from benchmarks.models.entity_tagger import make_tagger
from benchmarks.models.ner_torch import Tagger as TorchTagger

from pmt_autograd import no_grad
from pmt_core import RandomStream
from pmt_nn import EntityTagger
from pmt_text import (
    BucketBatches,
    EncodedSentences,
    SentenceEncoder,
    TaggedBatch,
    forbidden_transitions,
    load_conll,
)
from pmt_train import AdamW, Trainer, keep_freed_memory

SAMPLE = Path(__file__).parents[2] / "apps" / "pmt_apps" / "samples" / "ner_train.conll"
BATCH, LR, DECAY, CLIP = 16, 1.5e-3, 0.01, 5.0
STEPS, SINGLES = 40, 200  # batches and sentences of a round


def both_models(
    encoder: SentenceEncoder, data: EncodedSentences
) -> tuple[EntityTagger, TorchTagger]:
    ours = make_tagger(encoder, data)
    forbidden, start = forbidden_transitions(encoder.tags, encoder.scheme)
    state = ours.state_dict()
    theirs = TorchTagger(ours.config, state["forgotten"], forbidden, start)
    theirs.load(state)
    return ours, theirs


def theirs_of(batch: TaggedBatch) -> tuple[torch.Tensor, ...]:
    arrays = (batch.words, batch.characters, batch.spelling_ids, batch.shapes, batch.mask)
    return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)


def check_same(ours: EntityTagger, theirs: TorchTagger, batch: TaggedBatch) -> None:
    """Both find the same loss and the same tags with the same weights."""
    ours.eval()
    theirs.eval()
    with no_grad():
        results = ours.loss(batch, reduction="sum").item()
    tensors = theirs_of(batch)
    with torch.no_grad():
        expected = theirs.loss(*tensors, torch.from_numpy(batch.tags)).item()
    np.testing.assert_allclose(results, expected, rtol=1e-4)
    tags = ours.predict(batch)
    for row, path in enumerate(theirs.predict(*tensors)):
        assert tags[row, : len(path)].tolist() == path


def training(
    ours: EntityTagger, theirs: TorchTagger, batches: list[TaggedBatch], threads: int
) -> tuple[Callable[[], None], Callable[[], None]]:
    def loss(model, batch, rng):
        return model.loss(batch, rng=rng, reduction="sum"), len(batch)

    trainer = Trainer(
        ours,
        loss,
        optimizer=functools.partial(AdamW, weight_decay=DECAY),
        schedule=LR,
        workers=threads,
        clip=CLIP,
    )
    optimizer = torch.optim.AdamW(theirs.parameters(), lr=LR, weight_decay=DECAY, fused=True)
    tensors = [(*theirs_of(batch), torch.from_numpy(batch.tags)) for batch in batches]

    def run_ours() -> None:
        ours.train()
        with trainer.workers:
            for batch in batches:
                trainer.step(batch)

    def run_theirs() -> None:
        theirs.train()
        for batch in tensors:
            optimizer.zero_grad()
            (theirs.loss(*batch) / len(batch[0])).backward()
            torch.nn.utils.clip_grad_norm_(theirs.parameters(), CLIP)
            optimizer.step()

    return run_ours, run_theirs


def tagging(
    ours: EntityTagger, theirs: TorchTagger, batches: list[TaggedBatch]
) -> tuple[Callable[[], None], Callable[[], None]]:
    tensors = [theirs_of(batch) for batch in batches]

    def run_ours() -> None:
        ours.eval()
        for batch in batches:
            ours.predict(batch)

    def run_theirs() -> None:
        theirs.eval()
        for batch in tensors:
            theirs.predict(*batch)

    return run_ours, run_theirs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=SAMPLE)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="only rows whose name begins with this")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    torch.manual_seed(1)
    keep_freed_memory()
    clock = time.process_time if chosen.threads == 1 else time.perf_counter

    sentences = load_conll(chosen.data).sentences
    encoder = SentenceEncoder.learn(sentences)
    data = encoder.encode(sentences)
    ours, theirs = both_models(encoder, data)
    order = RandomStream(1, "order")
    batches = list(BucketBatches(data.lengths, BATCH, data.batch, order))[:STEPS]
    chance = order.child("singles").generator()
    singles = [data.batch(np.array([i])) for i in chance.integers(0, len(data), SINGLES)]
    for batch in (*batches[:3], *singles[:3]):
        check_same(ours, theirs, batch)
    large = list(BucketBatches(data.lengths, 64, data.batch, order))[:10]
    cases = {
        "tagging, one at a time": (tagging(ours, theirs, singles), singles, 0.8),
        "tagging, 64 at a time": (tagging(ours, theirs, large), large, None),
        "training, 16 at a time": (
            training(ours, theirs, batches, chosen.threads), batches, 0.9,
        ),
    }  # fmt: skip
    print(f"{len(encoder.words):,} words, {ours.parameter_count():,} parameters")
    print(f"{'sentences per second':>24}       pmt     torch   pmt/torch in time")
    for name, (sides, parts, aim) in cases.items():
        if not name.startswith(chosen.only):
            continue
        times: list[list[float]] = [[], []]
        for part in sides:  # warm up
            part()
        for number in range(chosen.rounds):
            for i in (0, 1) if number % 2 else (1, 0):
                start = clock()
                sides[i]()
                times[i].append(clock() - start)
        count = sum(map(len, parts))
        local, other = (statistics.median(results) for results in times)
        goal = f"  (aim: at most {aim})" if aim else ""
        print(f"{name:>24} {count / local:9,.0f} {count / other:9,.0f} {local / other:11.2f}{goal}")


if __name__ == "__main__":
    main()
