"""Rules on folders: declared arrows, no import cycles, folders and files of a readable size."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from source_file import SourceFile

MAX_ROOT_MODULES = 12
MAX_FOLDER_FILES = 20

Graph = Mapping[str, Collection[str]]
"""Module (or folder) -> what it imports."""


def import_graph(sources: Iterable[SourceFile]) -> dict[str, set[str]]:
    """Return which file of a package imports which, imports under TYPE_CHECKING included.

    Signs and front doors (`__init__.py`) are left out: a front door imports everything.
    """
    files = {source.module: source for source in sources if not source.is_package}
    return {module: set(_imported(source, files)) for module, source in files.items()}


def _imported(source: SourceFile, files: Collection[str]) -> Iterator[str]:
    for item in source.imports:
        targets = (f"{item.module}.{item.name}", item.module)
        target = next((name for name in targets if name in files), None)
        if target is not None and target != source.module:
            yield target


def folder_of(module: str) -> str:
    """The folder of a module within its package: pmt_nn.layers.linear -> layers, pmt_nn.masks -> .

    Folders within folders keep their path: pmt_text.word2vec.corpus.x -> word2vec.corpus.
    """
    return ".".join(module.split(".")[1:-1]) or "."


def node_of(module: str, declared: Collection[str]) -> str:
    """The folder of a module; a module of the root that is declared by itself is its own node."""
    name = module.rpartition(".")[2]
    folder = folder_of(module)
    return name if folder == "." and name in declared else folder


def undeclared_arrows(graph: Graph, declared: Graph) -> Iterator[str]:
    """Imports between folders that the picture does not have."""
    for module, targets in sorted(graph.items()):
        node = node_of(module, declared)
        if node not in declared and node != ".":
            yield f"{module}: the folder {node!r} is not in the picture"
            continue
        for target in sorted(targets):
            other = node_of(target, declared)
            if other != node and other not in declared.get(node, ()):
                yield f"{module} imports {target}: no arrow {node} -> {other} in the picture"


def unused_arrows(graph: Graph, declared: Graph) -> Iterator[str]:
    """Arrows of the picture that no import uses."""
    used = {
        (node_of(module, declared), node_of(target, declared))
        for module, targets in graph.items()
        for target in targets
    }
    for node, others in declared.items():
        for other in others:
            if (node, other) not in used:
                yield f"the picture has an arrow {node} -> {other} that no import uses"


def cycles(graph: Graph) -> list[list[str]]:
    """Groups of modules (or folders) that import one another, each group sorted.

    A group is a strongly connected component of two or more nodes (Tarjan 1972).
    """
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in order:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], order[target])
        if low[node] == order[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    for node in sorted(graph):
        if node not in order:
            visit(node)
    return groups


def crowded_folders(modules: Iterable[str]) -> Iterator[str]:
    """A package root of more than 12 modules, a folder of more than 20."""
    counts: dict[str, int] = {}
    for module in modules:
        package = module.partition(".")[0]
        folder = f"{package}.{folder_of(module)}"
        counts[folder] = counts.get(folder, 0) + 1
    for folder, count in sorted(counts.items()):
        limit = MAX_ROOT_MODULES if folder.endswith("..") else MAX_FOLDER_FILES
        if count > limit:
            yield f"{folder.rstrip('.')} has {count} modules, at most {limit}"
