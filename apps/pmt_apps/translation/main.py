"""Train a Transformer to translate, and use it.

Without arguments it learns in about a minute to write English dates in German words, from a sample
that ships with pmt. On real data, give pairs of files, plain or gzip, where line n of one
translates line n of the other:

  python apps/train_translation.py --source train.en.gz --target train.de.gz \\
      --dev-source val.en.gz --dev-target val.de.gz --out runs/en-de

Both languages share one byte-pair encoding and one table of embeddings, which is also the output
layer (Vaswani et al. 2017, section 3.4). After every epoch dev is translated greedily; the best
weights are a moving average over the last steps. At the end dev, and test if given, are translated
by beam search and scored by BLEU as sacrebleu computes it. To translate:

  echo 'A man sleeping in a green room on a couch.' | \\
      python apps/train_translation.py --predict --out runs/en-de
"""

from __future__ import annotations

from collections.abc import Sequence

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.translation.data import encode_training, read_corpora, train_tokenizer
from pmt_apps.translation.predictor import TranslationPredictor
from pmt_apps.translation.report import report
from pmt_apps.translation.settings import Settings
from pmt_apps.translation.training import build_model, fit, fit_members, loss_per_token, scores


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the corpora, train, translate, score, and write the report."""
    corpora = read_corpora(settings, run)
    tokenizer = train_tokenizer(corpora["train"], settings)
    data = encode_training(corpora["train"], tokenizer, settings)
    with run.model_limit(None):
        model = build_model(settings, len(tokenizer))
    run.say(f"{len(tokenizer):,} tokens, {model.parameter_count():,} parameters\n")

    dev = corpora["dev"]
    if settings.members > 1:
        translator = fit_members(model, data, tokenizer, dev, run)
    else:
        translator, _ = fit(model, data, tokenizer, dev, run)
    translations = {
        name: translator(corpora[name].sources, description=f"translating {name}")
        for name in ("dev", "test")
        if name in corpora
    }
    for name, split in translations.items():
        run.log_metrics(name, scores(split, corpora[name].targets))
    run.log_metrics("dev", {"loss": loss_per_token(translator, dev)})
    report(run, translator, dev, translations["dev"])
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Translate sentences from standard input."""
    predictor = run.predictor(TranslationPredictor)
    run.predict_jsonl(lambda lines: predictor.answers([text for (text,) in lines]), ("sentence",))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings, task="translation", train=train, predict=predict, title="Translation", argv=argv
    )
