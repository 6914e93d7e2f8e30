"""BERT-family encoders: reading configurations and weights under foreign names."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pmt_autograd import Tensor, gradients
from pmt_core import ArchiveError, DataError, FileProblem, SettingsError, StateError, save_archive
from pmt_nn import Bert, BertConfig, load_bert

SMALL = {
    "model_type": "bert",
    "vocab_size": 13,
    "hidden_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "max_position_embeddings": 10,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}


def stored(
    rng, *, prefix: str = "", positions: int = 10, token_types: int = 2
) -> dict[str, np.ndarray]:
    """Weights of SMALL under Hugging Face's names and in torch's layout, (out, in)."""

    def numbers(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32) * np.float32(0.3)

    def dense(name: str, n_in: int, n_out: int) -> dict[str, np.ndarray]:
        return {f"{name}.weight": numbers(n_out, n_in), f"{name}.bias": numbers(n_out)}

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": 1 + numbers(8), f"{name}.bias": numbers(8)}

    arrays = {
        "embeddings.word_embeddings.weight": numbers(13, 8),
        "embeddings.position_embeddings.weight": numbers(positions, 8),
        "embeddings.token_type_embeddings.weight": numbers(token_types, 8),
        **norm("embeddings.LayerNorm"),
        **dense("pooler.dense", 8, 8),
    }
    for i in range(2):
        layer = f"encoder.layer.{i}"
        for part in ("query", "key", "value"):
            arrays |= dense(f"{layer}.attention.self.{part}", 8, 8)
        arrays |= dense(f"{layer}.attention.output.dense", 8, 8)
        arrays |= norm(f"{layer}.attention.output.LayerNorm")
        arrays |= dense(f"{layer}.intermediate.dense", 8, 12)
        arrays |= dense(f"{layer}.output.dense", 12, 8)
        arrays |= norm(f"{layer}.output.LayerNorm")
    return {prefix + name: array for name, array in arrays.items()}


def folder(tmp_path, arrays, config=SMALL, name: str = "model.safetensors"):
    (tmp_path / "config.json").write_text(json.dumps(config))
    save_archive(tmp_path / name, arrays)
    return tmp_path


IDS = np.array([[1, 5, 7, 2], [1, 3, 0, 0]])
MASK = IDS != 0


def test_a_folder_is_loaded(rng, tmp_path) -> None:
    arrays = stored(rng)
    model = load_bert(folder(tmp_path, arrays))
    assert not model.training
    assert model.config.layers == 2
    layer = model.encoder.layers[1]
    np.testing.assert_array_equal(
        layer.feed_forward.up.weight.data, arrays["encoder.layer.1.intermediate.dense.weight"].T
    )
    np.testing.assert_array_equal(
        layer.attention.qkv.weight.data[:, 8:16],
        arrays["encoder.layer.1.attention.self.key.weight"].T,
    )
    assert layer.attention_norm.eps == 1e-12
    hidden = model(IDS, MASK)
    assert hidden.shape == (2, 4, 8)
    assert hidden.dtype == np.float32
    assert model.pooled(hidden).shape == (2, 8)


def test_prefixes_heads_npz_and_old_names_give_the_same(rng, tmp_path) -> None:
    arrays = stored(rng)
    expected = load_bert(folder(tmp_path, arrays))(IDS, MASK).data
    other = {f"bert.{name}": array for name, array in arrays.items()}
    other = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): array
        for name, array in other.items()
    }
    other["cls.predictions.bias"] = np.zeros(13, np.float32)
    other["bert.embeddings.position_ids"] = np.arange(10)[np.newaxis]
    again = tmp_path / "again"
    again.mkdir()
    model = load_bert(folder(again, other, name="model.npz"))
    np.testing.assert_array_equal(model(IDS, MASK).data, expected)
    config = BertConfig.read(again / "config.json")
    np.testing.assert_array_equal(load_bert(again / "model.npz", config)(IDS, MASK).data, expected)


HEADS = {
    "score.weight": (3, 8),
    "score.bias": (3,),
    "classifier.dense.weight": (8, 8),
    "my_head.0.weight": (2, 2),
    "cls.predictions.decoder.weight": (13, 8),
    "bert_head.weight": (1,),
}


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "bert.",
        "model.",
        "module.",
        "module.bert.",
        "model.bert.",
        "module.model.bert.",
        "model.module.bert.",
        "bert.model.",
        "module.module.",
        "_orig_mod.bert.",
        "encoder.bert.",
        "encoder.",
        "model.encoder.",
        "0.auto_model.",
        "roberta.",
        "distilbert.",
    ],
)
@pytest.mark.parametrize("beside", ["", "module."])
def test_prefixes_come_off_and_heads_are_left_out(rng, tmp_path, prefix: str, beside: str) -> None:
    arrays = stored(rng)
    expected = load_bert(folder(tmp_path, arrays))(IDS, MASK).data
    heads = {f"{beside}{name}": np.ones(shape) for name, shape in HEADS.items()}
    heads[f"{prefix}embeddings.position_ids"] = np.arange(10)[np.newaxis]
    prefixed = {f"{prefix}{name}": array for name, array in arrays.items()}
    model = load_bert(folder(tmp_path, {**heads, **prefixed}))
    np.testing.assert_array_equal(model(IDS, MASK).data, expected)


def test_two_encoders_in_a_file_are_refused(rng, tmp_path) -> None:
    arrays = {**stored(rng, prefix="bert."), **stored(rng, prefix="model.bert.")}
    with pytest.raises(ArchiveError, match=r"twice, as bert\.\S+ and model\.bert\."):
        load_bert(folder(tmp_path, arrays))


def test_arrays_of_other_shapes_and_types_are_told(rng, tmp_path) -> None:
    for shape in ((), (8,), (8, 9), (1, 8, 8), (0,)):
        for name in stored(rng):
            arrays = {**stored(rng), name: np.zeros(shape, np.float32)}
            if name.endswith("bias") or "LayerNorm" in name or shape != (8,):
                arrays[name] = np.zeros((*shape, 3), np.float32)
            with pytest.raises(ArchiveError, match="expected shape"):
                load_bert(folder(tmp_path, arrays))
    name = "encoder.layer.0.output.dense.weight"
    for dtype in (np.int8, np.complex64, np.bool_):
        arrays = {**stored(rng), name: np.zeros((8, 12), dtype)}
        with pytest.raises(ArchiveError, match="expected floats"):
            load_bert(folder(tmp_path, arrays))
    for value in (np.nan, np.inf):
        arrays = {**stored(rng), name: np.full((8, 12), value, np.float32)}
        with pytest.raises(ArchiveError, match="finite"):
            load_bert(folder(tmp_path, arrays))


def test_roberta_keeps_rows_for_padding(rng, tmp_path) -> None:
    arrays = stored(rng, prefix="roberta.", token_types=1)
    config = {**SMALL, "model_type": "roberta", "type_vocab_size": 1, "pad_token_id": 1}
    model = load_bert(folder(tmp_path, arrays, config))
    assert model.config.max_length == 8
    np.testing.assert_array_equal(
        model.positions.weight.data, arrays["roberta.embeddings.position_embeddings.weight"][2:]
    )


def test_without_a_pooling_layer(rng, tmp_path) -> None:
    arrays = {k: v for k, v in stored(rng).items() if not k.startswith("pooler")}
    model = load_bert(folder(tmp_path, arrays))
    with pytest.raises(StateError, match="masked_mean"):
        model.pooled(model(IDS))


def test_it_can_be_trained_on(rng, tmp_path) -> None:
    model = load_bert(folder(tmp_path, stored(rng))).train()
    model.words.freeze()
    hidden = model(IDS, MASK, rng=rng)
    grads = gradients((model.pooled(hidden) ** 2).sum())
    assert set(grads) == set(model.parameters()) - {model.words.weight}


def test_padding_more_changes_nothing(rng, tmp_path) -> None:
    model = load_bert(folder(tmp_path, stored(rng)), dtype=np.float64)
    wide = np.pad(IDS, ((0, 0), (0, 3)))
    np.testing.assert_allclose(
        model(wide, wide != 0).data[:, :4][MASK], model(IDS, MASK).data[MASK], atol=1e-12
    )


def test_sides_are_zero_by_default(rng, tmp_path) -> None:
    model = load_bert(folder(tmp_path, stored(rng)))
    np.testing.assert_array_equal(model(IDS).data, model(IDS, None, np.zeros_like(IDS)).data)
    assert (model(IDS).data != model(IDS, None, np.ones_like(IDS)).data).all()


def test_configurations() -> None:
    assert BertConfig.from_hugging_face({}) == BertConfig()
    distil = BertConfig.from_hugging_face(
        {"model_type": "distilbert", "dim": 8, "n_layers": 3, "n_heads": 2, "hidden_dim": 16,
         "activation": "gelu", "vocab_size": 5, "max_position_embeddings": 9}
    )  # fmt: skip
    assert (distil.width, distil.layers, distil.heads, distil.hidden) == (8, 3, 2, 16)
    assert (distil.token_types, distil.pooled) == (0, False)
    with pytest.raises(SettingsError, match="mish"):
        BertConfig.from_hugging_face({"hidden_act": "mish"})
    with pytest.raises(SettingsError, match="absolute"):
        BertConfig.from_hugging_face({"position_embedding_type": "relative_key"})


def test_every_missing_and_unknown_name_is_told(rng, tmp_path) -> None:
    arrays = stored(rng)
    del arrays["encoder.layer.1.output.dense.bias"], arrays["embeddings.LayerNorm.weight"]
    arrays["encoder.layer.2.output.dense.bias"] = np.zeros(8, np.float32)
    with pytest.raises(ArchiveError) as caught:
        load_bert(folder(tmp_path, arrays))
    text = str(caught.value)
    assert "missing embeddings.LayerNorm.weight, encoder.layer.1.output.dense.bias" in text
    assert "unknown encoder.layer.2.output.dense.bias" in text


def test_a_config_of_another_size_is_told(rng, tmp_path) -> None:
    with pytest.raises(ArchiveError, match=r"words\.weight: expected shape \(14, 8\)"):
        load_bert(folder(tmp_path, stored(rng), {**SMALL, "vocab_size": 14}))


def test_files_that_are_not_there_or_not_safe(tmp_path) -> None:
    with pytest.raises(FileProblem, match="does not exist"):
        load_bert(tmp_path / "nowhere")
    with pytest.raises(FileProblem, match="neither"):
        load_bert(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(ArchiveError, match="pickle"):
        load_bert(tmp_path / "pytorch_model.bin")
    save_archive(tmp_path / "model.safetensors", {"a": np.zeros(1)})
    with pytest.raises(FileProblem, match=r"config\.json"):
        load_bert(tmp_path)
    (tmp_path / "config.json").write_text("{\n nope")
    with pytest.raises(DataError, match=r"config\.json: .* line 2"):
        load_bert(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(DataError, match="object"):
        load_bert(tmp_path)


def test_a_model_of_our_own(rng) -> None:
    config = BertConfig(vocabulary=9, max_length=5, width=4, heads=2, hidden=8, layers=1)
    model = Bert(config, rng).eval()
    assert isinstance(model(np.array([[1, 2]])), Tensor)


def test_features_of_tokens_are_added_to_their_words() -> None:
    config = BertConfig(vocabulary=9, width=8, heads=2, hidden=16, layers=2, max_length=6)
    model = Bert(config, np.random.default_rng(0)).eval()
    ids, mask = np.array([[2, 5, 3], [4, 1, 0]]), np.array([[1, 1, 1], [1, 1, 0]], bool)
    features = Tensor(np.zeros((2, 3, 8), np.float32), requires_grad=True)
    plain, same = model(ids, mask).data, model(ids, mask, features=features)
    np.testing.assert_allclose(same.data, plain, rtol=1e-5, atol=1e-6)
    slope = gradients((same * same).sum())[features]
    assert np.abs(slope[mask]).min(axis=-1).max() > 0
    assert not slope[~mask].any()
    moved = model.words.weight.data[7] - model.words.weight.data[5]
    features.data[0, 1] = moved  # the word 5 is read as the word 7
    ids[0, 1] = 5
    as_other = model(ids, mask, features=features).data
    ids[0, 1] = 7
    np.testing.assert_allclose(as_other[0], model(ids, mask).data[0], rtol=1e-4, atol=1e-5)
