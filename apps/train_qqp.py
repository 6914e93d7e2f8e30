"""Train a Transformer on question pairs, or use a trained one.

    python apps/train_qqp.py                                     # the sample that ships with pmt
    python apps/train_qqp.py --train train.tsv --dev dev.tsv --out runs/real
    echo 'How do I swim?<Tab>How can I swim?' | python apps/train_qqp.py --predict --out runs/real

Files: pairs of texts with 0 or 1, in the public TSV, Kaggle's CSV, GLUE's or BiMPM's format, which
is detected. `--data F` is one file, split by question. `--preset` is plain, quick or best,
`--baseline` trains a baseline alone, `--encoder DIR` fine-tunes a pre-trained encoder.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.qqp.main import main

    sys.exit(main())
