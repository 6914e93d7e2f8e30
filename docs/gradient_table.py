"""Write docs/gradients.md: every primitive with the errors of its gradient.

python docs/gradient_table.py
"""

from __future__ import annotations

from pathlib import Path

import pmt_nn
from pmt_autograd import gradient_table

if __name__ == "__main__":
    page = Path(__file__).resolve().parent / "gradients.md"
    page.write_text(gradient_table("pmt_autograd", pmt_nn.__name__), "utf-8")
