"""Rules on legibility: size of files and functions, parameters, retired words, prose.

Run on folders or files, it prints one line per finding:

    python tests/architecture/legibility.py packages/pmt-nn apps
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

MAX_PARAMETERS = 10
MAX_FUNCTION_LINES = 60
MAX_COMPLEXITY = 15
FILE_LINES = (25, 300)

# Identifiers of earlier versions; the glossary in CONTRIBUTING.md has the term that replaced each.
RETIRED = frozenset(
    {
        "_catch_up",
        "_SURE",
        "Answering",
        "arrow_map",
        "bare",
        "BatchPhases",
        "begun",
        "best_path",
        "both",
        "by_content",
        "by_offset",
        "called",
        "chain",
        "chain_partition",
        "ChainSums",
        "chances",
        "ConllForm",
        "Detector",
        "DirectionalAttention",
        "enter",
        "fade",
        "fill_by_word",
        "form",
        "forms",
        "found",
        "free",
        "give_to",
        "guessed",
        "here",
        "highest",
        "is_observed",
        "is_so",
        "keep_scale",
        "kept",
        "kept_arrays",
        "learn_opinions",
        "Learner",
        "learnt",
        "ledger",
        "LengthBatches",
        "linked_groups",
        "lm_guessed",
        "longest",
        "LookingAcross",
        "mark",
        "marks",
        "MaskedWords",
        "match_marks",
        "matched",
        "matches",
        "mine",
        "n_so",
        "narrow",
        "neighbour_pairs",
        "observing",
        "of_label",
        "one",
        "opinions",
        "own",
        "owner",
        "PieceFile",
        "PieceLearner",
        "place",
        "proposal",
        "put_back",
        "QqpForm",
        "ragged_places",
        "Ranks",
        "reach",
        "Readers",
        "recognize_form",
        "registry_walk",
        "scaled_chain",
        "sees",
        "settings_taken",
        "share_bars",
        "shift_images",
        "shown",
        "side",
        "sides",
        "SoloRank",
        "stretches",
        "sum_in_place",
        "surprise_plot",
        "tell",
        "telling_pairs",
        "there",
        "twin",
        "user_line",
        "uses_run",
        "walk",
        "Wanted",
        "wanted",
        "Watcher",
        "watching",
        "watching_calls",
        "widen",
        "WordGuesser",
        "WordRarity",
    }
)

# Attributes that belong to pytest, to files and to `ast`.
FOREIGN = frozenset({"chain", "mark", "tell", "walk"})

# Idioms that make a sentence a riddle. Counted per 1,000 words of docstrings and documents.
IDIOMS = re.compile(r"\b(stands|told|tells|so many|thereby)\b", re.IGNORECASE)
IDIOMS_PER_1000_WORDS = 0.2


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, at whatever depth."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def parameter_count(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Number of named parameters, without `self` or `cls`."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def complexity(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Cyclomatic complexity (McCabe 1976): 1 + decisions, inner functions apart."""
    count = 1
    nodes: list[ast.AST] = list(ast.iter_child_nodes(function))
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        match node:
            case (
                ast.If()
                | ast.IfExp()
                | ast.For()
                | ast.AsyncFor()
                | ast.While()
                | ast.ExceptHandler()
                | ast.Assert()
                | ast.match_case()
            ):
                count += 1
            case ast.comprehension(ifs=ifs):
                count += 1 + len(ifs)
            case ast.BoolOp(values=values):
                count += len(values) - 1
        nodes.extend(ast.iter_child_nodes(node))
    return count


def example_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Number of lines of the docstring from `Examples:` on, with the blank line above."""
    lines = (ast.get_docstring(function) or "").splitlines()
    return len(lines) - lines.index("Examples:") + 1 if "Examples:" in lines else 0


def large_functions(text: str) -> Iterator[str]:
    """Functions with too many parameters, lines (without their examples) or decisions."""
    for function in functions(ast.parse(text)):
        parameters = parameter_count(function)
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        lines -= example_lines(function)
        decisions = complexity(function)
        where = f"line {function.lineno}: {function.name}"
        if parameters > MAX_PARAMETERS:
            yield f"{where} has {parameters} parameters, at most {MAX_PARAMETERS}"
        if lines > MAX_FUNCTION_LINES:
            yield f"{where} has {lines} lines, at most {MAX_FUNCTION_LINES}"
        if decisions > MAX_COMPLEXITY:
            yield f"{where} has complexity {decisions}, at most {MAX_COMPLEXITY}"


def file_size(text: str) -> Iterator[str]:
    """A file that is too short or too long to be a topic."""
    lines = len(text.splitlines())
    low, high = FILE_LINES
    if not low <= lines <= high:
        yield f"{lines} lines; a file has {low} to {high}"


def retired_words(text: str) -> Iterator[str]:
    """Identifiers that the glossary retired; names of others, like `pytest.mark`, apart."""
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        is_foreign = before == "." and token.string in FOREIGN
        if token.type == tokenize.NAME and token.string in RETIRED and not is_foreign:
            yield f"line {token.start[0]}: {token.string!r} is retired; see the glossary"
        before = token.string


def prose_of(path: Path) -> str:
    """The docstrings of a Python file; of a document, its text without code blocks."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(ast.parse(text)) if isinstance(node, kinds))
    return "\n".join(ast.get_docstring(node) or "" for node in nodes)


def idiom_rate(texts: list[str]) -> float:
    """Retired idioms per 1,000 words."""
    words = sum(len(text.split()) for text in texts)
    return 1000 * sum(len(IDIOMS.findall(text)) for text in texts) / max(words, 1)


def main(arguments: list[str]) -> int:
    """Print the findings of the files and folders named; return 1 if there are any."""
    count = 0
    texts: list[str] = []
    for argument in arguments:
        base = Path(argument)
        paths = sorted(base.rglob("*.py")) + sorted(base.rglob("*.md")) if base.is_dir() else [base]
        for path in paths:
            texts.append(prose_of(path))
            lines = [f"line: {m}" for m in IDIOMS.findall(texts[-1])]
            if path.suffix == ".py":
                text = path.read_text(encoding="utf-8")
                lines += [*large_functions(text), *retired_words(text)]
                if path.name != "__init__.py":
                    lines += file_size(text)
            for line in lines:
                count += 1
                print(f"{path}: {line}")
    print(f"{count} findings; {idiom_rate(texts):.2f} idioms per 1,000 words")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
