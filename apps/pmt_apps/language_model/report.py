"""Report of a language-model run: learning curve, loss per token, generated text."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import Corpus
from pmt_apps.language_model.generate import generate_text
from pmt_apps.language_model.settings import Settings
from pmt_apps.language_model.training import final_scores, token_losses
from pmt_core import RandomStream
from pmt_nn import LanguageModel
from pmt_train import Workers, learning_curves, token_loss_plot

_PLOT_TOKENS = 640
_TABLE_ROWS = 15
_TABLE_CONTEXT = 30  # tokens before each token of the table
_TEMPERATURES = (0.0, 0.5, 0.8, 1.0)
_SAMPLE_TOKENS = 400


def report(
    run: Run[Settings], model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> None:
    """Log the scores; add the figures and texts at several temperatures."""
    run.log_metrics("dev", final_scores(model, corpus, settings, workers))
    run.add_figure(
        "learning.png", "Loss and bits per character by epoch", learning_curves, run.history
    )
    _report_token_losses(run, model, corpus, settings, workers)
    _report_samples(run, model, corpus, settings)


def _report_token_losses(
    run: Run[Settings], model: LanguageModel, corpus: Corpus, settings: Settings, workers: Workers
) -> None:
    """Add the start of the held-out text, colored by loss, and its tokens of highest loss."""
    ids = corpus.dev[: _PLOT_TOKENS + 1]
    labels = ids[1:]
    bits = token_losses(model, ids, settings, workers) / math.log(2)
    run.add_figure(
        "token_loss.png",
        "Held-out text: loss of each token",
        token_loss_plot,
        corpus.tokenizer.tokens(labels),
        bits.tolist(),
        f"the first {len(bits)} tokens held out: {bits.mean():.2f} bits a token",
    )
    worst = np.argsort(-bits, kind="stable")[:_TABLE_ROWS].tolist()
    run.report.section("Tokens of highest loss")
    run.report.table(
        ["text before", "token", "bits"],
        [
            [
                corpus.tokenizer.decode(ids[max(i - _TABLE_CONTEXT, 0) : i + 1]),
                corpus.tokenizer.tokens(labels[i : i + 1])[0],
                float(bits[i]),
            ]
            for i in worst
        ],
    )


def _report_samples(
    run: Run[Settings], model: LanguageModel, corpus: Corpus, settings: Settings
) -> None:
    """Add generated text at several temperatures, from greedy decoding on."""
    for temperature in _TEMPERATURES:
        rng = RandomStream(settings.seed, "report", str(temperature)).generator()
        sampling = replace(
            settings, tokens=_SAMPLE_TOKENS, temperature=temperature, top_k=None, top_p=None
        )
        run.report.section(f"Generated at temperature {temperature:g}")
        run.report.code("".join(generate_text(model, corpus.tokenizer, sampling, "", rng)))
