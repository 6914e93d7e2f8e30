"""Train a classifier of texts, or use a trained one.

    python apps/train_classifier.py                              # the sample that ships with pmt
    python apps/train_classifier.py --train train.tsv --dev dev.tsv --out runs/real
    echo 'The parcel never came.' | python apps/train_classifier.py --predict --out runs/real

Files: CSV, TSV, JSON lines, TREC's form, or a folder with a folder for each class; columns and
encoding are detected. Without --dev a tenth of --train is held out. `--model tfidf` is logistic
regression, `--encoder DIR` fine-tunes a pre-trained encoder, `--folds 10` cross-validates.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.classification.main import main

    sys.exit(main())
