"""What `train_lm.py` shows of a model: its curve, what surprised it, what it writes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import Corpus
from pmt_apps.language_model.generate import sample
from pmt_apps.language_model.settings import Settings
from pmt_apps.language_model.training import final_scores, surprise
from pmt_core import RandomStream
from pmt_nn import LanguageModel
from pmt_train import Workers, learning_curves, token_loss_plot

_SHOWN_TOKENS = 640
_TEMPERATURES = (0.0, 0.5, 0.8, 1.0)
_SAMPLE_TOKENS = 400


def report(
    run: Run[Settings], model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> None:
    """Scores, pictures, and texts at several temperatures."""
    run.log_metrics("dev", final_scores(model, corpus, settings, workers))
    run.add_figure(
        "learning.png", "Loss and bits per character by epoch", learning_curves, run.history
    )
    show_surprise(run, model, corpus, settings, workers)
    show_samples(run, model, corpus, settings)


def show_surprise(
    run: Run[Settings], model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> None:
    """The beginning of the held-out text, each token colored by the bits it cost."""
    ids = corpus.dev[: _SHOWN_TOKENS + 1]
    bits = surprise(model, ids, settings, workers) / math.log(2)
    run.add_figure(
        "surprise.png",
        "Held-out text: how much each token surprised the model",
        token_loss_plot,
        corpus.codec.tokens(ids[1:]),
        bits.tolist(),
        f"the first {len(bits)} tokens held out: {bits.mean():.2f} bits a token",
    )
    after = ids[1:]
    worst = np.argsort(-bits, kind="stable")[:15]
    run.report.section("What surprised it most")
    run.report.table(
        ["text before", "token", "bits"],
        [
            [
                corpus.codec.decode(ids[max(i - 30, 0) : i + 1]),
                corpus.codec.tokens(after[i : i + 1])[0],
                float(bits[i]),
            ]
            for i in (int(j) for j in worst)
        ],
    )


def show_samples(
    run: Run[Settings], model: LanguageModel, corpus: Corpus, settings: Settings
) -> None:
    """What it writes, from the likeliest to the wild."""
    for temperature in _TEMPERATURES:
        rng = RandomStream(settings.seed, "report", str(temperature)).generator()
        asked = replace(settings, temperature=temperature, top_k=None, top_p=None)
        text = sample(model, corpus.codec, asked, rng, tokens=_SAMPLE_TOKENS)
        run.report.section(f"Written at temperature {temperature:g}")
        run.report.code(text)
