"""Pairs in publish: copies by their letters, a cap on repeats of a side, filters, and what leaks."""

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.reasons import Reason
from pipelines.text.fold import fold

WHOLE = {"test": {"share": 0}, "dev": {"share": 0}}
STEPS = {
    "a": {
        "en": {
            "a": "Step 1: open the door",
            "b": "Step 2: Open the door!",
            "c": "Open the door",
            "d": "!!!",
            "e": "???",
        },
        "de": {"a": "Schritt 1: Tür öffnen", "b": "Schritt 2 – Tür öffnen.", "c": "Tür öffnen", "d": "...", "e": "…?"},
    }
}


def sections(**publish: Any) -> dict[str, dict[str, Any]]:
    publish = {**WHOLE, "thresholds": {"min_letters": 0}, **publish}
    return {"align": {}, "deduplicate": {}, "publish": publish}


def test_pairs_with_the_same_letters_are_copies(corpus: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = corpus(STEPS, **sections(duplicates={"pairs": "one_by_letters"})).make()
    assert sorted(rows_of(made, "target_text", kind="pairs")) == [
        ("...",), ("Schritt 1: Tür öffnen",), ("Tür öffnen",), ("…?",),
    ]  # fmt: skip
    assert made.manifest.summary["dropped"]["pairs"] == {Reason.SAME_LETTERS: 1}


@pytest.mark.parametrize("most", [1, 2, 10])
def test_no_side_stands_in_more_pairs_than_the_cap(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], most: int
) -> None:
    catalogs = {
        f"d{number}": {
            "en": {str(key): f"Source {'abc'[(number + key) % 3]}" for key in range(4)},
            "de": {str(key): f"Ziel {'abcdefg'[(number * key) % 7]}" for key in range(4)},
        }
        for number in range(6)
    }
    made = corpus(catalogs, split_bytes=1, **sections(duplicates={"repeats_per_side": most})).make()
    rows = rows_of(made, "source_text", "target_text", kind="pairs")
    for side in (0, 1):
        assert max(Counter(fold(row[side]) for row in rows).values()) <= most
    counts = made.manifest.rows
    assert counts.rows_in == counts.rows_out + sum(counts.dropped.values())
    assert (Reason.REPEATED_SIDE in counts.dropped) == (most < 10)
    if most < 10:
        (sample, *_) = made.samples()[Reason.REPEATED_SIDE]
        assert sample.detail == f"more than {most} pairs with one side"


@pytest.mark.parametrize(
    ("rules", "source", "target", "reason"),
    [
        ({"min_words": 2}, "Door", "Die Tür", Reason.FEW_WORDS),
        ({"max_words": 7}, "The door", "Die Tür ist jetzt zu und bleibt zu", Reason.MANY_WORDS),
        ({"max_word_length": 12}, "The door", "Haustürschlüssel", Reason.LONG_WORD),
        ({"markup": True}, "The <b>door</b>", "Die Tür", Reason.MARKUP),
        ({"digits": True}, "12 doors", "13 Türen", Reason.DIGITS),
        ({"urls": True}, "See https://a.org/en", "Siehe https://a.org/de", Reason.URLS),
        ({"max_near_copy": 0.7}, "The open door", "The open Door.", Reason.NEAR_COPY),
        ({"scripts": True}, "The door", "Дверь", Reason.WRONG_SCRIPT),
    ],
)
def test_filters_of_pairs(
    corpus: Callable[..., Any], rules: dict[str, Any], source: str, target: str, reason: Reason
) -> None:
    catalogs = {"a": {"en": {"k": source, "l": "This is the key of the house"},
                      "de": {"k": target, "l": "Das ist der Schlüssel des Hauses"}}}  # fmt: skip
    made = corpus(catalogs, **sections(filters={"pairs": rules})).make()
    assert made.manifest.summary["dropped"]["pairs"] == {reason: 1}
    assert made.manifest.summary["rows"]["pairs"]["de"]["train"] == 1


def test_ratios_are_fitted_by_language_pair(corpus: Callable[..., Any]) -> None:
    made = corpus(STEPS, **sections()).make()
    fit = made.manifest.summary["length_ratios"]["de"]
    assert fit["pairs"] == 5
    assert fit["mean"] == pytest.approx(-0.0636, abs=0.2)
    assert fit["spread"] > 0


def test_both_sides_are_looked_for_in_evaluation_sets(corpus: Callable[..., Any], tmp_path: Path) -> None:
    texts = "one two three four five six"
    catalogs = {
        "a": {
            "en": {"a": "Only here", "b": "A whole sentence", "c": f"before {texts} after", "d": "Nothing of " * 4},
            "de": {
                "a": "Ein ganzer Satz",
                "b": "Etwas anderes",
                "c": "Eine Reihe von Zahlen und so weiter",
                "d": f"vorher {texts} nachher",
            },
        }
    }
    path = tmp_path / "test.txt"
    path.write_text(f"ein  GANZER Satz\na whole sentence\n{texts}\n", encoding="utf-8")
    contamination = {"files": [{"name": "held", "path": str(path)}], "ngram": 6}
    made = corpus(catalogs, **sections(filters={"contamination": contamination})).make()
    assert made.manifest.summary["dropped"]["pairs"] == {Reason.CONTAMINATED: 4}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_text_stands_in_two_splits(corpus: Callable[..., Any], rows_of: Callable[..., Any], seed: int) -> None:
    draw = random.Random(seed)

    def text(language: str) -> str:
        return f"{language if draw.random() < 0.8 else 'en'} text {draw.randrange(40)}"

    catalogs = {
        f"d{number}": {code: {str(key): text(code) for key in range(8)} for code in ("en", "de", "fr", "ja")}
        for number in range(20)
    }
    held_out = {"test": {"share": 0.2}, "dev": {"share": 0.2}}
    made = corpus(catalogs, split_bytes=500, **sections(**held_out)).make()
    found: dict[str, set[str]] = {}
    for split in ("train", "dev", "test"):
        pairs = rows_of(made, "source_text", "target_text", kind="pairs", split=split)
        texts = [*rows_of(made, "text", kind="text", split=split), *pairs]
        assert texts
        for text in (text for row in texts for text in row):
            found.setdefault(fold(text), set()).add(split)
    assert [text for text, splits in found.items() if len(splits) > 1] == []
