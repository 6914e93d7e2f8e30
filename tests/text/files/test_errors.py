"""The check of whole numbers that many functions of pmt_text share."""

from __future__ import annotations

import numpy as np
import pytest

from pmt_core import SettingsError
from pmt_text import BucketBatches, Vocabulary
from pmt_text.files.errors import check_at_least


@pytest.mark.parametrize("value", [True, False, np.True_, 3.0, 2.5, np.float32(4), "3", [3], 0, -1])
def test_only_whole_numbers_of_the_minimum_or_more_pass(value: object) -> None:
    with pytest.raises(SettingsError, match="n must be a whole number, 1 or more, not"):
        check_at_least(1, n=value)


def test_what_passes() -> None:
    check_at_least(1, n=1, m=np.int64(7), k=np.uint8(1), limit=None)
    check_at_least(0, n=0)


def test_functions_refuse_what_is_no_whole_number() -> None:
    with pytest.raises(SettingsError, match="min_count"):
        Vocabulary.build([["a"]], min_count=True)
    with pytest.raises(SettingsError, match="max_size"):
        Vocabulary.build([["a"]], max_size=100.0)
    with pytest.raises(SettingsError, match="batch_size"):
        BucketBatches([1, 2], 2.0, 1)
