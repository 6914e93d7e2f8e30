"""Train a classifier of texts, or use a trained one.

    python apps/train_classifier.py                              # the sample that ships with pmt
    python apps/train_classifier.py --train train.tsv --dev dev.tsv --out runs/real
    echo 'The parcel never came.' | python apps/train_classifier.py --predict --out runs/real

`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.classification.main import main

    sys.exit(main())
