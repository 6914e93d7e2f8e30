"""Every item of the seed's log has a row with links in the table of docs/log/README.md."""

from __future__ import annotations

import re
from pathlib import Path

from checks.pages import LINK, anchors, read, section, sections

# The items of the seed's log in their order (headings with a pin, objects with a check mark),
# and what one of the linked sections has to mention.
ITEMS = {
    "Layer and Activation": r"layer",
    "Layer": r"layer",
    "Activation": r"relu|rectifier",
    "Dense": r"dense layer",
    "ReLU": r"relu|rectifier",
    "Softmax": r"softmax",
    "LogSoftmax": r"log_?softmax",
    "Dropout": r"dropout",
    "Parameter and Optimizer": r"parameter",
    "Parameter": r"parameter",
    "Optimizer": r"optimizer",
    "Adam": r"\*Adam\*",
    "Loss and Metric": r"loss",
    "Loss": r"\*loss\*",
    "Metric": r"\*metric\*",
    "CategoricalCrossEntropy": r"cross-entropy",
    "Accuracy": r"accuracy",
    "Model, Trainer, and DataGeneratorWrapper": r"Trainer",
    "Model": r"list",
    "Trainer": r"Trainer",
    "DataGeneratorWrapper": r"rewind|rewound",
    "Challenges: Jacobians": r"jacobian",
    "MLP for MNIST digit recognition": r"digits",
    "Convolutional neural networks": r"conv",
    "Word embeddings": r"word",
    "Embedding": r"\*embedding",
    "AxisMean": r"AxisMean",
    "Lambda": r"Lambda",
    "AxisDot": r"AxisDot",
    "Sigmoid": r"\*sigmoid\*",
    "BinaryCrossEntropy": r"binary",
    "RMSProp": r"\*RMSProp\*",
    "Hierarchical softmax": r"hierarchical softmax",
    "Negative sampling": r"\*negative sampling\*",
    "Subsampling": r"\*subsampling\*",
    "Challenges: embeddings": "",
    "The toy example: Paris, France, Berlin, Germany": r"Paris",
    "CBOW with Text8": r"CBOW",
    "Skip-gram with Text8": r"skip-gram",
    "Handling non-sequential architectures": "",
    "Combinator layers": r"combinator",
    "Module": r"Module",
    "Automatic gradients": r"tape",
    "Transformer": r"Transformer",
    "Named entity recognition": r"CRF|tag",
    "Quora question pairs": r"question",
}
SECTION = "The seed, item by item"
ROW = re.compile(r"^\| (?P<item>[^|]+?) \| (?P<where>[^|]+?) \|$", re.M)


def problems(docs: Path) -> list[str]:
    """Return the items without a row, without a link, or whose links do not mention them."""
    body = section(read(docs / "log" / "README.md"), SECTION)
    if body is None:
        return [f"README.md: has no section '{SECTION}'"]
    rows = {match["item"]: match["where"] for match in ROW.finditer(body)}
    rows = {item: where for item, where in rows.items() if item not in ("of the seed", "---")}
    found = [f"README.md: the seed's {item!r} has no row" for item in ITEMS if item not in rows]
    for item, where in rows.items():
        texts = [_linked(docs / "log", link[3]) for link in LINK.finditer(where)]
        if item not in ITEMS:
            found.append(f"README.md: {item!r} is no item of the seed")
        elif not texts:
            found.append(f"README.md: {item!r} has no link to a chapter")
        elif not any(re.search(ITEMS[item], text, re.I) for text in texts):
            found.append(f"README.md: {item!r} is not mentioned where its links lead")
    return found


def _linked(folder: Path, target: str) -> str:
    """Return the section that a link leads to, or the whole page; empty if there is none."""
    name, _, anchor = target.partition("#")
    path = folder / name
    text = read(path) if path.is_file() else ""
    bodies = [body for _, body in sections(text) if not anchor or anchor in anchors(body)]
    return "\n".join(bodies)
