"""Every error is a PmtError and also the built-in error a caller would catch."""

import pickle

import pytest

import pmt_core

BUILT_IN = {
    "ShapeError": ValueError,
    "DtypeError": TypeError,
    "DataError": ValueError,
    "FileProblem": OSError,
    "ArchiveError": ValueError,
    "SettingsError": ValueError,
    "GradientError": ArithmeticError,
    "StateError": RuntimeError,
}


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_error_is_caught_as_ours_and_as_the_built_in(name):
    error = getattr(pmt_core, name)("what, where, cure")
    assert isinstance(error, pmt_core.PmtError)
    assert isinstance(error, BUILT_IN[name])
    assert str(error) == "what, where, cure"


@pytest.mark.parametrize("name", BUILT_IN)
def test_errors_survive_the_way_back_from_a_worker_process(name):
    error = getattr(pmt_core, name)("text")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is type(error)
    assert str(copy) == "text"


def test_a_file_problem_names_action_path_reason_and_keeps_errno():
    error = pmt_core.FileProblem.from_os_error("read", "a/b", PermissionError(13, "no entry"))
    assert str(error) == "cannot read 'a/b': no entry"
    assert error.errno == 13
