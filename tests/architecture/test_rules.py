"""Each rule catches a small bad file, and lets the right form of the same thing pass."""

from __future__ import annotations

import textwrap

import pytest
from forbidden_code import (
    asserts,
    code_from_text,
    global_randomness,
    global_streams,
    pickles,
    waits,
)
from import_rules import (
    exported_names,
    names_defined,
    private_names,
    third_parties,
    wrong_arrows,
)
from picture import APPS, PACKAGES, Row
from source_file import SourceFile

NN = PACKAGES["pmt_nn"]
TEXT = PACKAGES["pmt_text"]
TRAIN = PACKAGES["pmt_train"]


def source(text: str, module: str = "pmt_nn.linear", *, is_package: bool = False) -> SourceFile:
    return SourceFile(textwrap.dedent(text), module, is_package)


@pytest.mark.parametrize(
    ("text", "module", "row"),
    [
        ("import pmt_train", "pmt_nn.linear", NN),
        ("import pmt_train as t", "pmt_nn.linear", NN),
        ("import numpy, pmt_train.trainer", "pmt_nn.linear", NN),
        ("from pmt_text import tokenize", "pmt_train.trainer", TRAIN),
        ("from pmt_train import Trainer", "pmt_text.qqp", TEXT),
        ("from pmt_autograd import Tensor", "pmt_text.qqp", TEXT),
        ("from pmt_nn import Linear", "pmt_autograd.tensor", PACKAGES["pmt_autograd"]),
        ("from pmt_autograd import Tensor", "pmt_core", PACKAGES["pmt_core"]),
        ("def f():\n    import pmt_text", "pmt_nn.linear", NN),
        ("class A:\n    def f(self):\n        from pmt_text import x", "pmt_nn.linear", NN),
        ("try:\n    import pmt_text\nexcept ImportError:\n    pass", "pmt_nn.linear", NN),
        ("if TYPE_CHECKING:\n    from pmt_train import Trainer", "pmt_nn.linear", NN),
        ("from ..pmt_train import Trainer", "pmt_nn.linear", NN),
        ("from .. import pmt_train", "pmt_nn.linear", NN),
        ("import importlib\nimportlib.import_module('pmt_train')", "pmt_nn.linear", NN),
        ("from importlib import import_module\nimport_module('pmt_train')", "pmt_nn.linear", NN),
        ("import importlib\nimportlib.import_module(name)", "pmt_nn.linear", NN),
        ("__import__('pmt_train')", "pmt_nn.linear", NN),
    ],
)
def test_a_wrong_arrow_is_caught(text: str, module: str, row: Row) -> None:
    assert list(wrong_arrows(source(text, module), row))


@pytest.mark.parametrize(
    "text",
    [
        "from pmt_core import PmtError\nfrom pmt_autograd import Tensor",
        "from pmt_nn.module import Module",
        "from .module import Module",
        "from . import module",
        "import importlib\nimportlib.import_module('json')",
        "text = 'import pmt_train'  # import pmt_train",
    ],
)
def test_a_right_arrow_passes(text: str) -> None:
    assert not list(wrong_arrows(source(text), NN))


def test_a_relative_import_means_what_python_means() -> None:
    in_file = source("from .b import c", "pmt_nn.sub.a")
    in_package = source("from .b import c", "pmt_nn.sub", is_package=True)
    one_up = source("from ..b import c", "pmt_nn.sub.a")
    assert in_file.imports[0].module == "pmt_nn.sub.b"
    assert in_package.imports[0].module == "pmt_nn.sub.b"
    assert one_up.imports[0].module == "pmt_nn.b"
    assert source("from . import d", "pmt_nn.sub.a").imports[0].module == "pmt_nn.sub"


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("import scipy", NN),
        ("from scipy.special import erf", NN),
        ("def f():\n    import torch", NN),
        ("import tqdm", NN),
        ("import matplotlib.pyplot as plt", TEXT),
        ("try:\n    import scipy\nexcept ImportError:\n    scipy = None", NN),
        ("import threadpoolctl", TRAIN),
        ("def f():\n    from mpi4py import MPI", TRAIN),
        ("try:\n    import threadpoolctl\nexcept ValueError:\n    pass", TRAIN),
        ("try:\n    pass\nexcept ImportError:\n    import threadpoolctl", TRAIN),
        ("import pandas", APPS),
    ],
)
def test_a_foreign_dependency_is_caught(text: str, row: Row) -> None:
    assert list(third_parties(source(text), row))


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("import numpy as np\nimport json, os.path", NN),
        ("from __future__ import annotations", NN),
        ("from tqdm import tqdm\nimport matplotlib", TRAIN),
        ("try:\n    import threadpoolctl\nexcept ImportError:\n    threadpoolctl = None", TRAIN),
        ("try:\n    from mpi4py import MPI\nexcept (OSError, ModuleNotFoundError):\n    0", TRAIN),
        ("if typing.TYPE_CHECKING:\n    from mpi4py import MPI", TRAIN),
    ],
)
def test_a_dependency_of_the_row_passes(text: str, row: Row) -> None:
    assert not list(third_parties(source(text), row))


EXPORTS = {"pmt_core": {"PmtError", "ShapeError"}, "pmt_autograd": {"Tensor"}}


