"""Annotate: scores stand beside the rows and documents that they belong to, and publish can ask for them."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.config.annotate import AnnotateSection
from pipelines.datasets.errors import ConfigError, UserError
from pipelines.datasets.reasons import Reason
from pipelines.engine.budget import PROCESS
from pipelines.stages import annotate

ENGLISH = "enter your name and your password"
CATALOGS = {
    "a": {"en": {"k": ENGLISH, "l": "12."}, "de": {"k": "gib deinen namen ein"}},
    "b": {"en": {"k": ENGLISH, "l": "12"}},
    "c": {"en": {"k": "gib deinen namen und dein kennwort ein"}, "ja": {"k": "名前を入力"}},
}
PUBLISH = {"test": {"share": 0.0}, "dev": {"share": 0.0}, "thresholds": {"min_letters": 0.0}}
ROW = ("file", "record", "paragraph")


def scores(made: Any, of: str, name: str) -> dict[tuple[str, str, str], float | None]:
    """Return an annotated column by document, language and text (the first of a document)."""
    found = {}
    for entry in made.dataset("ingest").files(kind="staged"):
        rows = made.dataset("ingest").table(entry).to_pylist()
        beside = entry.name.replace("staged/", f"{of}/")
        (own,) = made.dataset("annotate").files(kind="scores", of=beside)
        values = made.dataset("annotate").table(own)[name].to_pylist()
        for place, row in enumerate(rows):
            key = row["document"], row["lang"], row["text"]
            found[key] = values[row["document_row"] if of == "documents" else place]
    return found


def ids(made: Any) -> dict[tuple[str, str], tuple[str, int, int]]:
    """Return the id of each row by document and text."""
    made.make("ingest")
    return {
        (row["document"], row["text"]): tuple(row[name] for name in ROW)
        for entry in made.dataset("ingest").files(kind="staged")
        for row in made.dataset("ingest").table(entry).to_pylist()
    }


@pytest.fixture
def joined(corpus: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Return a function from scores by id, and the id's columns, to a corpus that joins them as the column `worth`."""

    def build(values: Mapping[tuple[Any, ...], Any], names: tuple[str, ...] = ROW, **more: Any) -> Any:
        columns = {name: [key[place] for key in values] for place, name in enumerate(names)}
        pq.write_table(pa.table({**columns, "worth": list(values.values())}), tmp_path / "scores.parquet")
        outside = {"path": str(tmp_path / "scores.parquet"), "columns": ["worth"]}
        return corpus(CATALOGS, split_bytes=1, deduplicate={}, annotate={"columns": [outside]}, **more)

    return build


