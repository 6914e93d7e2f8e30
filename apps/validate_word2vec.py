"""Train four words in the plane, to check word2vec by eye. See `--help`."""

from __future__ import annotations

import sys

from pmt_apps.kit.early_interrupt import exit_quietly_on_interrupt

if __name__ == "__main__":
    exit_quietly_on_interrupt()  # before the imports that take a second
    from pmt_apps.word2vec.validate import main

    sys.exit(main())
