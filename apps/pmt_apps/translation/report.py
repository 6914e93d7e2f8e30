"""The report of a translation run: curves, where it looked, and what it wrote."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.translation.translator import Translation, Translator
from pmt_text import ParallelCorpus
from pmt_train import AttentionMap, attention_plot, bleu, learning_curves

SHOWN = 15  # sentences in each table
_READABLE = 12  # tokens of a sentence whose attention is well to look at
_TOO_LONG = 60


def report(
    run: Run[Any], translator: Translator, dev: ParallelCorpus, found: Sequence[Translation]
) -> None:
    """Pictures, samples, and the sentences furthest from their references."""
    run.add_figure(
        "learning.png",
        "Loss and greedy dev BLEU by epoch (train loss with dropout and label smoothing, dev "
        "without)",
        learning_curves,
        run.history,
    )
    maps = attention_maps(translator, dev, found)
    if maps:
        run.add_figure(
            "attention.png",
            "Attention to the source while dev sentences were translated, by layer of the decoder",
            attention_plot,
            maps,
            columns=run.settings.layers,
        )
    columns = ["source", "translation", "reference"]
    even = np.linspace(0, len(dev) - 1, min(SHOWN, len(dev))).astype(int)
    run.report.section("Translations of dev, from all over the file")
    run.report.table(columns, [row(dev, found, i) for i in even])
    wrong = furthest(dev, found)
    run.report.section("Furthest from the reference")
    if not wrong:
        run.report.text("Every translation of dev is its reference, word for word.")
        return
    run.report.table(
        [*columns, "BLEU of the sentence"], [[*row(dev, found, i), score] for i, score in wrong]
    )


def row(dev: ParallelCorpus, found: Sequence[Translation], i: int) -> list[Any]:
    return [dev.sources[i], found[i].text, dev.targets[i]]


def furthest(dev: ParallelCorpus, found: Sequence[Translation]) -> list[tuple[int, float]]:
    """The sentences with the lowest BLEU of their own, the worst first."""
    own = [
        (bleu([one.text], [[target]]).score, i)
        for i, (one, target) in enumerate(zip(found, dev.targets, strict=True))
        if one.text != target
    ]
    return [(i, score) for score, i in sorted(own)[:SHOWN]]


def attention_maps(
    translator: Translator, dev: ParallelCorpus, found: Sequence[Translation]
) -> list[AttentionMap]:
    """Every decoder layer's attention in the two dev sentences whose length is best to look at."""
    lengths = [
        (len(ids), len(one.ids) + 1)
        for ids, one in zip(translator.encode(dev.sources), found, strict=True)
    ]
    best = sorted(range(len(dev)), key=lambda i: max(abs(n - _READABLE) for n in lengths[i]))
    maps = []
    for i in best[:2]:
        if max(lengths[i]) > _TOO_LONG:
            continue
        tokens, source, layers = translator.attention(dev.sources[i], found[i])
        maps += [
            AttentionMap(f"layer {n}", tokens, source, weights)
            for n, weights in enumerate(layers, start=1)
        ]
    return maps
