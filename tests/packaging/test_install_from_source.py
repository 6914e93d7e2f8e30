"""Installing only what is needed, from the source folders, where there is nothing but pip."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = [pytest.mark.packaging, pytest.mark.slow]

TOKENIZE_WITHOUT_A_TAPE = """
import importlib.util
import sys

from pmt_text import BucketBatches, PairEncoder, QuestionPair, Vocabulary, load_qqp, tokenize

tokens = tokenize("How do I learn to swim?")
vocabulary = Vocabulary.build([tokens])
print(" ".join(vocabulary.tokens(vocabulary.ids(tokens))))
for absent in ("pmt_autograd", "pmt_nn", "pmt_train", "tqdm", "matplotlib"):
    if importlib.util.find_spec(absent) is not None:
        sys.exit(f"{absent} is installed")
"""


def test_core_and_text_alone_give_tokenizers_and_loaders(
    bare_environment: Callable, root: Path
) -> None:
    environment = bare_environment()
    before = environment.installed()
    environment.install("packages/pmt-core", "packages/pmt-text", cwd=root)
    assert environment.run(TOKENIZE_WITHOUT_A_TAPE) == "how do i learn to swim ?"
    assert environment.installed() - before == {"numpy", "pmt-core", "pmt-text"}
    environment.check()
