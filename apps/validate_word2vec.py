"""Check word2vec on four words whose analogy has to come out right.

    python apps/validate_word2vec.py
    python apps/validate_word2vec.py --epochs 100 --out runs/long

`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.word2vec.validate import main

    sys.exit(main())
