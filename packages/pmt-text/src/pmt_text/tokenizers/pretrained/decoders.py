"""Decoders of a tokenizer.json: the text of tokens."""

from __future__ import annotations

from collections.abc import Callable

from pmt_core import JsonObject, SettingsError, field, value_text
from pmt_text.tokenizers.pretrained.byte_level import text_of_bytes

Decoder = Callable[[list[str]], str]

# What the decoder of WordPiece writes without the space before it.
_CLEANED = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
]  # fmt: skip


def read_decoder(entry: JsonObject | None) -> Decoder:
    """Return the decoder of an entry; one that is not known raises when it is used."""
    kind = None if entry is None else field(entry, "type", str)
    if entry is None:
        return " ".join
    if kind == "WordPiece":
        prefix = field(entry, "prefix", str, "##")
        cleanup = field(entry, "cleanup", bool, True)
        return lambda tokens: _word_piece(tokens, prefix, cleanup)
    if kind == "ByteLevel":
        return text_of_bytes
    if kind == "Metaspace":
        replacement = field(entry, "replacement", str, "\u2581", minimum=1, maximum=1)
        always = field(entry, "add_prefix_space", bool, True)  # of old versions
        scheme = field(entry, "prepend_scheme", str, "always" if always else "never")
        return lambda tokens: _metaspace(tokens, replacement, scheme != "never")
    if kind == "BPEDecoder":
        suffix = field(entry, "suffix", str, "</w>")
        return lambda tokens: "".join(t.replace(suffix, " ") for t in tokens).removesuffix(" ")

    def refuse(tokens: list[str]) -> str:
        raise SettingsError(
            f"the decoder {value_text(kind)} of this tokenizer is not known; known are WordPiece, "
            "ByteLevel, Metaspace and BPEDecoder"
        )

    return refuse


def _word_piece(tokens: list[str], prefix: str, cleanup: bool) -> str:
    parts: list[str] = []
    for token in tokens:
        if parts:
            token = token.removeprefix(prefix) if token.startswith(prefix) else f" {token}"
        if cleanup:
            for old, new in _CLEANED:
                token = token.replace(old, new)
        parts.append(token)
    return "".join(parts)


def _metaspace(tokens: list[str], replacement: str, has_prefix: bool) -> str:
    text = "".join(tokens).replace(replacement, " ")
    starts = bool(tokens) and tokens[0].startswith(replacement)
    return text.removeprefix(" ") if has_prefix and starts else text
