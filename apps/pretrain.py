"""Pre-train an encoder on plain text, and fine-tune it with --encoder of other programs.

    python apps/pretrain.py                                      # the sample that ships with pmt
    python apps/pretrain.py --corpus wiki.zip --minutes 60 --out runs/wiki
    python apps/train_ner.py --train eng.train --dev eng.testa --encoder runs/wiki/encoder

The task is masked language modeling: some tokens are hidden, and the model predicts them. The
tokenizer is learned from the same text. --minutes sets the length of the whole run.

A run is a folder: settings, weights, metrics, pictures, report.html, the folder `encoder` in the
form of Hugging Face, and `untrained`, the same model with random weights. `--resume` continues it
after Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.pretraining.main import main

    sys.exit(main())
