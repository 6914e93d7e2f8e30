"""`Tokenizer` gives the ids of the package `tokenizers`, on random texts of all of Unicode.

The tokenizers are trained here on the documents of this project, with every stage that pre-trained
models use.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tokenizer_texts import documents, random_texts

from pmt_text import Tokenizer

pytestmark = pytest.mark.oracle

SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def package() -> Any:
    return pytest.importorskip("tokenizers")


def trained(kind: str, lines: list[str]) -> Any:
    """A tokenizer of the package, with the stages of a family of models."""
    t = package()
    normalizers, pre, trainers = t.normalizers, t.pre_tokenizers, t.trainers
    if kind.startswith("wordpiece"):
        made = t.Tokenizer(t.models.WordPiece(unk_token="[UNK]"))
        made.normalizer = normalizers.BertNormalizer(lowercase=kind == "wordpiece")
        made.pre_tokenizer = pre.BertPreTokenizer()
        made.train_from_iterator(
            lines, trainers.WordPieceTrainer(vocab_size=1500, special_tokens=BERT_SPECIALS)
        )
        cls, sep = ((name, made.token_to_id(name)) for name in ("[CLS]", "[SEP]"))
        made.post_processor = t.processors.BertProcessing(sep, cls)
    elif kind.startswith("bpe"):
        made = t.Tokenizer(t.models.BPE())
        made.pre_tokenizer = pre.ByteLevel(add_prefix_space=kind == "bpe-prefix")
        made.decoder = t.decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=1500, special_tokens=SPECIALS, initial_alphabet=pre.ByteLevel.alphabet()
        )
        made.train_from_iterator(lines, trainer)
        cls, sep = ((name, made.token_to_id(name)) for name in ("<s>", "</s>"))
        made.post_processor = t.processors.RobertaProcessing(sep, cls)
        mask = t.AddedToken("<mask>", lstrip=True, special=True)
        made.add_special_tokens([mask])
    else:
        made = t.Tokenizer(t.models.Unigram())
        parts = [normalizers.Nmt(), normalizers.NFKC()]
        parts.append(normalizers.Replace(t.Regex(" {2,}"), " "))
        made.normalizer = normalizers.Sequence(parts)
        made.pre_tokenizer = pre.Metaspace(prepend_scheme="always")
        made.decoder = t.decoders.Metaspace()
        made.train_from_iterator(
            lines,
            trainers.UnigramTrainer(
                vocab_size=1500, special_tokens=SPECIALS, unk_token="<unk>", show_progress=False
            ),
        )
        ids = [(name, made.token_to_id(name)) for name in ("<s>", "</s>")]
        made.post_processor = t.processors.TemplateProcessing(
            single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ids
        )
    return made


def assert_equal_ids(theirs: Any, ours: Tokenizer, texts: list[str]) -> None:
    for text, expected in zip(texts, theirs.encode_batch(texts), strict=True):
        encoded = ours.encode_batch([text])[0]
        assert encoded.ids == expected.ids, (text, expected.tokens, ours.tokens(encoded.ids))
        assert encoded.token_types == expected.type_ids


KINDS = ["wordpiece", "wordpiece-cased", "bpe", "bpe-prefix", "unigram"]


@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_random_texts(kind: str) -> None:
    lines = documents()
    theirs = trained(kind, lines)
    t = package()
    theirs.add_tokens(
        ["added", t.AddedToken("Word", single_word=True), t.AddedToken("x y", rstrip=True)]
    )
    ours = Tokenizer.from_json(json.loads(theirs.to_str()))
    added = [
        *(BERT_SPECIALS if "wordpiece" in kind else SPECIALS),
        "added",
        "Word",
        " Word ",
        "x y ",
    ]
    texts = random_texts(10_000, lines, added)
    assert_equal_ids(theirs, ours, texts)


@pytest.mark.parametrize("kind", KINDS)
def test_pairs_and_truncation(kind: str) -> None:
    lines = documents()
    theirs = trained(kind, lines)
    ours = Tokenizer.from_json(json.loads(theirs.to_str()))
    texts = random_texts(400, lines, ["a"])
    pairs = list(zip(texts[::2], texts[1::2], strict=True))
    for max_length in (5, 16, 33):
        theirs.enable_truncation(max_length)
        for pair, expected in zip(pairs, theirs.encode_batch(pairs), strict=True):
            encoded = ours.encode_batch([pair], max_length=max_length)[0]
            assert (encoded.ids, encoded.token_types) == (expected.ids, expected.type_ids)
        for text in texts[:50]:
            encoded = ours.encode_batch([text], max_length=max_length)[0]
            assert encoded.ids == theirs.encode(text).ids
    for strategy, direction in [("only_first", "right"), ("longest_first", "left")]:
        theirs.enable_truncation(1000, strategy=strategy, direction=direction)
        ours = Tokenizer.from_json(json.loads(theirs.to_str()))
        theirs.enable_truncation(30, strategy=strategy, direction=direction)
        for first, _ in pairs[:100]:
            encoded = ours.encode_batch([(first * 5 + "abcdefgh" * 9, "b")], max_length=30)[0]
            assert encoded.ids == theirs.encode(first * 5 + "abcdefgh" * 9, "b").ids


def stages() -> list[tuple[str, Any, Any]]:
    t = pytest.importorskip("tokenizers")
    n, p = t.normalizers, t.pre_tokenizers
    llama = (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+"
        r"[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
    )
    behaviors = ["removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"]
    rows = [
        ("lowercase", n.Lowercase(), None),
        ("nfc", n.NFC(), None),
        ("nfd-accents", n.Sequence([n.NFD(), n.StripAccents()]), None),
        ("nfkd-lower", n.Sequence([n.NFKD(), n.Lowercase()]), None),
        ("strip", n.Strip(), None),
        ("strip-right", n.Strip(left=False), None),
        ("replace", n.Sequence([n.Replace("a", "bb"), n.Prepend("_")]), None),
        ("bert-accents", n.BertNormalizer(strip_accents=True, lowercase=False), None),
        ("whitespace", None, p.Whitespace()),
        ("whitespace-split", None, p.WhitespaceSplit()),
        ("digits", None, p.Sequence([p.Digits(), p.WhitespaceSplit()])),
        ("single-digits", None, p.Digits(individual_digits=True)),
        ("delimiter", None, p.CharDelimiterSplit("e")),
        ("metaspace-first", None, p.Metaspace(prepend_scheme="first")),
        ("metaspace-never", None, p.Metaspace(prepend_scheme="never")),
        ("xlm-r", None, p.Sequence([p.WhitespaceSplit(), p.Metaspace()])),
        ("no-split", None, p.Metaspace(split=False)),
        ("llama", None, p.Split(t.Regex(llama), "isolated")),
        ("invert", None, p.Split(t.Regex(r"\w+"), "removed", invert=True)),
        ("bytes", None, p.Sequence([p.Digits(), p.ByteLevel(add_prefix_space=True)])),
        ("plain-bytes", None, p.ByteLevel(use_regex=False)),
    ]
    for behavior in behaviors:
        rows.append((f"punctuation-{behavior}", None, p.Punctuation(behavior)))
        rows.append((f"split-{behavior}", None, p.Split(" ", behavior)))
    return rows


def test_stages_of_other_models() -> None:
    """Each normalizer and pre-tokenizer, before a BPE of characters."""
    t, lines = package(), documents()
    texts = random_texts(600, lines, ["<mask>", "extra", " Extra"])
    vocabulary = sorted({c for text in texts for c in text.lower() + text})
    for name, normalizer, pre_tokenizer in stages():
        made = t.Tokenizer(t.models.BPE(unk_token="<unk>", fuse_unk=True))
        if normalizer is not None:
            made.normalizer = normalizer
        if pre_tokenizer is not None:
            made.pre_tokenizer = pre_tokenizer
        made.train_from_iterator(
            lines,
            t.trainers.BpeTrainer(
                vocab_size=3000, special_tokens=SPECIALS, initial_alphabet=vocabulary[::3]
            ),
        )
        made.add_tokens([t.AddedToken("extra", single_word=True, normalized=True)])
        made.add_special_tokens([t.AddedToken("<mask>", lstrip=True, rstrip=True)])
        ours = Tokenizer.from_json(json.loads(made.to_str()))
        for text, expected in zip(texts, made.encode_batch(texts), strict=True):
            ids = ours.encode_batch([text])[0].ids
            assert ids == expected.ids, (name, text, expected.tokens, ours.tokens(ids))


@pytest.mark.parametrize(
    "settings", [{"byte_fallback": True}, {"ignore_merges": True}, {}], ids=str
)
def test_bpe_with_inner_prefix_and_word_end(settings: dict[str, bool]) -> None:
    t, lines = package(), documents()
    marks = (
        {"continuing_subword_prefix": "##", "end_of_word_suffix": "</w>"} if not settings else {}
    )
    made = t.Tokenizer(t.models.BPE(unk_token="<unk>", **settings, **marks))
    made.pre_tokenizer = t.pre_tokenizers.BertPreTokenizer()
    fallback = [f"<0x{byte:02X}>" for byte in range(256)]
    made.train_from_iterator(
        lines,
        t.trainers.BpeTrainer(vocab_size=1500, special_tokens=[*SPECIALS, *fallback], **marks),
    )
    ours = Tokenizer.from_json(json.loads(made.to_str()))
    texts = random_texts(1000, lines, ["a"])
    assert_equal_ids(made, ours, texts)


def test_decoded_texts() -> None:
    lines = [line for line in documents() if line.isascii() and "  " not in line][:300]
    for kind in ("wordpiece", "bpe", "unigram"):
        theirs = trained(kind, documents())
        ours = Tokenizer.from_json(json.loads(theirs.to_str()))
        for line in lines:
            ids = ours.encode_batch([line])[0].ids
            assert ours.decode(ids) == theirs.decode(ids), line


def test_vocab_json_and_merges_txt(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    lines = documents()
    trained("bpe", lines).model.save(str(tmp_path))
    oracle = transformers.RobertaTokenizer.from_pretrained(tmp_path)
    ours = Tokenizer.load(tmp_path)
    # <mask> takes the space before it, as in RoBERTa's own files; the class does not say so.
    texts = [text for text in random_texts(600, lines, SPECIALS[:4]) if text]
    for text in texts:
        assert ours.encode_batch([text])[0].ids == oracle(text)["input_ids"], text
    pair = oracle(texts[0], texts[1])["input_ids"]
    assert ours.encode_batch([(texts[0], texts[1])])[0].ids == pair


@pytest.mark.parametrize("lower", [True, False])
def test_vocab_txt(tmp_path: Path, lower: bool) -> None:
    transformers = pytest.importorskip("transformers")
    lines = documents()
    trained("wordpiece", lines).model.save(str(tmp_path))
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"do_lower_case": lower, "tokenizer_class": "BertTokenizer"})
    )
    oracle = transformers.BertTokenizer.from_pretrained(tmp_path)
    ours = Tokenizer.load(tmp_path)
    for text in random_texts(600, lines, BERT_SPECIALS):
        assert ours.encode_batch([text])[0].ids == oracle(text)["input_ids"], text
