"""Array utilities on NumPy: random streams, row-sparse arrays, archives, gradient checking."""

# archive
from pmt_core.archive.archive import load_archive, save_archive
from pmt_core.archive.atomic_file import atomic_file
from pmt_core.archive.limits import open_regular_file

# errors
from pmt_core.errors import (
    ArchiveError,
    DataError,
    DtypeError,
    FileProblem,
    GradientError,
    PmtError,
    SettingsError,
    ShapeError,
    StateError,
)

# gradient checking
from pmt_core.gradient_check.check import check_gradient
from pmt_core.gradient_check.report import GradientReport, InputReport

# arrays, sequences, random numbers
from pmt_core.huffman_tree import HuffmanTree
from pmt_core.numerics import log_softmax, logsumexp, sigmoid, softmax, softplus, unbroadcast
from pmt_core.padding import IGNORE_LABEL, pad_sequences
from pmt_core.random_stream import RandomStream
from pmt_core.row_sparse import RowSparse
from pmt_core.tag_spans import Span, tag_spans

# fmt: off
__all__ = [
    "IGNORE_LABEL", "ArchiveError", "DataError", "DtypeError", "FileProblem", "GradientError",
    "GradientReport", "HuffmanTree", "InputReport", "PmtError", "RandomStream", "RowSparse",
    "SettingsError", "ShapeError", "Span", "StateError", "atomic_file", "check_gradient",
    "load_archive", "log_softmax", "logsumexp", "open_regular_file", "pad_sequences",
    "save_archive", "sigmoid", "softmax", "softplus", "tag_spans", "unbroadcast",
]
# fmt: on
