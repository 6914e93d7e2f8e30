"""A tiny random encoder in a folder, as Hugging Face writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!'-"
WORDS = """
the how do i swim good bad film in is a what city of not un
##able ##s ##ing ##ed
"""


def write_vocabulary(folder: Path) -> None:
    """Write vocab.txt and tokenizer_config.json: every word of ASCII letters has pieces."""
    tokens = [*SPECIALS, *LETTERS, *(f"##{c}" for c in LETTERS)]
    tokens += [word for word in WORDS.split() if word not in tokens]
    (folder / "vocab.txt").write_text("\n".join(tokens) + "\n", encoding="utf-8")
    config = {"do_lower_case": True, "model_max_length": 32, "tokenizer_class": "BertTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")


def write_tiny_encoder(folder: Path, seed: int = 1, **settings: Any) -> Path:
    """Write config.json, model.safetensors and a vocabulary; returns the folder.

    settings: of the `BertConfig`, beside small sizes.
    """
    from pmt_nn import Bert, BertConfig, save_bert

    sizes = {"vocabulary": 120, "width": 16, "heads": 2, "hidden": 24, "layers": 2}
    config = BertConfig(**{**sizes, "max_length": 40, **settings})
    model = Bert(config, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    for parameter in model.parameters():
        parameter.data = parameter.data + rng.normal(size=parameter.shape).astype(np.float32) * 0.2
    save_bert(folder, model)
    write_vocabulary(folder)
    return folder
