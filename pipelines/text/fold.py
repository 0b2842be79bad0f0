"""The tokenizer's own normalisation, under which two texts count as the same.

SentencePiece's rule `nmt_nfkc_cf` (sentencepiece/src/builder.cc) is NFKC, case folding and single spaces. It folds a
character to one character where Unicode's full folding, which is used here, may give several (`ß`, `İ`): so texts that
are equal to the tokenizer are equal here, and a few more.
"""

import unicodedata


def fold(text: str) -> str:
    """Return `text` in NFKC and case-folded, with single spaces and none at the ends."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.split())
