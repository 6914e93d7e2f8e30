"""A model is not built larger than the file whose weights it is to load."""

import threading
import tracemalloc

import numpy as np
import pytest

from pmt_core import SettingsError, ShapeError
from pmt_nn import (
    LSTM,
    BatchNorm1d,
    Conv2d,
    Embedding,
    EncoderDecoder,
    EncoderDecoderConfig,
    EntityTagger,
    EntityTaggerConfig,
    LanguageModel,
    LanguageModelConfig,
    LayerNorm,
    Linear,
    LinearChainCRF,
    PairClassifier,
    PairClassifierConfig,
    SinusoidalPositions,
    constant,
    weight_limit,
)

RNG = np.random.default_rng(0)
HUGE = 10**9
SMALL = {"width": 8, "heads": 2, "hidden": 8, "layers": 1}
STATE = {"weight": np.zeros((10, 8), np.float32)}

LARGE_MODELS = {
    "linear": lambda: Linear(HUGE, HUGE, RNG),
    "norm": lambda: LayerNorm(HUGE),
    "batch norm": lambda: BatchNorm1d(HUGE),
    "embedding": lambda: Embedding(HUGE, 3, RNG),
    "crf": lambda: LinearChainCRF(HUGE, RNG),
    "convolution": lambda: Conv2d(HUGE, HUGE, 3, RNG),
    "recurrent": lambda: LSTM(8, HUGE, RNG),
    "sinusoids": lambda: SinusoidalPositions(HUGE, HUGE),
    "many layers": lambda: LanguageModel(
        LanguageModelConfig(vocabulary=10, max_length=4, **SMALL | {"layers": HUGE}), RNG
    ),
    "width": lambda: LanguageModel(
        LanguageModelConfig(vocabulary=10, max_length=4, **SMALL | {"width": HUGE}), RNG
    ),
    "hidden": lambda: EncoderDecoder(
        EncoderDecoderConfig(
            source_vocabulary=9, target_vocabulary=9, max_length=4, **SMALL | {"hidden": HUGE}
        ),
        RNG,
    ),
    "length": lambda: PairClassifier(
        PairClassifierConfig(vocabulary=10, max_length=HUGE, **SMALL), RNG
    ),
    "word vectors": lambda: EntityTagger(
        EntityTaggerConfig(words=9, characters=9, shapes=9, tags=3, vector_width=HUGE, **SMALL),
        RNG,
        unknown_id=1,
    ),
    "words": lambda: EntityTagger(
        EntityTaggerConfig(words=HUGE, characters=9, shapes=9, tags=3, **SMALL), RNG, unknown_id=1
    ),
}


@pytest.mark.parametrize("build", LARGE_MODELS.values(), ids=LARGE_MODELS)
def test_model_that_is_larger_than_the_file_is_refused_before_it_takes_memory(build):
    tracemalloc.start()
    try:
        with weight_limit(STATE), pytest.raises(ShapeError, match="larger model than the file"):
            build()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20


def test_model_of_the_size_of_the_file_is_built_and_another_size_is_named_by_array():
    layer = Linear(8, 10, RNG)
    with weight_limit(layer.state_dict()):
        Linear(8, 10, RNG).load_state_dict(layer.state_dict())
        other = Linear(8, 11, RNG)
    with pytest.raises(ShapeError, match=r"weight: expected shape \(8, 11\), got \(8, 10\)"):
        other.load_state_dict(layer.state_dict())


def test_limit_ends_with_its_context_and_is_that_of_a_thread():
    built = []
    with weight_limit({}):
        thread = threading.Thread(target=lambda: built.append(Embedding(1 << 19, 3, RNG)))
        thread.start()
        thread.join()
    assert len(built) == 1
    Embedding(1 << 19, 3, RNG)


@pytest.mark.parametrize("size", [-1, 2**63, 10**30])
def test_impossible_size_is_refused(size):
    with pytest.raises(SettingsError, match="the sizes of a model are 0 or more"):
        constant((size, 3))
    with pytest.raises(SettingsError, match=r"0 or more|Embedding: v is a whole number, 1 or more"):
        Embedding(size, 3, RNG)
