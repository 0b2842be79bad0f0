"""Mine: the pairs that a bitext was made of are found among other sentences, and every target is accounted for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import fingerprint
from pipelines.datasets.manifest import Manifest, Rows
from pipelines.datasets.reasons import Reason
from pipelines.datasets.schemas import PAIRS, vectors_schema
from pipelines.datasets.stage import StageRun
from pipelines.engine.budget import Budget
from pipelines.registry import stages

WIDTH = 64
SHARED = 40  # sentences that stand in both languages
ENGLISH = [f"The lamp number {number} is on" for number in range(100)]
GERMAN = [f"Die Lampe {number} ist an" for number in range(SHARED)] + [f"Etwas anderes {n}" for n in range(40)]


def vector(text: str) -> np.ndarray:
    """A unit vector of a text: nearly the same for translations, which share their number."""
    word, number = text.split()[1], text.split()[-1 if text.startswith("Etwas") else 3 if "number" in text else 2]
    seed = int(number) + (1000 if word == "anderes" else 0)
    base = np.random.default_rng(seed).standard_normal(WIDTH)
    own = base + 0.2 * np.random.default_rng(len(text) + seed).standard_normal(WIDTH) + 0.5
    return own / np.linalg.norm(own)


def commit_vectors(segment: Dataset, run: StageRun) -> None:
    """Make the dataset of `embed`, of vectors that are known."""
    draft, files = Draft(run.folder), []
    for entry in segment.files(kind="sentences"):
        texts = segment.table(entry)["text"].to_pylist()
        flat = np.array([vector(text) for text in texts], np.float16).ravel()
        table = pa.table([pa.FixedSizeListArray.from_arrays(pa.array(flat), WIDTH)], schema=vectors_schema(WIDTH))
        name = f"vectors/{entry.name.partition('/')[2]}"
        files.append(draft.write_table(name, table, {"kind": "vectors", "of": entry.name}))
    rows = Rows(rows_in=0, expanded=0, rows_out=0, dropped={})
    draft.commit(
        Manifest(stage="embed", version=1, fingerprint=run.fingerprint, config={}, inputs={}, unit_in="", unit_out="",
                 rows=rows, files=files, summary={"width": WIDTH}),
        b"{}",
    )  # fmt: skip


@pytest.fixture
def mined(corpus: Callable[..., Any], tmp_path: Path, language_model: str) -> Callable[..., Any]:
    """Return a function from the section `mine` to its dataset."""

    def build(folder: str = "runs", workers: int = 1, **mine: Any) -> Dataset:
        sources = []
        for language, texts in (("en", ENGLISH), ("de", [*GERMAN, GERMAN[0].upper()])):
            path = tmp_path / f"{language}.txt"
            path.write_text("\n".join(texts), encoding="utf-8")
            source = {"format": "lines", "name": language, "path": str(path), "language": language}
            sources.append({**source, "split_bytes": 1000})
        made = corpus({}, folder=folder, ingest={"sources": sources, "language_model": language_model}, segment={})
        made.make("ingest", "segment")
        spec, inputs = stages()["embed"], {"segment": {"": made.runs["segment"]}}
        config = spec.section.model_validate({"encoder": str(tmp_path / "en.txt")})
        name = fingerprint("embed", 1, config, {"segment": made.runs["segment"].fingerprint})
        made.runs["embed"] = StageRun(spec, config, "", name, made.folder / f"embed-{name[:12]}", inputs)
        commit_vectors(made.dataset("segment"), made.runs["embed"])
        section = {"languages": [["en", "de"]], "threshold": 1.4, **mine}
        made.plan("mine", section, {stage: made.runs[stage] for stage in ("ingest", "segment", "embed")})
        return made.make("mine", workers=workers)

    return build


def pairs(dataset: Dataset) -> list[dict[str, Any]]:
    return [row for entry in dataset.files(kind="pairs") for row in dataset.table(entry).to_pylist()]


def test_the_bitext_is_found(mined: Callable[..., Any]) -> None:
    dataset = mined()
    (entry,) = dataset.files(kind="pairs")
    assert entry.name == "mined/en-de-00000.arrow"
    assert dataset.table(entry).schema == PAIRS
    found = pairs(dataset)
    assert {(row["source_text"], row["target_text"]) for row in found} == set(
        zip(ENGLISH[:SHARED], GERMAN[:SHARED], strict=True)
    )
    row = found[3]
    assert (row["method"], row["key"]) == ("mined", "")
    assert row["confidence"] > 1.4
    assert (row["source_lang"], row["target_lang"]) == ("en", "de")
    assert (row["source_sentence"], row["source_sentences"], row["target_sentences"]) == (0, 1, 1)
    assert row["digits_agree"]
    assert row["target_words"] == 5


def test_every_sentence_of_the_target_is_a_pair_or_has_a_reason(mined: Callable[..., Any]) -> None:
    dataset = mined()
    rows = dataset.manifest.rows
    assert (dataset.manifest.unit_in, dataset.manifest.unit_out) == ("sentences of the target", "pairs")
    assert (rows.rows_in, rows.expanded, rows.rows_out) == (81, 0, 40)
    assert rows.dropped[Reason.DUPLICATE] == 1
    assert sum(rows.dropped.values()) == 41
    samples = dataset.samples()
    assert "Etwas anderes" in samples[Reason.LOW_MARGIN][0].text
    assert samples[Reason.LOW_MARGIN][0].detail.startswith("margin ")
    assert dataset.manifest.summary == {"languages": {"en-de": {"pairs": 40, "source": 100, "target": 80}}}


def test_a_target_that_several_sources_choose_expands(mined: Callable[..., Any]) -> None:
    rows = mined(retrieval="forward", threshold=0.0).manifest.rows
    assert rows.rows_out == 100
    assert rows.rows_in + rows.expanded == rows.rows_out + sum(rows.dropped.values())
    assert rows.expanded > 0


@pytest.mark.parametrize("keys", [{"centering": True, "threshold": 1.8}, {"index": "approximate"}])
def test_centred_or_by_an_approximate_index_the_same_is_found(keys: dict[str, Any], mined: Callable[..., Any]) -> None:
    found = {(row["source_text"], row["target_text"]) for row in pairs(mined(**keys))}
    right = set(zip(ENGLISH[:SHARED], GERMAN[:SHARED], strict=True))
    assert len(found & right) >= 38
    assert len(found - right) <= 3


def test_bytes_are_the_same_for_one_and_two_workers_and_pairs_however_shards_are_cut(
    mined: Callable[..., Any],
) -> None:
    one, two = mined("one", shard_rows=30), mined("two", workers=2, shard_rows=30)
    assert [entry.checksum for entry in one.manifest.files] == [entry.checksum for entry in two.manifest.files]
    texts = [(row["source_text"], row["target_text"]) for row in pairs(one)]
    assert texts == [(row["source_text"], row["target_text"]) for row in pairs(mined("whole"))]


def test_a_language_without_sentences_and_a_budget_that_is_too_small_are_refused(
    mined: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"mine\.languages: segment has no sentence in fr; take it out, or add"):
        mined(languages=[["en", "fr"]])
    # what ingest needs is more than what mine needs for so few sentences
    small = Budget("mine", total=160 << 20, workers=1, is_given=False)
    monkeypatch.setattr("pipelines.stages.mine.budget_of", lambda job, stage: small)
    with pytest.raises(UserError, match=r"mine needs about .*the vectors of 100 sentences.*lower mine\.shard_rows"):
        mined("small")


@pytest.mark.parametrize(
    ("languages", "message"),
    [([["en", "en"]], "en is paired with itself"), ([["en", "de"], ["de", "en"]], "stands twice; name it once")],
)
def test_pairs_that_make_no_sense_are_refused(languages: Any, message: str, mined: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=message):
        mined(languages=languages)
