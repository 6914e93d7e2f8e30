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


def _arrows(**folders: str) -> dict[str, frozenset[str]]:
    """Arrows between folders; `a__b` stands for the folder a/b."""
    return {name.replace("__", "."): _names(targets) for name, targets in folders.items()}


# Folder -> the folders (of the same package) that it may import. "." is the root of the package,
# which needs no entry unless it imports a folder; a module of the root that lies above folders has
# an entry of its own.
FOLDERS: dict[str, dict[str, frozenset[str]]] = {
    "pmt_core": _arrows(archive=".", gradient_check="."),
    "pmt_autograd": _arrows(ops=".", debug="ops ."),
    "pmt_nn": _arrows(
        module="",
        layers=". module",
        losses="layers module",
        convolution="layers module",
        recurrent=". layers module",
        word2vec="",
        attention=". layers module",
        crf=". losses module",
        inspect="attention module",
        transformer=". attention layers module",
        generation=". attention",
        models=". attention crf generation layers losses module transformer",
    ),
    "pmt_text": _arrows(
        files="",
        tokenizers="files",
        batching="files tokenizers",
        word_vectors="files tokenizers",
        word2vec__corpus="files",
        word2vec__sampling="word2vec.corpus",
        qqp="batching files tokenizers",
        ner="batching files tokenizers",
        translation="batching files tokenizers",
    ),
    "pmt_train": _arrows(
        parallel="",
        metrics="",
        optim="parallel",
        trainer=". optim parallel",
        word2vec="parallel trainer",
        plots="metrics trainer",
    ),
    "pmt_apps": _arrows(
        kit="",
        ner="kit",
        language_model="kit",
        translation="kit",
        word2vec="kit",
        mnist="kit",
        qqp__data="kit",
        qqp__models="qqp.data",
        qqp__training="kit qqp.data qqp.models",
        qqp="kit qqp.data qqp.models qqp.training",
    ),
}

# Files outside 25 to 300 lines, each with its reason.
FILE_SIZE_EXCEPTIONS: dict[str, str] = dict.fromkeys(
    (
        "apps/train_lm.py",
        "apps/train_mnist.py",
        "apps/train_ner.py",
        "apps/train_qqp.py",
        "apps/train_translation.py",
        "apps/train_word2vec.py",
        "apps/validate_word2vec.py",
    ),
    "an entry point",
)

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


def source_root(package: str) -> Path:
    """The folder that is the import package, of a package or of the apps."""
    return ROOT / "apps" / package if package == "pmt_apps" else source_folder(package)


def python_files(where: Path) -> Iterator[Path]:
    """Every Python file below a folder, in a stable order."""
    return (path for path in sorted(where.rglob("*.py")) if "__pycache__" not in path.parts)
