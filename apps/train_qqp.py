"""Train a Transformer on question pairs, or use a trained one.

    python apps/train_qqp.py                                     # the sample that ships with pmt
    python apps/train_qqp.py --train train.tsv --dev dev.tsv --out runs/real
    echo 'How do I swim?<Tab>How can I swim?' | python apps/train_qqp.py --predict --out runs/real

`--help` lists all options.
"""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the slow imports
    from pmt_apps.qqp.main import main

    sys.exit(main())
