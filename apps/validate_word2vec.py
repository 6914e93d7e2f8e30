"""Check word2vec on four words whose analogy has to come out right.

    python apps/validate_word2vec.py
    python apps/validate_word2vec.py --epochs 100 --out runs/long

The words are Paris, France, Berlin and Germany, with vectors of two numbers. The program trains on
which of them occur together, draws them, and fails if the step from Paris to France is not that
from Berlin to Germany: an installation that passes can train.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.word2vec.validate import main

    sys.exit(main())
