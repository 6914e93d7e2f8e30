"""Paths and other arguments as text: to store in UTF-8 files, and to show.

Python reads arguments and names of files by the encoding of the locale, and gives bytes that it
cannot decode as surrogates. A name need not be UTF-8, and under LC_ALL=C even `é` is surrogates.
"""

from __future__ import annotations

import codecs
import os
import shlex
import sys
from pathlib import Path

VISIBLE = "pmt-visible"
"""Name of an error handler: an encoder then writes "\\xe9" for a byte that is not text."""


def path_to_text(path: str | os.PathLike[str]) -> str:
    """Return the same text for a path under every locale. A byte that is not UTF-8 is a surrogate.

    Write it by `errors="backslashreplace"`: that is the escape of JSON.
    """
    if sys.platform == "win32":  # names are Unicode
        return os.fspath(path)
    return os.fsencode(path).decode("utf-8", "surrogateescape")


def path_from_text(text: str) -> Path:
    """Return the path that `path_to_text` returned the text of. Raises ValueError."""
    if sys.platform == "win32":
        return Path(text)
    return Path(os.fsdecode(text.encode("utf-8", "surrogateescape")))


def argument_text(argument: str) -> str:
    """Return an argument that is text, not a path, read as UTF-8 under every locale.

    Raises:
        ValueError: if it is not UTF-8.
    """
    try:
        return os.fsencode(argument).decode("utf-8")
    except UnicodeError:
        raise ValueError(f"expected UTF-8 text, got {os.fsencode(argument)!r}") from None


def shell_join(words: list[str]) -> str:
    """Return words as a command for a shell, as `shlex.join`; bash and zsh read $'\\xe9'."""
    return " ".join(map(_shell_quote, words))


def _shell_quote(word: str) -> str:
    if not any("\ud800" <= character <= "\udfff" for character in word):
        return shlex.quote(word)
    escaped = "".join(
        chr(byte) if 32 <= byte < 127 and chr(byte) not in "'\\" else f"\\x{byte:02x}"
        for byte in os.fsencode(word)
    )
    return f"$'{escaped}'"


def _visible(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}", error.start + 1
    replaced, _ = codecs.backslashreplace_errors(error)
    return str(replaced), error.end


codecs.register_error(VISIBLE, _visible)
