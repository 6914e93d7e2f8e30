"""Weights in several files with an index, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from pmt_core import ArchiveError, DataError, FileProblem, load_archive, save_archive
from pmt_nn import Bert, BertConfig, load_bert, save_bert

SIZES = {"vocabulary": 13, "max_length": 10, "width": 8, "heads": 2, "hidden": 12, "layers": 2}


def sharded(folder: Path, model: Bert) -> dict[str, str]:
    """Write the weights in two shards; returns the map of the index."""
    save_bert(folder, model)
    arrays, _ = load_archive(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = list(arrays)
    weight_map = {}
    for i, part in enumerate((names[::2], names[1::2])):
        file = f"model-{i + 1:05d}-of-00002.safetensors"
        save_archive(folder / file, {name: arrays[name] for name in part})
        weight_map |= dict.fromkeys(part, file)
    write_index(folder, weight_map)
    return weight_map


def write_index(folder: Path, weight_map: dict[str, str]) -> None:
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map})
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"model_type": "bert"},
        {"model_type": "roberta", "shift": 2, "padding_id": 1, "token_types": 1},
        {"model_type": "distilbert", "token_types": 0, "pooled": False},
        {"model_type": "electra", "embedding": 6, "pooled": False},
    ],
    ids=lambda settings: settings["model_type"],
)
def test_saved_and_loaded(rng, tmp_path, settings) -> None:
    model = Bert(BertConfig(**SIZES, **settings), rng).eval()
    ids = np.array([[3, 4, 5]])
    save_bert(tmp_path / "whole", model)
    whole = load_bert(tmp_path / "whole")
    assert whole.config == model.config
    np.testing.assert_array_equal(whole(ids).data, model(ids).data)
    sharded(tmp_path, model)
    np.testing.assert_array_equal(load_bert(tmp_path)(ids).data, model(ids).data)


def test_damaged_shards(rng, tmp_path) -> None:
    weight_map = sharded(tmp_path, Bert(BertConfig(**SIZES), rng))
    first, last = sorted(set(weight_map.values()))
    for name in ("../x.safetensors", "/etc/passwd", "a/b.safetensors", "model.bin", "..\\x"):
        write_index(tmp_path, {**weight_map, "embeddings.LayerNorm.bias": name})
        with pytest.raises(ArchiveError, match=r"no \.safetensors file of the same folder"):
            load_bert(tmp_path)
    write_index(tmp_path, {**weight_map, "more": first})
    with pytest.raises(ArchiveError, match=f"{first} misses more"):
        load_bert(tmp_path)
    smaller = dict(weight_map)
    gone = next(name for name, file in weight_map.items() if file == last)
    del smaller[gone]
    write_index(tmp_path, smaller)
    with pytest.raises(ArchiveError, match=f"{last} holds beyond the index {gone}"):
        load_bert(tmp_path)
    write_index(tmp_path, weight_map)
    (tmp_path / last).unlink()
    with pytest.raises(FileProblem, match="does not exist"):
        load_bert(tmp_path)
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": [1]}')
    with pytest.raises(DataError, match=r"weight_map.*expected an object"):
        load_bert(tmp_path)


def test_a_pickle_alone_is_refused_with_the_cure(tmp_path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04")
    with pytest.raises(FileProblem, match=r"\.bin file are a pickle.*save_pretrained"):
        load_bert(tmp_path)
