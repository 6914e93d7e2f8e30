"""The lines of README.md that use pmt from Python run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tiny_encoder import write_tiny_encoder

README = Path(__file__).parents[2] / "README.md"
FOLDER = "all-MiniLM-L6-v2"


def test_an_encoder_is_loaded_tuned_saved_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = README.read_text(encoding="utf-8")
    found = re.search(r"^    from pmt_apps import Encoder(?:.*\n)+?(?=^\S)", text, re.M)
    assert found is not None
    lines = [line.strip() for line in found[0].splitlines() if line.strip()]
    assert len(lines) == 6
    monkeypatch.chdir(tmp_path)
    Path(FOLDER).mkdir()
    write_tiny_encoder(Path(FOLDER))
    names: dict[str, Any] = {
        "texts": ["a good film", "a bad film"] * 20,
        "labels": ["good", "bad"] * 20,
    }
    last = lines.pop()
    exec("\n".join(lines), names)
    assert names["vectors"].shape == (2, 16)
    assert names["vectors"].dtype == np.float32
    (label,) = eval(last, names)
    assert label in ("good", "bad")
