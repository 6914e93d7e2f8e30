"""The files of the page: of a readable size, without addresses, libraries as npm has them."""

from __future__ import annotations

import hashlib
import json
import re

import pytest
from serve_client import Client

from pmt_apps.server.page_files import PAGE, page_names

VENDOR = PAGE / "vendor"
OWN = [name for name in page_names() if not name.startswith("vendor/")]


@pytest.mark.parametrize("name", OWN)
def test_our_files_are_short_and_name_no_other_server(name: str) -> None:
    text = (PAGE / name).read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    addresses = set(re.findall(r"https?://[^\"'` )]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a namespace
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|eval|document\.write)\b", text)
    if name.endswith(".js"):
        pattern = r'^(?:import|export)[^;]*?from "([^"]*)"|^import "([^"]*)"'
        imported = {first or second for first, second in re.findall(pattern, text, re.MULTILINE)}
        assert imported <= {f"/static/{known}" for known in page_names()}


def test_libraries_are_those_of_npm_with_their_license(client: Client) -> None:
    versions = json.loads((VENDOR / "versions.json").read_text(encoding="utf-8"))
    files = {name for name in page_names() if name.startswith("vendor/")}
    assert files == {f"vendor/{library['file']}" for library in versions.values()}
    for name, library in versions.items():
        path = VENDOR / library["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == library["sha256"], name
        assert "opyright" in (path.parent / "LICENSE").read_text(encoding="utf-8")
        assert library["license"] in ("ISC", "MIT", "BSD-3-Clause")
        assert client("GET", f"/static/vendor/{library['file']}").status == 200
