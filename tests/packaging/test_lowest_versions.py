"""The lowest versions that the packages ask for are installed together, and pmt works with them."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

pytestmark = [pytest.mark.packaging, pytest.mark.slow]

TRAIN_AND_DRAW = """
from importlib.metadata import version
from pathlib import Path

import numpy as np

from pmt_autograd import Tensor
from pmt_nn import Linear, cross_entropy
from pmt_train import FitOptions, Trainer, Workers, learning_curves

x = np.random.default_rng(1).normal(size=(64, 3)).astype(np.float32)
batch = (x, (x.sum(axis=1) > 0).astype(np.int64))

def loss(model, batch, rng):
    x, labels = batch
    return cross_entropy(model(Tensor(x)), labels, reduction="sum"), len(x)

workers = Workers(2)
trainer = Trainer(Linear(3, 2, np.random.default_rng(2)), loss, workers=workers)
history = trainer.fit([batch], FitOptions(3, quiet=True))
learning_curves(Path("curves.png"), history)
losses = history.column("train_loss")
print(losses[-1] < losses[0], workers.count, Path("curves.png").read_bytes()[1:4])
for name in ("numpy", "matplotlib", "tqdm", "threadpoolctl", "mpi4py"):
    print(name, version(name))
"""


def lowest_versions(root: Path) -> dict[str, str]:
    """The version after `>=` of each third party in the pyproject.toml of any package."""
    lowest: dict[str, str] = {}
    for path in sorted((root / "packages").glob("*/pyproject.toml")):
        project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        extras = project.get("optional-dependencies", {}).values()
        for text in [*project["dependencies"], *(text for texts in extras for text in texts)]:
            requirement = Requirement(text)
            if not requirement.name.startswith("pmt-"):
                (bound,) = requirement.specifier
                assert bound.operator == ">=", text
                assert lowest.setdefault(requirement.name, bound.version) == bound.version
    return lowest


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="NumPy 2.0 has no wheel for Python 3.13")
def test_pmt_trains_and_draws_with_the_lowest_versions(
    bare_environment: Callable, root: Path
) -> None:
    environment, lowest = bare_environment(), lowest_versions(root)
    pinned = [f"{name}=={version}" for name, version in lowest.items()]
    packages = [root / "packages" / f"pmt-{name}" for name in ("core", "autograd", "nn", "train")]
    environment.install("--only-binary", ":all:", *pinned, *packages, cwd=root)
    result, *versions = environment.run(TRAIN_AND_DRAW, "ignore").splitlines()
    assert result == "True 2 b'PNG'"
    installed = dict(line.split() for line in versions)
    assert installed.keys() == lowest.keys()
    for name, version in lowest.items():
        assert Version(installed[name]) == Version(version), name
