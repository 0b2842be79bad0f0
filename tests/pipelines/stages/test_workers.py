"""Bytes do not depend on the number of workers."""

from collections.abc import Callable
from typing import Any

WORDS = ("host", "name", "password", "device", "light")
CATALOGS = {
    f"c{number}": {
        "en": {word: f"enter the {word} of {WORDS[number % 5]} {number // 2}" for word in WORDS},
        "de": {word: f"{word} für {WORDS[number % 5]} {number // 2} eingeben" for word in WORDS},
    }
    for number in range(8)
}
SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}},
    "tokenize": {"vocabulary": 28, "threads": 1},
}


def test_one_and_two_workers_give_the_same_manifests(corpus: Callable[..., Any]) -> None:
    one = corpus(CATALOGS, folder="one", split_bytes=800, **SECTIONS)
    two = corpus(CATALOGS, folder="two", split_bytes=800, **SECTIONS)
    one.make(workers=1)
    two.make(workers=2)
    assert len(one.dataset("ingest").files(kind="staged")) > 2
    for stage in one.runs:
        assert one.dataset(stage).manifest == two.dataset(stage).manifest
        assert list(two.dataset(stage).damaged()) == []
