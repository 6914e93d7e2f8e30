"""pmt's side of `epoch.py` and `inference.py`; the commands are those of `qqp_torch.py`."""

from __future__ import annotations

import functools
import json
import sys
import time

import numpy as np
from benchmarks.models import qqp_sizes as sizes

from pmt_autograd import no_grad
from pmt_core import RandomStream, load_archive, save_archive, softmax
from pmt_nn import PairClassifier, PairClassifierConfig, cross_entropy
from pmt_text import BucketBatches, PairEncoder, Vocabulary, load_qqp, tokenize


def make_model(words: int) -> PairClassifier:
    config = PairClassifierConfig(
        vocabulary=words,
        max_length=sizes.LENGTH,
        width=sizes.WIDTH,
        heads=sizes.HEADS,
        hidden=sizes.HIDDEN,
        layers=sizes.LAYERS,
        dropout=sizes.DROPOUT,
        norm_first=True,
    )
    return PairClassifier(config, np.random.default_rng(1))


def loss(model, batch, rng):
    logits = model(batch, rng=rng)
    return cross_entropy(logits, batch.labels, reduction="sum"), len(batch)


def train(path: str, out: str, limit: int | None) -> None:
    start = time.perf_counter()
    from pmt_train import Trainer  # answering does without it

    pairs = [pair for pair in load_qqp(path).pairs if pair.label is not None][:limit]
    texts = [(pair.question1, pair.question2) for pair in pairs]
    vocabulary = Vocabulary.build(
        (tokenize(text) for pair in texts for text in pair), min_count=sizes.MIN_COUNT
    )
    encoder = PairEncoder(vocabulary, sizes.LENGTH)
    encoded = encoder.encode(texts, np.array([pair.label for pair in pairs]))
    batches = BucketBatches(encoded.lengths, sizes.BATCH, encoded.batch, RandomStream(1, "order"))
    ready = time.perf_counter()
    model = make_model(len(vocabulary))
    trainer = Trainer(model, loss, schedule=sizes.LR, seed=1, workers=None)
    history = trainer.fit(batches, epochs=1, quiet=True)
    save_archive(f"{out}.npz", model.state_dict(), {"encoder": encoder.to_json()})
    sizes.tell(start, ready, history.column("train_loss")[0], len(pairs))


def load(out: str) -> tuple[PairClassifier, PairEncoder]:
    arrays, meta = load_archive(f"{out}.npz")
    encoder = PairEncoder.from_json(meta["encoder"])
    model = make_model(len(encoder.vocabulary))
    model.load_state_dict(arrays)
    model.eval()
    return model, encoder


def answer(model, encoder, pairs, workers=None) -> list[float]:
    encoded = encoder.encode(pairs)
    batch = encoded.batch(np.arange(len(pairs)))
    results = np.empty(len(pairs), np.float32)

    def score(part) -> None:
        with no_grad():
            logits = model(part)
        results[part.index] = softmax(logits.data, axis=-1)[:, 1]

    if workers is None or len(pairs) < 2 * workers.count:
        score(batch)
    else:
        workers.map(score, [batch.shard(i, workers.count) for i in range(workers.count)])
    return results.tolist()


def main(what: str, *args: str) -> None:
    if what == "train":
        train(args[0], args[1], int(args[2]) if args[2:] else None)
        return
    ask = functools.partial(answer, *load(args[0]))
    if what == "answer":
        for line in sys.stdin:
            print(ask([tuple(line.rstrip("\n").split("\t"))])[0], flush=True)
        return
    from pmt_train import Workers

    best = {}
    for n in (1, None):  # the better of one worker and all, as on the other side
        with Workers(n) as workers:
            results = sizes.latency(functools.partial(ask, workers=workers))
        best = {key: min(value, best.get(key, value)) for key, value in results.items()}
    print(json.dumps(best))


if __name__ == "__main__":
    main(*sys.argv[1:])
