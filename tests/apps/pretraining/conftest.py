"""The text that most tests of this folder train on."""

from __future__ import annotations

from pathlib import Path

import pytest
from pretraining_text import TEXT


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """A file of 60 documents, each of two lines."""
    path = tmp_path / "corpus.txt"
    path.write_text(TEXT * 30)
    return path
