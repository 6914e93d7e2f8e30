"""The campaign sees what a reader must not do, names it, saves it, and goes on."""

from __future__ import annotations

import re
import resource
import signal
from pathlib import Path

import pytest

from campaigns.fuzz import measure
from campaigns.fuzz.__main__ import main
from campaigns.fuzz.campaign import Plan, run_campaign
from campaigns.fuzz.measure import USUAL_LIMITS, Limits
from campaigns.fuzz.outcome import Outcome
from campaigns.fuzz.readers.self_test import SELF_TEST


def outcomes(*names: str, limits: Limits = USUAL_LIMITS) -> list[Outcome]:
    readers = [SELF_TEST[f"self-test-{name}"] for name in names]
    plan = Plan(readers, inputs=3, processes=1, limits=limits)
    return sorted(run_campaign(plan), key=lambda outcome: outcome.number)


@pytest.mark.parametrize(
    ("name", "kind", "reason"),
    [
        ("refused", "PmtError", "DataError: this is refused"),
        ("refused-for-a-reason", "PmtError", "DataError"),
        ("other", "other", "KeyError: 'words'"),
        ("warning", "other", "SyntaxWarning: an invalid"),
        ("large", "large", ""),
        ("large-claim", "large", "DataError: there is not enough memory"),
        ("dead", "other", "the process ended with exit code -9"),
    ],
)
def test_the_sample_is_read_and_damage_has_its_outcome(name: str, kind: str, reason: str) -> None:
    whole, *damaged = outcomes(name)
    assert whole.kind == "ok"
    assert {outcome.kind for outcome in damaged} <= {kind, "ok"}
    worst = next(outcome for outcome in damaged if outcome.kind == kind)
    assert worst.reason.startswith(reason)
    assert len(damaged) == 2, "a process that dies is replaced, and no input is lost"


def test_a_sample_that_is_refused_is_a_failure() -> None:
    assert [outcome.kind for outcome in outcomes("sample")] == ["other", "PmtError", "PmtError"]


@pytest.mark.parametrize("name", ["slow", "slow-in-c"])
def test_what_takes_long_is_ended(name: str) -> None:
    """After the processor time that the limits admit; the sample is read in far less."""
    limits = Limits(call=1.0, kill=1.5)
    whole, *damaged = outcomes(name, limits=limits)
    assert whole.kind == "ok"
    assert "slow" in {outcome.kind for outcome in damaged} <= {"ok", "slow"}


def limits_of_this_process() -> list[object]:
    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_AS, resource.RLIMIT_CPU)
    return [signal.getsignal(signal.SIGPROF), *map(resource.getrlimit, kinds)]


def test_a_failure_is_saved_and_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = limits_of_this_process()
    options = ("--reader", "self-test-other", "--seed", "5", "--out", "failures")
    assert main([*options, "--inputs", "4", "--processes", "1"]) == 1
    printed = capsys.readouterr().out
    assert "self-test-other: other" in printed
    assert "KeyError: 'words'" in printed
    number = re.search(r"--seed 5 --number (\d+)", printed)
    assert number is not None
    (saved,) = (tmp_path / "failures").glob(f"*-5-{number[1]}")
    assert (saved / "a.txt").is_file()
    repeat = "self-test-other", "--seed", "5", "--number", number[1], "--out", "unused"
    assert main(["--reader", *repeat]) == 1
    assert "Traceback" in capsys.readouterr().out
    assert main(["--reader", "self-test-other", "--folder", str(saved)]) == 1
    assert limits_of_this_process() == before, "they would end a program that goes on"


def test_nothing_is_saved_without_failures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "failures"
    options = ("--inputs", "5", "--processes", "1", "--out", str(out))
    assert main(["--reader", "self-test-refused", *options]) == 0
    assert "5 inputs, 0 failures" in capsys.readouterr().out
    assert not out.exists()


def test_memory_that_stays_is_given_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples of further readers stay; to look for garbage before each input takes 40 ms."""
    calls: list[None] = []
    sizes = [100e6]
    monkeypatch.setattr(measure, "_resident", lambda: (sizes[-1], sizes[-1]))
    monkeypatch.setattr(measure, "_give_back", lambda: calls.append(None))
    with measure.limited_process():
        meter = measure.Meter(measure.USUAL_LIMITS)
        for size, expected in ((120e6, 0), (160e6, 1), (160e6, 1), (180e6, 1), (200e6, 2)):
            sizes.append(size)
            with meter.measured():
                pass
            assert len(calls) == expected
