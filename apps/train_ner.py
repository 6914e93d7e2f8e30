"""Train a tagger of names (named entity recognition), or use a trained one.

    python apps/train_ner.py                                     # the sample that ships with pmt
    python apps/train_ner.py --train eng.train --dev eng.testa --out runs/real
    echo 'Boris Becker won in Kelmoor.' | python apps/train_ner.py --predict --out runs/real

`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.ner.main import main

    sys.exit(main())
