"""Deduplicate: a cluster for each row, nothing dropped, the same whatever the splits' order of work."""

from collections.abc import Callable
from typing import Any

import pytest

from pipelines.datasets.schemas import CLUSTERS
from pipelines.engine.budget import PROCESS
from pipelines.stages.deduplicating import copies, need

CATALOGS = {
    "a": {"en": {"k": "Enter the host", "l": "Name"}, "de": {"k": "Host eingeben", "l": "Name"}},
    "b": {"en": {"k": "enter  the HOST"}, "de": {"k": "Host eingeben"}},
    "c": {"en": {"k": "Enter the host"}, "de": {"k": "Gib den Host ein"}},
}
SECTIONS: dict[str, dict[str, Any]] = {"align": {}, "deduplicate": {}}


def clusters(made: Any, of: str) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return cluster, size and rank of each row of `ingest` or `align`, by document, language and text."""
    names = ("document", "lang", "text") if of == "ingest" else ("document", "target_lang", "target_text")
    found = {}
    for entry in made.dataset(of).files(kind="staged" if of == "ingest" else "pairs"):
        table = made.dataset(of).table(entry)
        (own,) = made.dataset("deduplicate").files(kind="clusters", of=entry.name)
        beside = made.dataset("deduplicate").table(own)
        assert beside.schema == CLUSTERS
        assert own.name == f"clusters/{entry.name}"
        for row, cluster in zip(table.to_pylist(), beside.to_pylist(), strict=True):
            assert cluster.pop("published") is False
            found[tuple(row[name] for name in names)] = tuple(cluster.values())
    return found


def test_texts_that_fold_alike_are_one_cluster(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, split_bytes=1, **SECTIONS)
    made.make()
    found = clusters(made, "ingest")
    host = [found[key] for key in (("a", "en", "Enter the host"), ("b", "en", "enter the HOST"),
                                   ("c", "en", "Enter the host"))]  # fmt: skip
    assert len({cluster for cluster, _, _ in host}) == 1
    assert [(size, rank) for _, size, rank in host] == [(3, 0), (3, 1), (3, 2)]
    english, german = found["a", "en", "Name"], found["a", "de", "Name"]
    assert english[0] != german[0]  # another language, another cluster
    assert english[1:] == german[1:] == (1, 0)


def test_a_pair_is_a_copy_if_both_sides_are(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, split_bytes=1, **SECTIONS)
    made.make()
    found = clusters(made, "align")
    assert found["a", "de", "Host eingeben"][0] == found["b", "de", "Host eingeben"][0]
    assert [found[key][1:] for key in (("a", "de", "Host eingeben"), ("b", "de", "Host eingeben"))] == [(2, 0), (2, 1)]
    assert found["c", "de", "Gib den Host ein"][1:] == (1, 0)


def test_nothing_is_dropped(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, **SECTIONS).make()
    counts = made.manifest.rows
    assert (counts.rows_in, counts.rows_out, counts.dropped) == (8 + 4, 12, {})
    assert made.manifest.summary["languages"]["text"] == {
        "de": {"rows": 4, "copies": 1, "published": 0},
        "en": {"rows": 4, "copies": 2, "published": 0},
    }
    assert made.manifest.summary["largest"][0] == {
        "kind": "text", "language": "en", "size": 3, "text": "Enter the host"
    }  # fmt: skip


def test_it_runs_without_pairs(corpus: Callable[..., Any]) -> None:
    assert corpus(CATALOGS, deduplicate={}).make().manifest.rows.rows_in == 8


def test_rounds_change_nothing(corpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    one = corpus(CATALOGS, folder="one", split_bytes=1, **SECTIONS).make()
    two = corpus(CATALOGS, folder="two", split_bytes=1, **SECTIONS)
    two.make("ingest", "align")
    monkeypatch.setattr(need, "KEY", 1 << 20)
    assert two.make("deduplicate", memory_budget=PROCESS + (4 << 20)).manifest == one.manifest


def test_a_run_after_a_crash_keeps_finished_files(
    corpus: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = corpus(CATALOGS, folder="undisturbed", split_bytes=1, **SECTIONS).make()
    made = corpus(CATALOGS, folder="crashed", split_bytes=1, **SECTIONS)
    made.make("ingest", "align")
    work = copies.write_clusters

    first = noted(work, crash_at="pairs/app-00002")
    monkeypatch.setattr(copies, "write_clusters", first)
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        made.make("deduplicate")
    second = noted(work)
    monkeypatch.setattr(copies, "write_clusters", second)
    assert made.make("deduplicate").manifest == undisturbed.manifest
    assert not set(first.splits()) & set(second.splits())
    assert len(first.splits()) + len(second.splits()) == 18
