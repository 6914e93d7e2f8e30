"""Recording is switched, and hooks are applied, for one thread and one context."""

from __future__ import annotations

import threading

import pytest

from pmt_autograd import Tensor, enable_grad, exp, is_recording, no_grad, operation_hook, tanh


def named(log: list[str], label: str = ""):
    """A hook that logs the operations in forward and in backward."""

    def hook(name, function):
        def run(*arrays, **settings):
            log.append(label + name)
            value, backward = function(*arrays, **settings)

            def logged_backward(grad):
                log.append(f"{label}{name} backward")
                return backward(grad)

            return value, logged_backward

        return run

    return hook


def test_a_hook_wraps_forward_and_backward() -> None:
    log: list[str] = []
    x = Tensor([1.0], requires_grad=True)
    with operation_hook(named(log)):
        y = exp(x).sum()
    tanh(x)
    y.backward()
    assert log == ["exp", "sum", "sum backward", "exp backward"]


def test_hooks_nest_and_the_outermost_is_applied_first() -> None:
    log: list[str] = []
    with operation_hook(named(log, "outer ")), operation_hook(named(log, "inner ")):
        exp(1.0)
    assert log == ["inner exp", "outer exp"]


def test_a_hook_sees_operations_that_are_not_recorded() -> None:
    log: list[str] = []
    with no_grad(), operation_hook(named(log)):
        assert not exp(Tensor([1.0], requires_grad=True)).requires_grad
    assert log == ["exp"]


def test_a_hook_applies_to_one_thread_and_ends_with_an_error() -> None:
    log: list[str] = []
    with pytest.raises(ZeroDivisionError), operation_hook(named(log)):
        thread = threading.Thread(target=exp, args=(1.0,))
        thread.start()
        thread.join()
        raise ZeroDivisionError
    exp(1.0)
    assert log == []


def test_recording_is_switched_off_and_on() -> None:
    assert is_recording()
    with no_grad():
        assert not is_recording()
        with enable_grad():
            assert is_recording()
        assert not is_recording()
    assert is_recording()
