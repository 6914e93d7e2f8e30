"""Train the translator of dates of chapter 15, German letters to English words, and store it.

python docs/log/trainings/dates.py

Writes docs/log/measured/dates.npz (weights, float16) and dates.csv (what it reaches while it
learns). The sentences are those that ship with the programs (`hatch run translation`).
"""

from __future__ import annotations

import gzip
import itertools
import re
import runpy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES
from pmt_autograd import gradients, no_grad
from pmt_core import RandomStream
from pmt_nn import EncoderDecoder, EncoderDecoderConfig, cross_entropy
from pmt_text import CharacterTokenizer
from pmt_train import AdamW, FlatParameters, cosine_schedule, warmup

MEASURED = Path(__file__).resolve().parents[1] / "measured"
GENERATOR = SAMPLES.parents[1] / "generators" / "make_dates_sample.py"
COMMAND = "python docs/log/trainings/dates.py"
STEPS, BATCH, SMOOTHING = 1200, 64, 0.1
PAD, START, END = "<pad>", "<start>", "<end>"
WORD = re.compile(r"\d|[A-Za-z-]+|,")


def sentences(part: str, language: str) -> list[str]:
    """Return the sentences of a part, "train" or "dev", in a language, "de" or "en"."""
    path = SAMPLES / f"dates.{part}.{language}.gz"
    return gzip.decompress(path.read_bytes()).decode().splitlines()


@dataclass(frozen=True)
class Vocabularies:
    """German letters and English words (digits one by one), with their ids."""

    letters: CharacterTokenizer
    words: tuple[str, ...]

    @classmethod
    def of_training(cls) -> Vocabularies:
        """Return the vocabularies of the training sentences."""
        words = {word for text in sentences("train", "en") for word in WORD.findall(text)}
        letters = CharacterTokenizer("".join(sentences("train", "de")))
        return cls(letters, (PAD, START, END, *sorted(words)))

    def source(self, texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return the letters of German texts (b, s) and their mask."""
        ids = [self.letters.encode(text) for text in texts]
        mask = np.arange(max(map(len, ids))) < np.array([[len(row)] for row in ids])
        padded = np.zeros(mask.shape, np.int64)
        padded[mask] = np.concatenate(ids)
        return padded, mask

    def target(self, texts: list[str]) -> NDArray[np.int64]:
        """Return the words of English texts between START and END, then PAD: (b, t)."""
        index = {word: i for i, word in enumerate(self.words)}
        rows = [[START, *WORD.findall(text), END] for text in texts]
        longest = max(map(len, rows))
        return np.array(
            [[index[w] for w in row] + [0] * (longest - len(row)) for row in rows], np.int64
        )


def new_model(vocabularies: Vocabularies) -> EncoderDecoder:
    """Return the model of the chapter with random weights."""
    config = EncoderDecoderConfig(
        source_vocabulary=len(vocabularies.letters),
        target_vocabulary=len(vocabularies.words),
        max_length=80,
        width=48,
        heads=4,
        hidden=96,
        layers=2,
        decoder_layers=1,
        dropout=0.0,
    )
    return EncoderDecoder(config, RandomStream(0, "weights").generator())


def training(vocabularies: Vocabularies) -> Iterator[tuple[int, EncoderDecoder]]:
    """Yield step and model at the beginning and after every hundred steps."""
    model = new_model(vocabularies)
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat, betas=(0.9, 0.98), weight_decay=0.0)
    schedule = warmup(cosine_schedule(4e-3, STEPS, 0.0), 100)
    german, english = sentences("train", "de"), sentences("train", "en")
    rng = RandomStream(0, "batches").generator()
    yield 0, model
    for step in range(STEPS):
        chosen = rng.integers(0, len(german), BATCH)
        source, mask = vocabularies.source([german[i] for i in chosen])
        target = vocabularies.target([english[i] for i in chosen])
        read, labels = target[:, :-1], target[:, 1:]
        logits = model(source, read, mask, read != 0)
        loss = cross_entropy(logits, labels, ignore_index=0, label_smoothing=SMOOTHING)
        optimizer.step(flat.gather([gradients(loss)]), lr=schedule(step))
        if (step + 1) % 100 == 0:
            yield step + 1, model


def dev_loss(model: EncoderDecoder, vocabularies: Vocabularies) -> float:
    """Return the mean loss of a word of the dev translations, without smoothing."""
    source, mask = vocabularies.source(sentences("dev", "de"))
    target = vocabularies.target(sentences("dev", "en"))
    read, labels = target[:, :-1], target[:, 1:]
    with no_grad():
        logits = model.eval()(source, read, mask, read != 0)
        loss = cross_entropy(logits, labels, ignore_index=0).item()
    model.train()
    return loss


def forms() -> dict[str, tuple[str, ...]]:
    """Return the three English forms of every German date of the dev sentences."""
    make = runpy.run_path(str(GENERATOR))
    days = itertools.product(range(1, 32), range(1, 13), make["YEARS"])
    wanted = set(sentences("dev", "de"))
    return {
        german: tuple(make["english"](*day, style) for style in range(3))
        for day in days
        if (german := make["german"](*day)) in wanted
    }


def share_right(model: EncoderDecoder, vocabularies: Vocabularies, width: int) -> float:
    """Return the share of dev sentences whose best hypothesis is a form of their day."""
    german, correct = sentences("dev", "de"), forms()
    source, mask = vocabularies.source(german)
    best = model.eval().beam_search(source, mask, start=1, end=2, max_length=12, width=width)
    model.train()
    return float(
        np.mean(
            [
                tuple(vocabularies.words[i] for i in found[0].tokens)
                in {tuple(WORD.findall(form)) for form in correct[text]}
                for text, found in zip(german, best, strict=True)
            ]
        )
    )


def main() -> None:
    """Train and write the files."""
    vocabularies = Vocabularies.of_training()
    rows = ["step,loss,greedy,beam"]
    for step, model in training(vocabularies):
        loss = dev_loss(model, vocabularies)
        greedy, beam = (share_right(model, vocabularies, width) for width in (1, 4))
        rows.append(f"{step},{loss:.4f},{greedy:.3f},{beam:.3f}")
        print(rows[-1], flush=True)
    comment = f"# {COMMAND}: loss of a word of the dev translations, share of right days"
    (MEASURED / "dates.csv").write_text("\n".join([comment, *rows]) + "\n", encoding="utf-8")
    weights = {name: array.astype(np.float16) for name, array in model.state_dict().items()}
    np.savez_compressed(MEASURED / "dates.npz", **weights)


if __name__ == "__main__":
    main()
