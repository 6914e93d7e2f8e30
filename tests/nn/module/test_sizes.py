"""Sizes of every constructor: 0, negative numbers, booleans and floats are refused by name."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from inputs import stream

import pmt_nn as nn
from pmt_core import SettingsError

# Arguments that all constructors can be made with, by name.
ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(("n_in", "n_out", "n", "d", "f", "v", "c", "o", "k", "buckets"), 4),
    **{"heads": 2, "kernel": 3, "size": 3, "max_length": 6, "groups": 2, "layers": 2, "window": 2},
    **{"negatives": 2, "shared_noise": 2, "counts": np.array([1, 2, 3, 4]), "vocabulary": 9},
    **{"rate": 0.1, "is_cbow": True, "share_error": True, "read": print, "unknown_id": 1},
    **{"source_vocabulary": 9, "target_vocabulary": 9, "words": 9, "characters": 9},
    **{"shapes": 9, "tags": 5, "output": nn.NegativeSampling(4, 4), "output_vocabulary": 3},
    **{"noise_weights": np.array([4.0, 3.0, 2.0, 1.0])},
    **{"offsets": np.array([0, 1]), "rows": np.array([0]), "pad": 1},
    **{"mask_id": 1, "reader": None, "tagger": None, "config": None},
}
CONFIG: dict[str, Any] = {"width": 8, "heads": 2, "hidden": 8}
TAGGER = nn.EntityTaggerConfig(words=9, characters=9, shapes=9, tags=5, **CONFIG)
PAIRS = nn.PairClassifierConfig(vocabulary=9, **CONFIG)
CONFIGS = {"EntityTagger": TAGGER, "PairClassifier": PAIRS}
MAY_BE_ZERO = {
    *("padding", "output_padding", "layers", "decoder_layers", "learned", "vector_width"),
    *("features", "token_types", "shift", "unknown_id", "mask_id", "first"),
    *("embedding", "padding_id", "pad"),
}
NO_SIZES = {"axis", "count", "momentum"}
WHOLE = ("int", "int | None", "int | Pair", "int | Pair | None", "int | str", "int | Pair | str")
WHOLE = (*WHOLE, "int | tuple[int, ...]", "Sizes", "Sizes | str | Padding", "int | Triple")
WHOLE = (*WHOLE, "int | Triple | None")

RESULTS = ("ActivationStatistics", "BatchStatistics", "Hypothesis", "SummaryRow")


def sizes() -> list[tuple[str, str]]:
    """Every constructor of the front door with each of its sizes."""
    found_sizes = []
    for name in nn.__all__:
        made = getattr(nn, name)
        if not isinstance(made, type) or name in RESULTS:
            continue
        if inspect.isabstract(made) or issubclass(made, dict):  # a dict has no signature
            continue
        for parameter in inspect.signature(made).parameters.values():
            if str(parameter.annotation) in WHOLE and parameter.name not in NO_SIZES:
                found_sizes.append((name, parameter.name))
    return found_sizes


def arguments(name: str) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for parameter in inspect.signature(getattr(nn, name)).parameters.values():
        if parameter.name == "rng":
            given["rng"] = stream()
        elif parameter.name == "config":
            given["config"] = CONFIGS[name]
        elif parameter.name == "reader":
            given["reader"] = nn.PairClassifier(PAIRS, stream())
        elif parameter.name == "tagger":
            given["tagger"] = nn.EntityTagger(TAGGER, stream(), unknown_id=1)
        elif parameter.default is parameter.empty:
            given[parameter.name] = ARGUMENTS[parameter.name]
    return given


def test_there_are_many_sizes() -> None:
    assert len(sizes()) > 80


@pytest.mark.parametrize("case", sizes(), ids=lambda case: f"{case[0]} {case[1]}")
def test_what_is_no_size_is_refused(case: tuple[str, str]) -> None:
    name, size = case
    wrong: list[Any] = [-1, True, False, 2.0, 2.5, "2", np.nan, np.int64(-7), np.True_]
    if size not in MAY_BE_ZERO:
        wrong += [0, np.int64(0)]
    for value in wrong:
        if isinstance(value, str) and size == "padding":
            continue  # "same"
        with pytest.raises(SettingsError):
            getattr(nn, name)(**{**arguments(name), size: value})


@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_the_message_names_layer_size_and_value(n) -> None:
    with pytest.raises(SettingsError, match=f"LinearChainCRF: n is a whole number, 1 or .* {n!r}"):
        nn.LinearChainCRF(n, stream())


def test_integers_of_numpy_are_sizes() -> None:
    assert nn.Linear(np.int64(3), np.int32(2), stream()).weight.shape == (3, 2)
