"""SharedArray: the same memory in another process, on every platform's way."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from pmt_train.word2vec import shared_array
from pmt_train.word2vec.shared_array import SharedArray


@pytest.mark.skipif(os.name != "posix", reason="Windows has named mappings")
@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_a_shared_array_is_the_same_memory_elsewhere(
    platform: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if platform == "linux" and sys.platform != "linux":
        pytest.skip("needs Linux")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shared_array.sys, "platform", platform)
    shared = SharedArray.zeros((3, 5), np.float32)
    assert not shared.array.any()
    other = SharedArray.attach(**shared.describe())
    other.array[2, 4] = 7
    assert shared.array[2, 4] == 7
    shared.close()
    shared.array[0, 0] = 3  # valid after it is closed
    assert other.array[0, 0] == 3
    assert list(tmp_path.iterdir()) == []
