"""Signatures and docstrings for autodoc: as they are in the source, with links to public names."""

from __future__ import annotations

import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.inspect import stringify_signature

from docs.site.api import ROOT, PublicName, public_names
from docs.site.docstrings import to_rst
from docs.site.extensions.sources import definition_lines
from docs.site.pages import PACKAGES

# A class or a function as a default, as Python prints it.
DEFAULT = re.compile(r"<(?:class|function) '?(?:[\w.]+\.)?(\w+)[^>]*>")


@cache
def names() -> dict[str, PublicName]:
    """Return the public names of all packages, the lowest package first."""
    result: dict[str, PublicName] = {}
    for package in PACKAGES:
        for each in public_names(package):
            result.setdefault(each.name, each)
    return result


def role_of(code: str) -> str | None:
    """Return the link of `Name`, `package.Name` or `Name()` in a docstring, if it is public."""
    name = code.removesuffix("()").rpartition(".")
    public = names().get(name[2])
    if public is None or (name[0] and name[0] not in PACKAGES):
        return None
    return f":py:obj:`{code} <{public.package}.{public.name}>`"


def docstring(
    app: Sphinx, what: str, name: str, target: object, options: Any, lines: list[str]
) -> None:
    """Convert a docstring in place."""
    lines[:] = to_rst(lines, role_of)


def signature(
    app: Sphinx,
    what: str,
    name: str,
    target: Any,
    options: Any,
    args: str | None,
    returned: str | None,
) -> tuple[str | None, str | None] | None:
    """Return the signature with annotations as the source has them, not evaluated."""
    if what not in ("class", "function", "method"):
        return None
    if getattr(target, "_is_protocol", False):
        return "", None
    try:
        described = inspect.signature(target)
    except (TypeError, ValueError):
        return None
    if what == "method" and args is not None and not args.startswith(("(self", "(cls")):
        first = next(iter(described.parameters), "")
        if first in ("self", "cls"):
            rest = [each for key, each in described.parameters.items() if key != first]
            described = described.replace(parameters=rest)
    if what == "class":
        described = described.replace(return_annotation=inspect.Signature.empty)
    text = stringify_signature(described, unqualified_typehints=True)
    text = re.sub(r"<[^<>]*>", "...", DEFAULT.sub(r"\1", text))  # <factory>: no Python
    arguments, _, result = text.rpartition(" -> ")
    return (arguments, result) if arguments else (text, None)


def bases(app: Sphinx, name: str, target: object, options: Any, classes: list[Any]) -> None:
    """Keep the base classes that are public; the others say nothing to a reader."""
    classes[:] = [each for each in classes if getattr(each, "__name__", "") in names()]


def resolve_type(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Link a type of a signature to the page of the public name, or leave it as text."""
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    name = names().get(target.rpartition(".")[2])
    if name is None or target == f"{name.package}.{name.name}":
        return content if node["reftype"] in ("class", "obj", "exc", "data") else None
    domain = env.domains.python_domain
    full = f"{name.package}.{name.name}"
    return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", full, node, content)


@cache
def _lines(path: str) -> dict[str, int]:
    return definition_lines((Path(ROOT) / path).read_text(encoding="utf-8"))


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Return the address of the page of a source, at the definition of a name."""
    top = info["fullname"].partition(".")[0]
    public = {each.name: each for each in public_names(info["module"])}.get(top)
    if domain != "py" or public is None:
        return None
    lines = _lines(public.path)
    anchor = info["fullname"] if info["fullname"] in lines else top
    return f"site:source/{public.path}.html" + (f"#{anchor}" if anchor in lines else "")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the conversion."""
    app.connect("autodoc-process-docstring", docstring)
    app.connect("autodoc-process-signature", signature)
    app.connect("autodoc-process-bases", bases)
    app.connect("missing-reference", resolve_type)
    return {"version": "1", "parallel_read_safe": True}
