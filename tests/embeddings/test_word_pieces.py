"""Word pieces equal those of the package `tokenizers`, for characters whose kind is the same since Unicode 3.2."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from zava_mcp.embeddings.model_files import verified_model_file
from zava_mcp.embeddings.word_pieces import WordPieces

pytestmark = pytest.mark.unmeasured

_VOCABULARY = verified_model_file("vocab.txt", None)
_LIMIT = 256


def _reference() -> Tokenizer:
    ids = {word: number for number, word in enumerate(_VOCABULARY.read_text(encoding="utf-8").splitlines())}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    tokenizer.enable_truncation(_LIMIT)
    return tokenizer


_REFERENCE, _PIECES = _reference(), WordPieces(_VOCABULARY)


def _unchanged(character: str) -> bool:
    category = unicodedata.category(character)
    return category not in ("Cs", "Cn") and category == unicodedata.ucd_3_2_0.category(character)


_CHARACTERS = [character for character in map(chr, range(sys.maxunicode + 1)) if _unchanged(character)]
_WORDS = st.sampled_from(["hammer", "Größe", "½-inch", "unaffable", "don't", "İstanbul", "ΟΔΟΣ", "x" * 99, "x" * 101])
_TEXTS = st.lists(_WORDS | st.text(st.sampled_from(_CHARACTERS)) | st.text("ab1 .é́\u200b\t#"), max_size=300)


def test_every_character_between_letters_and_alone() -> None:
    wrong = [
        hex(ord(character))
        for character in _CHARACTERS
        if unicodedata.category(character) not in ("Lo", "Co")
        or ord(character) % 64 == 0  # a sample of two large kinds
        for text in (f"a{character}b", character)
        if _PIECES.ids(text, _LIMIT) != _REFERENCE.encode(text).ids
    ]
    assert len(_CHARACTERS) > 100_000
    assert wrong == []


@given(_TEXTS, st.sampled_from(["", " "]))
def test_texts(parts: list[str], between: str) -> None:
    text = between.join(parts)
    assert _PIECES.ids(text, _LIMIT) == _REFERENCE.encode(text).ids


@pytest.mark.parametrize("text", ["", " ", "\ufffd", "[SEP]", "##s", "hammer " * 300, "x" * 200_000])
def test_edges(text: str) -> None:
    assert _PIECES.ids(text, _LIMIT) == _REFERENCE.encode(text).ids