def test_copies_get_the_score_of_the_first_which_alone_is_scored(
    corpus: Callable[..., Any], language_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored: list[str] = []
    work = annotate.score
    monkeypatch.setattr(annotate, "score", lambda *given: scored.extend(given[1]) or work(*given))
    english = {"name": "english", "model": language_model, "label": "__label__en"}
    made = corpus(CATALOGS, split_bytes=1, deduplicate={}, annotate={"classifiers": [english]})
    made.make()
    found = scores(made, "documents", "english")
    first, copy = found["a", "en", ENGLISH], found["b", "en", ENGLISH]
    assert first == copy
    assert first is not None and first > 0.9  # noqa: PT018
    german = found["c", "en", "gib deinen namen und dein kennwort ein"]
    assert german is not None and german < 0.1  # noqa: PT018
    assert scored.count(ENGLISH) == 1
    assert made.dataset("annotate").manifest.summary["columns"] == {"english": ["documents"]}


def test_a_classifier_may_know_some_languages_alone(corpus: Callable[..., Any], language_model: str) -> None:
    german = {"name": "german", "model": language_model, "label": "de", "languages": ["de", "ja"]}
    made = corpus(CATALOGS, deduplicate={}, annotate={"classifiers": [german]})
    made.make()
    found = scores(made, "documents", "german")
    assert {language for (_, language, _), value in found.items() if value is not None} == {"de", "ja"}


def test_perplexity_and_its_buckets(
    corpus: Callable[..., Any], rows_of: Callable[..., Any], perplexity_models: Path, tmp_path: Path
) -> None:
    """The perplexities are worked out in test_perplexity.py: 2.5 for `12.` and 3.8 for `12`."""
    for end in ("arpa", "sp.model"):
        shutil.copy(perplexity_models / f"xx.{end}", tmp_path / f"en.{end}")
    (tmp_path / "cutoff.csv").write_text(",de,en\n0.0,1,1\n30.0,1,2.6\n60.0,2,4\n", encoding="utf-8")
    models = {"models": str(tmp_path / "{language}.arpa"), "tokenizers": str(tmp_path / "{language}.sp.model")}
    head = {"perplexity": {"keep": ["head"], "cutoffs": str(tmp_path / "cutoff.csv")}}
    made = corpus(
        CATALOGS, deduplicate={}, annotate={"perplexity": models}, publish={**PUBLISH, "filters": head}
    )  # fmt: skip
    published = made.make()
    found = scores(made, "documents", "perplexity")
    assert (found["a", "en", "12."], found["b", "en", "12"]) == (pytest.approx(2.5), pytest.approx(3.8))
    assert found["c", "ja", "名前を入力"] is None
    assert rows_of(published, "text", kind="text", language="en") == [("12.",)]
    assert len(rows_of(published, "text", kind="text", language="ja")) == 1  # no model, no bucket
    details = {sample.text: sample.detail for sample in published.samples()[Reason.PERPLEXITY]}
    assert details["12"] == "3.8; the head ends at 2.6, the middle at 4"


def test_columns_of_rows_and_of_documents(corpus: Callable[..., Any], joined: Callable[..., Any]) -> None:
    places = ids(corpus(CATALOGS, folder="places", split_bytes=1))
    here, there = places["a", "12."], places["b", "12"]
    made = joined({here: 1, there: 2, ("elsewhere", 0, 0): 3})
    counts = made.make().manifest.summary
    found = scores(made, "staged", "worth")
    assert {key: value for key, value in found.items() if value is not None} == {
        ("a", "en", "12."): 1.0, ("b", "en", "12"): 2.0,
    }  # fmt: skip
    assert counts == {"columns": {"worth": ["rows"]}, "joined": {"worth": {"matched": 2, "without": 5, "unmatched": 1}}}

    made = joined({here[:2]: 0.5, there[:2]: 0.25}, ("file", "record"))
    made.make()
    found = scores(made, "documents", "worth")
    assert found["a", "en", "12."], found["b", "en", "12"] == (0.5, 0.25)


def test_columns_of_pairs(corpus: Callable[..., Any], joined: Callable[..., Any]) -> None:
    places = ids(corpus(CATALOGS, folder="places", split_bytes=1))
    pair = (*places["a", ENGLISH], *places["a", "gib deinen namen ein"])
    names = tuple(f"{side}_{name}" for side in ("source", "target") for name in ROW)
    publish = {**PUBLISH, "filters": {"scores": {"worth": {"min": 0.5}}}}
    dropped = joined({pair: 0.25}, names, align={}, publish=publish).make().manifest.summary["dropped"]
    assert dropped["pairs"] == {"low_score": 1}
    assert "low_score" not in dropped["text"]


def test_publish_asks_for_scores_and_a_missing_one_passes(
    corpus: Callable[..., Any], joined: Callable[..., Any], rows_of: Callable[..., Any]
) -> None:
    places = ids(corpus(CATALOGS, folder="places", split_bytes=1))
    filters = {"scores": {"worth": {"min": 0.5, "max": 0.875}}}
    made = joined({places["a", "12."]: 0.25, places["b", "12"]: 1.0, places["a", ENGLISH]: 0.5},
                  publish={**PUBLISH, "filters": filters})  # fmt: skip
    published = made.make()
    assert sorted(rows_of(published, "text", kind="text", language="en")) == [
        (ENGLISH,), ("gib deinen namen und dein kennwort ein",),
    ]  # fmt: skip
    samples = published.samples()
    assert [sample.detail for sample in samples[Reason.LOW_SCORE]] == ["0.25 < 0.5 worth"]
    assert [sample.detail for sample in samples[Reason.HIGH_SCORE]] == ["1 > 0.875 worth"]
    assert published.manifest.summary["thresholds"]["low_score"] == {"worth.min": 0.5}


def test_what_cannot_be_joined_is_said(joined: Callable[..., Any]) -> None:
    for values, names, said in (
        ({("x", 0, 0): 1.0}, ROW, "none of its ids is of the corpus"),
        (
            {("x",): 1.0},
            ("file",),
            r"no ids; rows have the columns file, record and paragraph, .* \(found: file, worth\)",
        ),
        ({("x", 0, 0): "high"}, ROW, "the column 'worth' holds string, not numbers; convert it first"),
        ({("x", "y", 0): 1.0}, ROW, "the column 'record' of the id holds string; convert it first"),
    ):
        with pytest.raises(UserError, match=f"scores.parquet: .*{said}"):
            joined(values, names).make()


def test_an_id_that_stands_twice_is_said(corpus: Callable[..., Any], tmp_path: Path) -> None:
    file, record, paragraph = ids(corpus(CATALOGS, folder="places"))["a", "12."]
    table = pa.table({"file": [file] * 2, "record": [record] * 2, "paragraph": [paragraph] * 2, "worth": [1, 2]})
    pq.write_table(table, tmp_path / "twice.parquet")
    outside = {"path": str(tmp_path / "twice.parquet"), "columns": ["worth"]}
    with pytest.raises(UserError, match=r"twice\.parquet: an id stands twice \(file .*, record 1, paragraph 0\)"):
        corpus(CATALOGS, deduplicate={}, annotate={"columns": [outside]}).make()
    with pytest.raises(UserError, match=r"there is no column 'other'; there are: file, record, paragraph, worth"):
        corpus(CATALOGS, deduplicate={}, annotate={"columns": [{**outside, "columns": ["other"]}]}).make()
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(UserError, match=r"text\.parquet: cannot be read as Parquet"):
        corpus(CATALOGS, deduplicate={}, annotate={"columns": [{**outside, "path": str(tmp_path / "text.parquet")}]}
               ).make()  # fmt: skip


def test_what_is_no_classifier_is_said(corpus: Callable[..., Any], language_model: str, tmp_path: Path) -> None:
    (tmp_path / "bad.bin").write_bytes(b"no model")
    one = {"name": "x", "model": language_model, "label": "fr"}
    with pytest.raises(UserError, match=r"the classifier has no label 'fr'; its labels are de, en, ja"):
        corpus(CATALOGS, deduplicate={}, annotate={"classifiers": [one]}).make()
    with pytest.raises(UserError, match=r"bad\.bin: no fastText model can be read .*; check annotate\.classifiers"):
        corpus(CATALOGS, deduplicate={}, annotate={"classifiers": [{**one, "model": str(tmp_path / "bad.bin")}]}).make()


def test_publish_says_which_scores_there_are(corpus: Callable[..., Any], joined: Callable[..., Any]) -> None:
    places = ids(corpus(CATALOGS, folder="places", split_bytes=1))
    wanted = {**PUBLISH, "filters": {"scores": {"other": {"min": 0.5}}}}
    with pytest.raises(ConfigError, match=r"publish\.filters\.scores\.other: no such .* there are: worth"):
        joined({places["a", "12."]: 0.25}, publish=wanted).make()
    with pytest.raises(ConfigError, match="there are: none; add a section `annotate`"):
        corpus(CATALOGS, deduplicate={}, publish=wanted).make()
    with pytest.raises(UserError, match="needs a perplexity: add a section `annotate` with `perplexity`"):
        corpus(CATALOGS, deduplicate={}, publish={**PUBLISH, "filters": {"perplexity": {}}}).make()


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"classifiers": [{"name": "words", "model": "m", "label": "l"}]}, "words is a column of the corpus already"),
        ({"columns": [{"path": "p", "columns": ["x", "x"]}]}, "two annotated columns are called x"),
        ({"perplexity": {"models": "m", "tokenizers": "{language}"}}, "write the language's place once"),
    ],
)
def test_a_section_that_cannot_be_right(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AnnotateSection.model_validate(section)


def test_splits_and_rounds_change_no_score(
    corpus: Callable[..., Any], language_model: str, noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = {"classifiers": [{"name": "english", "model": language_model, "label": "en"}]}
    few = corpus(CATALOGS, folder="few", deduplicate={}, annotate=one)
    many = corpus(CATALOGS, folder="many", split_bytes=1, deduplicate={}, annotate=one)
    few.make()
    many.make("ingest", "deduplicate")
    counted = noted(annotate.give_scores)
    monkeypatch.setattr(annotate, "give_scores", counted)
    monkeypatch.setattr(annotate, "ROW", 10 << 20)
    many.make("annotate", memory_budget=PROCESS + (11 << 20))
    assert len(counted.splits()) == 7  # as many as there are rows
    assert scores(few, "documents", "english") == scores(many, "documents", "english")


def test_an_empty_section_annotates_nothing(corpus: Callable[..., Any]) -> None:
    made = corpus(CATALOGS, deduplicate={}, annotate={}).make()
    assert (made.manifest.rows.rows_in, made.manifest.rows.rows_out) == (7, 7)
    assert made.files(kind="scores") == []
    assert made.manifest.summary == {"columns": {}, "joined": {}}


@pytest.mark.parametrize("step", ["score", "annotate"])
def test_a_run_after_a_crash_keeps_what_was_finished(
    corpus: Callable[..., Any],
    noted: Callable[..., Any],
    language_model: str,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    sections = {
        "deduplicate": {},
        "annotate": {"classifiers": [{"name": "english", "model": language_model, "label": "en"}]},
    }
    undisturbed = corpus(CATALOGS, folder="undisturbed", split_bytes=1, **sections).make()
    made = corpus(CATALOGS, folder="crashed", split_bytes=1, **sections)
    made.make("ingest", "deduplicate")
    work = getattr(annotate, f"{step}_file")
    first = noted(work, crash_at=f"{step}/staged/app-00002")
    monkeypatch.setattr(annotate, f"{step}_file", first)
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        made.make("annotate")
    second = noted(work)
    monkeypatch.setattr(annotate, f"{step}_file", second)
    assert made.make("annotate").manifest == undisturbed.manifest
    assert not set(first.splits()) & set(second.splits())
    assert len(first.splits()) + len(second.splits()) == len(undisturbed.files(kind="scores"))
