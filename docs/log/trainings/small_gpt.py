"""Train the language model of chapter 14 on the sample text, and store what the chapter shows.

python docs/log/trainings/small_gpt.py

Writes docs/log/measured/small_gpt.npz (weights, float16), small_gpt.csv (held-out bits per
character while it learns) and small_gpt.txt (what the model writes at some of the steps).
"""

from __future__ import annotations

import gzip
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pmt_apps.kit.files import SAMPLES
from pmt_autograd import gradients, no_grad
from pmt_core import RandomStream
from pmt_nn import LanguageModel, LanguageModelConfig, cross_entropy
from pmt_text import CharacterTokenizer, ConsecutiveChunks, RandomChunks
from pmt_train import AdamW, FlatParameters, cosine_schedule, warmup

MEASURED = Path(__file__).resolve().parents[1] / "measured"
COMMAND = "python docs/log/trainings/small_gpt.py"
STEPS, LENGTH, BATCH = 1600, 160, 16
TEXTS = (0, 25, 100, 400, STEPS)


def text_parts() -> tuple[str, str]:
    """Return the first nine tenths of the sample text, to train on, and the rest."""
    text = gzip.decompress((SAMPLES / "lm.txt.gz").read_bytes()).decode()
    split = len(text) * 9 // 10
    return text[:split], text[split:]


def new_model(vocabulary: int) -> LanguageModel:
    """Return the model of the chapter with random weights."""
    config = LanguageModelConfig(
        vocabulary=vocabulary, width=48, heads=4, hidden=192, layers=2, dropout=0.0
    )
    return LanguageModel(config, RandomStream(0, "weights").generator())


def held_out_bits(model: LanguageModel, ids: NDArray[np.int64]) -> float:
    """Return the bits per character of a text: the *sum* of its losses / ln 2 / characters."""
    total = 0.0
    with no_grad():
        for batch in ConsecutiveChunks(ids, LENGTH, 64):
            total += cross_entropy(model(batch.ids), batch.labels, reduction="sum").item()
    return total / math.log(2) / (len(ids) - 1)


def written(model: LanguageModel, tokenizer: CharacterTokenizer, length: int = 240) -> str:
    """Return a sample of text that starts a new paragraph."""
    rng = RandomStream(0, "sample").generator()
    first = tokenizer.encode("\n\n")[np.newaxis]
    ids = model.generate(first, length, rng=rng, temperature=0.8, max_length=LENGTH)
    return tokenizer.decode(ids[0, 2:])


def training() -> Iterator[tuple[int, LanguageModel, CharacterTokenizer, float]]:
    """Yield step, model, tokenizer and held-out bits at some steps of the training."""
    train, dev = text_parts()
    tokenizer = CharacterTokenizer(train + dev)
    dev_ids = tokenizer.encode(dev)
    model = new_model(len(tokenizer))
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat, weight_decay=0.1)
    schedule = warmup(cosine_schedule(4e-3, STEPS, 4e-4), 50)
    stream = RandomStream(0, "chunks")
    chunks = RandomChunks(tokenizer.encode(train), LENGTH, BATCH, STEPS, stream)
    yield 0, model, tokenizer, held_out_bits(model, dev_ids)
    for step, batch in enumerate(chunks.epoch(0)):
        grads = gradients(cross_entropy(model(batch.ids), batch.labels))
        optimizer.step(flat.gather([grads]), lr=schedule(step))
        if step + 1 in TEXTS or (step + 1) % 100 == 0:
            yield step + 1, model, tokenizer, held_out_bits(model, dev_ids)


def main() -> None:
    """Train and write the files."""
    rows, texts = ["step,bits"], [f"# {COMMAND}: what the model writes at temperature 0.8"]
    for step, model, tokenizer, bits in training():
        rows.append(f"{step},{bits:.4f}")
        print(rows[-1], flush=True)
        if step in TEXTS:
            texts.append(f"--- {step}\n{written(model, tokenizer)}")
    comment = f"# {COMMAND}: bits per held-out character after so many steps"
    (MEASURED / "small_gpt.csv").write_text("\n".join([comment, *rows]) + "\n", encoding="utf-8")
    (MEASURED / "small_gpt.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    weights = {name: array.astype(np.float16) for name, array in model.state_dict().items()}
    np.savez_compressed(MEASURED / "small_gpt.npz", **weights)


if __name__ == "__main__":
    main()
