"""The tables "what is called what": every name of pmt exists and takes the arguments shown."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pmt_autograd
import pmt_core
import pmt_nn
import pmt_text
import pmt_train

PACKAGES = {item.__name__: item for item in (pmt_autograd, pmt_core, pmt_nn, pmt_text, pmt_train)}
GUIDES = Path(__file__).resolve().parents[2] / "docs" / "guides"
TABLES = [GUIDES / "from-pytorch.md", GUIDES / "from-keras.md"]
ROW = re.compile(r"^\|(?P<theirs>.+?)\|(?P<ours>.+)\|$", re.M)
CODE = re.compile(r"`([^`]+)`")
LEAST_NAMES = 40  # of a page: a pattern that finds no rows finds no mistakes


def names(text: str) -> Iterator[str]:
    """Yield the code of pmt in the tables of a page: pmt_nn.Linear, pmt_nn.Linear(4, 3, rng)."""
    for row in ROW.finditer(text):
        yield from (code for code in CODE.findall(row["ours"]) if code.startswith("pmt_"))


def problem(code: str) -> str:
    """Return what is wrong with a name or a call; empty if nothing is."""
    node = ast.parse(code, mode="eval").body
    name = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    package, *attributes = name.split(".")
    item: Any = PACKAGES[package]
    if attributes[0] not in item.__all__:
        return f"{package} exports no {attributes[0]}"
    for attribute in attributes:
        if not hasattr(item, attribute):
            return f"{name}: there is no {attribute}"
        item = getattr(item, attribute)
    if isinstance(node, ast.Call):
        keywords = {str(keyword.arg): None for keyword in node.keywords}
        try:
            inspect.signature(item).bind(*[None] * len(node.args), **keywords)
        except TypeError as error:
            return f"{code}: {error}"
    return ""


@pytest.mark.parametrize("page", TABLES, ids=lambda path: path.stem)
def test_names_exist_and_take_these_arguments(page: Path) -> None:
    found = list(names(page.read_text(encoding="utf-8")))
    assert len(found) >= LEAST_NAMES
    assert not [what for code in found if (what := problem(code))]


@pytest.mark.parametrize(
    "code",
    [
        "pmt_nn.Linaer",
        "pmt_nn.Linear(4)",
        "pmt_nn.Linear(4, 3, rng, biass=False)",
        "pmt_nn.Module.frozen",
        "pmt_nn.Dropout(0.1, 0.2)",
        "pmt_train.adam",
    ],
)
def test_a_wrong_name_is_found(code: str) -> None:
    assert problem(code)


@pytest.mark.oracle
def test_names_of_torch_exist() -> None:
    import torch

    start = {"torch": torch, "nn": torch.nn, "F": torch.nn.functional}
    text = TABLES[0].read_text(encoding="utf-8")
    found = [
        match[0]
        for row in ROW.finditer(text)
        for code in CODE.findall(row["theirs"])
        if (match := re.match(r"(?:torch|nn|F)(?:\.\w+)+", code))
    ]
    assert len(found) >= LEAST_NAMES
    for name in found:
        first, *attributes = name.split(".")
        item: Any = start[first]
        for attribute in attributes:
            assert hasattr(item, attribute), name
            item = getattr(item, attribute)
