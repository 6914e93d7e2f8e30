"""Train a Transformer that translates sentences, or use a trained one.

    python apps/train_translation.py                             # the sample that ships with pmt
    python apps/train_translation.py --source train.en --target train.de \\
        --dev-source dev.en --dev-target dev.de --out runs/en-de
    echo 'a big dog' | python apps/train_translation.py --predict --out runs/en-de

Files are parallel: line n of the target translates line n of the source. Both languages share one
vocabulary of subwords. Translations are found by beam search, `--beam N` wide.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.translation.main import main

    sys.exit(main())
