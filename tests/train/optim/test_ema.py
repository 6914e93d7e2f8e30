"""The moving average of the weights."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import RowSparse, SettingsError, ShapeError
from pmt_nn import Parameter
from pmt_train import SGD, FlatParameters, WeightAverage


def test_the_average_is_the_weighted_mean_of_all_weights():
    """A dense parameter and a table, against the definition."""
    rng = np.random.default_rng(0)
    w, table = Parameter(rng.normal(size=(4, 3))), Parameter(rng.normal(size=(9, 2)))
    flat = FlatParameters([("w", w), ("table", table)])
    optimizer, average = SGD(flat), WeightAverage(flat, decay=0.8)
    seen = []
    for step in range(25):
        rows = RowSparse(rng.integers(0, 9, 2), rng.normal(size=(2, 2)), (9, 2))
        gradients = {w: rng.normal(size=(4, 3))}
        if step % 6 != 5:  # steps in which the table takes no part
            gradients[table] = rows.to_dense() if step % 9 == 8 else rows
        gathered = flat.gather([gradients])
        average.before_step(gathered)
        optimizer.step(gathered, 0.1)
        average.after_step(gathered)
        seen.append((w.data.copy(), table.data.copy()))
        shares = 0.8 ** np.arange(len(seen))[::-1]
        with average.applied():
            for now, values in ((w, [s[0] for s in seen]), (table, [s[1] for s in seen])):
                expected = np.tensordot(shares, np.array(values), 1) / shares.sum()
                np.testing.assert_allclose(now.data, expected, atol=1e-12)
        np.testing.assert_array_equal(table.data, seen[-1][1])


def test_state_and_settings_are_checked():
    flat = FlatParameters([("p", Parameter(np.zeros(3)))])
    with pytest.raises(SettingsError, match="0 < decay < 1"):
        WeightAverage(flat, decay=1.0)
    with pytest.raises(ShapeError, match="does not fit this WeightAverage: missing sum.p"):
        WeightAverage(flat).load_state_dict({"steps": np.asarray(1)})
