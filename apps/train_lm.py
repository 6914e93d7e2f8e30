"""Train a language model on a text, and let it write.

    python apps/train_lm.py                                      # the sample that ships with pmt
    python apps/train_lm.py --corpus shakespeare.txt --preset best --out runs/shakespeare
    python apps/train_lm.py --out runs/shakespeare --generate 'ROMEO:'

The corpus is one text file, plain or gzip; its last tenth is held out. Tokens are characters, or
subwords with `--tokenizer bpe`. The same --seed writes the same text.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.language_model.main import main

    sys.exit(main())
