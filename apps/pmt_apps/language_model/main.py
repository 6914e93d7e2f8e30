"""Train a language model on a text, and let it write.

Without arguments it learns from a sample of short tales that ships with pmt, in about a minute,
one character at a time. On a text of your own, by characters or by pieces of words:

  python apps/train_lm.py --corpus shakespeare.txt --preset nanogpt-cpu --out runs/shakespeare
  python apps/train_lm.py --corpus shakespeare.txt --level bpe --out runs/pieces

The last tenth of the text is held out; on it the best weights are chosen. An epoch is --steps
steps. Afterwards:

  python apps/train_lm.py --out runs/shakespeare --generate 'ROMEO:' --temperature 0.8 --top-p 0.95
  echo 'To be, or not' | python apps/train_lm.py --out runs/shakespeare --predict

--generate prints the text as it is written; --predict answers each line, a prompt, with a JSON
object that has the prompt and its continuation.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pmt_apps.kit.main import run_app
from pmt_apps.kit.predict_jsonl import predict_jsonl
from pmt_apps.kit.run import Run
from pmt_apps.language_model.data import Codec, codec_from_json, read_corpus
from pmt_apps.language_model.generate import stream
from pmt_apps.language_model.report import report
from pmt_apps.language_model.settings import Settings
from pmt_apps.language_model.training import build_model, fit
from pmt_core import DataError, RandomStream
from pmt_nn import LanguageModel
from pmt_train import Workers

TASK, TITLE = "lm", "Language model"


def train(settings: Settings, run: Run[Settings]) -> None:
    """Read, train, score, draw."""
    corpus = read_corpus(settings, run)
    model = build_model(settings, corpus.codec)
    run.say(f"{model.parameter_count():,} parameters\n")
    workers = fit(model, corpus, settings, run)
    if run.is_writer:  # of several ranks, one scores
        report(run, model, corpus, settings, workers)
    run.finish()


def predict(settings: Settings, run: Run[Settings]) -> None:
    """Continue prompts from standard input."""
    model, codec = load(settings, run)
    line = 0

    def answer(examples: Sequence[tuple[str, ...]]) -> list[Mapping[str, Any]]:
        nonlocal line
        found: list[Mapping[str, Any]] = []
        for (prompt,) in examples:
            line += 1
            rng = RandomStream(settings.seed, "predict", line).generator()
            try:
                written = "".join(stream(model, codec, settings, prompt, rng))
            except DataError as error:
                raise DataError(f"standard input, line {line}: {error}") from error
            found.append({"prompt": prompt, "continuation": written})
        return found

    with Workers(1):
        predict_jsonl(answer, ("prompt",), batch_size=1)  # a wrong line stops none before it


def generate(settings: Settings) -> None:
    """Print a prompt and what the model writes after it, as it comes."""
    prompt = settings.generate or ""
    model, codec = load(settings, Run(settings, TASK, TITLE))
    rng = RandomStream(settings.seed, "generate").generator()
    with Workers(1):
        pieces = stream(model, codec, settings, prompt, rng)
        first = next(pieces)  # an unknown character in the prompt is told before it is printed
        sys.stdout.write(prompt + first)
        for piece in pieces:
            sys.stdout.flush()
            sys.stdout.write(piece)
    sys.stdout.write("\n")


def load(settings: Settings, run: Run[Settings]) -> tuple[LanguageModel, Codec]:
    """The model of a run, and its code."""
    weights, meta = run.load_model()
    codec = codec_from_json(settings, meta)
    model = build_model(settings, codec)
    model.load_state_dict(weights)
    return model.eval(), codec


def main() -> int:
    """Run the command line; return the exit code."""
    return run_app(
        Settings,
        task=TASK,
        train=train,
        predict=predict,
        actions={"generate": generate},
        title=TITLE,
        description=__doc__,
    )
