"""The examples of docs/tape.md run."""

from __future__ import annotations

import re

from pmt_autograd import REGISTRY


def blocks(root) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (root / "docs" / "tape.md").read_text(), re.DOTALL)


def test_every_example_runs(root) -> None:
    examples = blocks(root)
    assert len(examples) >= 5
    before = set(REGISTRY)
    try:
        for source in examples:
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
