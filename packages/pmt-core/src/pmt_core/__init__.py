"""Array utilities on NumPy: random streams, row-sparse arrays, archives, gradient checking."""

# archive and arrays
from pmt_core.archive.archive import load_archive, save_archive
from pmt_core.archive.npy import load_npy

# errors, checks of arguments
from pmt_core.arguments import check_sizes
from pmt_core.array_check import ArrayType, check_arrays, check_finite

# arrays, sequences, random numbers
from pmt_core.arrays import as_floats, as_rows, cut, scaled_to_one, unbroadcast
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

# files
from pmt_core.files.atomic_file import atomic_file
from pmt_core.files.input_file import (
    ARRAY_LIMITS,
    TEXT_LIMITS,
    FileLimits,
    InputFile,
)
from pmt_core.files.json_decoding import dataclass_fields, decode_field, json_errors
from pmt_core.files.json_fields import field, json_object, value_text
from pmt_core.files.json_reader import (
    JsonLimits,
    JsonObject,
    parse_json,
    read_json,
)

# gradient checking
from pmt_core.gradient_check.check import check_gradient
from pmt_core.gradient_check.report import GradientReport, InputReport
from pmt_core.huffman_tree import HuffmanTree
from pmt_core.numerics import log_softmax, logsumexp, sigmoid, softmax, softplus
from pmt_core.padding import IGNORE_LABEL, pad_sequences
from pmt_core.random_stream import RandomStream
from pmt_core.row_sparse import RowSparse
from pmt_core.tag_spans import Span, tag_spans

# fmt: off
__all__ = [
    "ARRAY_LIMITS", "IGNORE_LABEL", "TEXT_LIMITS", "ArchiveError", "ArrayType", "DataError",
    "DtypeError", "FileLimits", "FileProblem", "GradientError", "GradientReport", "HuffmanTree",
    "InputFile", "InputReport", "JsonLimits", "JsonObject", "PmtError", "RandomStream", "RowSparse",
    "SettingsError", "ShapeError", "Span", "StateError", "as_floats", "as_rows", "atomic_file",
    "check_arrays", "check_finite", "check_gradient", "check_sizes", "cut", "dataclass_fields",
    "decode_field", "field", "json_errors", "json_object", "load_archive", "load_npy",
    "log_softmax", "logsumexp", "pad_sequences", "parse_json", "read_json", "save_archive",
    "scaled_to_one", "sigmoid", "softmax", "softplus", "tag_spans", "unbroadcast", "value_text",
]
# fmt: on
