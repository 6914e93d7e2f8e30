"""What the tests of workers train on."""

from __future__ import annotations

import pytest
from topic_sampler import TopicSampler


@pytest.fixture(scope="module")
def long_sampler() -> TopicSampler:
    """Samples of 88,000 words in nine chunks, enough for several workers."""
    return TopicSampler(88_000, 10_000)
