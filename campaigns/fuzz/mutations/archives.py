"""Damage the parts of archives and images, and put the whole together with right checksums."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

from campaigns.fuzz.mutations.json_values import mutate_json, mutate_value
from campaigns.fuzz.mutations.random_bytes import MOST, Rng, chance, mutate_bytes, pick

_NAMES = ("", "a", "../a.npy", "/a.npy", "a/", "a\\b.npy", "__meta__.json", "a.npy", "\u0130.npy")
_SIZES = (0, 1, -1, 2, 3, 10**6, 2**31, 2**32, 2**62, 2**63, 2**64, 10**11)
_DTYPES = (
    *("<f4", ">f8", "<f2", "<c16", "|b1", "<i8", ">u4", "<U3", "<U99999999", "|S5", "|O", "|V8"),
    *("<M8[s]", "<m8", "", "f", "<f3", "(2,)f4", "|S0", "<U0", "i4,f4"),
)
_HEADER_TEXT = re.compile(rb"'descr': '([^']*)'|'shape': \(([^)]*)\)|(True|False)")


def mutate_npz(data: bytes, rng: Rng, others: Sequence[bytes] = ()) -> bytes:
    """Damage the metadata, an array, a name or the set of members."""
    try:
        members = _members(data)
    except Exception:  # damaged before; zipfile documents no complete list
        return mutate_bytes(data, rng, others)
    kind = float(rng.random())
    i = int(rng.integers(len(members))) if members else 0
    if kind < 0.15 or not members:
        content = pick(rng, members)[1] if members else b"{}"
        members.insert(i, (pick(rng, _NAMES), content))
    elif kind < 0.25:
        del members[i]
    elif kind < 0.35:
        j = int(rng.integers(len(members)))
        members[i], members[j] = (members[i][0], members[j][1]), (members[j][0], members[i][1])
    else:
        name, content = members[i]
        mutate = mutate_json if name.endswith(".json") else mutate_npy
        members[i] = name, mutate(content, rng)
    method = pick(rng, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    packed = _zipped(members, method)
    return mutate_bytes(packed, rng) if chance(rng, 0.05) else packed


def mutate_meta(data: bytes, rng: Rng) -> bytes:
    """Damage the metadata of an `.npz` alone."""
    members = [
        (name, mutate_json(content, rng) if name.endswith(".json") else content)
        for name, content in _members(data)
    ]
    return _zipped(members, zipfile.ZIP_STORED)


def _members(data: bytes) -> list[tuple[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if size > 64 * MOST:
            raise ValueError(f"{size} bytes: an archive that expands without end")
        return [(entry.filename, archive.read(entry)) for entry in archive.infolist()]


def _zipped(members: Sequence[tuple[str, bytes]], method: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        names = set[str]()
        for name, content in members:
            if name not in names:  # zipfile warns of a name that is there
                archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
            names.add(name)
    return buffer.getvalue()


def mutate_npy(data: bytes, rng: Rng) -> bytes:
    """Damage type, shape or order in the header, or the numbers."""
    end = data.find(b"\n") + 1
    header, numbers = data[10:end], data[end:]
    kind = float(rng.random())
    if kind < 0.4 and end:
        header = _HEADER_TEXT.sub(lambda match: _header_part(match, rng), header, count=3)
    elif kind < 0.5:
        header = mutate_bytes(header, rng)
    elif kind < 0.8:
        numbers = _special_numbers(numbers, rng)
    elif kind < 0.9:
        numbers = mutate_bytes(numbers, rng)
    else:
        return mutate_bytes(data, rng)
    return data[:8] + struct.pack("<H", len(header) % 65536) + header + numbers


def _header_part(match: re.Match[bytes], rng: Rng) -> bytes:
    if chance(rng, 0.5):
        return match[0]
    if match[1] is not None:
        return f"'descr': '{pick(rng, _DTYPES)}'".encode()
    if match[2] is not None:
        sizes = [size.strip() for size in match[2].decode("latin1").split(",") if size.strip()]
        sizes.insert(int(rng.integers(len(sizes) + 1)), str(pick(rng, _SIZES)))
        if chance(rng, 0.6) and len(sizes) > 1:
            del sizes[int(rng.integers(len(sizes)))]
        return f"'shape': ({', '.join(sizes)},)".encode()
    return b"False" if match[0] == b"True" else b"True"


def _special_numbers(numbers: bytes, rng: Rng) -> bytes:
    """Write nan, infinities, large and denormal numbers over some of the numbers."""
    code = pick(rng, ("<f", "<d", "<e", "<q", "<i"))
    special: tuple[Any, ...] = (0.0, -0.0, float("nan"), float("inf"), -float("inf"), 6e4, -6e4)
    if code == "<f":
        special += (3e38, 1e-45)
    if code in ("<q", "<i"):
        special = (-1, 0, 2**31 - 1, -(2**31), 1000)
    value = struct.pack(code, pick(rng, special))
    buffer = bytearray(numbers)
    for _ in range(int(2 ** rng.uniform(0, 8))):
        start = int(rng.integers(len(buffer) // len(value) + 1)) * len(value)
        buffer[start : start + len(value)] = value[: len(buffer) - start]
    return bytes(buffer)


def mutate_safetensors(data: bytes, rng: Rng, others: Sequence[bytes] = ()) -> bytes:
    """Damage the header or the numbers; the length of the header is right as a rule."""
    length = int.from_bytes(data[:8], "little")
    header, numbers = data[8 : 8 + length], data[8 + length :]
    kind = float(rng.random())
    if kind < 0.6:
        try:
            table = json.loads(header)
            table = mutate_value(table, rng)
            header = json.dumps(table).encode("utf-8", "surrogatepass")
        except ValueError:
            header = mutate_bytes(header, rng)
        if chance(rng, 0.3):
            header = mutate_json(header, rng)
    elif kind < 0.85:
        numbers = _special_numbers(numbers, rng)
    else:
        return mutate_bytes(data, rng, others)
    return len(header).to_bytes(8, "little") + header + numbers


def mutate_png(data: bytes, rng: Rng, others: Sequence[bytes] = ()) -> bytes:
    """Damage, move, repeat or remove a chunk; the checksums are right as a rule."""
    chunks = _chunks(data)
    if not chunks or chance(rng, 0.1):
        return mutate_bytes(data, rng, others)
    i, j = int(rng.integers(len(chunks))), int(rng.integers(len(chunks)))
    kind, content = chunks[i]
    action = int(rng.integers(8))
    if action == 0:
        del chunks[i]
    elif action == 1:
        chunks[i : i + 1] = [chunks[i]] * int(2 ** rng.uniform(0, 10))
    elif action == 2:
        chunks[i], chunks[j] = chunks[j], chunks[i]
    elif action == 3:
        chunks[i] = pick(rng, (b"tEXt", b"zTXt", b"iCCP", b"tRNS", b"PLTE", b"acTL")), content
    elif action == 4 and kind == b"IDAT":
        chunks[i] = kind, zlib.compress(rng.bytes(int(rng.integers(2000))))
    else:
        chunks[i] = kind, mutate_bytes(content, rng)
    parts = [data[:8]]
    for kind, content in chunks:
        checksum = zlib.crc32(kind + content) ^ chance(rng, 0.02)
        parts += [struct.pack(">I", len(content)), kind, content, struct.pack(">I", checksum)]
    return b"".join(parts)


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks = []
    position = 8
    while position + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        chunks.append((kind, data[position + 8 : position + 8 + length]))
        position += 12 + length
    return chunks
