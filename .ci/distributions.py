"""Build every distribution, and check what was built.

    hatch run build:check       wheels and sdists, built twice with equal bytes; twine's check
    hatch run build:sdists      the tests of every sdist, in an environment of its own

Nothing is uploaded. `--keep FOLDER` puts the first build there.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARKERS = "not oracle and not data and not packaging and not slow"
EPOCH = "1700000000"  # seconds; the time of everything in an archive
SKIPPED = shutil.ignore_patterns(".git", ".hatch", ".*_cache", "__pycache__", "dist", "runs")


def projects(root: Path) -> list[Path]:
    """Return the folder of every distribution, in the order in which they need each other."""
    names = ("core", "autograd", "nn", "text", "train")
    return [*(root / "packages" / f"pmt-{name}" for name in names), root / "apps"]


def run(*command: str | Path, cwd: Path = ROOT, umask: int = 0o022) -> int:
    """Run a command with a fixed SOURCE_DATE_EPOCH; return its exit code."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
    environment |= {"SOURCE_DATE_EPOCH": EPOCH, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
    arguments = [str(part) for part in command]
    print("$", *arguments, flush=True)
    done = subprocess.run(arguments, cwd=cwd, env=environment, umask=umask, check=False)
    return done.returncode


def build(root: Path, out: Path, umask: int = 0o022) -> int:
    """Build all distributions of a clone to a folder; return the number of failures."""
    command = (sys.executable, "-m", "build", "--no-isolation", "--outdir", out)
    return sum(run(*command, folder, cwd=root, umask=umask) != 0 for folder in projects(root))


def digests(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a folder."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


def check(work: Path) -> list[str]:
    """Build twice, the second time from a copy with other times and another umask; compare."""
    first, second, copy = work / "dist", work / "again", work / "copy"
    if build(ROOT, first):
        return ["a distribution was not built"]
    shutil.copytree(ROOT, copy, ignore=SKIPPED, copy_function=shutil.copy)  # new times
    failures = ["the second build failed"] if build(copy, second, 0o077) else []
    one, two = digests(first), digests(second)
    for name, digest in one.items():
        print(digest, name)
    failures += [
        f"{name} differs when it is built again" for name in one if two.get(name) != one[name]
    ]
    if run(sys.executable, "-m", "twine", "check", "--strict", *sorted(first.iterdir())):
        failures.append("twine check")
    return failures


def test_sdists(work: Path, only: list[str]) -> list[str]:
    """Install each sdist and run the tests that it holds, in the unpacked folder."""
    dist, failures = work / "dist", []
    if build(ROOT, dist):
        return ["a distribution was not built"]
    for path in sorted(dist.glob("*.tar.gz")):
        if only and not any(path.name.startswith(f"{name.replace('-', '_')}-") for name in only):
            continue
        with tarfile.open(path) as archive:
            archive.extractall(work, filter="data")
        folder = work / path.name.removesuffix(".tar.gz")
        if not (folder / "tests").is_dir():
            continue
        environment = work / f"environment-{folder.name}"
        venv.create(environment, with_pip=True)
        python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        install = (python, "-m", "pip", "install", "--quiet", "--find-links", dist)
        pytest = (python, "-m", "pytest", "-q", "-n", "auto", "-m", MARKERS)
        if run(*install, path, "pytest>=8.2", "pytest-xdist>=3.7") or run(*pytest, cwd=folder):
            failures.append(f"the tests of {path.name}")
    return failures


def main() -> int:
    """Run one of the two; print the failures and return 1 if there are any."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=("check", "sdists"))
    parser.add_argument("only", nargs="*", help="sdists: only these, e.g. pmt-core")
    parser.add_argument("--keep", type=Path, help="folder for the distributions")
    options = parser.parse_args()
    # A shell starts background jobs with SIGINT ignored; the tests of interruption need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        failures = check(work) if options.what == "check" else test_sdists(work, options.only)
        if options.keep is not None:
            shutil.copytree(work / "dist", options.keep, dirs_exist_ok=True)
    for failure in failures:
        print(f"FAILED: {failure}")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
