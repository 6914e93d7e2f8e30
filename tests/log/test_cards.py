"""The forms of the cards: their gradients are numerical derivatives and pmt's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks.card_pages import error_problems, mutants_of
from checks.pages import DOCS, cards, read
from pending import left

from docs.cards.form import FormError, check, forms_of
from pmt_core import GradientError

PAGES = cards(DOCS)
# What a wrong gradient may raise: the check, or NumPy if a shape does not fit.
RED = (FormError, GradientError, ValueError, IndexError)


def source_of(page: Path) -> tuple[str, str]:
    """Return the name and the text of a card's form."""
    stem = page.stem.replace("-", "_")
    return stem, read(page.parent / "forms" / f"{stem}.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_form_has_the_right_gradient(page: Path) -> None:
    stem, source = source_of(page)
    forms = forms_of(source, stem)
    assert forms
    measured = {form.name: check(form).differences for form in forms}
    assert max(measured.values()) < 1e-6
    assert not left("cards", error_problems(DOCS, page, measured))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_gradient_function_belongs_to_a_form(page: Path) -> None:
    stem, source = source_of(page)
    functions = set(re.findall(r"^def (\w+_gradients?)\(", source, re.M))
    assert functions == {form.gradients.__name__ for form in forms_of(source, stem)}


def mutants() -> list[tuple[str, str, str, str, str]]:
    """Return (card, function, what is wrong, text, wrong text) of all wrong variants."""
    return [
        (page.stem, function, *mutant)
        for page in PAGES
        for function, variants in mutants_of(page.stem.replace("-", "_")).items()
        for mutant in variants
    ]


@pytest.mark.parametrize(
    ("card", "function", "what", "text", "wrong"),
    mutants(),
    ids=[f"{card}-{function}-{what}" for card, function, what, _, _ in mutants()],
)
def test_a_wrong_gradient_is_red(card: str, function: str, what: str, text: str, wrong: str):
    stem, source = source_of(DOCS / "cards" / f"{card}.md")
    mutated = mutant_of(source, function, text, wrong)
    forms = [form for form in forms_of(mutated, stem) if form.gradients.__name__ == function]
    assert forms, f"{function} is the gradient of no form"
    assert any(is_red(form) for form in forms), f"not found: {what}"


def mutant_of(source: str, function: str, text: str, wrong: str) -> str:
    """Return the source with a text of one function replaced; it must occur there exactly once."""
    body = re.search(rf"^def {function}\(.*?(?=^\S|\Z)", source, re.M | re.S)
    assert body is not None, f"there is no function {function}"
    signature = re.match(r"def \w+\((?:[^()]|\([^()]*\))*\)[^:]*:\n", body[0])
    assert signature is not None
    lines = body[0][signature.end() :]
    assert lines.count(text) == 1, f"{text!r} is {lines.count(text)} times in {function}"
    changed = lines.replace(text, wrong)
    return source[: body.start()] + signature[0] + changed + source[body.end() :]


def is_red(form) -> bool:
    """Return whether the check refuses a form."""
    try:
        check(form)
    except RED:
        return True
    return False


def test_a_form_that_differs_from_pmt_in_its_value_is_red() -> None:
    stem, source = source_of(DOCS / "cards" / "dense.md")
    shifted = source.replace("return x @ weight + bias", "return x @ weight + bias + 1")
    assert shifted != source
    with pytest.raises(FormError, match="value differs"):
        check(forms_of(shifted, stem)[0])
