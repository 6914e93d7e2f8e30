"""The code blocks of a chapter: run in order in one namespace, compared with what the page says.

A block begins with ```py. What it prints is claimed, exactly and in order, by

    print(...)  # one line
    # more lines, directly below the statement that prints

or by a ```text block directly after the block, which holds all that no comment claims. An empty
line is claimed by `#` alone. Comments elsewhere are comments.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import sys
import tempfile
import tokenize
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = re.compile(r"^```py\n(?P<code>.*?)^```$(?:\s*?\n```text\n(?P<text>.*?)^```$)?", re.M | re.S)
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Block:
    """A block of code: source, first line on the page, the text block below it (or None)."""

    code: str
    line: int
    text: str | None


@dataclass
class Statement:
    """A statement that ran: its line on the page, what it printed, what the page claims."""

    line: int
    printed: list[str]
    claimed: list[str]


@dataclass
class Run:
    """What the blocks of a chapter did: the statements of each, and the error that ended it."""

    blocks: list[Block] = field(default_factory=list)
    statements: list[list[Statement]] = field(default_factory=list)
    error: str = ""

    def problems(self) -> list[str]:
        """Return the differences of what was printed from what the page says."""
        found = [
            problem for pair in zip(self.blocks, self.statements) for problem in _differ(*pair)
        ]
        return [*found, self.error] if self.error else found

    def claims(self) -> list[str]:
        """Return all claimed lines of the chapter."""
        in_comments = [line for block in self.statements for each in block for line in each.claimed]
        in_texts = [line for block in self.blocks for line in (block.text or "").splitlines()]
        return in_comments + in_texts


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page, in order."""
    return [
        Block(match["code"], page.count("\n", 0, match.start("code")) + 1, match["text"])
        for match in BLOCK.finditer(page)
    ]


def run_page(path: Path) -> Run:
    """Run the blocks of a page in an empty folder; an error ends it and is part of the result."""
    result = Run(blocks_of(path.read_text(encoding="utf-8")))
    page = types.ModuleType("log_" + re.sub(r"\W", "_", path.stem))
    sys.modules[page.__name__] = page  # dataclasses look their module up
    before = Path.cwd()
    try:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                for block in result.blocks:
                    result.statements.append([])
                    for statement in _executed(block, path.name, page):
                        result.statements[-1].append(statement)
            finally:
                os.chdir(before)
    except Exception as error:
        result.error = f"{path.name}: {_place(error, path.name)}{type(error).__name__}: {error}"
    finally:
        del sys.modules[page.__name__]
    return result


def _executed(block: Block, name: str, page: types.ModuleType) -> Iterator[Statement]:
    tree = ast.parse(block.code, name)
    comments = _comments(block.code)
    for node in tree.body:
        claimed = _claims(node, comments)
        last = node.end_lineno or node.lineno
        line = block.line + node.lineno - 1
        out = io.StringIO()
        module = ast.increment_lineno(ast.Module([node], type_ignores=[]), block.line - 1)
        with contextlib.redirect_stdout(out):
            exec(compile(module, name, "exec"), page.__dict__)
        printed = [each.rstrip() for each in out.getvalue().splitlines()]
        if printed and not claimed:  # a call that prints, with its output below or behind it
            claimed = _below(last, comments)
        yield Statement(line, printed, claimed if printed or _prints(node) else [])


def _comments(code: str) -> dict[int, tuple[str, bool]]:
    """Return {line: (comment, whether it is alone on its line)}."""
    found = {}
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        if token.type == tokenize.COMMENT:
            alone = token.line.strip().startswith("#")
            found[token.start[0]] = re.sub(r"^# ?", "", token.string).rstrip(), alone
    return found


def _prints(node: ast.stmt) -> list[ast.Expr]:
    """Return the calls of print in a statement, outside of functions that it defines."""
    if isinstance(node, DEFINITIONS):
        return []
    if isinstance(node, ast.Expr):
        call = node.value
        is_print = isinstance(call, ast.Call) and getattr(call.func, "id", "") == "print"
        return [node] if is_print else []
    children = ast.iter_child_nodes(node)
    return [each for child in children if isinstance(child, _BODIES) for each in _prints(child)]


_BODIES = (ast.stmt, ast.ExceptHandler, ast.match_case)


def _claims(node: ast.stmt, comments: dict[int, tuple[str, bool]]) -> list[str]:
    """Return the lines that comments claim for the calls of print in a statement."""
    last = {call.end_lineno or call.lineno for call in _prints(node)}
    if last:
        last.add(node.end_lineno or node.lineno)  # below a loop
    return [text for line in sorted(last) for text in _below(line, comments)]


def _below(line: int, comments: dict[int, tuple[str, bool]]) -> list[str]:
    """Return the comment behind a line and those directly below it."""
    claimed = [comments[line][0]] if line in comments else []
    while comments.get(line + 1, ("", False))[1]:
        line += 1
        claimed.append(comments[line][0])
    return claimed


def _differ(block: Block, statements: list[Statement]) -> Iterator[str]:
    rest: list[str] = []
    for each in statements:
        if not each.claimed:
            rest += each.printed
        elif each.claimed != each.printed:
            yield f"line {each.line}: says {each.claimed}, printed {each.printed}"
    text = [line.rstrip() for line in (block.text or "").splitlines()]
    if block.text is None and rest:
        yield f"block at line {block.line}: prints what nothing claims: {rest}"
    elif rest != text:
        yield f"block at line {block.line}: the text below says {text}, printed {rest}"


def _place(error: BaseException, name: str) -> str:
    """Return the line of the page that an error comes from."""
    lines = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == name:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    return f"line {lines[-1]}: " if lines else ""
