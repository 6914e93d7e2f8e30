"""What every part of pmt stands on: array utilities, random streams, safe archives, errors.

It knows no tape and needs nothing but NumPy.
"""

from pmt_core.archive.archive import load_archive, save_archive
from pmt_core.archive.atomic_file import atomic_file
from pmt_core.archive.limits import open_regular_file
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
from pmt_core.gradient_check.check import check_gradient
from pmt_core.gradient_check.report import GradientReport, InputReport
from pmt_core.huffman_tree import HuffmanTree
from pmt_core.numerics import log_softmax, logsumexp, sigmoid, softmax, softplus
from pmt_core.padding import IGNORE_LABEL, pad_sequences
from pmt_core.random_stream import RandomStream
from pmt_core.row_sparse import RowSparse
from pmt_core.tag_spans import Span, tag_spans
from pmt_core.unbroadcast import unbroadcast

__all__ = [
    "open_regular_file",
    "IGNORE_LABEL",
    "ArchiveError",
    "DataError",
    "DtypeError",
    "FileProblem",
    "GradientError",
    "GradientReport",
    "HuffmanTree",
    "InputReport",
    "PmtError",
    "RandomStream",
    "RowSparse",
    "SettingsError",
    "ShapeError",
    "Span",
    "StateError",
    "atomic_file",
    "check_gradient",
    "load_archive",
    "log_softmax",
    "logsumexp",
    "pad_sequences",
    "save_archive",
    "sigmoid",
    "softmax",
    "softplus",
    "tag_spans",
    "unbroadcast",
]
