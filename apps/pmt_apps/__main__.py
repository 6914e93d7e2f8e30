"""`python -m pmt_apps ner ...`: the console command `pmt` by another name."""

from __future__ import annotations

import sys

from pmt_apps.console import main

if __name__ == "__main__":
    sys.exit(main(program=("python", "-m", "pmt_apps")))
