"""The loop of docs/training_loop.md computes the numbers of `Trainer`."""

from __future__ import annotations

import re
import sys
import types

import numpy as np


def test_the_loop_gives_the_numbers_of_trainer(root, monkeypatch):
    text = (root / "docs" / "training_loop.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```py\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    page = types.ModuleType("training_loop_page")
    monkeypatch.setitem(sys.modules, page.__name__, page)  # dataclasses look their module up
    for block in blocks:
        exec(compile(block, "docs/training_loop.md", "exec"), page.__dict__)
    assert page.history.column("train_loss") == page.train_losses
    assert page.history.column("dev_accuracy") == page.dev_accuracies
    assert page.train_losses[-1] < 0.8 * page.train_losses[0]
    assert page.best > 0.75
    for name, weights in page.trainer.model.state_dict().items():
        np.testing.assert_array_equal(weights, page.model.state_dict()[name])
