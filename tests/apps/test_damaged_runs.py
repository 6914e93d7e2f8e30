"""Damaged runs: --predict and --resume end with one line and code 2, or work; never otherwise."""

from __future__ import annotations

import io
import json
import random
import shutil
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from json_mutations import mutations
from small_apps import APPS, SmallApp

from pmt_core import load_archive

PROGRAMS = [app for app in APPS if not app.variant]


@pytest.fixture(params=PROGRAMS, ids=[app.name for app in PROGRAMS])
def trained(request: pytest.FixtureRequest, train: Callable[[SmallApp], Any]) -> Any:
    """Every program with its run."""
    return train(request.param)


@pytest.fixture
def damage(trained: Any) -> Iterator[Callable[[str, Any], Path]]:
    """Writes a copy of the run with another file: `damage("config.json", content)`."""
    folder = trained.folder / "damaged"

    def write(name: str, content: object, arrays: dict[str, Any] | None = None) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(trained.run, folder)
        if arrays is None:
            (folder / name).write_text(json.dumps(content))
        else:
            write_archive(folder / name, arrays, content)
        return folder

    yield write
    shutil.rmtree(folder, ignore_errors=True)


def write_archive(path: Path, arrays: dict[str, Any], meta: object) -> None:
    """Write an .npz with any JSON as metadata."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("__meta__.json", json.dumps(meta))
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), allow_pickle=False)
            file.writestr(f"{name}.npy", member.getvalue())


def some(state: Any, count: int) -> list[tuple[str, Any]]:
    """Return some mutations of JSON that JSON can hold."""
    usable = [(what, value) for what, value in mutations(state, seed=1) if is_json(value)]
    return random.Random(1).sample(usable, min(count, len(usable)))


def is_json(value: Any) -> bool:
    try:
        return bool(json.dumps(value))
    except (TypeError, ValueError):
        return False


def check(trained: Any, *options: object, what: str = "") -> int:
    """Run the program on the damaged run; return its exit code."""
    done = trained.program("--out", "damaged", *options, stdin=f"{trained.app.line}\n")
    assert done.returncode in (0, 2), (what, done.stderr)
    assert "NaN" not in done.stdout, what
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, (what, done.stderr)
        assert len(done.stderr) < 2000, what
    if "--predict" in options:
        assert done.stderr.count("\n") == (done.returncode == 2), (what, done.stderr)
    return int(done.returncode)


def damaged_arrays(arrays: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield arrays that do not fit, one of them changed in one way."""
    rng = random.Random(1)
    floats = [name for name, array in arrays.items() if array.dtype.kind == "f" and array.size]
    for name in rng.sample(floats, 1):
        array = arrays[name]
        first = np.arange(array.size).reshape(array.shape) == 0
        for what, changed in {
            "nan": np.where(first, np.nan, array).astype(array.dtype),
            "inf": np.where(first, np.inf, array).astype(array.dtype),
            "too large": np.where(first, 1e300, array.astype(np.float64)),
            "complex": array.astype(np.complex64) + np.complex64(1j),
            "text": array.astype(str),
            "time": array.astype("M8[s]"),
            "shape": np.stack([array, array]),
            "no rows": np.zeros((0, 10**9), np.float32),
        }.items():
            yield f"{name}: {what}", arrays | {name: changed}
        yield f"{name}: missing", {n: array for n, array in arrays.items() if n != name}


@pytest.mark.slow
def test_a_damaged_config_is_one_line(trained: Any, damage: Callable[..., Path]) -> None:
    config = json.loads((trained.run / "config.json").read_text())
    codes = set()
    for what, content in some(config, 15):
        damage("config.json", content)
        codes.add(check(trained, "--predict", what=what))
    assert 2 in codes
    for name in ("seed", "batch_size", "lr"):
        for value in (10**50, -1, 1e308, "x", None, [], {"a": 1}):
            damage("config.json", config | {name: value})
            if name != "lr" or not isinstance(value, float):
                assert check(trained, "--resume", what=f"{name} = {value}") == 2


@pytest.mark.slow
def test_a_damaged_model_is_one_line(trained: Any, damage: Callable[..., Path]) -> None:
    arrays, meta = load_archive(trained.run / "model.npz")
    for what, content in some(meta, 15):
        damage("model.npz", content, arrays)
        check(trained, "--predict", what=what)
    for what, changed in damaged_arrays(arrays):
        if what.startswith("outputs"):  # of word2vec, which answers by its vectors
            continue
        damage("model.npz", meta, changed)
        assert check(trained, "--predict", what=what) == 2, what


@pytest.mark.slow
def test_a_damaged_checkpoint_is_one_line(trained: Any, damage: Callable[..., Path]) -> None:
    arrays, meta = load_archive(trained.run / "checkpoint.npz")
    names = ("seed", "epoch", "stopping", "best_metrics", "rows", "fingerprint", "norm_sum")
    values = (None, -1, "x", [1], {"a": []})
    changes = [(name, value) for name in names for value in values]
    for name, value in random.Random(trained.app.task).sample(changes, 8):
        damage("checkpoint.npz", meta | {"state": meta["state"] | {name: value}}, arrays)
        assert check(trained, "--resume", what=f"{name} = {value}") == 2
    for what, changed in damaged_arrays(arrays):
        damage("checkpoint.npz", meta, changed)
        assert check(trained, "--resume", what=what) == 2, what


@pytest.mark.parametrize("trained", [APPS[0], APPS[1], APPS[3]], indirect=True)
def test_large_settings_of_a_damaged_run_take_little_memory(
    trained: Any, damage: Callable[..., Path]
) -> None:
    config = json.loads((trained.run / "config.json").read_text())
    for sizes in ({"width": 65_536}, {"hidden": 65_536, "layers": 1000}, {"width": 10**9}):
        damage("config.json", config | sizes)
        for action in ("--predict", "--resume"):
            tracemalloc.start()
            try:
                code = check(trained, action, what=str(sizes))
                peak = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
            # The tagger's sizes are those of model.npz; --predict reads no other.
            assert code == 2 or (trained.app.task, action) == ("ner", "--predict")
            assert peak < 100 << 20


@pytest.mark.parametrize("trained", [APPS[0], APPS[1], APPS[4]], indirect=True)
def test_weights_that_overflow_give_no_answer(trained: Any, damage: Callable[..., Path]) -> None:
    arrays, meta = load_archive(trained.run / "model.npz")
    large = {
        name: np.full_like(array, 1e38) if array.dtype.kind == "f" and array.ndim > 1 else array
        for name, array in arrays.items()
    }
    damage("model.npz", meta, large)
    assert check(trained, "--predict") == 2
