"""Check the site that `hatch run docs:build` made.

hatch run docs:check                         # build, then all checks
hatch run docs:check --pages log cards       # in the browser, only pages whose path begins so
hatch run docs:check --screenshots FOLDER    # and pictures of some pages, in both widths and themes

Links, anchors, headings, alternative texts and the names of the API are read from the files.
Chromium and chromedriver open every page at 1280 and 390 pixels: nothing may come from elsewhere,
no page is wider than the window, and text has the contrast of WCAG AA in both themes. Without them
these checks are left out, and the last line says so.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from docs.site.build import FOLDER, build  # noqa: E402
from docs.site.checks import browser_checks  # noqa: E402
from docs.site.checks.static_checks import Site  # noqa: E402

SCREENSHOTS = (
    "index.html",
    "log/02-softmax-and-cross-entropy.html",
    "cards/softmax.html",
    "course/09-the-tape.html",
    "guides/from-pytorch.html",
    "api/pmt_nn/attention.html",
    "results.html",
    "log/glossary.html",
)


def browser_problems(site: Site, beginnings: tuple[str, ...]) -> list[str]:
    """Open every page that is no source, and one that is, in the browser."""
    names = [path.relative_to(site.folder).as_posix() for path in site.pages]
    sources = [name for name in names if name.startswith("source/")]
    pages = [name for name in names if name not in sources] + sources[-1:]
    problems: list[str] = []
    with browser_checks.address_of(site.folder) as address, browser_checks.browser() as window:
        for page in pages:
            if page.startswith(beginnings):
                problems += browser_checks.page_problems(window, address, page)
        problems += browser_checks.search_problems(window, address)
        problems += browser_checks.term_problems(
            window, address, "log/02-softmax-and-cross-entropy.html"
        )
    return problems


def take_screenshots(site: Path, folder: Path) -> None:
    """Write pictures of some pages."""
    folder.mkdir(parents=True, exist_ok=True)
    with browser_checks.address_of(site) as address, browser_checks.browser() as window:
        for page in SCREENSHOTS:
            if not (site / page).exists():
                continue
            for theme in browser_checks.THEMES:
                window.color_scheme(theme)
                for width in browser_checks.WIDTHS:
                    window.resize(width, 1400)
                    window.open(f"{address}/{page}")
                    name = page.replace("/", "-").removesuffix(".html")
                    picture = folder / f"{name}-{width}-{theme}.png"
                    picture.write_bytes(window.screenshot())


def main() -> int:
    """Build and check; print the problems and return 1 if there are any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--no-build", action="store_true", help="check the site as it is")
    parser.add_argument("--no-browser", action="store_true", help="only what the files show")
    parser.add_argument("--pages", nargs="*", default=[""], help="beginnings of paths")
    parser.add_argument("--screenshots", type=Path, help="folder for pictures")
    options = parser.parse_args()
    if not options.no_build and build(fresh=True):
        return 1
    site = Site(FOLDER / "html")
    missing = site.missing_names(ROOT / "tests" / "architecture" / "public_api")
    problems = [*site.problems(), *(f"{name} is not in the reference" for name in missing)]
    left_out = "the browser was not asked for" if options.no_browser else browser_checks.MISSING
    if not left_out:
        problems += browser_problems(site, tuple(options.pages))
        if options.screenshots is not None:
            take_screenshots(FOLDER / "html", options.screenshots)
    for problem in problems:
        print(problem)
    note = f"; without a browser: {left_out}" if left_out else ""
    print(f"{len(site.pages)} pages, {len(problems)} problems{note}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
