"""The command line of an app: its settings, and `--help`."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pmt_apps.kit.options import OptionInfo, OptionType, option_default, option_types, options_of
from pmt_apps.kit.program import command, with_commands
from pmt_apps.kit.run_folder import RunFolder
from pmt_apps.kit.settings import AppSettings, flag, load_settings
from pmt_core import SettingsError
from pmt_train import check_worker_count, max_workers

S = TypeVar("S", bound=AppSettings)


def parse_settings(
    kind: type[S], argv: Sequence[str] | None, *, task: str, description: str = ""
) -> S:
    """Return the settings of this start of an app.

    A new run has the defaults and the options of the command line. `--resume`, `--predict` and
    options that `loads_run` take the settings of the run in `--out`; an option may then only
    repeat them, unless it is changeable (`--workers`).

    Args:
        kind: the settings class of the app.
        argv: arguments without the program's name; None: those of the process.
        task: name of the app, saved with its runs.
        description: text for `--help`; examples that begin with `python apps/...` are shown with
            the command that was used.

    Raises:
        SettingsError, FileProblem, DataError: with the cure.
        SystemExit: after `--help`.
    """
    given = vars(_parser(kind, description).parse_args(argv))
    _check_actions(given)
    if "workers" in given:
        check_worker_count(given["workers"])
    loading = {item.name for item, info in options_of(kind) if info.loads_run}
    if not (given.get("resume") or given.get("predict") or loading & given.keys()):
        return kind(**{**kind.defaults(given), **given})
    defaults = {item.name: option_default(item) for item, _ in options_of(kind)}
    out: Path = given.get("out", defaults["out"])
    folder = RunFolder(out)
    folder.check_is_run("resume" if given.get("resume") else "predict with")
    saved = {**load_settings(folder.config, task, kind), "out": out}
    _check_same(kind, saved, given, folder)
    if "workers" in saved:  # the run may come from a larger machine
        saved["workers"] = min(saved["workers"], max_workers())
    return kind(**{**saved, **given})


class OptionParser(argparse.ArgumentParser):
    """A parser that raises its errors as SettingsError, with the cure."""

    renamed: Mapping[str, str] = {}  # earlier names of options and their current ones

    def __init__(self, description: str) -> None:
        super().__init__(
            prog=command(),
            description=description,
            allow_abbrev=False,
            formatter_class=_HelpFormatter,
        )

    def error(self, message: str) -> NoReturn:
        cure = f"; {self.prog} --help lists all options"
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            wrong = unknown.split()[0]
            name = wrong.split("=")[0]
            near = (
                [self.renamed[name]]
                if name in self.renamed
                else difflib.get_close_matches(name, self._option_string_actions, 1)
            )
            hint = f"; did you mean {near[0]}?" if near else ""
            message = (
                f"there is no option {wrong}"
                if wrong.startswith("-")
                else (f"unexpected argument {wrong!r}: all arguments are options")
            )
            message += hint
        raise SettingsError(message + cure)


class _HelpFormatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=28)


def _parser(kind: type[AppSettings], description: str) -> argparse.ArgumentParser:
    parser = OptionParser(with_commands(description))
    parser.argument_default = argparse.SUPPRESS
    parser.renamed = {flag(old): flag(new) for old, new in kind.renamed.items()}
    types, groups, defaults = option_types(kind), {}, default_texts(kind)
    for item, info in options_of(kind):
        if info.group not in groups:
            groups[info.group] = parser.add_argument_group(info.group)
        text = defaults[item.name]
        _add(groups[info.group], item.name, types[item.name], info, option_default(item), text)
    return parser


def default_texts(kind: type[AppSettings]) -> dict[str, str]:
    """Return the default of each setting as `--help` shows it, with that of each variant."""
    usual = kind.defaults(kind.variants.get("", {}))
    variants = {name: kind.defaults(given) for name, given in kind.variants.items() if name}
    texts = {}
    for item, info in options_of(kind):
        name = item.name
        default = usual.get(name, option_default(item))
        parts = [info.default_text or _text(default)]
        for variant, changed in variants.items():
            value = changed.get(name, default if name in usual else option_default(item))
            if value != default:
                parts.append(f"{variant}: {_text(value) or 'none'}")
        texts[name] = "; ".join(part for part in parts if part)
    return texts


def _add(
    group: argparse._ArgumentGroup,
    name: str,
    kind: OptionType,
    info: OptionInfo,
    default: Any,
    default_text: str,
) -> None:
    help_text = info.help.replace("%", "%%")
    if kind.kind is bool and not (kind.optional or kind.several):
        switch = default or "True" in default_text  # on by default, if only of a variant
        action: Any = argparse.BooleanOptionalAction if switch else "store_true"
        group.add_argument(flag(name), action=action, dest=name, help=help_text)
        return
    if default_text:
        help_text += f" (default: {default_text.replace('%', '%%')})"
    metavar = info.metavar or (
        "{" + ",".join(map(str, kind.choices)) + "}" if kind.choices else kind.kind.__name__.upper()
    )
    number: Any = {"nargs": "+", "action": _TupleAction} if kind.several else {}
    if info.const is not None:
        number = {"nargs": "?", "const": info.const}
        help_text += f" (without {metavar}: {info.const})"
    group.add_argument(
        flag(name),
        dest=name,
        type=_reader(kind, info),
        metavar=metavar,
        help=help_text,
        **number,
    )


class _TupleAction(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: Any = None) -> None:
        setattr(namespace, self.dest, tuple(values))


def _reader(kind: OptionType, info: OptionInfo) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return kind.parse(text, info)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _text(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, tuple):
        return " ".join(map(str, default))
    return f"{default:g}" if isinstance(default, float) else str(default)


def _check_actions(given: Mapping[str, Any]) -> None:
    chosen = [name for name in ("resume", "overwrite", "predict") if given.get(name)]
    if len(chosen) > 1:
        raise SettingsError(
            f"{flag(chosen[0])} and {flag(chosen[1])} cannot go together; give one of them"
        )


def _check_same(
    kind: type[AppSettings], saved: Mapping[str, Any], given: Mapping[str, Any], folder: RunFolder
) -> None:
    """Raise SettingsError if an option contradicts the run that is loaded."""
    for item, info in options_of(kind):
        name = item.name
        if info.transient or info.changeable or name not in given or name not in saved:
            continue
        before, now = saved[name], given[name]
        if _comparable(before) != _comparable(now):
            raise SettingsError(
                f"{flag(name)} {_text(now) or now} contradicts the run in {folder.path}, which "
                f"was started with {_text(before) or before}; leave the option out, "
                "or start a new run with another --out"
            )


def _comparable(value: Any) -> Any:
    """Return equal values for two names of one file."""
    if isinstance(value, tuple):
        return tuple(map(_comparable, value))
    return value.resolve() if isinstance(value, Path) else value
