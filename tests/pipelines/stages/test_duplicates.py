"""Duplicates of documents from the raw lines to what is published: nothing goes without a counterpart that is kept."""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import CLUSTERS, INDEX, NEAR, NEAR_CLUSTERS
from pipelines.text.fold import fold

Document = list[str]
WORDS = [
    "the",
    "of",
    "to",
    "and",
    "in",
    "is",
    "it",
    "you",
    "that",
    "he",
    "was",
    "for",
    "on",
    "are",
    "with",
    "as",
    "his",
    "they",
    "be",
    "at",
    "one",
    "have",
    "this",
    "from",
    "or",
    "had",
    "by",
]
SHARES = {"test": {"share": 0.2}, "dev": {"share": 0.2}}
NEAR_ONE = {"documents": "one", "near": "one"}


def lines_of(documents: Iterable[Document]) -> str:
    return "\n\n".join("\n".join(document) for document in documents) + "\n"


@pytest.fixture
def web(corpus: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Return a function from documents of lines and sections to a corpus that is read from one text file."""

    def build(documents: list[Document], folder: str = "runs", split_bytes: int = 600, **sections: Any) -> Any:
        path = tmp_path / f"{folder}.txt"
        path.write_text(lines_of(documents))
        source = {"format": "lines", "name": "web", "path": str(path), "language": "en", "documents": True}
        given = {"deduplicate": {}, "publish": {**SHARES}, **sections}
        return corpus({}, folder=folder, ingest={"sources": [{**source, "split_bytes": split_bytes}]}, **given)

    return build


def written(seed: int, lines: int, words: int = 14) -> Document:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=words)) for _ in range(lines)]


def edited(document: Document, words: int) -> Document:
    """Return the document with the first words of its first line replaced."""
    first, *rest = document
    return [" ".join(["other"] * words + first.split()[words:]), *rest]


def shingles(document: Document, words: int = 5) -> set[tuple[str, ...]]:
    text = fold(" ".join(document)).split()
    return {tuple(text[place : place + words]) for place in range(max(len(text) - words + 1, 1))}


def similarity(one: Document, other: Document) -> float:
    first, second = shingles(one), shingles(other)
    return len(first & second) / len(first | second)


def decided(made: Any) -> list[tuple[Document, list[str]]]:
    """Return every document with the reasons of its lines, "" for those that were kept."""
    found = []
    for entry in made.dataset("ingest").files(kind="staged"):
        staged = made.dataset("ingest").table(entry)
        (own,) = made.dataset("publish").files(kind="decisions", of=entry.name)
        reasons = made.dataset("publish").table(own).column("reason").to_pylist()
        documents: dict[int, tuple[Document, list[str]]] = {}
        for row, text, reason in zip(
            staged["document_row"].to_pylist(), staged["text"].to_pylist(), reasons, strict=True
        ):
            lines, own_reasons = documents.setdefault(row, ([], []))
            lines.append(text)
            own_reasons.append(reason)
        found += documents.values()
    return found


def beside(made: Any, kind: str, schema: Any) -> list[dict[str, Any]]:
    rows = []
    for entry in made.dataset("deduplicate").files(kind=kind):
        table = made.dataset("deduplicate").table(entry)
        assert table.schema == schema
        rows += table.to_pylist()
    return rows


ORIGINALS = [written(seed, lines=4) for seed in range(12)]
DOCUMENTS = [
    *ORIGINALS[:6],
    [line.upper() for line in ORIGINALS[0]],  # a copy
    edited(ORIGINALS[1], 2),
    edited(ORIGINALS[2], 3),
    edited(ORIGINALS[2], 4),
    edited(ORIGINALS[3], 14),  # not near: 10 and more of 52 shingles on either side
    *ORIGINALS[6:],
    [ORIGINALS[4][0], ORIGINALS[5][0]],  # known lines in a new document
]


def test_documents_get_clusters_pairs_and_near_clusters(web: Callable[..., Any]) -> None:
    made = web(DOCUMENTS, deduplicate={"near": {}})
    made.make("ingest", "deduplicate")
    clusters = beside(made, "document_clusters", CLUSTERS)
    assert len(clusters) == len(DOCUMENTS)
    assert clusters[0]["cluster"] == clusters[6]["cluster"]
    assert [(clusters[place]["cluster_size"], clusters[place]["rank"]) for place in (0, 6, 1)] == [
        (2, 0), (2, 1), (1, 0)
    ]  # fmt: skip
    names = {row["cluster"]: place for place, row in reversed(list(enumerate(clusters)))}
    found = {(names[row["first"]], names[row["second"]]): row["jaccard"] for row in beside(made, "near", NEAR)}
    expected = {
        (one, other): similarity(DOCUMENTS[one], DOCUMENTS[other])
        for one, other in combinations(range(len(DOCUMENTS)), 2)
        if other != 6 and similarity(DOCUMENTS[one], DOCUMENTS[other]) >= 0.8
    }
    assert found == pytest.approx(expected)
    assert set(found) == {(1, 7), (2, 8), (2, 9), (8, 9)}
    near = beside(made, "near_clusters", NEAR_CLUSTERS)
    assert len({near[place]["near_cluster"] for place in (2, 8, 9)}) == 1
    assert [near[place]["near_cluster_size"] for place in (0, 6, 1, 2, 9, 10)] == [2, 2, 2, 3, 3, 1]
    summary = made.dataset("deduplicate").manifest.summary
    assert summary["documents"] == {"en": {"rows": 18, "copies": 1, "published": 0}}
    counts = next(iter(summary["near"]["scripts"].values()))
    assert (counts["documents"], counts["verified"]) == (17, 4)
    assert counts["candidates"] >= 4


def test_all_copies_are_kept_by_default_but_for_paragraphs(web: Callable[..., Any]) -> None:
    made = web(DOCUMENTS, deduplicate={"near": {}})
    dropped = made.make().manifest.rows.dropped
    assert set(dropped) <= {Reason.DUPLICATE, Reason.HELD_OUT}


def test_of_copies_and_near_duplicates_one_is_kept(web: Callable[..., Any]) -> None:
    made = web(DOCUMENTS, deduplicate={"near": {}}, publish={**SHARES, "duplicates": NEAR_ONE})
    published = made.make()
    fates = decided(made)
    assert [lines for lines, _ in fates] == DOCUMENTS
    lost = {place: reasons[0] for place, (_, reasons) in enumerate(fates) if len({*reasons}) == 1 and reasons[0]}
    by_document = {place: reason for place, reason in lost.items() if reason not in ("held_out", "duplicate")}
    assert list(by_document.values()).count("duplicate_document") == 1
    assert list(by_document.values()).count("near_duplicate") == 3
    kept = [lines for place, (lines, _) in enumerate(fates) if place not in by_document]
    for place in by_document:
        assert any(similarity(DOCUMENTS[place], lines) >= 0.8 for lines in kept)
    assert published.manifest.rows.dropped[Reason.NEAR_DUPLICATE] == 12


def test_near_asks_for_the_search(web: Callable[..., Any]) -> None:
    made = web(DOCUMENTS[:2], publish={**SHARES, "duplicates": {"near": "one"}})
    with pytest.raises(UserError, match=r"publish\.duplicates\.near: .*add `near: \{\}` to deduplicate"):
        made.make()


@pytest.mark.parametrize("longest", [60, 70, 74, 80, 5000])
def test_no_text_vanishes_whose_copy_would_have_passed(web: Callable[..., Any], longest: int) -> None:
    """Loosened or tightened, a threshold decides first: a document that failed it takes no other with it."""
    long, short = written(1, lines=4), written(2, lines=3)
    documents = [
        [f"{line}                   " + "ﬀ" for line in long],  # folds to the same as the next, and is shorter
        [f"{line} ff" for line in long],
        edited([f"{line} ff" for line in long], 2),
        short,
        [*short, "x" * 79],
        edited(short, 1),
    ]
    thresholds = {"max_chars": longest, "min_letters": 0.0}
    publish = {**SHARES, "thresholds": thresholds, "duplicates": NEAR_ONE}
    made = web(documents, deduplicate={"near": {"jaccard": 0.7}}, publish=publish)
    made.make()
    fates = decided(made)
    passed = [[len(line) <= longest for line in lines] for lines, _ in fates]
    kept = [line for lines, reasons in fates for line, reason in zip(lines, reasons, strict=True) if not reason]
    assert Counter(map(fold, kept)).most_common(1)[0][1] == 1 if kept else not any(map(any, passed))
    for (lines, reasons), fine in zip(fates, passed, strict=True):
        for line, reason, ok in zip(lines, reasons, fine, strict=True):
            assert (reason == "too_long") == (not ok)
            if reason in ("duplicate", "held_out", "duplicate_document"):
                assert fold(line) in map(fold, kept)
        if "near_duplicate" in reasons:
            survivors = [
                other for other, theirs in fates if {"near_duplicate", "duplicate_document"}.isdisjoint(theirs)
            ]
            assert any(similarity(lines, other) >= 0.7 for other in survivors)


def test_ccnets_rule_keeps_no_copy(web: Callable[..., Any]) -> None:
    documents = [["Page 12 of 30", "a line of its own"], ["page 34 of 5,6", "PAGE 77 of »12"], ["page of", "another"]]
    publish = {**SHARES, "thresholds": {"min_letters": 0.0}, "duplicates": {"paragraphs": "none"}}
    made = web(documents, deduplicate={"normalisation": "ccnet"}, publish=publish)
    made.make()
    assert [reasons for _, reasons in decided(made)] == [["repeated", ""], ["", "repeated"], ["", ""]]
    made = web(documents, "folded", publish=publish)
    assert made.make().manifest.rows.dropped == {}


def test_all_paragraphs_can_be_kept(web: Callable[..., Any]) -> None:
    documents = [["a line that is repeated"], ["a line that is repeated", "and one that is not"]]
    made = web(documents, publish={"test": {"share": 0}, "dev": {"share": 0}, "duplicates": {"paragraphs": "all"}})
    assert made.make().manifest.rows.dropped == {}


def test_copies_may_be_sought_in_groups_of_splits(web: Callable[..., Any]) -> None:
    documents = [["the same line"], ["the same line"], ["the same line"], ["another line"]]
    made = web(documents, split_bytes=1, deduplicate={"group_splits": 2})
    made.make("ingest", "deduplicate")
    assert len(made.dataset("ingest").files(kind="staged")) > 2
    sizes = [row["cluster_size"] for row in beside(made, "clusters", CLUSTERS)]
    whole = web(documents, "whole", split_bytes=1)
    whole.make("ingest", "deduplicate")
    assert [row["cluster_size"] for row in beside(whole, "clusters", CLUSTERS)] == [3, 3, 3, 1]
    assert sizes == [2, 2, 1, 1]


def test_what_was_published_before_is_dropped(web: Callable[..., Any]) -> None:
    first = web(ORIGINALS[:4], "first")
    published = first.make()
    keys = [row["key"] for entry in published.files(kind="index") for row in published.table(entry).to_pylist()]
    assert all(published.table(entry).schema == INDEX for entry in published.files(kind="index"))
    assert len(keys) == 16 + 4  # rows and documents
    against = {"against": [str(published.folder)]}
    second = web(ORIGINALS[3:6], "second", split_bytes=100, deduplicate={**against, "group_splits": 1})
    dropped = second.make().manifest.rows.dropped
    assert dropped == {Reason.PUBLISHED_BEFORE: 4}
    copies = {"paragraphs": "all", "documents": "one"}
    mixed = [ORIGINALS[0], [ORIGINALS[0][0], "and a line that is new"]]
    third = web(mixed, "third", deduplicate=against, publish={**SHARES, "duplicates": copies})
    third.make()
    assert [reasons[0] for _, reasons in decided(third)] == ["published_before", ""]


@pytest.mark.parametrize(
    ("stage", "normalisation", "message"),
    [
        ("ingest", "fold", "names a dataset of ingest; name one of publish"),
        ("publish", "ccnet", "its index is of texts under fold"),
    ],
)
def test_an_index_must_fit(web: Callable[..., Any], stage: str, normalisation: str, message: str) -> None:
    made = web(ORIGINALS[:1], "first")
    made.make()
    folder = str(made.dataset(stage).folder)
    section = {"against": [folder], "normalisation": normalisation}
    with pytest.raises(UserError, match=message):
        web(ORIGINALS[:1], "second", deduplicate=section).make()


def test_a_folder_without_a_dataset_is_refused(web: Callable[..., Any], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a dataset, it has no manifest"):
        web(ORIGINALS[:1], deduplicate={"against": [str(tmp_path)]})


def test_one_and_two_workers_find_the_same(web: Callable[..., Any]) -> None:
    sections = {"deduplicate": {"near": {}}, "publish": {**SHARES, "duplicates": NEAR_ONE}}
    one, two = web(DOCUMENTS, "one", **sections), web(DOCUMENTS, "two", **sections)
    one.make(workers=1)
    two.make(workers=2)
    for stage in ("deduplicate", "publish"):
        assert one.dataset(stage).manifest == two.dataset(stage).manifest
