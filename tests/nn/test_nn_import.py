"""What `import pmt_nn` brings in."""

from __future__ import annotations

import subprocess
import sys
from types import FunctionType

import pmt_nn

SCRIPT = """
import sys
import numpy, numpy.random
before = set(sys.modules)
import pmt_nn
for name in sorted({m.partition(".")[0] for m in set(sys.modules) - before}):
    if name not in sys.stdlib_module_names:
        print(name)
"""


def test_only_numpy_and_the_standard_library() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) <= {"pmt_nn", "pmt_autograd", "pmt_core", "numpy"}


def test_every_public_name_is_there() -> None:
    assert len(set(pmt_nn.__all__)) == len(pmt_nn.__all__)
    for name in pmt_nn.__all__:
        thing = getattr(pmt_nn, name)
        assert thing.__doc__ or not isinstance(thing, (type, FunctionType)), name
