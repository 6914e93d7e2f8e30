"""A card is complete: formula, derivation, picture, listing, error, links, form, mutants."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

from checks.pages import DISPLAY, FENCE, LINK, ROOT, blanked, cards, name_of, read

_LIST = """mean-square dense relu sigmoid gelu softmax log-softmax cross-entropy
binary-cross-entropy soft-targets dropout convolution-1d convolution-2d max-pooling mean-pooling
batch-norm layer-norm embedding negative-sampling hierarchical-softmax cbow-mean axis-dot
broadcasting residual recurrence attention rotary crf-scores crf-transitions info-nce"""
NAMES = tuple(_LIST.split())
FEWEST_MUTANTS = 5
MUTANTS = ROOT / "tests" / "log" / "card_mutants"


def problems(docs: Path) -> list[str]:
    """Return what is missing on the cards."""
    pages = cards(docs)
    present = {path.stem for path in pages}
    found = [f"cards/{name}.md: is not there" for name in NAMES if name not in present]
    for path in pages:
        found += [f"{name_of(path)}: {problem}" for problem in _of_page(docs, path)]
    return found


def _of_page(docs: Path, path: Path) -> list[str]:
    text, stem = read(path), path.stem.replace("-", "_")
    form = docs / "cards" / "forms" / f"{stem}.py"
    if not form.exists():
        return [f"has no form: forms/{form.name}"]
    functions = re.findall(r"^def (\w+_gradients?)\(", read(form), re.M)
    listed = re.findall(r"^```python docs/cards/forms/(\w+\.py):(\w+)$", text, re.M)
    found = [f"does not list {name}" for name in functions if (form.name, name) not in listed]
    shown = [match[3] for match in LINK.finditer(blanked(text, FENCE)) if match[1]]
    if f"img/{path.stem}.png" not in shown:
        found.append(f"does not show img/{path.stem}.png")
    maths = [match for match in FENCE.finditer(text) if match["info"].strip() == "math"]
    if not maths and not DISPLAY.search(blanked(text, FENCE)):
        found.append("displays no formula")
    if not re.search(r"^## Derivation", text, re.M):
        found.append("has no derivation")
    if not functions:
        found.append(f"forms/{form.name} has no function NAME_gradients")
    links = [match[3] for match in LINK.finditer(blanked(text, FENCE)) if not match[1]]
    for what, rule in (("a chapter", r"\.\./log/"), ("pmt's source", r"\.\./\.\./packages/")):
        if not any(re.match(rule, link) for link in links):
            found.append(f"has no link to {what}")
    if not re.search(r"<!-- error -->.*?\d.*?<!-- /error -->", text, re.S):
        found.append("has no measured error; run: hatch run cards")
    return found + _of_mutants(stem, functions)


def mutants_of(stem: str) -> dict[str, list[tuple[str, str, str]]]:
    """Return the wrong variants of a form: {function: [(what is wrong, text, wrong text)]}."""
    path = MUTANTS / f"{stem}_.py"
    return runpy.run_path(str(path))["MUTANTS"] if path.exists() else {}


def _of_mutants(stem: str, functions: list[str]) -> list[str]:
    mutants = mutants_of(stem)
    return [
        f"{name} has {len(mutants.get(name, []))} wrong variants, fewer than {FEWEST_MUTANTS}"
        for name in functions
        if len(mutants.get(name, [])) < FEWEST_MUTANTS
    ]


def error_problems(docs: Path, path: Path, measured: dict[str, float]) -> list[str]:
    """Return the errors on a card that are not those measured now, or not those of the table.

    Rounding differs between processors: a stated error may be a hundredth of the measured one.
    """
    text = re.search(r"<!-- error -->(.*?)<!-- /error -->", read(path), re.S)
    body = "" if text is None else text[1]
    rows = re.findall(r"^\| `(\w+)` \| (\S+) \|", body, re.M)
    stated = {name: float(value) for name, value in rows}
    found = []
    if set(stated) != set(measured):
        found.append(f"states errors of {sorted(stated)}, has {sorted(measured)}")
    for name in stated.keys() & measured.keys():
        if measured[name] > 100 * max(stated[name], 1e-12):
            found.append(f"{name}: states {stated[name]:.0e}, measured {measured[name]:.0e}")
    table = read(docs / "gradients.md")
    for name, double, single in re.findall(r"`(\w+)` (\S+) in float64 and (\S+) in float32", body):
        row = rf"^\| `{name}` \| \d+ \| \w+ \| {re.escape(double)} \| {re.escape(single)} \|"
        if not re.search(row, table, re.M):
            found.append(f"{name}: docs/gradients.md has other errors than {double} and {single}")
    return [f"{name_of(path)}: {problem}" for problem in found]
