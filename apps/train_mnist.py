"""Train a classifier of handwritten digits, or use a trained one.

    python apps/train_mnist.py                                   # the sample that ships with pmt
    python apps/train_mnist.py --download data/mnist
    python apps/train_mnist.py --data data/mnist --out runs/mnist

Data: the four files of MNIST in a folder, gzipped or not, or an .npz. A twelfth of the training
images is held out. The network is convolutional, with `--model mlp` fully connected.

A run is a folder: settings, weights, metrics, pictures, report.html. `--resume` continues it after
Ctrl-C. Exit codes: 0; 2 for input that cannot be used, with the cure; 130 after Ctrl-C.
`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.mnist.main import main

    sys.exit(main())
