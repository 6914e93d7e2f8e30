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


def _arrows(table: str) -> dict[str, dict[str, frozenset[str]]]:
    """Arrows between folders: package, folder, the folders that it may import; lines add up."""
    folders: dict[str, dict[str, frozenset[str]]] = {}
    for line in table.strip().splitlines():
        package, folder, *targets = line.split()
        known = folders.setdefault(package, {})
        known[folder] = known.get(folder, frozenset()).union(targets)
    return folders


# Folder -> the folders (of the same package) that it may import. "." is the root of the package,
# which needs no entry unless it imports a folder; a module of the root that lies above folders has
# an entry of its own.
FOLDERS: dict[str, dict[str, frozenset[str]]] = _arrows(
    """
    pmt_core      files                .
    pmt_core      random_stream        . files
    pmt_core      archive              . files
    pmt_core      gradient_check       .
    pmt_autograd  ops                  .
    pmt_autograd  debug                ops .
    pmt_nn        module
    pmt_nn        layers               . module
    pmt_nn        losses               layers module
    pmt_nn        convolution          layers module
    pmt_nn        recurrent            . layers module
    pmt_nn        word2vec
    pmt_nn        attention            . layers module
    pmt_nn        crf                  . losses module
    pmt_nn        inspect              attention module transformer
    pmt_nn        transformer          . attention layers module
    pmt_nn        generation           . attention
    pmt_nn        models               . attention crf generation layers losses module transformer
    pmt_text      files
    pmt_text      tokenizers           files
    pmt_text      tokenizers.pretrained  files
    pmt_text      batching             files tokenizers
    pmt_text      word_vectors         files tokenizers
    pmt_text      word2vec.corpus      files
    pmt_text      word2vec.sampling    word2vec.corpus
    pmt_text      qqp                  batching files tokenizers
    pmt_text      classification       files
    pmt_text      ner                  batching files tokenizers
    pmt_text      translation          batching files tokenizers
    pmt_train     parallel
    pmt_train     metrics
    pmt_train     optim                parallel
    pmt_train     trainer              . optim parallel
    pmt_train     recording            optim trainer
    pmt_train     word2vec             parallel trainer
    pmt_train     plots                metrics trainer
    pmt_apps      kit
    pmt_apps      encoder
    pmt_apps      tape
    pmt_apps      fold_scores          kit
    pmt_apps      transformer_optimizer
    pmt_apps      classification       encoder fold_scores kit
    pmt_apps      estimators           classification encoder kit ner qqp qqp.data qqp.models
    pmt_apps      estimators           qqp.training
    pmt_apps      ner                  encoder fold_scores kit
    pmt_apps      language_model       kit transformer_optimizer
    pmt_apps      translation          kit transformer_optimizer
    pmt_apps      pretraining          encoder kit transformer_optimizer
    pmt_apps      word2vec             kit
    pmt_apps      mnist                kit
    pmt_apps      qqp.data             encoder kit transformer_optimizer
    pmt_apps      qqp.models           encoder qqp.data
    pmt_apps      qqp.training         kit qqp.data qqp.models transformer_optimizer
    pmt_apps      qqp                  kit qqp.data qqp.models qqp.training
    pmt_apps      loading              kit classification language_model mnist ner qqp
    pmt_apps      loading              translation word2vec pretraining
    pmt_apps      comparison           kit loading
    pmt_apps      embed                encoder kit
    pmt_apps      server.network
    pmt_apps      server.batching      server.network
    pmt_apps      server               classification kit language_model loading ner qqp word2vec
    pmt_apps      server               mnist server.batching server.network tape translation
    pmt_apps      serve                server server.network
    pmt_apps      console              classification comparison embed kit language_model
    pmt_apps      console              mnist ner pretraining qqp server translation word2vec
    pmt_apps      .                    console
    campaigns     kills
    campaigns     fuzz.mutations
    campaigns     fuzz.readers         fuzz.mutations
    campaigns     fuzz                 fuzz.readers
    """
)

# Files outside 25 to 300 lines, each with its reason.
FILE_SIZE_EXCEPTIONS: dict[str, str] = {"apps/pmt_apps/__main__.py": "an entry point"}

APPS = Row(
    packages=frozenset(PACKAGES),
    third_party=_names("numpy matplotlib"),
    extras={"serve": _names("waitress")},
)
DISTRIBUTIONS: dict[str, Row] = {**PACKAGES, "pmt_apps": APPS}
"""What is built and installed: the packages, and the applications above them."""

CAMPAIGNS = Row(packages=frozenset(PACKAGES), third_party=_names("numpy tqdm matplotlib"))
DOCS = Row(packages=frozenset(PACKAGES), third_party=_names("numpy matplotlib"))
"""The programs of docs/: pictures, cards, listings."""
SITE = Row(
    packages=frozenset(PACKAGES), third_party=_names("docutils nbclient nbformat pygments sphinx")
)
"""docs/site: what builds the site from the documents and docstrings."""

# Folders of docs/ that are packages -> those that they may import, and modules of docs/ itself.
DOCS_FOLDERS: dict[str, frozenset[str]] = {
    "drawing": frozenset(),
    "cards": frozenset({"drawing"}),
    "course": frozenset(),
    "site": frozenset({"slides"}),
}


def _tests_row(*packages: str, third_party: str = "") -> Row:
    local = frozenset(packages)
    allowed = local.union(*(PACKAGES[name].packages for name in local))
    parties = frozenset().union(*(PACKAGES[name].third_party for name in local))
    return Row(packages=allowed, third_party=parties | {"pytest"} | _names(third_party))


# What a folder of tests may import: its package, what that may import, and pytest.
TESTS: dict[str, Row] = {
    "core": _tests_row("pmt_core"),
    "autograd": _tests_row("pmt_autograd"),
    "nn": _tests_row("pmt_nn"),
    "text": _tests_row("pmt_text"),
    "train": _tests_row("pmt_train"),
    "apps": _tests_row(*PACKAGES),
    "campaigns": _tests_row(*PACKAGES),
    "oracle": _tests_row(*PACKAGES),
    "log": _tests_row(*PACKAGES),
    "guides": _tests_row(*PACKAGES),
    "docstrings": _tests_row(*PACKAGES),
    "course": _tests_row(*PACKAGES),
    "site": _tests_row(*PACKAGES),
    "shared": _tests_row(*PACKAGES),
    "benchmarks": _tests_row(*PACKAGES, third_party="benchmarks"),  # the folder of the root
    "architecture": Row(third_party=_names("pytest packaging")),
    "packaging": Row(third_party=_names("pytest packaging")),
}

# Other implementations, asked as black boxes by tests marked `oracle`.
ORACLES = _names("torch gensim sacrebleu safetensors scipy seqeval sklearn")


def distribution(package: str) -> str:
    """The name pip knows: pmt_core -> pmt-core."""
    return package.replace("_", "-")


def folder(package: str) -> Path:
    """Where the distribution of a package, or of the apps, lives."""
    if package == "pmt_apps":
        return ROOT / "apps"
    return ROOT / "packages" / distribution(package)


def source_folder(package: str) -> Path:
    """Where the Python files of a package, or of the apps, live."""
    if package == "pmt_apps":
        return folder(package) / package
    return folder(package) / "src" / package


def source_root(package: str) -> Path:
    """The folder that is the import package, of a package, of the apps or of the campaigns."""
    return ROOT / package if package == "campaigns" else source_folder(package)


def python_files(where: Path) -> Iterator[Path]:
    """Every Python file below a folder, in a stable order."""
    return (path for path in sorted(where.rglob("*.py")) if "__pycache__" not in path.parts)
