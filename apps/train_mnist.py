"""Train a classifier of handwritten digits, or use a trained one.

    python apps/train_mnist.py                                   # the sample that ships with pmt
    python apps/train_mnist.py --download data/mnist
    python apps/train_mnist.py --data data/mnist --out runs/mnist

`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.mnist.main import main

    sys.exit(main())
