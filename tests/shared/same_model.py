"""`assert_same_model`: two runs saved the same weights, bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pmt_core import load_archive


def assert_same_model(run: Path, expected_run: Path) -> None:
    """Compare the arrays of model.npz of two folders: the same names, the same numbers."""
    weights, expected = (load_archive(path / "model.npz")[0] for path in (run, expected_run))
    assert weights.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(weights[name], array, err_msg=name)
