"""Write the last section of docs/gradients.md: every primitive with the errors of its gradient.

python docs/gradient_table.py
"""

from __future__ import annotations

from pathlib import Path

import pmt_nn
from pmt_autograd import gradient_table

if __name__ == "__main__":
    page = Path(__file__).resolve().parent / "gradients.md"
    table = gradient_table("pmt_autograd", pmt_nn.__name__)
    title = table.partition("\n")[0]
    before, _, _ = page.read_text("utf-8").partition(title)
    page.write_text(before + table, "utf-8")
