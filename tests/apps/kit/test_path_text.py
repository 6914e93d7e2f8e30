"""Names that are not UTF-8, or that the locale cannot decode, are stored, shown and read again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pmt_apps.kit.path_text import (
    VISIBLE,
    argument_text,
    path_from_text,
    path_to_text,
    shell_join,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")

APP = Path(__file__).with_name("example_app.py")
NAMES = [b"r\xe9s", "r\u00e9s".encode(), b"it's \xe9 \\", b"\xed\xa0\x80"]
LOCALES = {
    "C without UTF-8": {"LC_ALL": "C", "PYTHONUTF8": "0"},
    "UTF-8": {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"},
}
POINTS = b"1\t2\t1\n-1\t-2\t0\n3\t1\t1\n-2\t-1\t0\n" * 10


def run(folder: Path, locale: str, *options: str | bytes, stdin: bytes = b"") -> bytes:
    """What the example app writes to both streams."""
    done = subprocess.run(
        [os.fsencode(sys.executable), "-W", "error", os.fsencode(APP), *options],
        cwd=folder,
        env={**os.environ, **LOCALES[locale]},
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", NAMES[:2])
def test_a_run_and_its_data_may_have_any_name(tmp_path: Path, name: bytes, locale: str) -> None:
    data = name + b".tsv"
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + data)).write_bytes(POINTS)
    options = [b"--out", name, b"--points", data, b"--epochs", b"1"]
    output = run(tmp_path, locale, *options)
    assert b"report: r" in output
    if locale == "UTF-8" or name == NAMES[0]:
        assert b"r\\xe9s/report.html" in output or NAMES[1] + b"/report.html" in output
    (out,) = (path for path in tmp_path.iterdir() if path.is_dir())
    config = json.loads((out / "config.json").read_text(encoding="utf-8"))
    assert config["out"].encode("utf-8", "surrogateescape") == name
    assert config["points"].encode("utf-8", "surrogateescape") == data
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["data"]["points"]["path"] == config["points"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert ("r\u00e9s.tsv" if name == NAMES[1] else "r\\xe9s.tsv") in page
    other = "C without UTF-8" if locale == "UTF-8" else "UTF-8"
    run(tmp_path, other, *options, b"--resume")
    answer = run(tmp_path, other, b"--predict", b"--out", name, stdin=b"1\t2\n")
    assert json.loads(answer)["label"] in ("yes", "no")


@pytest.mark.parametrize("name", NAMES)
def test_a_path_is_restored_from_its_text_and_from_the_json_of_it(name: bytes) -> None:
    text = path_to_text(os.fsdecode(name))
    stored = json.dumps(text, ensure_ascii=False).encode("utf-8", "backslashreplace")
    assert os.fsencode(path_from_text(json.loads(stored))) == name


def test_bytes_that_are_no_text_are_written_as_hexadecimal_numbers() -> None:
    text = os.fsdecode(b"r\xe9s \xc3\xa9")
    assert text.encode("utf-8", VISIBLE) == b"r\\xe9s \xc3\xa9"
    assert "r\udce9s \u20ac".encode("ascii", VISIBLE) == b"r\\xe9s \\u20ac"


@pytest.mark.parametrize("name", NAMES)
def test_a_command_for_the_shell_names_the_path(name: bytes) -> None:
    command = shell_join(["printf", "%s", os.fsdecode(name)])
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=True)
    assert done.stdout == name


def test_an_argument_that_is_text_is_utf8() -> None:
    assert argument_text("gr\u00fcn") == "gr\u00fcn"
    with pytest.raises(ValueError, match="UTF-8"):
        argument_text(os.fsdecode(b"gr\xfcn"))
