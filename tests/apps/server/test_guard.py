"""Host and Origin: other sites reach nothing through a browser."""

from __future__ import annotations

import pytest
from serve_client import Client

from pmt_apps.server.guard import host_name, is_loopback
from pmt_apps.server.main import host_names


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("localhost", "localhost"), ("LocalHost:80", "localhost"), ("[::1]:8000", "::1"),
        ("127.0.0.1:1", "127.0.0.1"), ("", None), ("a/b", None), ("a:b", None),
        ("user@localhost", None), ("localhost?x", None), ("[::1", None),
    ],
)  # fmt: skip
def test_the_name_in_a_host_header(header: str, name: str | None) -> None:
    assert host_name(header) == name


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "", "192.168.0.1", None]
)
def test_another_host_is_refused(client: Client, host: str | None) -> None:
    """A name of another site that points at this machine (DNS rebinding)."""
    assert client("GET", "/runs", HOST=host).status == 421
    assert client.predict("ner", {"input": "Bob"}, HOST=host or "").status == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:9000", "http://localhost",
     "file://localhost:8000", "http://localhost:8000.evil.example", ""],
)  # fmt: skip
def test_a_page_of_another_site_posts_nothing(client: Client, origin: str) -> None:
    answer = client.predict("ner", {"input": "Bob"}, ORIGIN=origin)
    assert answer.status == 403


def test_the_page_itself_and_programs_are_answered(client: Client) -> None:
    content = {"input": "Bob"}
    assert client.predict("ner", content, ORIGIN="http://localhost:8000").status == 200
    assert client.predict("ner", content, SEC_FETCH_SITE="same-origin").status == 200
    assert client.predict("ner", content, SEC_FETCH_SITE="cross-site").status == 403
    assert client("GET", "/runs", SEC_FETCH_SITE="cross-site").status == 200  # a link to the page


def test_addresses_of_this_machine_alone() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.3.2.1", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.5", "example.org", "")))


def test_names_of_the_server() -> None:
    assert host_names("127.0.0.1") == ["127.0.0.1", "::1", "localhost"]
    assert "example.org" in host_names("127.0.0.1", ["Example.ORG"])
    assert "0.0.0.0" not in host_names("0.0.0.0")
