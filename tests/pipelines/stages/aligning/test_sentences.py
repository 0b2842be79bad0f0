"""Sentences of documents: every one is in a pair or dropped for a reason, whatever the method and the workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import PAIRS

PLACES = {
    "en": ["kitchen", "garden", "cellar", "hall", "office", "garage", "attic", "bathroom"],
    "de": ["Küche", "Wiese", "Grotte", "Diele", "Stube", "Garage", "Kammer", "Wanne"],
    "ja": ["台所", "庭", "地下室", "玄関", "書斎", "車庫", "屋根裏", "浴室"],
}
THINGS = {
    "en": ["lamp", "heating", "door", "window", "camera", "alarm"],
    "de": ["Leuchte", "Heizung", "Pforte", "Fensterscheibe", "Kamera", "Sirene"],
    "ja": ["照明", "暖房", "扉", "窓", "カメラ", "警報"],
}
FRAMES = {
    "en": "Please turn on the {0} in the {1} before you go.",
    "de": "Bitte schalten Sie in der {1} die {0} ein, bevor Sie gehen.",
    "ja": "出かける前に{1}の{0}をつけてください。",
}


def document(language: str, seed: int, without: int = -1) -> str:
    """Return a document of twelve sentences; the same seed gives translations. One sentence may be left out."""
    random = np.random.default_rng(seed)
    drawn = [(int(random.integers(6)), int(random.integers(8))) for _ in range(12)]
    sentences = [FRAMES[language].format(THINGS[language][thing], PLACES[language][place]) for thing, place in drawn]
    return "\n".join(sentence for place, sentence in enumerate(sentences) if place != without)


@pytest.fixture
def texts(corpus: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Return a function from the section `align.sentences` to a corpus of texts beside a catalog."""
    for seed in range(6):
        for language in ("en", "de", "ja"):
            path = tmp_path / "texts" / language / f"page{seed}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(document(language, seed, 4 if (language, seed) == ("de", 0) else -1))
    (tmp_path / "texts/de/copied.txt").write_text(document("en", 90))
    (tmp_path / "texts/en/copied.txt").write_text(document("en", 90))
    (tmp_path / "texts/de/lonely.txt").write_text(document("de", 91))
    catalogs = {"app": {"en": {"title": "Enter the password"}, "de": {"title": "Passwort eingeben", "more": "Mehr"}}}

    def build(folder: str = "runs", **sentences: Any) -> Any:
        source = {
            "format": "text",
            "name": "pages",
            "path": str(tmp_path / "texts"),
            "pattern": "{language}/{document}.txt",
            "languages": ["en", "de", "ja"],
            "split_bytes": 2000,
        }
        align = {"sentences": {"method": "lexical", **sentences}}
        first = corpus(catalogs, folder="plan")
        sources = [one.model_dump() for one in first.runs["ingest"].config.sources]
        return corpus(catalogs, folder=folder, ingest={"sources": [*sources, source]}, segment={}, align=align)

    return build


@pytest.mark.parametrize("method", ["length", "lexical"])
def test_sentences_are_conserved(texts: Callable[..., Any], method: str) -> None:
    made = texts(method=method).make()
    manifest = made.manifest
    assert (manifest.unit_in, manifest.unit_out) == ("sentences beside the pivot's", "sentences in pairs")
    # a catalog's 2, six documents of 12 in German and Japanese but for one sentence, one copied, one alone
    assert manifest.rows.rows_in == 2 + 6 * 12 * 2 - 1 + 12 + 12
    assert manifest.rows.dropped[Reason.UNTRANSLATED] == 12
    assert manifest.rows.dropped[Reason.NO_COUNTERPART] >= 1 + 12
    assert sum(manifest.summary["beads"].values()) >= 12 * 12 - 1 - 8


def test_pairs_say_where_their_sentences_are(texts: Callable[..., Any], rows_of: Callable[..., Any]) -> None:
    made = texts().make()
    assert all(made.table(entry).schema == PAIRS for entry in made.files(kind="pairs"))
    columns = ("document", "target_lang", "source_sentence", "source_sentences", "target_sentence", "target_sentences")
    found = rows_of(made, "method", *columns, "confidence", "source_text", "target_text")
    keyed = [row for row in found if row[0] == "key"]
    assert [row[1:7] for row in keyed] == [("app", "de", -1, 0, -1, 0)]
    beads = {row[1:7] for row in found if row[0] == "lexical"}
    # sentence 4 of page0 has no counterpart in German
    assert {("page0", "de", place + (place > 3), 1, place, 1) for place in range(11)} <= beads
    assert {(f"page{seed}", "ja", place, 1, place, 1) for seed in range(6) for place in range(12)} <= beads
    assert all(0 < row[7] <= 1 for row in found if row[0] == "lexical")
    first = next(row for row in found if row[1:4] == ("page1", "ja", 0))
    assert first[8:] == (document("en", 1).split("\n")[0], document("ja", 1).split("\n")[0])


@pytest.mark.parametrize("method", ["length", "lexical"])
def test_workers_change_nothing(texts: Callable[..., Any], method: str) -> None:
    assert texts("one", method=method).make().manifest == texts("two", method=method).make(workers=2).manifest


def test_what_a_method_needs_is_said(corpus: Callable[..., Any], texts: Callable[..., Any]) -> None:
    with pytest.raises(UserError, match=r"align\.sentences needs the sentences of documents: add a section `segment"):
        corpus({"a": {"en": {"k": "One"}}}, align={"sentences": {}}).make()
    with pytest.raises(UserError, match="embedding, which needs vectors: add a section `embed`, or take lexical"):
        texts(method="embedding").make()
