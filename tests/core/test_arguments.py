"""Sizes are whole numbers; what else looks like one is refused with its name."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError, check_sizes

WRONG = [0, -1, True, False, 2.0, float("nan"), "3", None, np.int64(0), np.True_, np.float32(2)]


@pytest.mark.parametrize("size", WRONG, ids=repr)
def test_what_is_no_size_is_refused(size: object) -> None:
    with pytest.raises(SettingsError, match="Linear: n_out is a whole number, 1 or more, got"):
        check_sizes("Linear", n_in=3, n_out=size)


def test_whole_numbers_of_any_kind_pass() -> None:
    check_sizes("Linear", n_in=1, n_out=np.int64(7), d=np.array(3)[()], v=10**400)
    check_sizes("Conv1d", least=0, padding=0)
    with pytest.raises(SettingsError, match="0 or more, got -1"):
        check_sizes("Conv1d", least=0, padding=-1)
