"""Train a language model on a text, and generate text with it.

Without arguments it trains in about a minute on a sample of short tales that ships with pmt, with
characters as tokens. On a text of your own, with characters or subwords:

  python apps/train_lm.py --corpus shakespeare.txt --preset best --out runs/shakespeare
  python apps/train_lm.py --corpus shakespeare.txt --tokenizer bpe --out runs/subwords

The last tenth of the text is held out to choose the best weights. An epoch is --steps steps. To
generate text:

  python apps/train_lm.py --out runs/shakespeare --generate 'ROMEO:' --temperature 0.8 --top-p 0.95
  echo 'To be, or not' | python apps/train_lm.py --out runs/shakespeare --predict

--generate prints the text while it is generated. --predict reads one prompt per line and answers
each with a JSON object that has the prompt and its continuation.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from pmt_apps.kit.main import run_app
from pmt_apps.kit.predict_jsonl import predict_line_by_line
from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import read_corpus
from pmt_apps.language_model.predictor import PromptPredictor
from pmt_apps.language_model.report import report
from pmt_apps.language_model.settings import Settings
from pmt_apps.language_model.training import build_model, fit
from pmt_core import RandomStream
from pmt_train import Workers

TASK, TITLE = "lm", "Language model"


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read the corpus, train, score, and write the report."""
    corpus = read_corpus(settings, run)
    with run.model_limit(None):
        model = build_model(settings, len(corpus.tokenizer))
    run.say(f"{model.parameter_count():,} parameters\n")
    workers = fit(model, corpus, settings, run)
    if run.is_writer:  # only rank 0 scores
        report(run, model, corpus, settings, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Continue prompts from standard input."""
    predict_line_by_line(run.predictor(PromptPredictor).answer, "prompt")


def generate(settings: Settings) -> None:
    """Print a prompt and its continuation while it is generated."""
    prompt = settings.generate or ""
    predictor = Run(settings, TASK, TITLE).predictor(PromptPredictor)
    rng = RandomStream(settings.seed, "generate").generator()
    with Workers(1):
        texts = predictor.stream(prompt, rng)
        first = next(texts)  # raises for unknown characters before the prompt is printed
        sys.stdout.write(prompt + first)
        for text in texts:
            sys.stdout.flush()
            sys.stdout.write(text)
    sys.stdout.write("\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code. argv: None is that of the process."""
    actions = {"generate": generate}
    return run_app(
        Settings, task=TASK, train=train, predict=predict, actions=actions, title=TITLE, argv=argv
    )
