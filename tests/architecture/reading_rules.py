"""Files from elsewhere are opened by pmt_core/files alone. A rule finds every other opening."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from source_file import SourceFile

# Functions that read a file, or decode one without limits.
_MODULES = {
    "bz2": ("BZ2File", "open"),
    "csv": ("DictReader",),
    "gzip": ("GzipFile", "open"),
    "io": ("FileIO", "open", "open_code"),
    "json": ("JSONDecoder", "load", "loads"),
    "lzma": ("LZMAFile", "open"),
    "matplotlib.image": ("imread",),
    "matplotlib.pyplot": ("imread",),
    "numpy": ("fromfile", "genfromtxt", "load", "loadtxt", "memmap"),
    "numpy.lib.format": ("open_memmap", "read_array"),
    "os": ("fdopen", "open"),
    "tarfile": ("TarFile", "open"),
    "zipfile": ("Path", "ZipFile"),
}
_READERS = frozenset(f"{module}.{name}" for module, names in _MODULES.items() for name in names)
_PATH_METHODS = frozenset(("read_text", "read_bytes"))

EXCEPTIONS: dict[str, dict[str, str]] = {
    "pmt_core.archive.npz": {"zipfile.ZipFile": "of a file that is open, sizes checked before"},
    "pmt_core.archive.safetensors": {"json.loads": "of text that it made itself, to write it"},
    "pmt_text.word_vectors.text_format": {"numpy.loadtxt": "of lines that are in memory"},
    "pmt_text.word2vec.corpus.token_file": {"open": "a temporary file of the process itself"},
    "pmt_train.parallel.process_group": {"json.loads": "messages between processes of one run"},
    "pmt_train.trainer.fit_loop": {"json.loads": "of text that it made itself"},
    "pmt_train.word2vec.worker_main": {"json.loads": "messages between processes of one run"},
    "pmt_train.word2vec.worker_process": {
        "json.loads": "messages between processes of one run",
        "read_bytes": "processor time of a process, from /proc",
    },
    "pmt_apps.kit.download": {"open": "the file that it wrote itself"},
    "pmt_apps.kit.html_report": {
        "read_bytes": "figures that the run drew itself",
        "read_text": "the style sheet beside it",
    },
    "pmt_apps.kit.main": {"open": "the null device"},
    "pmt_apps.kit.run_folder": {"os.open": "the lock, which is never read"},
    "pmt_apps.server.samples": {"open": "the end of the output of a process that it started"},
    "pmt_apps.mnist.png": {"matplotlib.image.imread": "of bytes whose size is checked before"},
}
"""Module -> function -> why it may be called there."""


def direct_reads(source: SourceFile) -> Iterator[str]:
    """Calls that open a file for reading, or decode one, without the limits of pmt_core/files."""
    if source.module.startswith("pmt_core.files."):
        return
    allowed = EXCEPTIONS.get(source.module, {})
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = _reader(source, node)
            if name and name not in allowed:
                yield f"line {node.lineno}: {name}: use InputFile, read_json or load_archive"


def unused_exceptions(source: SourceFile) -> Iterator[str]:
    """Exceptions that no call needs any more."""
    calls = [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    used = {_reader(source, node) for node in calls}
    for name in EXCEPTIONS.get(source.module, {}):
        if name not in used:
            yield f"{source.module}: {name} is no exception any more"


def _reader(source: SourceFile, call: ast.Call) -> str | None:
    """Return the name of the called function if it may read a file."""
    if isinstance(call.func, ast.Name) and call.func.id == "open":
        return "open" if _may_read(call, position=1) else None
    name = source.full_name(call.func)
    if name == "os.open" and call.args and source.full_name(call.args[0]) == "os.devnull":
        return None
    if name in _READERS:
        return name
    if not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr in _PATH_METHODS:
        return call.func.attr
    is_path_method = call.func.attr == "open" and (name is None or not name.startswith("pmt_"))
    return "Path.open" if is_path_method and _has_reading_mode(call) else None


def _may_read(call: ast.Call, position: int) -> bool:
    """Return whether the mode of `open` is not one that only writes."""
    mode = _mode(call, position)
    if mode is None:
        return True
    is_text = isinstance(mode, ast.Constant) and isinstance(mode.value, str)
    return not is_text or "r" in str(mode.value) or "+" in str(mode.value)  # type: ignore[attr-defined]


def _has_reading_mode(call: ast.Call) -> bool:
    """Return whether a method `open` looks like that of a path: no argument, or a reading mode."""
    mode = _mode(call, position=0)
    if mode is None:
        return not call.args and all(item.arg in ("encoding", "newline") for item in call.keywords)
    return isinstance(mode, ast.Constant) and mode.value in ("r", "rb", "rt", "r+", "r+b")


def _mode(call: ast.Call, position: int) -> ast.expr | None:
    keywords = {item.arg: item.value for item in call.keywords}
    return call.args[position] if len(call.args) > position else keywords.get("mode")
