"""Numbers on the command line and in config.json: each option has bounds, errors are one line."""

from __future__ import annotations

from typing import Any

import pytest
from small_apps import APPS

from pmt_apps.kit.command_line import parse_settings
from pmt_apps.kit.options import OptionInfo, OptionType, option_types, options_of
from pmt_apps.kit.settings import settings_from_json
from pmt_apps.language_model.settings import Settings as LanguageModelSettings
from pmt_apps.mnist.settings import Settings as MnistSettings
from pmt_apps.ner.settings import Settings as NerSettings
from pmt_apps.pretraining.settings import Settings as PretrainingSettings
from pmt_apps.qqp.data.settings import Settings as QqpSettings
from pmt_apps.translation.settings import Settings as TranslationSettings
from pmt_apps.word2vec.settings import Settings as Word2VecSettings
from pmt_core import DataError, SettingsError

SETTINGS: dict[str, Any] = {
    "qqp": QqpSettings,
    "ner": NerSettings,
    "lm": LanguageModelSettings,
    "translation": TranslationSettings,
    "mnist": MnistSettings,
    "word2vec": Word2VecSettings,
    "pretrain": PretrainingSettings,
}
NUMBERS = ["9" * 400, "-" + "9" * 400, "9" * 5000, "nan", "inf", "-inf", "1e999"]


def numeric(task: str) -> list[tuple[str, OptionType, OptionInfo]]:
    kinds = option_types(SETTINGS[task])
    return [
        (item.name, kinds[item.name], info)
        for item, info in options_of(SETTINGS[task])
        if kinds[item.name].kind in (int, float)
    ]


@pytest.mark.parametrize("task", SETTINGS)
def test_numbers_beyond_all_bounds_are_refused_in_one_line(task: str) -> None:
    for name, kind, _ in numeric(task):
        for text in NUMBERS:
            with pytest.raises(SettingsError) as caught:
                parse_settings(SETTINGS[task], ["--" + name.replace("_", "-"), text], task=task)
            message = str(caught.value)
            assert "\n" not in message
            assert len(message) < 400
            assert "--" + name.replace("_", "-") in message
            if not text.strip("-9") and len(text) < 4000:
                with pytest.raises(DataError, match=name) as caught_too:
                    content = {"task": task, name: int(text) if kind.kind is int else float(text)}
                    settings_from_json(content, task, SETTINGS[task])
                assert len(str(caught_too.value)) < 400


@pytest.mark.parametrize("task", SETTINGS)
def test_sizes_of_models_and_of_batches_have_an_upper_bound(task: str) -> None:
    words = ("width", "hidden", "layers", "epochs", "batch", "dimension", "filters", "merges")
    for name, _, info in numeric(task):
        if any(word in name for word in words):
            assert info.at_most is not None, name


def test_a_seed_of_128_bits_is_a_seed() -> None:
    seed = (1 << 128) - 1
    settings = parse_settings(QqpSettings, ["--seed", str(seed)], task="qqp")
    assert settings.seed == seed
    assert settings_from_json({"task": "qqp", "seed": seed}, "qqp", QqpSettings)["seed"] == seed
    with pytest.raises(SettingsError, match="--seed: expected a whole number at least 0"):
        parse_settings(QqpSettings, ["--seed", str(seed + 1)], task="qqp")


@pytest.mark.slow
@pytest.mark.parametrize("app", APPS[:1], ids=["qqp"])
def test_a_run_with_a_seed_of_128_bits_is_resumed(app: Any, program: Any, tmp_path: Any) -> None:
    qqp, data = program(app.task), app.data(tmp_path)
    options = (*data, *app.settings, "--seed", (1 << 128) - 1, "--out", "run")
    qqp.run(*options, "--epochs", 1)
    qqp.run("--resume", "--out", "run")
    refused = qqp.refuse(*data, "--seed", "9" * 400, error=["--seed", "more than"])
    assert refused.stderr.count("\n") == 1
