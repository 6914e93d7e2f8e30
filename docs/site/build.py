"""Build the site from the documents and docstrings of the clone, and serve it.

hatch run docs:build                 # build/site/html; a warning is an error
hatch run docs:serve                 # builds it and serves it at http://127.0.0.1:8000
hatch run docs:serve --port 8080

Requires Node.js with npm (KaTeX renders the formulas). The site needs nothing of the network.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import shutil
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from docs.site.api import api_pages  # noqa: E402
from docs.site.make_notebooks import write_notebooks  # noqa: E402
from docs.site.stage import Stage  # noqa: E402
from docs.slides import write as write_decks  # noqa: E402

FOLDER = ROOT / "build" / "site"


def build(folder: Path = FOLDER, fresh: bool = False) -> int:
    """Stage the pages and run Sphinx on them; return its exit code."""
    from sphinx.cmd.build import main as sphinx_build

    if fresh:
        shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source"
    Stage(ROOT, source).write(api_pages())
    options = ["--builder", "html", "--fail-on-warning", "--keep-going", "--quiet"]
    places = ["--conf-dir", HERE, "--doctree-dir", folder / "doctrees", source, folder / "html"]
    code: int = sphinx_build([*options, *map(str, places)])
    write_notebooks(folder / "html" / "notebooks")
    write_decks(folder / "html" / "slides")
    return code


def serve(folder: Path, port: int) -> None:
    """Serve the site to this machine until Ctrl-C."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def main() -> int:
    """Build, and serve if that is wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("build", "serve"))
    parser.add_argument("--fresh", action="store_true", help="build all pages anew")
    parser.add_argument("--port", type=int, default=8000, help="of `serve`")
    options = parser.parse_args()
    start = time.perf_counter()
    code = build(fresh=options.fresh)
    pages = len(list((FOLDER / "html").rglob("*.html")))
    print(f"{FOLDER / 'html'}: {pages} pages, {time.perf_counter() - start:.0f} s")
    if code == 0 and options.what == "serve":
        serve(FOLDER / "html", options.port)
    return code


if __name__ == "__main__":
    sys.exit(main())
