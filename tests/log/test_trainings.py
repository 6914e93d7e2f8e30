"""The weights that chapters load are those of their programs, and reach what the tables say."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

LOG = Path(__file__).resolve().parents[2] / "docs" / "log"
MEASURED = LOG / "measured"


def program(name: str) -> dict[str, Any]:
    return runpy.run_path(str(LOG / "trainings" / f"{name}.py"))


def rows(name: str) -> list[dict[str, str]]:
    lines = (MEASURED / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_the_small_gpt_has_the_bits_of_its_table() -> None:
    make = program("small_gpt")
    first, last = rows("small_gpt")[0], rows("small_gpt")[-1]
    step, model, tokenizer, bits = next(make["training"]())
    assert step == int(first["step"])
    assert bits == pytest.approx(float(first["bits"]), abs=1e-3)  # the weights it started from
    model.load_state_dict(dict(np.load(MEASURED / "small_gpt.npz")))
    dev = tokenizer.encode(make["text_parts"]()[1])
    bits = make["held_out_bits"](model.eval(), dev)
    assert bits == pytest.approx(float(last["bits"]), abs=2e-3)  # stored as float16
    texts = (MEASURED / "small_gpt.txt").read_text(encoding="utf-8")
    assert texts.endswith(f"--- {last['step']}\n{make['written'](model, tokenizer)}\n")


def test_the_translator_of_dates_has_the_loss_of_its_table() -> None:
    make = program("dates")
    words = make["Vocabularies"].of_training()
    first, last = rows("dates")[0], rows("dates")[-1]
    model = make["new_model"](words)
    loss = make["dev_loss"](model, words)
    assert loss == pytest.approx(float(first["loss"]), abs=1e-3)
    model.load_state_dict(dict(np.load(MEASURED / "dates.npz")))
    loss = make["dev_loss"](model, words)
    assert loss == pytest.approx(float(last["loss"]), abs=2e-3)
    right = make["share_right"](model, words, 1)
    assert right == pytest.approx(float(last["greedy"]), abs=0.005)


@pytest.mark.parametrize("table", ["small_gpt", "dates", "norms", "recall"])
def test_a_table_names_the_program_that_makes_it(table: str) -> None:
    comment = (MEASURED / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
    assert comment.startswith(f"# python docs/log/trainings/{table}.py:")
    assert (LOG / "trainings" / f"{table}.py").exists()
