"""Learn word vectors from a text, or look words up.

    python apps/train_word2vec.py                                # the sample that ships with pmt
    python apps/train_word2vec.py --corpus text8.zip --out runs/text8
    python apps/train_word2vec.py --out runs/text8 --neighbors paris

The corpus is UTF-8 text, plain, .gz or .zip, with words between spaces. `--model cbow` and
`--loss hs` (hierarchical softmax) are the other models. `--analogy A B C` is another question.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.word2vec.main import main

    sys.exit(main())
