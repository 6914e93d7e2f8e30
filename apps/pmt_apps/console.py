"""The console command `pmt`: its subcommands are the applications, imported when they run."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from pmt_apps.kit.early_interrupt import discard_output, exit_quietly_on_interrupt
from pmt_apps.kit.program import started_as

_BAD_INPUT = 2
_USAGE = """\
usage: {start} SUBCOMMAND [--help] [options]

Train a model on NumPy alone, or use a trained one.

subcommands:
{rows}

options:
  -h, --help  show this text; after a subcommand, its options
  --version   show the version

A subcommand without options trains on a sample that ships with pmt, and writes the run to a folder
of runs/ here. With --predict it answers standard input by that run: {start} ner --predict"""


Main = Callable[[Sequence[str] | None], int]
"""Takes the arguments after the subcommand and returns the exit code."""


def _qqp() -> Main:
    from pmt_apps.qqp.main import main

    return main


def _ner() -> Main:
    from pmt_apps.ner.main import main

    return main


def _word2vec() -> Main:
    from pmt_apps.word2vec.main import main

    return main


def _translate() -> Main:
    from pmt_apps.translation.main import main

    return main


def _lm() -> Main:
    from pmt_apps.language_model.main import main

    return main


def _pretrain() -> Main:
    from pmt_apps.pretraining.main import main

    return main


def _mnist() -> Main:
    from pmt_apps.mnist.main import main

    return main


def _embed() -> Main:
    from pmt_apps.embed import main

    return main


def _compare() -> Main:
    from pmt_apps.comparison.main import main

    return main


def _serve() -> Main:
    from pmt_apps.server.main import main

    return main


def _classify() -> Main:
    from pmt_apps.classification.main import main

    return main


@dataclass(frozen=True, slots=True)
class Subcommand:
    """A part of `pmt`.

    Attributes:
        summary: one line for `pmt --help`.
        load: imports its program, and returns what runs it.
    """

    summary: str
    load: Callable[[], Main]


SUBCOMMANDS = {
    "qqp": Subcommand("find questions that ask the same", _qqp),
    "ner": Subcommand("find named entities", _ner),
    "classify": Subcommand("classify texts", _classify),
    "word2vec": Subcommand("learn word vectors from plain text", _word2vec),
    "translate": Subcommand("translate sentences", _translate),
    "lm": Subcommand("learn a language model, and write text", _lm),
    "pretrain": Subcommand("pre-train an encoder on plain text", _pretrain),
    "mnist": Subcommand("recognize handwritten digits", _mnist),
    "embed": Subcommand("give the vectors of texts, by a pre-trained encoder", _embed),
    "serve": Subcommand("serve runs: a page, and a JSON API", _serve),
    "compare": Subcommand("lay runs side by side, as a table and a page", _compare),
}


def main(argv: Sequence[str] | None = None, program: Sequence[str] = ("pmt",)) -> int:
    """Run a subcommand; return the exit code: 2 if there is none of that name.

    Args:
        argv: the subcommand and its options; None: those of the process.
        program: the words that started this command.
    """
    exit_quietly_on_interrupt()  # before the slow imports
    start = " ".join(program)
    name, *options = (sys.argv[1:] if argv is None else argv) or [""]
    if name in ("-h", "--help"):
        return _print(usage(start))
    if name == "--version":
        return _print(f"pmt {_version()}")
    if name not in SUBCOMMANDS:
        _warn(f"error: {_unknown(name)}; {start} --help lists the subcommands")
        return _BAD_INPUT
    with started_as(*program, name):
        return SUBCOMMANDS[name].load()(options)


def usage(start: str) -> str:
    """Return the text of `pmt --help`. start: the command, "pmt"."""
    width = max(map(len, SUBCOMMANDS))
    rows = [f"  {name:<{width}}  {part.summary}" for name, part in SUBCOMMANDS.items()]
    return _USAGE.format(start=start, rows="\n".join(rows))


def _print(text: str) -> int:
    """Print a text; return the exit code, 141 if nobody reads it (`pmt --help | head -1`)."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        return discard_output()
    return 0


def _unknown(name: str) -> str:
    if not name:
        return "expected a subcommand"
    if name.startswith("-"):
        return f"there is no option {name} before the subcommand"
    near = difflib.get_close_matches(name, SUBCOMMANDS, 1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no subcommand {name!r}{hint}"


def _version() -> str:
    try:
        return version("pmt-apps")
    except PackageNotFoundError:
        return "(not installed)"


def _warn(text: str) -> None:
    print(text, file=sys.stderr)
