"""Fetch the JavaScript libraries of the page of `pmt serve` from npm into the package.

    hatch run docs:page_libraries            # fetch the versions below
    hatch run docs:page_libraries --check    # are the files those of npm?

Requires npm. Of each library one file, its style sheet and its license are copied, unchanged, to
apps/pmt_apps/server/page/vendor/NAME/; versions.json there has versions, licenses and checksums.
To update a library, change its version below. The files of d3 add to one object, `d3`, and are
imported in their order by page/d3.js.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[1] / "pmt_apps" / "server" / "page" / "vendor"
LIBRARIES = {  # package of npm -> version, file
    "@dagrejs/dagre": ("3.1.3", "dist/dagre.esm.js"),
    "d3-color": ("3.1.1", "dist/d3-color.min.js"),
    "d3-dispatch": ("3.0.2", "dist/d3-dispatch.min.js"),
    "d3-drag": ("3.0.1", "dist/d3-drag.min.js"),
    "d3-ease": ("3.0.2", "dist/d3-ease.min.js"),
    "d3-hierarchy": ("3.1.3", "dist/d3-hierarchy.min.js"),
    "d3-interpolate": ("3.0.2", "dist/d3-interpolate.min.js"),
    "d3-selection": ("3.0.1", "dist/d3-selection.min.js"),
    "d3-timer": ("3.0.2", "dist/d3-timer.min.js"),
    "d3-transition": ("3.0.2", "dist/d3-transition.min.js"),
    "d3-zoom": ("3.0.1", "dist/d3-zoom.min.js"),
    "uplot": ("1.6.32", "dist/uPlot.iife.min.js"),
}
STYLES = {"uplot": "dist/uPlot.min.css"}
"""Style sheet of a library that has some."""
Files = Mapping[str, bytes]
"""Path below vendor/ -> content."""


def packed(name: str, version: str) -> Files:
    """Return the files of a package of npm by their path in it."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm is not on PATH; install Node.js to fetch the libraries")
    with tempfile.TemporaryDirectory() as folder:
        command = [npm, "pack", f"{name}@{version}", "--silent", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        (archive,) = Path(folder).iterdir()
        data = archive.read_bytes()
    files = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as members:
        for member in members:
            file = members.extractfile(member)
            if file is not None:
                files[member.name.partition("/")[2]] = file.read()
    return files


def fetched() -> Files:
    """Return all files of the libraries, and versions.json."""
    result: dict[str, bytes] = {}
    versions = {}
    for name, (version, path) in LIBRARIES.items():
        print(f"{name} {version}")
        files = packed(name, version)
        short = name.rpartition("/")[2].lower()
        file = f"{short}/{path.rpartition('/')[2]}"
        result[file] = files[path]
        result[f"{short}/LICENSE"] = files["LICENSE"]
        versions[name] = {
            "version": version,
            "license": json.loads(files["package.json"])["license"],
            "file": file,
            "sha256": hashlib.sha256(files[path]).hexdigest(),
        }
        if name in STYLES:
            style = files[STYLES[name]]
            file = f"{short}/{STYLES[name].rpartition('/')[2]}"
            result[file] = style
            versions[f"{name} (style)"] = {
                **versions[name], "file": file, "sha256": hashlib.sha256(style).hexdigest()
            }  # fmt: skip
    result["versions.json"] = (json.dumps(versions, indent=2) + "\n").encode()
    return result


def existing() -> Files:
    """Return the files that are in the package."""
    paths = [path for path in sorted(VENDOR.rglob("*")) if path.is_file()]
    return {path.relative_to(VENDOR).as_posix(): path.read_bytes() for path in paths}


def main(arguments: list[str]) -> int:
    """Fetch or check the libraries; return the exit code."""
    parser = argparse.ArgumentParser(description="the libraries of the page, from npm")
    parser.add_argument("--check", action="store_true", help="change nothing; compare")
    is_check = parser.parse_args(arguments).check
    wanted, present = fetched(), existing()
    names = sorted({*wanted, *present})
    different = [name for name in names if wanted.get(name) != present.get(name)]
    for name in different:
        print(f"{'differs' if is_check else 'changed'}: {name}")
    if is_check:
        return 1 if different else 0
    for name in different:
        path = VENDOR / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(wanted[name])
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
