"""Fetching from a server on this machine that can be made to misbehave."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.kit.download import download, download_from_any
from pmt_core import DataError, FileProblem, SettingsError

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at any path but /missing.

    breaks: after how many bytes each of the next transfers breaks off. ranges: whether it knows
    ranges. asked: the Range header of every request.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.breaks: list[int] = []
        self.ranges = True
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file.gz"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        asked = self.headers["Range"]
        self.server.asked.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.server.ranges else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = self.server.breaks.pop(0) if self.server.breaks else len(CONTENT)
        self.wfile.write(CONTENT[start : start + end])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_comes_whole_into_a_new_folder(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "file.gz"
    assert download(server.url, target, sha256=SHA256) is True
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == ["file.gz"]
    assert download(server.url, target, sha256=SHA256) is False
    assert download(server.url, target) is False
    assert len(server.asked) == 1


def test_a_transfer_that_breaks_off_goes_on_by_itself(server: Server, tmp_path: Path) -> None:
    server.breaks = [100_000, 50_000]
    assert download(server.url, tmp_path / "file", sha256=SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=150000-"]


def test_the_next_call_goes_on_where_the_last_gave_up(server: Server, tmp_path: Path) -> None:
    server.breaks = [100_000, 0]
    with pytest.raises(FileProblem, match="100,000 bytes are kept"):
        download(server.url, tmp_path / "file", sha256=SHA256)
    assert not (tmp_path / "file").exists()
    assert download(server.url, tmp_path / "file", sha256=SHA256)
    assert server.asked[-1] == "bytes=100000-"
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert not (tmp_path / "file.part").exists()


def test_a_server_without_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    server.breaks = [100_000]
    assert download(server.url, tmp_path / "file", sha256=SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("size", [1000, len(CONTENT), len(CONTENT) + 5])
def test_a_beginning_of_something_else_is_thrown_away(
    server: Server, tmp_path: Path, size: int
) -> None:
    (tmp_path / "file.part").write_bytes(bytes(size))
    assert download(server.url, tmp_path / "file", sha256=SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_complete_part_only_wants_its_name(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    assert download(server.url, tmp_path / "file", sha256=SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_wrong_checksum_leaves_nothing_and_what_was_there(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="SHA-256"):
        download(server.url, tmp_path / "file", sha256="0" * 64)
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(DataError, match="SHA-256"):
        download(server.url, tmp_path / "file", sha256="0" * 64)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert download(server.url, tmp_path / "file", sha256=SHA256)
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_nobody_answers_or_there_is_no_such_file(server: Server, tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="404"):
        download(server.url.replace("file.gz", "missing"), tmp_path / "file")
    url = server.url
    server.server_close()
    with pytest.raises(FileProblem, match="check the network"):
        download(url.replace(str(server.server_port), "1"), tmp_path / "file")
    with pytest.raises(SettingsError, match="https://"):
        download(f"file://{tmp_path}/x", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_the_next_address_is_tried(server: Server, tmp_path: Path) -> None:
    told: list[str] = []
    urls = [server.url.replace("file.gz", "missing"), server.url]
    assert download_from_any(urls, tmp_path / "file", sha256=SHA256, on_failure=told.append)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(told) == 1
    assert "404" in told[0]
    with pytest.raises(FileProblem, match="404"):
        download_from_any(urls[:1], tmp_path / "other", on_failure=told.append)
    assert len(told) == 1


def test_a_folder_that_cannot_be_written(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FileProblem, match="cannot write"):
        download(server.url, tmp_path / "file" / "x")
