"""Read and write the `.safetensors` format.

8 bytes   n, the length of the header, an unsigned little-endian integer
n bytes   the header, JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
          ..., "__metadata__": {"text": "text", ...}}, padded with spaces
the rest  the bytes of the arrays, little-endian, C order, at these offsets, without gaps
"""

from __future__ import annotations

import json
import os
from io import BufferedReader
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pmt_core.archive.limits import byte_count, check_name, read_into_array, reshaped
from pmt_core.errors import ArchiveError
from pmt_core.files.json_reader import JsonLimits, parse_json

METADATA = "__metadata__"
META_KEY = "pmt_meta"

_MAX_HEADER = 100_000_000
_MAX_AXES = 64  # NumPy's limit
_DAMAGED = "the file is damaged; fetch or save it again"
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",  # the upper half of a float32; NumPy has no such dtype
    "C64": "<c8",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(text): code for code, text in _DTYPES.items() if code != "BF16"}


class _Entry(NamedTuple):
    name: str
    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


def write_safetensors(
    file: BinaryIO, path: str, arrays: dict[str, NDArray[Any]], meta: str
) -> None:
    """Write arrays; metadata that maps text to text as it is, other as JSON in `pmt_meta`."""
    # The largest elements first, so that every array is aligned to its element size.
    order = sorted(arrays, key=lambda name: (-arrays[name].dtype.itemsize, name))
    offsets: dict[str, list[int]] = {}
    end = 0
    for name in order:
        begin, end = end, end + arrays[name].nbytes
        offsets[name] = [begin, end]
    header: dict[str, Any] = {} if meta == "{}" else {METADATA: _metadata(meta)}
    for name, array in arrays.items():
        if name == METADATA:
            raise ArchiveError(f"{path!r}: no array may be named {METADATA!r} in .safetensors")
        code = _code(array.dtype, name, path)
        header[name] = {"dtype": code, "shape": [*array.shape], "data_offsets": offsets[name]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    if len(text) > _MAX_HEADER:
        raise ArchiveError(f"{path!r}: names and metadata take {len(text)} bytes, too many")
    file.write(len(text).to_bytes(8, "little"))
    file.write(text)
    for name in order:
        little = np.ascontiguousarray(arrays[name], arrays[name].dtype.newbyteorder("<"))
        file.write(little.reshape(-1).view(np.uint8).data if little.size else b"")


def _metadata(meta: str) -> dict[str, str]:
    table = json.loads(meta)
    if META_KEY not in table and all(isinstance(value, str) for value in table.values()):
        return dict(table)
    return {META_KEY: meta}


def _code(dtype: np.dtype[Any], name: str, path: str) -> str:
    code = _CODES.get(dtype.newbyteorder("<"))
    if code is None:
        raise ArchiveError(
            f"{path!r}: array {name!r} is of {dtype}, which .safetensors cannot hold; it holds "
            "booleans, integers and floats up to 64 bits"
        )
    return code


def read_safetensors(
    file: BufferedReader, path: str
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the arrays and the metadata of a `.safetensors` file; see `load_archive`."""
    size = os.fstat(file.fileno()).st_size
    header, start = _read_header(file, path, size)
    meta = _read_metadata(header.pop(METADATA, {}), path, size)
    entries = [_entry(name, item, path) for name, item in header.items()]
    _check_cover(entries, size - start, path)
    arrays: dict[str, NDArray[Any]] = {}
    for entry in entries:
        file.seek(start + entry.begin)
        arrays[entry.name] = _read_array(file, entry, path)
    return arrays, meta


def _read_header(file: BinaryIO, path: str, size: int) -> tuple[dict[str, Any], int]:
    """Return the header, and the offset of the arrays."""
    if size < 8:
        raise ArchiveError(
            f"{path!r} is not a .safetensors file: it has {size} bytes, the header's length alone "
            "takes 8; check the path"
        )
    length = int.from_bytes(file.read(8), "little")
    if length > min(_MAX_HEADER, size - 8):
        raise ArchiveError(
            f"{path!r} claims a header of {length} bytes; the file has {size}, and a header at "
            f"most {_MAX_HEADER}: it is truncated, or not a .safetensors file"
        )
    text = file.read(length)
    if len(text) != length or not text.lstrip().startswith(b"{"):
        raise ArchiveError(f"{path!r} is not a .safetensors file: its header is no JSON object")
    limits = JsonLimits(bytes=_MAX_HEADER)
    where = f"{path!r}: the header"
    return parse_json(text, where, limits, stored=size, error=ArchiveError), 8 + length


def _read_metadata(table: object, path: str, size: int) -> dict[str, Any]:
    if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
        raise ArchiveError(f"{path!r}: {METADATA} must map text to text; {_DAMAGED}")
    if META_KEY in table:
        where = f"{path!r}: {METADATA}[{META_KEY!r}]"
        data = table[META_KEY].encode("utf-8", "surrogatepass")
        return parse_json(data, where, stored=size, error=ArchiveError)
    return table


def _entry(name: str, item: object, path: str) -> _Entry:
    """Return the checked header entry of one array."""
    check_name(name, path)
    where = f"{path!r}: member {name!r}"
    if not isinstance(item, dict) or set(item) != {"dtype", "shape", "data_offsets"}:
        raise ArchiveError(f"{where} must have dtype, shape and data_offsets; {_DAMAGED}")
    code, shape, offsets = item["dtype"], item["shape"], item["data_offsets"]
    if not isinstance(code, str) or code not in _DTYPES:
        raise ArchiveError(f"{where} is of dtype {code!r}; known are {', '.join(_DTYPES)}")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise ArchiveError(f"{where} has shape {shape!r} and data_offsets {offsets!r}; {_DAMAGED}")
    claimed = byte_count(tuple(shape), np.dtype(_DTYPES[code]).itemsize)
    actual = offsets[1] - offsets[0]
    if claimed != actual:
        raise ArchiveError(
            f"{where}: shape {shape} of {code} takes {claimed} bytes, but its data_offsets "
            f"{offsets} hold {actual}; {_DAMAGED}"
        )
    return _Entry(name, code, tuple(shape), offsets[0], offsets[1])


def _are_sizes(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= _MAX_AXES
        and all(type(size) is int and size >= 0 for size in value)
    )


def _check_cover(entries: list[_Entry], size: int, path: str) -> None:
    """Check that the arrays fill the rest of the file without gaps and overlaps."""
    end = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != end:
            fault = "overlaps the one before" if entry.begin < end else "leaves a gap before it"
            raise ArchiveError(
                f"{path!r}: member {entry.name!r} at {entry.begin}..{entry.end} {fault}; {_DAMAGED}"
            )
        end = entry.end
    if end != size:
        raise ArchiveError(
            f"{path!r}: the header claims {end} bytes of arrays, the file has {size}: it is "
            "truncated or damaged; fetch or save it again"
        )


def _read_array(file: BufferedReader, entry: _Entry, path: str) -> NDArray[Any]:
    dtype = np.dtype(_DTYPES[entry.code])
    count = (entry.end - entry.begin) // dtype.itemsize
    flat = read_into_array(file, dtype, count)
    if len(flat) != count:
        raise ArchiveError(f"{path!r}: member {entry.name!r} is cut off; {_DAMAGED}")
    array = reshaped(flat, entry.shape, f"{path!r}: member {entry.name!r}")
    if entry.code == "BF16":
        return (array.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return array.astype(dtype.newbyteorder("="), copy=False)
