"""Writes docs/gradients.md: every primitive, with the errors of its gradient.

python docs/gradient_ledger.py
"""

from __future__ import annotations

from pathlib import Path

import pmt_nn  # noqa: F401 (its primitives are registered by the import)
from pmt_autograd import gradient_ledger

if __name__ == "__main__":
    page = Path(__file__).resolve().parent / "gradients.md"
    page.write_text(gradient_ledger("pmt_autograd", "pmt_nn"), "utf-8")
