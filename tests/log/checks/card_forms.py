"""The forms of the cards have the right gradients, and the cards state their measured errors."""

from __future__ import annotations

import re
from pathlib import Path

from checks.card_pages import error_problems
from checks.pages import cards, name_of, read
from docs.cards.form import Form, FormError, check, forms_of
from pmt_core import GradientError

LARGEST = 1e-6  # error from central differences
# What a wrong gradient may raise: the check, or NumPy if a shape does not fit.
RED = (FormError, GradientError, ValueError, IndexError)


def problems(docs: Path) -> list[str]:
    """Return the forms with wrong gradients, and the errors that are stated wrongly."""
    return [problem for page in cards(docs) for problem in problems_of(page)]


def source_of(page: Path) -> str:
    """Return the text of a card's form file."""
    return read(page.parent / "forms" / f"{page.stem.replace('-', '_')}.py")


def forms(page: Path) -> list[Form]:
    """Return the forms of a card."""
    return forms_of(source_of(page), page.stem.replace("-", "_"))


def problems_of(page: Path) -> list[str]:
    """Return what is wrong with the forms of a card."""
    name, found, measured = name_of(page), [], {}
    for form in forms(page):
        try:
            measured[form.name] = check(form).differences
        except RED as error:
            found.append(f"{name}: {form.name}: {type(error).__name__}: {error}")
    found += [f"{name}: {n} is off by {e:.0e}" for n, e in measured.items() if e > LARGEST]
    functions = set(re.findall(r"^def (\w+_gradients?)\(", source_of(page), re.M))
    used = {form.gradients.__name__ for form in forms(page)}
    if functions != used:
        found.append(f"{name}: defines {sorted(functions)}, FORMS has {sorted(used)}")
    return found or error_problems(page.parents[1], page, measured)


def wrong_gradient(form: Form) -> str:
    """Return why the check refuses a form; an empty text if it does not."""
    try:
        check(form)
    except RED as error:
        return f"{type(error).__name__}: {error}"
    return ""
