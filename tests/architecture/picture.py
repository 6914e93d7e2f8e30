"""The picture of ARCHITECTURE.md as data: who may import whom, and which third parties.

pmt_core  <-  pmt_autograd  <-  pmt_nn  <-  pmt_train        arrows: "is imported by"
    ^                                          ^
    +---------------  pmt_text                 |
                          ^                    |
                          +------  apps  ------+
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Row:
    """What one package, or the apps, or a folder of tests, may import besides the standard library.

    `extras` maps an optional dependency of its distribution to its import names: they are imported
    inside `try ... except ImportError`, or under `if TYPE_CHECKING`, and nowhere else.
    """

    packages: frozenset[str] = frozenset()
    third_party: frozenset[str] = frozenset()
    extras: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def optional(self) -> frozenset[str]:
        return frozenset().union(*self.extras.values())


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


PACKAGES: dict[str, Row] = {
    "pmt_core": Row(third_party=_names("numpy")),
    "pmt_autograd": Row(
        packages=_names("pmt_core"),
        third_party=_names("numpy"),
        extras={"pictures": _names("matplotlib")},
    ),
    "pmt_nn": Row(packages=_names("pmt_core pmt_autograd"), third_party=_names("numpy")),
    "pmt_text": Row(packages=_names("pmt_core"), third_party=_names("numpy")),
    "pmt_train": Row(
        packages=_names("pmt_core pmt_autograd pmt_nn"),
        third_party=_names("numpy tqdm matplotlib"),
        extras={"parallel": _names("threadpoolctl"), "mpi": _names("mpi4py")},
    ),
}

APPS = Row(packages=frozenset(PACKAGES), third_party=_names("numpy matplotlib"))


def _tests_row(*packages: str, third_party: str = "") -> Row:
    own = frozenset(packages)
    allowed = own.union(*(PACKAGES[name].packages for name in own))
    parties = frozenset().union(*(PACKAGES[name].third_party for name in own))
    return Row(packages=allowed, third_party=parties | {"pytest"} | _names(third_party))


# What a folder of tests may import: its package, what that may import, and pytest.
TESTS: dict[str, Row] = {
    "core": _tests_row("pmt_core"),
    "autograd": _tests_row("pmt_autograd"),
    "nn": _tests_row("pmt_nn"),
    "text": _tests_row("pmt_text"),
    "train": _tests_row("pmt_train"),
    "apps": _tests_row(*PACKAGES),
    "log": Row(third_party=_names("pytest")),
    "shared": _tests_row(*PACKAGES),
    "architecture": Row(third_party=_names("pytest packaging")),
    "packaging": Row(third_party=_names("pytest packaging")),
}

# Other implementations, asked as black boxes by tests marked `oracle`.
ORACLES = _names("torch gensim sacrebleu safetensors scipy seqeval sklearn")


def distribution(package: str) -> str:
    """The name pip knows: pmt_core -> pmt-core."""
    return package.replace("_", "-")


def folder(package: str) -> Path:
    """Where the distribution of a package lives."""
    return ROOT / "packages" / distribution(package)


def source_folder(package: str) -> Path:
    """Where the Python files of a package live."""
    return folder(package) / "src" / package


def python_files(where: Path) -> Iterator[Path]:
    """Every Python file below a folder, in a stable order."""
    return (path for path in sorted(where.rglob("*.py")) if "__pycache__" not in path.parts)
