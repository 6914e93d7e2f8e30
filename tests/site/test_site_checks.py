"""The checks of the site find what is wrong, and only that."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.site.checks.browser_checks import MISSING, address_of, browser, page_problems
from docs.site.checks.static_checks import Site

PAGE = """<!DOCTYPE html>
<html lang="en"><head><title>Page</title>
<style>html[data-theme=dark] body {{ background: #000; color: #fff; }}</style>{head}</head>
<body><main><h1 id="top">Page</h1>{body}</main></body></html>
"""


def site_of(folder: Path, body: str, head: str = "") -> Site:
    folder.joinpath("index.html").write_text(PAGE.format(head=head, body=body), encoding="utf-8")
    folder.joinpath("other.html").write_text(PAGE.format(head="", body=""), encoding="utf-8")
    return Site(folder)


def test_a_good_page_has_no_problem(tmp_path: Path) -> None:
    tmp_path.joinpath("a.png").write_bytes(b"")
    body = (
        '<a href="other.html#top">o</a><a href="#top">t</a><a href="https://example.org">e</a>'
        '<h2>Two</h2><h3>Three</h3><h2>Two</h2><img src="a.png" alt="A picture">'
    )
    assert site_of(tmp_path, body).problems() == []


@pytest.mark.parametrize(
    ("body", "head", "problem"),
    [
        ('<a href="absent.html">a</a>', "", "absent.html is not there"),
        ('<a href="other.html#absent">a</a>', "", "other.html#absent has no such anchor"),
        ('<a href="#absent">a</a>', "", "#absent has no such anchor"),
        ('<img src="absent.png" alt="a">', "", "absent.png is not there"),
        ('<img src="https://example.org/a.png" alt="a">', "", "loads https://example.org/a.png"),
        ("", '<script src="//example.org/a.js"></script>', "loads //example.org/a.js"),
        ("", '<link rel="stylesheet" href="http://example.org/a.css">', "loads http://example.org"),
        (
            '<p style="background: url(https://example.org/b)">a</p>',
            "",
            "loads https://example.org/b",
        ),
        ("<h3>Deep</h3>", "", "heading 'Deep' is of level 3 below level 1"),
        ("<h1>Again</h1>", "", "has 2 headings of level 1"),
        ('<img src="index.html">', "", "picture index.html has no alternative text"),
        ('<img src="index.html" alt=" ">', "", "picture index.html has no alternative text"),
    ],
)
def test_a_fault_is_a_problem(tmp_path: Path, body: str, head: str, problem: str) -> None:
    (line,) = site_of(tmp_path, body, head).problems()
    assert line.startswith(f"index.html: {problem}")


def test_a_style_that_loads_from_elsewhere_is_a_problem(tmp_path: Path) -> None:
    style = "@font-face { src: url('https://example.org/f.woff2'); }"
    tmp_path.joinpath("s.css").write_text(style, encoding="utf-8")
    assert site_of(tmp_path, "").problems() == ["s.css: loads https://example.org/f.woff2"]


def test_a_name_that_the_reference_lacks_is_missing(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    for package in ("core", "autograd", "nn", "text", "train", "apps"):
        lists.joinpath(f"pmt_{package}.txt").write_text("A\nB\n", encoding="utf-8")
    api = tmp_path / "api"
    api.mkdir()
    body = "".join(
        f'<p id="pmt_{package}.{name}"></p>'
        for package in ("core", "autograd", "nn", "text", "train", "apps")
        for name in "AB"
    )
    api.joinpath("a.html").write_text(body.replace('id="pmt_nn.B"', ""), encoding="utf-8")
    assert Site(tmp_path).missing_names(lists) == ["pmt_nn.B"]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=MISSING)
def test_a_browser_shows_contrast_width_and_requests(tmp_path: Path) -> None:
    body = (
        '<p style="color: #999; background: #fff">gray</p>'
        '<p style="color: #767676; background: #fff">just dark enough</p>'
        '<p style="color: #000; opacity: 0.4">faint</p>'
        '<div style="width: 600px">wide</div>'
    )
    script = "<script>new Image().src = 'http://127.0.0.1:9/x.png';</script>"
    site_of(tmp_path, body, script)
    with address_of(tmp_path) as address, browser() as window:
        problems = page_problems(window, address, "index.html")
        good = page_problems(window, address, "other.html")
    expected = (
        "light: contrast 2.85", "light: contrast 2.85", "dark: contrast 2.85",
        "390 pixels: is 6", "asks for http://127.0.0.1:9/x.png",
    )  # fmt: skip
    for part in expected:
        assert any(part in line for line in problems), (part, problems)
    assert not any("just dark enough" in line for line in problems)
    assert not any("1280 pixels" in line for line in problems)
    assert not [line for line in good if "console" not in line]
