"""Dictionary: a file for each language in MUSE's format, from the train split alone."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.datasets.errors import UserError

WORDS = {
    "door": "tür", "window": "fenster", "kitchen": "küche", "garden": "garten", "light": "licht", "open": "offen",
}  # fmt: skip
PHRASES = [(one, two) for one in WORDS for two in WORDS if one != two]
CATALOGS = {
    f"c{number}": {
        "en": {f"k{i}": f"{one} and {two} of {number}" for i, (one, two) in enumerate(PHRASES)},
        "de": {f"k{i}": f"{WORDS[one]} und {WORDS[two]} von {number}" for i, (one, two) in enumerate(PHRASES)},
    }
    for number in range(12)
}
SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}},
    "dictionary": {"certainty": 0.3, "translations": 1},
}


def test_each_language_has_a_dictionary(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **SECTIONS)
    dataset = made.make()
    (entry,) = dataset.files(kind="dictionary", language="de")
    assert entry.name == "en-de.txt"
    lines = dataset.read(entry.name).decode().splitlines()
    assert entry.rows == len(lines)
    found = dict(line.split("\t") for line in lines)
    assert {word: found[word] for word in WORDS} == WORDS
    train = sum(one.rows for one in made.dataset("publish").files(kind="pairs", split="train"))
    assert dataset.manifest.rows.rows_in == train
    assert dataset.manifest.summary["languages"] == {"de": {"words": len(found), "entries": len(lines)}}


def test_a_corpus_without_pairs_is_refused(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **{name: SECTIONS[name] for name in SECTIONS if name != "align"})
    made.make("ingest", "deduplicate", "publish")
    with pytest.raises(UserError, match="no pairs in the train split, so no dictionary; add the section `align`"):
        made.make("dictionary")
