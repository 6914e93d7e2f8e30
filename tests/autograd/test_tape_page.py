"""The examples of docs/tape.md run, as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from pmt_autograd import REGISTRY


def blocks(root) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (root / "docs" / "tape.md").read_text(), re.DOTALL)


def test_every_example_runs(root) -> None:
    found = blocks(root)
    assert len(found) >= 5
    before = set(REGISTRY)
    try:
        for source in found:
            exec(compile(source, "docs/tape.md", "exec"), {"__name__": "docs"})
    finally:
        for name in set(REGISTRY) - before:
            del REGISTRY[name]


def test_pictures_and_blocks_are_there(root) -> None:
    text = (root / "docs" / "tape.md").read_text()
    for marker, word in {"trace": "log_softmax", "profile": "GFLOP/s"}.items():
        block = re.search(rf"<!-- {marker} -->\n```text\n(.*?)```", text, re.DOTALL)
        assert block is not None
        assert word in block[1], "run python docs/tape_pictures.py"
    assert (root / "docs" / "img" / "two_layers.svg").stat().st_size > 1000


@pytest.mark.parametrize("module", ["pmt_autograd"])
def test_the_package_imports_numpy_alone(module: str) -> None:
    program = (
        f"import sys, {module}; "
        "seen = {name.partition('.')[0] for name in sys.modules}; "
        "foreign = seen & {'matplotlib', 'tqdm', 'torch', 'scipy'}; "
        "sys.exit(repr(foreign) if foreign else 0)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
