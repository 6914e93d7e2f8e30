"""The forms of the cards: their gradients are right, and every wrong variant is red."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks import card_forms
from checks.card_pages import mutants_of
from checks.pages import DOCS, cards
from pending import left

from docs.cards.form import FormError, check, forms_of

PAGES = cards(DOCS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_form_has_the_right_gradient(page: Path) -> None:
    assert card_forms.forms(page)
    assert not left("card_forms", card_forms.problems_of(page))


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
    """An error of another kind, e.g. an unknown name, is no wrong gradient and fails the test."""
    source = card_forms.source_of(DOCS / "cards" / f"{card}.md")
    mutated = forms_of(mutant_of(source, function, text, wrong), card)
    direct = [form for form in mutated if form.gradients.__name__ == function]
    found = map(card_forms.wrong_gradient, direct or mutated)  # or a part that gradients call
    assert any(found), f"not found: {what}"


def mutant_of(source: str, function: str, text: str, wrong: str) -> str:
    """Return the source with a text of one function replaced; it must occur there exactly once."""
    found = re.search(rf"^def {function}\((?:[^()]|\([^()]*\))*\)[^:\n]*:\n", source, re.M)
    assert found is not None, f"there is no function {function}"
    body = re.match(r"(?:(?:    .*)?\n)*", source[found.end() :])
    assert body is not None
    assert body[0].count(text) == 1, f"{text!r} is {body[0].count(text)} times in {function}"
    end = found.end() + len(body[0])
    return source[: found.end()] + body[0].replace(text, wrong) + source[end:]


def test_a_form_that_differs_from_pmt_in_its_value_is_red() -> None:
    source = card_forms.source_of(DOCS / "cards" / "dense.md")
    shifted = source.replace("return x @ weight + bias", "return x @ weight + bias + 1")
    assert shifted != source
    with pytest.raises(FormError, match="value differs"):
        check(forms_of(shifted, "dense")[0])
