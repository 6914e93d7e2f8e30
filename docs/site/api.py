"""The API reference: the public names of each package by folder, and the pages that list them."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import pmt_apps
import pmt_autograd
import pmt_core
import pmt_nn
import pmt_text
import pmt_train
from docs.site.docstrings import inline, summary
from docs.site.pages import PACKAGES, import_folder

ROOT = Path(__file__).resolve().parents[2]
MODULES = {
    module.__name__: module
    for module in (pmt_core, pmt_autograd, pmt_nn, pmt_text, pmt_train, pmt_apps)
}


@dataclass(frozen=True)
class PublicName:
    """A name that a package exports.

    Attributes:
        package, name: `package.name` is how it is imported.
        module: the module that defines it.
    """

    package: str
    name: str
    module: str

    @property
    def folder(self) -> str:
        """The folder of the package that defines it, "" for its root."""
        parts = self.module.split(".")
        return parts[1] if len(parts) > 2 else ""

    @property
    def path(self) -> str:
        """The file that defines it, from the root of the clone."""
        relative = "/".join(self.module.split(".")[1:]) or "__init__"
        path = f"{import_folder(self.package)}/{relative}"
        return f"{path}.py" if (ROOT / f"{path}.py").exists() else f"{path}/__init__.py"

    @property
    def target(self) -> object:
        """What the name stands for."""
        return getattr(MODULES[self.package], self.name)

    @property
    def directive(self) -> str:
        """The directive of autodoc that documents it."""
        target = self.target
        if inspect.isclass(target):
            return "autoexception" if issubclass(target, BaseException) else "autoclass"
        return "autofunction" if inspect.isroutine(target) else "py:data"

    @property
    def has_public_base(self) -> bool:
        """Whether it is a class that extends a public one."""
        bases = self.target.__bases__ if inspect.isclass(self.target) else ()
        known = {each.name for package in PACKAGES for each in public_names(package)}
        return any(base.__name__ in known for base in bases)

    @property
    def docstring(self) -> str:
        """Its docstring; of a constant, the string below its definition."""
        if self.directive != "py:data":
            return inspect.getdoc(self.target) or ""
        body = _tree(self.path).body
        for node, following in pairwise(body):
            if self.name in _assigned(node) and isinstance(following, ast.Expr):
                value = getattr(following.value, "value", "")
                return inspect.cleandoc(value) if isinstance(value, str) else ""
        return ""


@cache
def _tree(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def _assigned(node: ast.stmt) -> list[str]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
    parts = [each for target in targets for each in getattr(target, "elts", [target])]
    return [target.id for target in parts if isinstance(target, ast.Name)]


@cache
def public_names(package: str) -> tuple[PublicName, ...]:
    """Return what a package exports, in the order of the imports of its `__init__.py`."""
    tree = _tree(f"{import_folder(package)}/__init__.py")
    modules = {
        alias.asname or alias.name: node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    (exported,) = [node for node in tree.body if "__all__" in _assigned(node)]
    names = ast.literal_eval(exported.value)  # type: ignore[attr-defined]
    order = list(modules)
    ordered = sorted(names, key=lambda name: order.index(name) if name in modules else -1)
    return tuple(PublicName(package, name, modules.get(name, package)) for name in ordered)


def folders(package: str) -> dict[str, list[PublicName]]:
    """Return the public names of a package by folder; the root comes first."""
    groups: dict[str, list[PublicName]] = {}
    for name in public_names(package):
        groups.setdefault(name.folder, []).append(name)
    return dict(sorted(groups.items()))


def api_pages() -> dict[str, str]:
    """Return the pages of the reference: file name -> reStructuredText."""
    pages = {"api/index.rst": _index()}
    for package in PACKAGES:
        pages[f"api/{package}/index.rst"] = _package_page(package)
        for folder, names in folders(package).items():
            pages[f"api/{package}/{folder or 'root'}.rst"] = _folder_page(package, folder, names)
    return pages


def _heading(text: str, line: str = "=") -> str:
    return f"{text}\n{line * len(text)}\n\n"


def _toctree(names: Iterator[str] | list[str]) -> str:
    return "\n.. toctree::\n   :hidden:\n\n" + "".join(f"   {name}\n" for name in names)


def _index() -> str:
    text = _heading("API reference")
    text += (
        "Every public name of the five packages and of the applications, grouped as their folders\n"
        "are. A package is imported from its front door: ``from pmt_nn import Linear``.\n\n"
    )
    for package in PACKAGES:
        module = inline(summary(MODULES[package].__doc__ or ""))
        text += f":doc:`{package} </api/{package}/index>`\n    {module}\n\n"
    return text + _toctree([f"{package}/index" for package in PACKAGES])


def _package_page(package: str) -> str:
    text = _heading(package) + f".. py:module:: {package}\n\n"
    described = inspect.getdoc(MODULES[package]) or ""
    for paragraph in described.split("\n\n"):
        text += inline(" ".join(paragraph.split())) + "\n\n"
    groups = folders(package)
    for folder, names in groups.items():
        text += _heading(folder or "root", "-")
        text += f":doc:`{_folder_title(package, folder)} </api/{package}/{folder or 'root'}>`\n\n"
        text += _table(names)
    return text + _toctree([folder or "root" for folder in groups])


def _folder_title(package: str, folder: str) -> str:
    if not folder:
        return f"{package}, beside its folders"
    sign = _tree(f"{import_folder(package)}/{folder}/__init__.py")
    return summary(ast.get_docstring(sign) or folder).rstrip(".").replace("`", "")


def _table(names: list[PublicName]) -> str:
    rows = "".join(
        f"   * - :py:obj:`~{each.package}.{each.name}`\n     - {inline(summary(each.docstring))}\n"
        for each in names
    )
    return f".. list-table::\n   :widths: 30 70\n   :class: names\n\n{rows}\n"


def _folder_page(package: str, folder: str, names: list[PublicName]) -> str:
    label = f"{package}.{folder}" if folder else package
    title = f"{label}: root" if not folder else label
    text = _heading(title) + f"{inline(_folder_title(package, folder))}.\n\n"
    text += _table(names) + f".. py:currentmodule:: {package}\n\n"
    for each in names:
        text += _heading(each.name, "-")
        prefix = "" if each.directive == "py:data" else f"{package}."
        text += f".. {each.directive}:: {prefix}{each.name}\n"
        if each.has_public_base:
            text += "   :show-inheritance:\n"
        if each.directive == "py:data":
            text += f"\n   {inline(' '.join(each.docstring.split()))}\n"
        text += "\n"
    return text
