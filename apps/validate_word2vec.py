"""Check word2vec on four words whose analogy has to come out right.

    python apps/validate_word2vec.py
    python apps/validate_word2vec.py --epochs 100 --out runs/long

A run saves its settings, history, weights and report in the folder `--out`. `--resume` continues
a run that was stopped, `--overwrite` replaces it, and `--help` lists all options.

The program itself is the module that is imported below.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.word2vec.validate import main

    sys.exit(main())
