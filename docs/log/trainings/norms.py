"""Train six blocks with the norm in front and behind, with and without warm-up (chapter 13).

python docs/log/trainings/norms.py

Writes docs/log/measured/norms.csv: the loss of a character at some of the steps.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pmt_autograd import gradients
from pmt_core import RandomStream
from pmt_nn import LanguageModel, LanguageModelConfig, cross_entropy
from pmt_text import CharacterTokenizer, RandomChunks
from pmt_train import AdamW, FlatParameters, constant_schedule, warmup

HERE = Path(__file__).resolve().parent
STEPS, LENGTH, BATCH, RATE = 300, 64, 12, 3e-3
EVERY = 50


def losses(text: str, norm_first: bool, schedule: Callable[[int], float]) -> list[float]:
    """Return the mean training loss of every fifty steps."""
    tokenizer = CharacterTokenizer(text)
    config = LanguageModelConfig(
        vocabulary=len(tokenizer),
        width=32,
        heads=4,
        hidden=128,
        layers=6,
        dropout=0.0,
        norm_first=norm_first,
    )
    model = LanguageModel(config, RandomStream(0, "weights").generator())
    flat = FlatParameters(model.named_parameters())
    optimizer = AdamW(flat)
    stream = RandomStream(0, "chunks")
    chunks = RandomChunks(tokenizer.encode(text), LENGTH, BATCH, STEPS, stream)
    found = []
    for step, batch in enumerate(chunks.epoch(0)):
        loss = cross_entropy(model(batch.ids), batch.labels)
        optimizer.step(flat.gather([gradients(loss)]), lr=schedule(step))
        found.append(loss.item())
    return [float(np.mean(found[i : i + EVERY])) for i in range(0, STEPS, EVERY)]


def main() -> None:
    """Train four times and write the table."""
    text, _ = runpy.run_path(str(HERE / "small_gpt.py"))["text_parts"]()
    constant = constant_schedule(RATE)
    rows = [
        "# python docs/log/trainings/norms.py: mean loss of a character up to a step, six blocks",
        "training," + ",".join(str(step + EVERY) for step in range(0, STEPS, EVERY)),
    ]
    for name, norm_first, schedule in (
        ("in front", True, constant),
        ("in front with warm-up", True, warmup(constant, 100)),
        ("behind", False, constant),
        ("behind with warm-up", False, warmup(constant, 100)),
    ):
        numbers = losses(text, norm_first, schedule)
        rows.append(f"{name}," + ",".join(f"{loss:.3f}" for loss in numbers))
        print(rows[-1], flush=True)
    table = HERE.parent / "measured" / "norms.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
