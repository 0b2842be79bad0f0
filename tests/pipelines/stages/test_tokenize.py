"""Tokenize: one model from the train split alone, and every row encoded in its place."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from xlm_r import xlm_r_model

from pipelines.datasets.errors import UserError
from pipelines.engine.budget import PROCESS
from pipelines.stages import tokenize
from pipelines.stages.publishing.splits import Assignment
from pipelines.stages.work import column
from pipelines.text.vocabulary import Vocabulary

WORDS = ("host", "name", "password", "device", "light", "door", "window", "sensor", "kitchen", "garden")
CATALOGS = {
    f"c{number}": {
        "en": {word: f"enter {word} of {WORDS[number % 10]} {WORDS[(place + number) % 10]}"
               for place, word in enumerate(WORDS)},
        "de": {word: f"{word} für {WORDS[number % 10]} und {WORDS[(place * number) % 10]} eingeben"
               for place, word in enumerate(WORDS)},
    }
    for number in range(12)
}  # fmt: skip
SECTIONS: dict[str, dict[str, Any]] = {
    "align": {},
    "deduplicate": {},
    "publish": {"test": {"share": 0.2}, "dev": {"share": 0.2}},
    "tokenize": {"vocabulary": 40, "sentences": 100, "threads": 1},
}


@pytest.fixture
def made(corpus: Callable[..., Any]) -> Any:
    made = corpus(CATALOGS, split_bytes=5000, **SECTIONS)
    made.make()
    return made


def test_shards_are_row_aligned(made: Any) -> None:
    published, tokens = made.dataset("publish"), made.dataset("tokenize")
    vocabulary = Vocabulary(tokens.read("tokenizer.model"))
    for kind in ("text", "pairs"):
        for shard, entry in zip(published.files(kind=kind), tokens.files(kind=kind), strict=True):
            assert (entry.name, entry.rows, entry.partition) == (shard.name, shard.rows, shard.partition)
            texts, ids = published.table(shard), tokens.table(entry)
            if kind == "text":
                assert ids.schema == pa.schema([("ids", pa.list_(pa.uint16()))])
                assert ids["ids"].to_pylist() == vocabulary.encode(column(texts, "text")).to_pylist()
            else:
                assert ids.column_names == ["source", "target", "group"]
                assert ids["target"].to_pylist() == vocabulary.encode(column(texts, "target_text")).to_pylist()
                assert ids["group"].to_pylist() == texts["group"].to_pylist()


def test_the_summary_counts_each_split_and_language(made: Any) -> None:
    published, tokens = made.dataset("publish"), made.dataset("tokenize")
    summary = tokens.manifest.summary
    assert (summary["pieces"], summary["vocabulary"]) == (40, 42)
    assert set(summary["counts"]) == {"train", "dev", "test"}
    assert set(summary["counts"]["train"]) == {"text", "pairs"}
    for split, kinds in summary["counts"].items():
        for language, counts in kinds["text"].items():
            texts = read(published, "text", kind="text", language=language, split=split)
            ids = read(tokens, "ids", kind="text", language=language, split=split)
            assert counts == {
                "characters": sum(map(len, texts)),
                "bytes": sum(len(text.encode()) for text in texts),
                "tokens": sum(map(len, ids)),
                "unknown": sum(row.count(3) for row in ids),
                "byte_pieces": 0,
            }
    pairs = summary["counts"]["train"]["pairs"]["de"]
    both = [read(tokens, side, kind="pairs", split="train") for side in ("source", "target")]
    assert pairs["tokens"] == sum(len(row) for rows in both for row in rows)
    assert sum(summary["sampled"].values()) == 100
    assert tokens.manifest.rows.rows_in == published.manifest.rows.rows_out == tokens.manifest.rows.rows_out


def read(dataset: Any, name: str, **where: str) -> list[Any]:
    return [row for entry in dataset.files(**where) for row in dataset.table(entry)[name].to_pylist()]


def test_the_speed_is_in_run_json_alone(made: Any) -> None:
    tokens = made.dataset("tokenize")
    timings = tokens.run["timings"]
    assert set(timings) == {"encode_cpu_seconds", "tokens_per_cpu_second", "megabytes_per_cpu_second"}
    counts = [
        one for kinds in tokens.manifest.summary["counts"].values() for own in kinds.values() for one in own.values()
    ]
    assert timings["tokens_per_cpu_second"] * timings["encode_cpu_seconds"] == pytest.approx(
        sum(one["tokens"] for one in counts)
    )


def test_bytes_spell_what_is_unknown(corpus: Callable[..., Any]) -> None:
    own = {**SECTIONS["tokenize"], "vocabulary": 285, "byte_fallback": True, "coverage": 0.98}
    again = corpus(CATALOGS, split_bytes=5000, **{**SECTIONS, "tokenize": own})
    again.make()
    counts = again.dataset("tokenize").manifest.summary["counts"]
    german = counts["train"]["text"]["de"]
    assert german["unknown"] == 0
    assert german["byte_pieces"] > 0


def test_a_given_model_is_taken_as_it_is(corpus: Callable[..., Any], made: Any, tmp_path: Path) -> None:
    path = tmp_path / "sentencepiece.bpe.model"
    path.write_bytes(xlm_r_model())
    again = corpus(CATALOGS, split_bytes=5000, **{**SECTIONS, "tokenize": {"model": str(path)}})
    again.make()
    tokens = again.dataset("tokenize")
    assert tokens.read("tokenizer.model") == xlm_r_model()
    assert tokens.manifest.summary["vocabulary"] == 250_002
    assert "sampled" not in tokens.manifest.summary
    (entry, *_) = tokens.files(kind="text")
    assert tokens.table(entry).schema == pa.schema([("ids", pa.list_(pa.uint32()))])
    assert again.runs["tokenize"].fingerprint != made.runs["tokenize"].fingerprint


def test_the_ids_do_not_depend_on_how_much_is_encoded_at_a_time(
    corpus: Callable[..., Any], made: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokenize, "_PART_BYTES", 100)
    again = corpus(CATALOGS, folder="parts", split_bytes=5000, **SECTIONS)
    assert again.make().manifest == made.dataset("tokenize").manifest


def test_the_model_sees_the_train_split_alone(made: Any) -> None:
    texts, _ = tokenize.sample(made.dataset("publish"), made.runs["tokenize"].config)
    levels = Assignment(0.2, 0.2)
    held_out = {
        text for document, languages in CATALOGS.items() if levels.level(document)
        for messages in languages.values() for text in messages.values()
    }  # fmt: skip
    assert held_out
    assert not held_out & set(texts)


def test_a_run_after_a_crash_keeps_model_and_shards(
    corpus: Callable[..., Any], made: Any, noted: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    again = corpus(CATALOGS, folder="crashed", split_bytes=5000, **SECTIONS)
    again.make("ingest", "align", "deduplicate", "publish")
    work = tokenize.encode_shard
    first = noted(work, crash_at="encode/pairs/en-de/train-00000")
    monkeypatch.setattr(tokenize, "encode_shard", first)
    with pytest.raises(RuntimeError, match="crashed on purpose"):
        again.make("tokenize")
    second = noted(work)
    monkeypatch.setattr(tokenize, "encode_shard", second)
    monkeypatch.setattr(tokenize, "train_unigram", lambda *arguments: pytest.fail("trained twice"))
    assert again.make("tokenize").manifest == made.dataset("tokenize").manifest
    assert first.splits()
    assert not set(first.splits()) & set(second.splits())


def test_a_sample_that_takes_too_much_memory_is_refused(corpus: Callable[..., Any]) -> None:
    again = corpus(CATALOGS, split_bytes=5000, **{**SECTIONS, "tokenize": {**SECTIONS["tokenize"], "sentences": 101}})
    again.make("ingest", "align", "deduplicate", "publish")
    with pytest.raises(
        UserError,
        match=r"^tokenize needs about \S+ MiB with 1 worker \(SentencePiece on 10\d texts\), engine\.memory_budget is "
        r".*; raise it to \S+ MiB, or lower tokenize\.sentences to \d+$",
    ):
        again.make("tokenize", memory_budget=PROCESS + 100_000)


def test_an_empty_train_split_is_said_to_be_so(corpus: Callable[..., Any]) -> None:
    sections = {**SECTIONS, "publish": {**SECTIONS["publish"], "thresholds": {"min_chars": 1000}}}
    with pytest.raises(UserError, match=r"no text in the train split; loosen publish\.thresholds"):
        corpus(CATALOGS, split_bytes=5000, **sections).make()
