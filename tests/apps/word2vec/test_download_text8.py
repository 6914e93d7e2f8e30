"""The word2vec app: --download verifies the text before it is used."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from file_server import served
from programs import Program

from pmt_apps.word2vec import main
from pmt_apps.word2vec.settings import Settings
from pmt_text import TextCorpus, count_words


@pytest.fixture
def word2vec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setenv("no_proxy", "*")
    return Program("word2vec", tmp_path)


def test_a_download_of_another_text_is_refused(word2vec: Program, tmp_path: Path) -> None:
    (tmp_path / "served").mkdir()
    with zipfile.ZipFile(tmp_path / "served/text8.zip", "w") as archive:
        archive.writestr("text8", "one two three two one " * 50)
    with served(tmp_path / "served") as url:
        download = ("--download", "text8", "--into", "d", "--base-url", url)
        word2vec.refuse(*download, error=["is not the expected file", "expected 31,344,016"])
    assert not list((tmp_path / "d").iterdir())


def test_a_file_that_is_not_text8_is_not_taken_for_it(word2vec: Program, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d/text8.zip").write_bytes(b"<html>Please log in</html>")
    download = ("--download", "text8", "--into", "d", "--base-url", "http://127.0.0.1:9")
    word2vec.refuse(*download, error=["cannot download"])


def test_download_is_verified_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    content = tmp_path / "served/text8.zip"
    content.parent.mkdir()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("text8", "one two three two one " * 50)
    monkeypatch.setattr(main, "_TEXT8_BYTES", content.stat().st_size)
    monkeypatch.setattr(main, "_TEXT8_SHA256", hashlib.sha256(content.read_bytes()).hexdigest())
    with served(content.parent) as url:
        settings = Settings(into=tmp_path / "a folder", base_url=(url,))
        main.download(settings)
        printed = capsys.readouterr().out
        assert "downloaded" in printed
        assert f" --corpus '{tmp_path / 'a folder/text8.zip'}' --out runs/text8" in printed
        main.download(settings)
        assert "exists already" in capsys.readouterr().out
    assert count_words(TextCorpus(tmp_path / "a folder/text8.zip"), min_count=1).total > 0


def test_download_without_a_network_fails_cleanly(word2vec: Program, tmp_path: Path) -> None:
    arguments = ("--download", "text8", "--base-url", "http://127.0.0.1:9")
    word2vec.refuse(*arguments, error=["cannot download", "check the network"])
    assert not (tmp_path / "data" / "text8.zip").exists()
