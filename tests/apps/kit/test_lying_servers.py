"""Downloads from servers that lie, never end, or redirect elsewhere."""

from __future__ import annotations

import hashlib
import http.server
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from pmt_apps.kit.download import download
from pmt_core import DataError, FileProblem

CONTENT = np.random.default_rng(0).bytes(200_000)
PINNED = {"sha256": hashlib.sha256(CONTENT).hexdigest(), "size": len(CONTENT)}
PAGE = b"<html>Please log in to this network</html>"

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]
Serve = Callable[[Answer], str]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a server that gives an answer to each request; return its URL."""
    monkeypatch.setenv("no_proxy", "*")
    servers: list[tuple[http.server.ThreadingHTTPServer, threading.Thread]] = []

    def start(answer: Answer) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):  # the client may close the connection
                    answer(self)

            def log_message(self, *_: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}/file.gz"

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


def answer_with(content: bytes, *headers: tuple[str, str], status: int = 200) -> Answer:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def length(size: object) -> tuple[str, str]:
    return "Content-Length", str(size)


@pytest.mark.parametrize("content", [PAGE, b"", CONTENT[:-1] + b"x", CONTENT + b"x"])
@pytest.mark.parametrize("has_length", [True, False])
def test_other_content_is_refused_and_nothing_saved(
    serve: Serve, tmp_path: Path, content: bytes, has_length: bool
) -> None:
    headers = [length(len(content))] if has_length else []
    url = serve(answer_with(content, *headers))
    is_short = not has_length and len(content) < len(CONTENT)  # like a connection that broke off
    error, text = (FileProblem, "broke off") if is_short else (DataError, "not the expected file")
    with pytest.raises(error, match=text):
        download(url, tmp_path / "file", **PINNED)
    assert not (tmp_path / "file").exists()
    assert is_short or not list(tmp_path.iterdir())


def test_without_a_checksum_an_empty_file_is_refused(serve: Serve, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="an empty file"):
        download(serve(answer_with(b"", length(0))), tmp_path / "file")
    assert not list(tmp_path.iterdir())


def test_a_login_page_leaves_what_has_arrived(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:5000])
    with pytest.raises(DataError, match="Content-Length"):
        download(serve(answer_with(PAGE, length(len(PAGE)))), tmp_path / "file", **PINNED)
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:5000]


def test_a_file_that_is_another_one_is_not_kept_as_downloaded(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(PAGE)
    url = serve(answer_with(CONTENT, length(len(CONTENT))))
    assert download(url, tmp_path / "file", **PINNED) is True
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert download(url, tmp_path / "file", **PINNED) is False


@pytest.mark.parametrize("expected", [PINNED, {"max_bytes": 300_000}])
def test_an_endless_body_is_cut(serve: Serve, tmp_path: Path, expected: dict[str, int]) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 16))

    with pytest.raises(DataError, match="it has more than"):
        download(serve(answer), tmp_path / "file", **expected)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("in_headers", [True, False])
def test_an_answer_that_drips_ends_at_the_deadline(
    serve: Serve, tmp_path: Path, in_headers: bool
) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        if not in_headers:
            handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.05)

    with pytest.raises(FileProblem, match=r"after 0\.5 seconds"):
        download(serve(answer), tmp_path / "file", seconds=0.5, **PINNED)  # type: ignore[arg-type]


@pytest.mark.parametrize("digits", ["9" * 5000, "-5", "0x10", "٣"])
def test_a_length_that_is_no_number_is_no_length(serve: Serve, tmp_path: Path, digits: str) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: " + digits.encode() + b"\r\n\r\n")
        handler.wfile.write(CONTENT)

    with suppress(FileProblem):  # refused, or read to its end
        download(serve(answer), tmp_path / "file", **PINNED)
        assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "data:,x"])
def test_redirects_lead_to_http_only(serve: Serve, tmp_path: Path, target: str) -> None:
    with pytest.raises(FileProblem, match=r"redirects to|Redirection to url .* is not allowed"):
        download(
            serve(answer_with(b"", ("Location", target), status=302)), tmp_path / "f", **PINNED
        )
    assert not list(tmp_path.iterdir())


def test_a_redirect_to_http_is_followed(serve: Serve, tmp_path: Path) -> None:
    url = serve(answer_with(CONTENT, length(len(CONTENT))))
    assert download(
        serve(answer_with(b"", ("Location", url), status=301)), tmp_path / "file", **PINNED
    )
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_redirect_without_end_is_an_error(serve: Serve, tmp_path: Path) -> None:
    url = serve(answer_with(b"", ("Location", "/again"), status=302))
    with pytest.raises(FileProblem, match="cannot download"):
        download(url, tmp_path / "file", **PINNED)


def test_parts_of_two_files_are_not_joined(serve: Serve, tmp_path: Path) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        asked = handler.headers["Range"]
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        body = CONTENT[start:]
        if start:
            range_ = ("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
            answer_with(body, length(len(body)), range_, status=206)(handler)
        else:
            answer_with(body, length(len(body)))(handler)

    (tmp_path / "file.part").write_bytes(bytes(50_000))  # of an older file
    assert download(serve(answer), tmp_path / "file", **PINNED)
    assert (tmp_path / "file").read_bytes() == CONTENT
    (tmp_path / "other.part").write_bytes(bytes(50_000))
    assert download(serve(answer), tmp_path / "other")  # not verified, so not resumed
    assert (tmp_path / "other").read_bytes() == CONTENT
