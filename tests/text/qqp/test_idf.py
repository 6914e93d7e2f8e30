"""Inverse document frequency of words."""

from __future__ import annotations

import json
import math

import pytest

from pmt_core import DataError, SettingsError
from pmt_text import (
    InverseDocumentFrequency,
)

TEXTS = [["a", "b"], ["a", "c"], ["a", "b", "b"], ["a", "d"], ["a", "d"]]  # 4 different ones


def test_rarity_counts_each_text_once() -> None:
    idf = InverseDocumentFrequency.build(TEXTS)
    assert idf("a") == 0.0  # in all 4: log(4 / 5) would be below 0
    assert idf("b") == pytest.approx(math.log(4 / 3))
    assert idf("d") == pytest.approx(math.log(4))  # in one: as one never seen
    assert idf("d") == idf("never") == idf.maximum
    again = InverseDocumentFrequency.from_json(json.loads(json.dumps(idf.to_json())))
    assert [again(word) for word in "abcd"] == [idf(word) for word in "abcd"]
    with pytest.raises(DataError, match="counts"):
        InverseDocumentFrequency.from_json({"texts": 3})
    with pytest.raises(SettingsError, match="1 or more"):
        InverseDocumentFrequency(0, {})
