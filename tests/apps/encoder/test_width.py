"""Defaults of fine-tuning: a narrow encoder has a high rate, a folder that is none the usual."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

from pmt_apps.classification.settings import Settings as ClassifySettings
from pmt_apps.encoder.encoder import Encoder
from pmt_apps.encoder.fine_tuning import TABLE_RMS, scale_tables
from pmt_apps.encoder.width import NARROW, encoder_width
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_apps.qqp.data.settings import Settings as QqpSettings


def folder_of_width(folder: Path, width: int) -> Path:
    """Write the configuration alone: the weights are not looked at."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"hidden_size": width}))
    return folder


def test_the_width_is_that_of_the_configuration(tmp_path: Path) -> None:
    assert encoder_width(write_tiny_encoder(tmp_path)) == 16


def test_the_folder_of_the_model_may_be_within(tmp_path: Path) -> None:
    folder_of_width(tmp_path / "model", 96)
    (tmp_path / "pooling").mkdir()
    (tmp_path / "pooling" / "config.json").write_text('{"pooling_mode": "mean"}')
    modules = [
        {"type": f"sentence_transformers.models.{kind}", "path": path}
        for kind, path in (("Transformer", "model"), ("Pooling", "pooling"))
    ]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    assert encoder_width(tmp_path) == 96


@pytest.mark.parametrize("text", [None, "{", '{"hidden_size": "wide"}', "[]", "{}"])
def test_a_folder_without_a_width_has_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    assert encoder_width(tmp_path) is None
    assert encoder_width(tmp_path / "missing") is None
    given = {"train": Path(), "encoder": tmp_path}
    assert ClassifySettings.defaults(given)["lr"] == 1e-4


@pytest.mark.parametrize("kind", [ClassifySettings, QqpSettings, NerSettings])
def test_programs_choose_their_rate_by_the_width(
    tmp_path: Path, kind: type[ClassifySettings | QqpSettings | NerSettings]
) -> None:
    rates = []
    for width in (NARROW, NARROW + 1):
        given = {"train": Path(), "encoder": folder_of_width(tmp_path / str(width), width)}
        rates.append(kind.defaults(given)["lr"])
    assert rates == [1e-3, {ClassifySettings: 1e-4, QqpSettings: 5e-5, NerSettings: 2e-4}[kind]]


@pytest.mark.parametrize("wide", [False, True])
def test_narrow_encoders_have_the_tables_of_new_ones_and_the_same_output(
    tmp_path: Path, wide: bool
) -> None:
    size = {"width": NARROW + 2, "heads": 2} if wide else {}
    model = Encoder.load(write_tiny_encoder(tmp_path, **size)).model.eval()
    before = {name: array.copy() for name, array in model.state_dict().items()}
    ids = np.array([[2, 7, 9, 11, 3], [2, 8, 3, 0, 0]])
    expected = model(ids, ids != 0).data
    scale_tables(model)
    after = model.state_dict()
    tables = {"words.weight", "token_types.weight", "positions.weight"}
    factor = TABLE_RMS / np.sqrt(np.mean(np.square(before["words.weight"], dtype=np.float64)))
    assert factor < 0.5
    for name, array in before.items():
        scaled = array * factor if name in tables and not wide else array
        np.testing.assert_allclose(after[name], scaled, rtol=1e-6)
    np.testing.assert_allclose(model(ids, ids != 0).data, expected, atol=1e-4)
