from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError
from pmt_nn import Parameter
from pmt_train import FlatParameters, clip_factor, global_norm


def test_the_norm_is_that_of_all_gradients_together():
    w, table = Parameter(np.zeros((2, 2), np.float32)), Parameter(np.zeros((9, 2), np.float32))
    flat = FlatParameters([("w", w), ("table", table)])
    rows = RowSparse(np.array([3, 3]), np.array([[1, 2], [1, 2]], np.float32), (9, 2))
    found = flat.gather([{w: np.array([[1, 2], [2, 4]], np.float32), table: rows}])
    # 1 + 4 + 4 + 16 dense, and row 3 is named twice: (2, 4), 4 + 16
    assert global_norm(found) == pytest.approx(np.sqrt(45))
    assert global_norm(found, scale=0.5) == pytest.approx(np.sqrt(45) / 2)


def test_only_what_is_too_long_is_shortened():
    assert clip_factor(10.0, 2.0) == 0.2
    assert clip_factor(2.0, 2.0) == 1.0
    assert clip_factor(0.0, 2.0) == 1.0
    assert clip_factor(1e9, None) == 1.0
    for wrong in (0.0, -1.0, float("nan")):
        with pytest.raises(SettingsError, match="above 0"):
            clip_factor(1.0, wrong)
