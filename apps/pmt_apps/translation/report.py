"""Report of a translation run: learning curves, cross-attention, sample translations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.translation.translator import Translation, Translator
from pmt_text import ParallelCorpus
from pmt_train import AttentionMap, attention_plot, bleu, learning_curves

TABLE_ROWS = 15
_READABLE = 12  # tokens of a sentence whose attention map is easy to read
_TOO_LONG = 60  # tokens of a sentence whose attention map is not drawn


def report(
    run: Run[Any], translator: Translator, dev: ParallelCorpus, translations: Sequence[Translation]
) -> None:
    """Add figures, sample translations, and the translations furthest from their references."""
    run.add_figure(
        "learning.png",
        "Loss and greedy dev BLEU by epoch (train loss with dropout and label smoothing, dev "
        "without)",
        learning_curves,
        run.history,
    )
    maps = attention_maps(translator, dev, translations)
    if maps:
        run.add_figure(
            "attention.png",
            "Cross-attention to the source of dev sentences, by layer of the decoder",
            attention_plot,
            maps,
            columns=run.settings.layers,
        )

    def row(i: int) -> list[Any]:
        return [dev.sources[i], translations[i].text, dev.targets[i]]

    columns = ["source", "translation", "reference"]
    evenly_spaced = np.linspace(0, len(dev) - 1, min(TABLE_ROWS, len(dev))).astype(int)
    run.report.section("Translations of dev, evenly spaced over the file")
    run.report.table(columns, [row(i) for i in evenly_spaced])
    worst = lowest_bleu(dev, translations)
    run.report.section("Furthest from the reference")
    if worst:
        run.report.table([*columns, "sentence BLEU"], [[*row(i), score] for i, score in worst])
    else:
        run.report.text("Every translation of dev equals its reference.")


def lowest_bleu(
    dev: ParallelCorpus, translations: Sequence[Translation]
) -> list[tuple[int, float]]:
    """Return index and BLEU of the sentences with the lowest sentence BLEU, worst first."""
    worst = sorted(
        (bleu([translation.text], [[reference]]).score, i)
        for i, (translation, reference) in enumerate(zip(translations, dev.targets, strict=True))
        if translation.text != reference
    )
    return [(i, score) for score, i in worst[:TABLE_ROWS]]


def attention_maps(
    translator: Translator, dev: ParallelCorpus, translations: Sequence[Translation]
) -> list[AttentionMap]:
    """Return the cross-attention of every layer for the two dev sentences of best length."""
    lengths = [
        (len(ids), len(translation.ids) + 1)
        for ids, translation in zip(translator.encode(dev.sources), translations, strict=True)
    ]
    best = sorted(range(len(dev)), key=lambda i: max(abs(n - _READABLE) for n in lengths[i]))
    maps = []
    for i in best[:2]:
        if max(lengths[i]) > _TOO_LONG:
            continue
        target, source, layers = translator.attention(dev.sources[i], translations[i])
        maps += [
            AttentionMap(f"layer {n}", target, source, weights)
            for n, weights in enumerate(layers, start=1)
        ]
    return maps
