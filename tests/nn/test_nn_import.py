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


USER_FIRST = """
import numpy as np
from pmt_autograd import REGISTRY, Tensor, check_primitive, gradients, primitive

@primitive
def gelu(x):
    return 5 * x, lambda grad: 5 * grad

import pmt_nn

x = Tensor(np.array([1.0]), requires_grad=True)
print(gelu(x).item(), gradients(gelu(x))[x].tolist(), round(pmt_nn.gelu(x).item(), 4))
print(REGISTRY["gelu"].function.__module__, REGISTRY["__main__.gelu"].operation is gelu)
print(gelu(x).node.operation, pmt_nn.gelu(x).node.operation)
print(check_primitive(REGISTRY["gelu"]).samples > 0)
"""


def test_a_primitive_of_the_user_may_have_a_name_of_ours() -> None:
    """It was defined before the import, and both are complete."""
    done = subprocess.run(
        [sys.executable, "-c", USER_FIRST], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "5.0 [5.0] 0.8412",
        "pmt_nn.layers.activations True",
        "__main__.gelu gelu",
        "True",
    ]