@pytest.mark.parametrize(
    "text",
    [
        "from pmt_core import _hidden",
        "from pmt_core import PmtError, _hidden",
        "from pmt_core._files import PmtError",
        "import pmt_core._files",
        "from pmt_core.errors import PmtError",
        "import pmt_core.errors",
        "from pmt_core import Unknown",
        "import pmt_core\npmt_core._hidden()",
        "import pmt_core as core\nx = core.errors._hidden",
        "def f(tensor):\n    return tensor._node",
        "def f(tensor):\n    tensor.data._private.x = 1",
        "import numpy as np\nnp._core.umath",
    ],
)
def test_a_private_name_of_another_package_is_caught(text: str) -> None:
    assert list(private_names(source(text), EXPORTS, own_names=set()))


@pytest.mark.parametrize(
    "text",
    [
        "from pmt_core import PmtError, ShapeError",
        "from pmt_nn._fast import _own\nfrom pmt_nn.module import _walk",
        "class A:\n    def f(self):\n        return self._x + A.__name__",
        "def f(point):\n    return point._replace(x=1)",
    ],
)
def test_public_and_own_names_pass(text: str) -> None:
    assert not list(private_names(source(text), EXPORTS, own_names=set()))


def test_a_package_may_read_its_own_private_attributes() -> None:
    defining = source("class T:\n    __slots__ = ('_a',)\n    def f(self):\n        self._b = 1")
    using = source("def f(t):\n    return t._a, t._b")
    assert not list(private_names(using, EXPORTS, names_defined(defining)))
    assert list(private_names(source("x._c"), EXPORTS, names_defined(defining)))


def test_exports_are_read_from_dunder_all() -> None:
    assert exported_names(source("__all__ = ['a', 'b']")) == {"a", "b"}
    assert exported_names(source("__all__: list[str] = ['a']")) == {"a"}
    assert exported_names(source("from x import a")) == set()


@pytest.mark.parametrize(
    "text",
    [
        "import pickle",
        "def f():\n    from pickle import loads",
        "import numpy, joblib",
        "import shelve as s",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=flag)",
    ],
)
def test_pickle_is_caught(text: str) -> None:
    assert list(pickles(source(text)))


def test_loading_without_pickle_passes() -> None:
    assert not list(pickles(source("np.load(path, allow_pickle=False)\nimport json")))


def test_assert_is_caught() -> None:
    assert list(asserts(source("def f(x):\n    assert x, 'no'")))
    assert not list(asserts(source("def f(x):\n    np.testing.assert_allclose(x, 0)")))


@pytest.mark.parametrize(
    "text",
    [
        "import random",
        "from random import shuffle",
        "def f():\n    import random as r",
        "import numpy as np\nnp.random.seed(0)",
        "import numpy as np\nx = np.random.rand(3)",
        "import numpy\nnumpy.random.shuffle(x)",
        "import numpy as np\nf = np.random.normal",
        "import numpy.random as npr\nnpr.permutation(3)",
        "from numpy import random\nrandom.rand()",
        "from numpy import random as nr\nnr.rand()",
        "from numpy.random import rand",
        "import numpy as np\nnp.random.RandomState(0)",
        "import numpy as np\nnp.random.default_rng()",
        "from numpy.random import default_rng\nrng = default_rng()",
    ],
)
def test_global_randomness_is_caught(text: str) -> None:
    assert list(global_randomness(source(text)))


@pytest.mark.parametrize(
    "text",
    [
        "import numpy as np\ndef f(rng: np.random.Generator):\n    return rng.random(3)",
        "import numpy as np\nnp.random.Generator(np.random.Philox(key=1))",
        "import numpy as np\nrng = np.random.default_rng(0)",
        "from numpy.random import Generator, Philox",
        "stream.random.rand()",
    ],
)
def test_explicit_randomness_passes(text: str) -> None:
    assert not list(global_randomness(source(text)))


def test_a_seeded_random_is_a_stream_of_its_own() -> None:
    seeded = source("import random\nrng = random.Random(2)\nrng.shuffle(x)")
    assert not list(global_streams(seeded))
    assert list(global_randomness(seeded)), "but packages take an np.random.Generator"
    for text in ("random.Random()", "random.shuffle(x)", "random.seed(0)"):
        assert list(global_streams(source(f"import random\n{text}")))
    assert list(global_streams(source("from random import shuffle")))


@pytest.mark.parametrize(
    "text",
    [
        "eval('1')",
        "def f(x):\n    exec(x)",
        "run = eval",
        "import builtins\nbuiltins.exec('x')",
        "from builtins import eval as e\ne('1')",
    ],
)
def test_code_from_text_is_caught(text: str) -> None:
    assert list(code_from_text(source(text)))


def test_the_method_eval_passes() -> None:
    assert not list(code_from_text(source("class M:\n    def eval(self): ...\nM().eval()")))


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.sleep(1)",
        "from time import perf_counter\nperf_counter()",
        "subprocess.run(command, timeout=60)",
        "process.wait(20)",
        "thread.join(0.5)",
    ],
)
def test_a_wait_for_the_clock_is_caught(text: str) -> None:
    assert list(waits(source(text)))


@pytest.mark.parametrize(
    "text",
    [
        "import time\ntime.process_time()",
        "subprocess.run(command, timeout=600)",
        "event.wait()",
        "thread.join(600)",
        "', '.join(names)",
    ],
)
def test_a_wait_for_an_event_passes(text: str) -> None:
    assert not list(waits(source(text)))
