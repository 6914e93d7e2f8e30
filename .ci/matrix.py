"""Run the packages' suites on every Python of this machine, with the oldest and the newest NumPy.

`hatch run matrix:test` runs each Python from 3.11 that is found (`python3.N` on PATH, in pyenv's
folder, or by the Windows launcher) twice: with the oldest versions that the ranges of the packages
admit, and with the newest that pip finds. Each run has a virtual environment of its own below
.hatch/matrix, with the packages as wheels, not editable.

    hatch run matrix:test
    hatch run matrix:test --python 3.12 --versions oldest
    hatch run matrix:test -- tests/core -x          # arguments of pytest; by default all suites
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / ".hatch" / "matrix"
LOWEST = (3, 11)
HIGHEST_MINOR = 20
PACKAGES = ("core", "autograd", "nn", "text", "train")
FOLDERS = [str(ROOT / "packages" / f"pmt-{name}") for name in PACKAGES]
SUITES = [f"tests/{name}" for name in PACKAGES]
MARKERS = "not oracle and not data and not packaging and not slow"

# The oldest releases with wheels for a Python that is younger than the lower bounds.
FIRST_WHEELS = {
    (3, 13): {"numpy": "2.1.0", "matplotlib": "3.9.2"},
    (3, 14): {"numpy": "2.3.2", "matplotlib": "3.10.5"},
}


def interpreters() -> dict[tuple[int, int], str]:
    """Return the Pythons from 3.11 of this machine, by (major, minor), the lowest first."""
    candidates = [[sys.executable]]
    for minor in range(LOWEST[1], HIGHEST_MINOR):
        path = shutil.which(f"python3.{minor}")
        candidates += [[path]] if path else []
        candidates += [["py", f"-3.{minor}"]] if shutil.which("py") and os.name == "nt" else []
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates += [[str(path)] for path in sorted(pyenv.glob("*/bin/python"))]
    found: dict[tuple[int, int], str] = {}
    for command in candidates:
        code = "import sys; print(*sys.version_info[:2], sys._base_executable)"
        done = subprocess.run([*command, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            *version, executable = done.stdout.strip().split(" ", 2)
            python = int(version[0]), int(version[1])
            if python >= LOWEST:
                found.setdefault(python, executable)
    return dict(sorted(found.items()))


def oldest_versions(python: tuple[int, int]) -> list[str]:
    """Return a pin of the lowest version of each third party that the packages need."""
    lowest: dict[str, str] = {}
    for folder in FOLDERS:
        text = (Path(folder) / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        parallel = project.get("optional-dependencies", {}).get("parallel", [])
        for requirement in map(Requirement, [*project["dependencies"], *parallel]):
            if not requirement.name.startswith("pmt-"):
                (bound,) = [each for each in requirement.specifier if each.operator == ">="]
                lowest[requirement.name] = bound.version
    for since, wheels in FIRST_WHEELS.items():
        if python >= since:
            lowest |= {name: max(lowest[name], wheels[name], key=Version) for name in wheels}
    return [f"{name}=={version}" for name, version in lowest.items()]


def clean_environment() -> dict[str, str]:
    """Return the environment without what would let other packages into a virtual environment."""
    leaks = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE")
    remaining = {name: value for name, value in os.environ.items() if name not in leaks}
    return {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg", **remaining}


def run(*command: str | Path) -> int:
    """Run a command in the clone; return its exit code."""
    arguments = [str(part) for part in command]
    print("$", *arguments, flush=True)
    return subprocess.run(arguments, cwd=ROOT, env=clean_environment(), check=False).returncode


def test(python: tuple[int, int], executable: str, versions: str, arguments: list[str]) -> str:
    """Make an environment and run the suites in it; return what came of it."""
    folder = WORK / f"{python[0]}.{python[1]}-{versions}"
    inside = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pins = oldest_versions(python) if versions == "oldest" else []
    if run(executable, "-m", "venv", "--clear", folder):
        return "no virtual environment"
    install = (inside, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "--upgrade")
    packages = [*FOLDERS[:-1], FOLDERS[-1] + "[parallel]"]
    if run(*install, *pins, "pytest>=8.2", "pytest-xdist>=3.7", *packages):
        return "pip could not install it"
    run(inside, "-m", "pip", "list", "--format", "freeze", "--exclude-editable")
    parallel = ("-n", "auto", "--dist", "loadfile")
    code = run(inside, "-m", "pytest", "-q", *parallel, "-m", MARKERS, *(arguments or SUITES))
    return "passed" if code == 0 else f"pytest ended with exit code {code}"


def main() -> int:
    """Run all, print a table, and return 1 if any failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--python", action="append", help="only this version, e.g. 3.12; repeatable"
    )
    parser.add_argument("--versions", choices=("oldest", "newest"), help="only these versions")
    parser.add_argument("arguments", nargs="*", help="arguments of pytest, after --")
    options = parser.parse_args()
    # A shell starts background jobs with SIGINT ignored; the tests of interruption need it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    pythons = {
        python: executable
        for python, executable in interpreters().items()
        if not options.python or f"{python[0]}.{python[1]}" in options.python
    }
    if not pythons:
        print(f"no Python {' or '.join(options.python or ['from 3.11'])} on this machine")
        return 1
    rows = []
    for python, executable in pythons.items():
        for versions in [options.versions] if options.versions else ["oldest", "newest"]:
            start = time.monotonic()
            result = test(python, executable, versions, options.arguments)
            rows.append((f"{python[0]}.{python[1]}", versions, result, time.monotonic() - start))
    print(f"\n{'Python':8}{'versions':10}{'seconds':>8}  result")
    for name, versions, result, seconds in rows:
        print(f"{name:8}{versions:10}{seconds:8.0f}  {result}")
    return int(any(result != "passed" for _, _, result, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
