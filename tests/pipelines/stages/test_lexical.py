"""The lexical scores of pairs: right pairs before wrong ones, by a lexicon that the corpus itself teaches."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.stages.annotating import lexical

WORDS = {
    "red": "rote", "blue": "blaue", "new": "neue", "old": "alte", "big": "große", "small": "kleine",
}  # fmt: skip
THINGS = {"door": "Tür", "lamp": "Lampe", "clock": "Uhr", "box": "Kiste", "garden": "Wiese", "street": "Straße"}
RIGHT = {
    f"{word}-{thing}-{place}": (f"the {word} {thing} in the {place}", f"die {WORDS[word]} {THINGS[thing]} in der {own}")
    for (word, thing), (place, own) in product(product(WORDS, THINGS), THINGS.items())
}
WRONG = {
    "wrong-1": ("the red door in the street", "die alte Wiese in der Kiste"),
    "wrong-2": ("the big clock in the box", "die neue Straße in der Tür"),
}
CATALOGS = {
    "app": {
        language: {key: pair[side] for key, pair in (RIGHT | WRONG).items()}
        for side, language in enumerate(("en", "de"))
    }
}
SECTIONS: dict[str, dict[str, Any]] = {"align": {}, "deduplicate": {}, "annotate": {"lexical": {}}}


def test_right_pairs_score_higher_than_wrong_ones_both_ways(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, split_bytes=2000, **SECTIONS)
    scored = made.make()
    found: dict[str, tuple[float, float]] = {}
    for entry in scored.files(kind="scores"):
        (aligned,) = [one for one in made.dataset("align").files() if one.name == entry.partition["of"]]
        keys = made.dataset("align").table(aligned)["key"].to_pylist()
        found |= dict(zip(keys, zip(*(column.to_pylist() for column in scored.table(entry)), strict=True), strict=True))
    assert scored.manifest.summary["columns"] == {"lexical_backward": ["pairs"], "lexical_forward": ["pairs"]}
    for way in (0, 1):
        right = [scores[way] for key, scores in found.items() if key in RIGHT]
        assert np.percentile(right, 1) > 0.2
        assert max(found[key][way] for key in WRONG) < 0


def test_a_limit_drops_what_scores_lower(corpus: Callable[..., Any]) -> None:
    limits = {"lexical_forward": {"min": 0}, "lexical_backward": {"min": 0}}
    whole = {"test": {"share": 0}, "dev": {"share": 0}}
    made = corpus(CATALOGS, **SECTIONS, publish={"filters": {"scores": limits}, **whole}).make()
    assert made.manifest.summary["dropped"]["pairs"][Reason.LOW_SCORE] == len(WRONG)
    assert {sample.text for sample in made.samples()[Reason.LOW_SCORE]} == {" → ".join(pair) for pair in WRONG.values()}


def test_scores_do_not_depend_on_workers(corpus: Callable[..., Any]) -> None:
    one, two = (
        corpus(CATALOGS, folder=str(workers), split_bytes=2000, **SECTIONS).make(workers=workers) for workers in (1, 2)
    )
    assert one.manifest == two.manifest


def test_without_pairs_it_is_said(corpus: Callable[..., Any]) -> None:
    made = corpus({"app": {"en": {"a": "door"}}}, deduplicate={}, annotate={"lexical": {}})
    with pytest.raises(UserError, match=r"annotate\.lexical scores pairs, and there are none: add a section `align`"):
        made.make()


def test_a_lexicon_is_estimated_from_as_much_as_there_is_room_for(
    corpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = corpus(CATALOGS, folder="whole", **SECTIONS).make()
    monkeypatch.setattr(lexical, "CELLS", 400)  # about ten pairs
    few = corpus(CATALOGS, folder="few", **SECTIONS).make()
    assert whole.manifest.rows == few.manifest.rows
    assert whole.files(kind="scores")[0].checksum != few.files(kind="scores")[0].checksum
