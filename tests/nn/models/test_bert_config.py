"""`BertConfig` from a config.json of any content: known encoders only, and every entry checked."""

from __future__ import annotations

import contextlib
import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pmt_core import ArchiveError, FileProblem, PmtError, SettingsError, save_archive
from pmt_nn import BertConfig, load_bert

SIZES = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "max_position_embeddings",
)
DISTILBERT = ("dim", "n_layers", "n_heads", "hidden_dim")


@pytest.mark.parametrize(
    "kind", ["bert", "roberta", "xlm-roberta", "camembert", "distilbert", None]
)
def test_encoders_that_are_known(kind: str | None) -> None:
    config = BertConfig.from_hugging_face({"model_type": kind})
    assert config.shift == (0 if kind in ("bert", "distilbert", None) else 2)
    assert config.max_length == 512 - config.shift
    assert config.pooled == (kind != "distilbert")


@pytest.mark.parametrize("kind", ["data2vec-text", "anything", "gpt2", "BERT", "", "t5"])
def test_other_models_are_refused_and_the_known_ones_listed(kind: str) -> None:
    message = "bert, camembert, distilbert, electra, roberta, xlm-roberta"
    with pytest.raises(SettingsError, match=message):
        BertConfig.from_hugging_face({"model_type": kind})
    if kind[:1].isalpha() and kind != "BERT":
        with pytest.raises(SettingsError, match=message):
            BertConfig.from_hugging_face({"architectures": [f"{kind.title()}Model"]})


def test_without_a_type_the_class_says_it() -> None:
    config = BertConfig.from_hugging_face({"architectures": ["RobertaForMaskedLM"]})
    assert (config.shift, config.max_length) == (2, 510)
    assert BertConfig.from_hugging_face({"architectures": ["BertModel"]}) == BertConfig()
    assert BertConfig.from_hugging_face({"architectures": None}) == BertConfig()


@pytest.mark.parametrize("key", ["is_decoder", "add_cross_attention", "is_encoder_decoder"])
def test_decoders_are_refused(key: str) -> None:
    assert BertConfig.from_hugging_face({key: False}) == BertConfig()
    with pytest.raises(SettingsError, match=f"{key} is true"):
        BertConfig.from_hugging_face({key: True})
    with pytest.raises(SettingsError, match=key):
        BertConfig.from_hugging_face({key: "yes"})


@pytest.mark.parametrize("key", [*SIZES, *DISTILBERT])
@pytest.mark.parametrize(
    "value", [0, -1, 1.0, 768.5, "x", "768", True, [], {}, [768], None, 10**9, 10**30, float("nan")]
)
def test_a_size_is_a_number_of_a_usual_size(key: str, value: Any) -> None:
    config = {"model_type": "distilbert" if key in DISTILBERT else "bert", key: value}
    with pytest.raises(SettingsError, match=key):
        BertConfig.from_hugging_face(config)


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("type_vocab_size", [-1, 2.0, "2", None, 10**9]),
        ("hidden_dropout_prob", [-0.1, 1.5, "x", None, True, float("inf"), float("nan"), 1]),
        ("layer_norm_eps", [-1e-12, 2, "x", None, False, float("nan")]),
        ("hidden_act", ["mish", "", 1, None, [], {}]),
        ("position_embedding_type", ["relative_key", 1, []]),
        ("pad_token_id", [-1, 0.5, "x", True, 10**9, 600]),
        ("model_type", [1, [], True]),
        ("architectures", ["BertModel", [1], 1]),
    ],
)
def test_other_entries_are_checked(key: str, values: list[Any]) -> None:
    for value in values:
        config = {"model_type": "roberta", key: value}
        if key == "architectures":
            del config["model_type"]
        with pytest.raises(SettingsError):
            BertConfig.from_hugging_face(config)


@pytest.mark.parametrize("content", [None, 1, [], "{}", [["vocab_size", 1]]])
def test_what_is_no_object_is_refused(content: Any) -> None:
    with pytest.raises(SettingsError, match="object"):
        BertConfig.from_hugging_face(content)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b'\xef\xbb\xbf{"vocab_size": 7}')
    assert BertConfig.read(path).vocabulary == 7
    for text in (
        "[" * 100_000,
        '{"vocab_size": []}',
        '{"hidden_size": "x"}',
        '{"hidden_size": 1e999}',
        '{"model_type": "mpnet"}',
        '{"vocab_size": 1, "vocab_size": 2}',
        '{"hidden_dropout_prob": NaN}',
        '{"hidden_size": 10, "num_attention_heads": 3}',
        "",
        '{"a": "\xff"}',
    ):
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(SettingsError, match=r"config\.json"):
            BertConfig.read(path)
    for missing in (tmp_path, tmp_path / "none.json", Path("/dev/zero")):
        with pytest.raises(FileProblem):
            BertConfig.read(missing)


def test_any_entry_may_be_of_any_type(rng: np.random.Generator) -> None:
    names = [*SIZES, *DISTILBERT, "model_type", "hidden_act", "pad_token_id", "is_decoder"]
    names += ["type_vocab_size", "layer_norm_eps", "architectures", "hidden_dropout_prob"]
    values = [None, True, 0, -1, 2, 4, 0.5, 1e300, 10**40, "bert", "roberta", "gelu", [], {}, ["a"]]
    accepted = 0
    for _ in range(3000):
        chosen = rng.choice(len(names), 3, replace=False)
        config = {names[i]: values[rng.integers(len(values))] for i in chosen}
        with contextlib.suppress(SettingsError):
            accepted += isinstance(BertConfig.from_hugging_face(config), BertConfig)
    assert accepted > 20


@pytest.mark.parametrize("key", [*SIZES, "type_vocab_size"])
def test_a_config_larger_than_the_file_takes_no_memory(tmp_path: Path, key: str) -> None:
    config = {
        "vocab_size": 5,
        "hidden_size": 4,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 4,
        "max_position_embeddings": 4,
    }
    large = 4000 if key == "num_hidden_layers" else 1_000_000
    (tmp_path / "config.json").write_text(json.dumps({**config, key: large}))
    weights = tmp_path / "model.safetensors"
    for damaged in (False, True):
        weights.unlink(missing_ok=True)
        save_archive(weights, {"embeddings.word_embeddings.weight": np.zeros((5, 4), np.float32)})
        if damaged:
            weights.write_bytes(weights.read_bytes()[:10])
        tracemalloc.start()
        with pytest.raises(ArchiveError if key != "num_attention_heads" else PmtError) as caught:
            load_bert(tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(str(caught.value)) < 2000
        assert peak < 40e6
