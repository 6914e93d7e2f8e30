"""A run of a larger machine is read on this one: --workers is what this one can run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pmt_apps.kit.command_line import parse_settings
from pmt_apps.mnist.settings import Settings
from pmt_core import SettingsError
from pmt_train import max_workers


def test_workers_of_a_larger_machine_are_not_refused(tmp_path: Path) -> None:
    config = {"task": "mnist", **Settings().to_json(), "workers": 10_000}
    (tmp_path / "config.json").write_text(json.dumps(config))
    arguments = ["--predict", "--out", str(tmp_path)]
    assert parse_settings(Settings, arguments, task="mnist").workers == max_workers()
    assert parse_settings(Settings, [*arguments, "--workers", "1"], task="mnist").workers == 1
    with pytest.raises(SettingsError, match="too many for the"):
        parse_settings(Settings, [*arguments, "--workers", "10000"], task="mnist")
