"""Defaults of fine-tuning: a narrow encoder has a high rate, a folder that is none the usual."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_encoder import write_tiny_encoder

from pmt_apps.classification.settings import Settings as ClassifySettings
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


@pytest.mark.parametrize("kind", [ClassifySettings, QqpSettings])
def test_classifiers_choose_their_rate_by_the_width(
    tmp_path: Path, kind: type[ClassifySettings | QqpSettings]
) -> None:
    rates = []
    for width in (NARROW, NARROW + 1):
        given = {"train": Path(), "encoder": folder_of_width(tmp_path / str(width), width)}
        rates.append(kind.defaults(given)["lr"])
    assert rates == [1e-3, {ClassifySettings: 1e-4, QqpSettings: 5e-5}[kind]]


@pytest.mark.parametrize(("width", "rates"), [(NARROW, (1e-3, 0.25)), (NARROW + 1, (2e-4, None))])
def test_ner_chooses_its_rates_by_the_width(
    tmp_path: Path, width: int, rates: tuple[float, float | None]
) -> None:
    given = {"train": Path(), "encoder": folder_of_width(tmp_path / "e", width)}
    defaults = NerSettings.defaults(given)
    assert (defaults["lr"], defaults.get("embedding_lr_factor")) == rates
