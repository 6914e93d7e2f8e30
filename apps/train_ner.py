"""Train a tagger of names (named entity recognition), or use a trained one.

    python apps/train_ner.py                                     # the sample that ships with pmt
    python apps/train_ner.py --train eng.train --dev eng.testa --out runs/real
    echo 'Boris Becker won in Kelmoor.' | python apps/train_ner.py --predict --out runs/real

A file has a word and its tag in each line, as those of CoNLL-2003; columns and tag scheme are
detected. `--vectors` takes word vectors, `--lm-corpus` plain text to pre-train on, `--encoder DIR`
a pre-trained encoder.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.ner.main import main

    sys.exit(main())
