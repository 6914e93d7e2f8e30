"""The synthetic news that ship with the project, and the program that makes them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import Program

from pmt_core import tag_spans
from pmt_text import load_conll


def test_the_generator_writes_the_committed_bytes(root: Path, tmp_path: Path) -> None:
    samples = root / "apps" / "pmt_apps" / "samples"
    result = subprocess.run(
        [
            sys.executable,
            str(root / "apps" / "generators" / "make_ner_sample.py"),
            "--out",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    for name in ("ner_train.conll", "ner_dev.conll"):
        assert (tmp_path / name).read_bytes() == (samples / name).read_bytes()


def test_names_alone_do_not_tell(root: Path) -> None:
    """Dev has names that train has not, and words that are entities of several types."""
    samples = root / "apps" / "pmt_apps" / "samples"
    train, dev = (load_conll(samples / f"ner_{name}.conll") for name in ("train", "dev"))
    assert train.types == dev.types == ["LOC", "MISC", "ORG", "PER"]
    assert (train.scheme, train.breaks, train.dropped, dev.dropped) == ("IOB2", 0, {}, {})

    def entities(file) -> list[tuple[str, str]]:  # type: ignore[no-untyped-def]
        return [
            (" ".join(s.words[span.start : span.stop]), span.type)
            for s in file.sentences
            for span in tag_spans(s.tags or ())
        ]

    known = entities(train)
    types: dict[str, set[str]] = {}
    for text, type_ in known:
        types.setdefault(text, set()).add(type_)
    met = entities(dev)
    assert len(set(met) - set(known)) > 0.4 * len(set(met))
    assert sum(len(types.get(text, ())) > 1 for text, _ in met) > 0.03 * len(met)


@pytest.mark.slow
def test_the_shipped_sample_is_learned(program: Callable[..., Program], tmp_path: Path) -> None:
    result = program("ner").run("--out", "run")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["dev"]["f1"] > 0.88, result.stdout
