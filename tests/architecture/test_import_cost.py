"""The modules that `import pmt_x` loads, each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import pytest
from picture import PACKAGES

# tqdm shows a bar from the first epoch on; matplotlib is imported when something is drawn.
LAZY = {"matplotlib", "threadpoolctl", "mpi4py"}

# At most this number of modules besides NumPy's own import and pmt: a slow import has many.
# Counted in November 2026: 35, 58, 59, 46 and 118.
MODULES = {"pmt_core": 45, "pmt_autograd": 70, "pmt_nn": 70, "pmt_text": 60, "pmt_train": 130}

PROBE = """
import json, sys
before = set(sys.modules)
import numpy
numpy_too = set(sys.modules)
import {package}
print(json.dumps([sorted(set(sys.modules) - before), sorted(set(sys.modules) - numpy_too)]))
"""


@cache
def import_in_a_fresh_process(package: str) -> tuple[set[str], set[str]]:
    """Return the modules that an import loads: with those of `import numpy`, and without them."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE.format(package=package)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if run.returncode:
        pytest.fail(f"import {package} failed:\n{run.stderr}", pytrace=False)
    with_numpy, without = json.loads(run.stdout)
    return set(with_numpy), set(without)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_loads_only_what_the_picture_allows(package: str) -> None:
    row = PACKAGES[package]
    loaded = {name.partition(".")[0] for name in import_in_a_fresh_process(package)[0]}
    allowed = {package, *row.packages, *row.third_party, *sys.stdlib_module_names} - LAZY
    foreign = {name for name in loaded - allowed if not _is_cython_runtime(name)}
    assert not foreign, f"import {package} loads {sorted(foreign)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_loads_few_modules(package: str) -> None:
    loaded = import_in_a_fresh_process(package)[1]
    others = sorted(name for name in loaded if not name.startswith("pmt_"))
    assert len(others) <= MODULES[package], f"import {package} loads {len(others)}: {others}"


def _is_cython_runtime(name: str) -> bool:
    """Cython registers its runtime as a module, `_cython_3_1_2` or the like, with NumPy."""
    return name.startswith("_cython_") or name == "cython_runtime"
