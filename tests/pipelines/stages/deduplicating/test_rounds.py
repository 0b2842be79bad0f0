"""Deduplicate within a budget: the same bytes in many rounds as in one, after a crash too, or a refusal."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.errors import UserError
from pipelines.engine.budget import PROCESS
from pipelines.stages.deduplicating import copies, near, need

ROW = 1 << 20  # bytes that a key is said to take, so that a budget of some MiB makes many rounds
WORDS = [f"word{number}" for number in range(24)]


def written(seed: int) -> list[str]:
    chance = random.Random(seed)
    return [" ".join(chance.choices(WORDS, k=14)) for _ in range(4)]


def edited(document: list[str]) -> list[str]:
    return [*document[:-1], f"{document[-1]} now"]


ORIGINALS = [written(seed) for seed in range(12)]
DOCUMENTS = [
    *ORIGINALS,
    *([ORIGINALS[0][0], f"and {number}"] for number in range(20)),  # a line that is in more rows than a round holds
    *ORIGINALS[3:6],
    *map(edited, ORIGINALS[5:9]),
    *(edited(edited(document)) for document in ORIGINALS[6:8]),
]


@pytest.fixture
def web(corpus: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Return a function from a folder's name and deduplicate's keys to a corpus of DOCUMENTS in several files."""

    def build(folder: str, documents: list[list[str]] = DOCUMENTS, **deduplicate: Any) -> Any:
        path = tmp_path / f"{folder}.txt"
        path.write_text("\n\n".join("\n".join(document) for document in documents) + "\n")
        source = {"format": "lines", "name": "web", "path": str(path), "language": "en", "documents": True}
        sources = [{**source, "split_bytes": 1000}]
        return corpus({}, folder=folder, ingest={"sources": sources}, deduplicate=deduplicate, publish={})

    return build


@pytest.fixture
def large_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say that a key takes a MiB."""
    monkeypatch.setattr(need, "KEY", ROW)
    monkeypatch.setattr(need, "BAND", ROW)


@pytest.mark.usefixtures("large_rows")
@pytest.mark.parametrize("options", [{}, {"group_splits": 2}, {"against": True}])
def test_rounds_change_nothing(
    web: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, options: dict[str, Any]
) -> None:
    if options:
        options = {**options}
        if options.pop("against", False):
            published = web("before", ORIGINALS[:2]).make()
            options["against"] = [str(published.folder)]
    made = web("runs", near={}, **options)
    made.make("ingest")
    whole = made.make("deduplicate", memory_budget=1 << 40)
    whole.folder.rename(whole.folder.with_name("whole"))
    found, paired = noted(copies.find_in_round), noted(near.pair_in_round)
    monkeypatch.setattr(copies, "find_in_round", found)
    monkeypatch.setattr(near, "pair_in_round", paired)
    in_rounds = made.make("deduplicate", memory_budget=PROCESS + 12 * ROW)
    assert len(found.splits()) > 10
    assert len(paired.splits()) > 40
    assert in_rounds.manifest == whole.manifest
    assert sum(entry.rows for entry in in_rounds.files(kind="near")) > 5
    sizes = [row["cluster_size"] for entry in in_rounds.files(kind="clusters", of="staged/web-00000.arrow")
             for row in in_rounds.table(entry).to_pylist()]  # fmt: skip
    assert max(sizes) == (21 if "group_splits" not in options else 1)


@pytest.mark.parametrize(("again", "expected"), [(12, 14), (25, 7)])
def test_a_run_that_was_killed_between_rounds_goes_on(
    web: Callable[..., Any], noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, again: int, expected: int
) -> None:
    """The same rounds are not done again; with another budget there are other rounds, and the same bytes."""
    made = web("runs")
    made.make("ingest")
    whole = made.make("deduplicate")
    whole.folder.rename(whole.folder.with_name("whole"))
    monkeypatch.setattr(need, "KEY", ROW)
    work = copies.find_in_round
    first, hashed = noted(work, crash_at="copies/14/00003"), noted(copies.hash_rows)
    monkeypatch.setattr(copies, "find_in_round", first)
    monkeypatch.setattr(copies, "hash_rows", hashed)
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        made.make("deduplicate", memory_budget=PROCESS + 12 * ROW)
    assert len(first.splits()) == 3
    second = noted(work)
    monkeypatch.setattr(copies, "find_in_round", second)
    before = hashed.splits()
    assert made.make("deduplicate", memory_budget=PROCESS + again * ROW).manifest == whole.manifest
    assert hashed.splits() == before  # a file is hashed once, whatever the rounds
    assert len({*first.splits(), *second.splits()}) == len(first.splits()) + len(second.splits())
    assert len(second.splits()) == expected - (3 if again == 12 else 0)


@pytest.mark.parametrize(
    ("budget", "workers", "message"),
    [
        (1 << 20, 1, r"deduplicate needs about 16\d\.\d MiB with 1 worker \(staged/web-\d+\.arrow has .* MiB\), "
                     r"engine\.memory_budget is 1\.0 MiB; raise it to 16\d\.\d MiB, or lower `split_bytes`"),
        (300 << 20, 2, r"needs about 48\d\.\d MiB with 2 workers .*, or set engine\.workers to 1, or lower"),
    ],
)  # fmt: skip
def test_what_cannot_fit_is_refused_before_any_work(
    web: Callable[..., Any], budget: int, workers: int, message: str
) -> None:
    made = web("runs", near={})
    made.make("ingest")
    with pytest.raises(UserError, match=message):
        made.make("deduplicate", memory_budget=budget, workers=workers)
    assert not [path for path in made.runs["deduplicate"].folder.rglob("*") if path.is_file()]


def test_more_rows_than_any_number_of_rounds_can_hold_are_refused(
    web: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = web("runs", near={})
    made.make("ingest")
    monkeypatch.setattr(need, "BAND", 1 << 40)
    with pytest.raises(UserError, match=r"needs about 1\.1 TiB .*a round of the band keys of 41 documents"):
        made.make("deduplicate", memory_budget=1 << 30)
