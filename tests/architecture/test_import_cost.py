"""What `import pmt_x` brings in, and how long `import pmt_nn` takes, each in a fresh process."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from picture import PACKAGES

# tqdm shows a bar from the first epoch on; matplotlib is imported where something is drawn.
LAZY = {"matplotlib", "threadpoolctl", "mpi4py"}
SECONDS = 0.4

PROBE = """
import json, sys, time
before = set(sys.modules)
start = time.perf_counter()
import {package}
seconds = time.perf_counter() - start
brought = sorted({{name.partition(".")[0] for name in set(sys.modules) - before}})
print(json.dumps([seconds, brought]))
"""


def import_in_a_fresh_process(package: str) -> tuple[float, set[str]]:
    """Seconds that the import took, NumPy's included, and the top-level modules it brought in."""
    run = subprocess.run(
        [sys.executable, "-c", PROBE.format(package=package)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},  # not to compile it all every time
    )
    if run.returncode:
        pytest.fail(f"import {package} failed:\n{run.stderr}", pytrace=False)
    seconds, brought = json.loads(run.stdout)
    return seconds, set(brought)


@pytest.mark.parametrize("package", PACKAGES)
def test_an_import_brings_in_only_what_the_picture_allows(package: str) -> None:
    row = PACKAGES[package]
    _, brought = import_in_a_fresh_process(package)
    allowed = {package, *row.packages, *row.third_party, *sys.stdlib_module_names} - LAZY
    foreign = {name for name in brought - allowed if not _is_numpys_own(name)}
    assert not foreign, f"import {package} brings in {sorted(foreign)}"


def test_pmt_nn_is_imported_in_less_than_four_tenths_of_a_second() -> None:
    import_in_a_fresh_process("pmt_nn")  # writes the .pyc files
    seconds = [import_in_a_fresh_process("pmt_nn")[0] for _ in range(7)]
    # A busy machine only makes it slower: the shortest is what the import itself takes.
    assert min(seconds) < SECONDS, f"took {[round(s, 3) for s in seconds]} s"


def _is_numpys_own(name: str) -> bool:
    """Cython registers its runtime as a module, `_cython_3_1_2` or the like, on NumPy's import."""
    return name.startswith("_cython_") or name == "cython_runtime"
