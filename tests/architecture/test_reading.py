"""Every reader opens files by pmt_core/files, which has the limits. The rule is shown red."""

from __future__ import annotations

import pytest
from findings import hold
from picture import PACKAGES, python_files, source_root
from reading_rules import EXCEPTIONS, direct_reads, unused_exceptions
from source_file import SourceFile

MAX_EXCEPTIONS = 14
READING = [*PACKAGES, "pmt_apps"]


def sources(package: str) -> list[SourceFile]:
    base = source_root(package).parent
    return [
        SourceFile(
            path.read_text(encoding="utf-8"),
            ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__"),
            path.name == "__init__.py",
        )
        for path in python_files(source_root(package))
    ]


@pytest.mark.parametrize("package", READING)
def test_no_file_is_opened_for_reading_elsewhere(package: str) -> None:
    hold(f"{s.module}: {finding}" for s in sources(package) for finding in direct_reads(s))


def test_exceptions_are_few_and_needed() -> None:
    modules = {s.module: s for package in READING for s in sources(package)}
    hold(f"{name} is no file" for name in EXCEPTIONS if name not in modules)
    hold(finding for s in modules.values() for finding in unused_exceptions(s))
    assert len(EXCEPTIONS) <= MAX_EXCEPTIONS


@pytest.mark.parametrize(
    "text",
    [
        "open(path)",
        "open(path, 'rb')",
        "open(path, mode='r+b')",
        "open(path, mode)",
        "with path.open() as file: pass",
        "path.open('rb')",
        "path.open(mode='r', encoding='utf-8')",
        "path.read_text(encoding='utf-8')",
        "Path(path).read_bytes()",
        "import io\nio.open(path)",
        "import gzip\ngzip.open(path)",
        "from gzip import open as unzip\nunzip(path)",
        "import zipfile\nzipfile.ZipFile(path)",
        "import numpy as np\nnp.load(path, allow_pickle=False)",
        "import numpy as np\nnp.fromfile(path, 'u1')",
        "from numpy import load\nload(path)",
        "import json\njson.loads(text)",
        "import json\njson.load(file)",
        "from matplotlib import image\nimage.imread(path)",
        "import os\nos.open(path, os.O_RDONLY)",
    ],
)
def test_a_direct_opening_is_caught(text: str) -> None:
    assert list(direct_reads(SourceFile(text, "pmt_text.reader")))


@pytest.mark.parametrize(
    "text",
    [
        "open(path, 'wb')",
        "open(path, mode='w', encoding='utf-8')",
        "from pmt_core import InputFile\nInputFile(path)",
        "from pmt_core import load_archive, read_json\nload_archive(path), read_json(path)",
        "from pmt_apps.kit.run import Run\nRun.open(settings, task, title)",
        "archive.open(entry, 'w')",
        "path.open('w')",
        "import os\nos.open(os.devnull, os.O_WRONLY)",
        "import json\njson.dumps(value)",
    ],
)
def test_the_right_form_passes(text: str) -> None:
    assert not list(direct_reads(SourceFile(text, "pmt_text.reader")))
