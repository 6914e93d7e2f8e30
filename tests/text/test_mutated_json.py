"""Mutated JSON of pmt_text: an error of pmt, or an object that can be used."""

import pytest
from json_states import JsonState, check_mutations, text_states

STATES = text_states()


@pytest.mark.parametrize("state", STATES, ids=[state.name for state in STATES])
def test_mutated_json_is_refused_or_usable(state: JsonState) -> None:
    assert check_mutations(state) > 100
