"""Every item of the seed's log has a row with links in the table of docs/log/README.md."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import LINK, read, section

# The items of the seed's log in their order: headings with a pin, objects with a check mark,
# sections.
ITEMS = (
    "Layer and Activation",
    "Layer",
    "Activation",
    "Dense",
    "ReLU",
    "Softmax",
    "LogSoftmax",
    "Dropout",
    "Parameter and Optimizer",
    "Parameter",
    "Optimizer",
    "Adam",
    "Loss and Metric",
    "Loss",
    "Metric",
    "CategoricalCrossEntropy",
    "Accuracy",
    "Model, Trainer, and DataGeneratorWrapper",
    "Model",
    "Trainer",
    "DataGeneratorWrapper",
    "Challenges: Jacobians",
    "MLP for MNIST digit recognition",
    "Convolutional neural networks",
    "Word embeddings",
    "Embedding",
    "AxisMean",
    "Lambda",
    "AxisDot",
    "Sigmoid",
    "BinaryCrossEntropy",
    "RMSProp",
    "Hierarchical softmax",
    "Negative sampling",
    "Subsampling",
    "Challenges: embeddings",
    "The toy example: Paris, France, Berlin, Germany",
    "CBOW with Text8",
    "Skip-gram with Text8",
    "Handling non-sequential architectures",
    "Combinator layers",
    "Module",
    "Automatic gradients",
    "Transformer",
    "Named entity recognition",
    "Quora question pairs",
)
SECTION = "The seed, item by item"
ROW = re.compile(r"^\| (?P<item>[^|]+?) \| (?P<where>[^|]+?) \|$", re.M)


def problems(docs: Path) -> list[str]:
    """Return the items without a row or without a link."""
    body = section(read(docs / "log" / "README.md"), SECTION)
    if body is None:
        return [f"README.md: has no section '{SECTION}'"]
    rows = {match["item"]: match["where"] for match in ROW.finditer(body)}
    found = [f"README.md: the seed's {item!r} has no row" for item in ITEMS if item not in rows]
    for item, where in rows.items():
        if item in ("of the seed", "---"):
            continue
        if item not in ITEMS:
            found.append(f"README.md: {item!r} is no item of the seed")
        elif not any(re.match(r"[\w-]+\.md", link[3]) for link in LINK.finditer(where)):
            found.append(f"README.md: {item!r} has no link to a chapter")
    return found
