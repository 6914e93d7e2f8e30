"""Mutated JSON of the apps: an error of pmt, or a model or settings that can be used."""

from __future__ import annotations

import contextlib
import copy
import random
import tracemalloc

import pytest
from app_json_states import app_states, settings_states
from json_mutations import paths
from json_states import JsonState, check_mutations

from pmt_core import PmtError

MODELS, SETTINGS = app_states(), settings_states()


@pytest.mark.parametrize("state", SETTINGS, ids=[state.name for state in SETTINGS])
def test_mutated_settings_are_refused_or_usable(state: JsonState) -> None:
    assert check_mutations(state) > 700


@pytest.mark.parametrize("state", MODELS, ids=[state.name for state in MODELS])
def test_mutated_model_is_refused_or_usable(state: JsonState) -> None:
    assert check_mutations(state) > 90


@pytest.mark.parametrize("state", MODELS, ids=[state.name for state in MODELS])
def test_no_size_in_the_json_of_a_model_takes_much_memory(state: JsonState) -> None:
    tracemalloc.start()
    try:
        for *path, key in filter(None, paths(state.state, random.Random(0))):
            for size in (300, 10**9):
                changed = place = copy.deepcopy(state.state)
                for step in path:
                    place = place[step]
                place[key] = size
                with contextlib.suppress(PmtError):
                    state.read(changed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 << 20
