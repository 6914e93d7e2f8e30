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

from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.kit.main import run_app
from pmt_apps.kit.run import Run
from pmt_apps.translation.data import encode_training, read_corpora, train_tokenizer
from pmt_apps.translation.report import report
from pmt_apps.translation.settings import MAX_LENGTH, Settings
from pmt_apps.translation.training import build_model, fit, loss_per_token, scores
from pmt_apps.translation.translator import Translator
from pmt_core import decode_field
from pmt_text import BytePairEncoding
from pmt_train import Workers, warn


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the corpora, train, translate, score, and write the report."""
    corpora = read_corpora(settings, run)
    tokenizer = train_tokenizer(corpora["train"], settings)
    data = encode_training(corpora["train"], tokenizer, settings)
    with run.model_limit(None):
        model = build_model(settings, len(tokenizer))
    run.say(f"{len(tokenizer):,} tokens, {model.parameter_count():,} parameters\n")

    dev = corpora["dev"]
    translator = fit(model, data, tokenizer, dev, run)
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
    with run.loaded_model() as (weights, meta):
        key = "encoding" if "encoding" in meta else "tokenizer"  # "encoding" is its earlier name
        tokenizer = decode_field(meta, key, BytePairEncoding.from_json)
        model = build_model(settings, len(tokenizer))
        model.load_state_dict(weights)
    workers = Workers(settings.workers)
    translator = Translator(model, tokenizer, settings.beam, settings.length_penalty, workers)

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        texts = [text for (text,) in examples]
        for text in texts:
            if len(tokenizer.encode(text)) >= MAX_LENGTH:
                warn(f"note: {text[:40]!r}... is cut to {MAX_LENGTH - 1} tokens")
        return [
            {"source": text, "translation": best.text, "score": round(best.score, 6)}
            for text, best in zip(texts, translator(texts), strict=True)
        ]

    run.predict_jsonl(answer, ("sentence",))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    return run_app(
        Settings, task="translation", train=train, predict=predict, title="Translation", argv=argv
    )
