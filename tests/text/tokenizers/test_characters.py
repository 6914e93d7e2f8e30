"""Text as ids of its characters."""

from __future__ import annotations

from pathlib import Path

import pytest

from pmt_core import DataError
from pmt_text import CharacterTokenizer, load_text


def test_characters_there_and_back() -> None:
    text = "Straße 𝔘nd\nλόγος\t!"
    tokenizer = CharacterTokenizer(text * 2)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert len(ids) == len(text)
    assert sorted(set(ids.tolist())) == list(range(len(tokenizer)))
    assert [tokenizer.characters[i] for i in ids] == tokenizer.tokens(ids) == list(text)
    assert CharacterTokenizer.from_json(tokenizer.to_json()).characters == tokenizer.characters
    assert tokenizer.encode("").shape == (0,)


def test_characters_that_are_not_known() -> None:
    tokenizer = CharacterTokenizer("bdf")
    for strange in "aceg":
        with pytest.raises(DataError, match=repr(strange)):
            tokenizer.encode(f"b{strange}d")
    for wrong in ([3], [-1]):
        with pytest.raises(DataError, match=r"0 \.\.\. 2"):
            tokenizer.decode(wrong)
    with pytest.raises(DataError, match="empty"):
        CharacterTokenizer("")
    with pytest.raises(DataError, match="surrogate"):
        CharacterTokenizer("ab\udfff")
    for content in ({}, [], {"kind": "characters"}, {"kind": "characters", "characters": [1]}):
        with pytest.raises(DataError):
            CharacterTokenizer.from_json(content)


@pytest.mark.data
def test_tiny_shakespeare(data_dir: Path) -> None:
    path = data_dir / "shakespeare" / "input.txt"
    if not path.is_file():
        pytest.skip(f"no {path}")
    corpus = load_text(path)
    assert len(corpus.text) == len(corpus.text.encode()) == 1_115_394
    assert corpus.warning == ""
    tokenizer = CharacterTokenizer(corpus.text)
    assert len(tokenizer) == 65
    assert tokenizer.decode(tokenizer.encode(corpus.text)) == corpus.text
