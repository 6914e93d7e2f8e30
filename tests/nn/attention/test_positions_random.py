"""Slopes of ALiBi and distance buckets beside those of transformers (`-m oracle`)."""

from __future__ import annotations

import numpy as np
import pytest
from random_arrays import Draw
from torch_comparison import CONFIGURATIONS

from pmt_nn.attention.attention_positions import alibi_slopes, distance_buckets

pytestmark = [pytest.mark.oracle, pytest.mark.filterwarnings("ignore")]


def test_the_slopes_are_those_of_bloom() -> None:
    torch = pytest.importorskip("torch")
    bloom = pytest.importorskip("transformers.models.bloom.modeling_bloom")
    for heads in range(1, 65):
        theirs = bloom.build_alibi_tensor(torch.ones(1, 2), heads, torch.float64)
        expected = theirs.reshape(heads, 2)[:, 1].numpy()
        np.testing.assert_allclose(alibi_slopes(heads), expected, rtol=1e-5, err_msg=str(heads))


def test_the_buckets_are_those_of_t5() -> None:
    torch = pytest.importorskip("torch")
    t5 = pytest.importorskip("transformers.models.t5.modeling_t5").T5Attention
    for number in range(CONFIGURATIONS):
        draw = Draw("distance_buckets", number)
        positions = draw.rng.integers(-200, 200, (draw.length(1), draw.length(1)))
        buckets, two_sided = draw.choice([4, 8, 16, 32]), draw.chance(0.5)
        most = buckets * draw.choice([2, 4, 8])
        theirs = t5._relative_position_bucket(torch.from_numpy(positions), two_sided, buckets, most)
        ours = distance_buckets(positions, buckets, most, two_sided)
        np.testing.assert_array_equal(ours, theirs.numpy(), err_msg=str(number))
