"""`compare` on tiny datasets: two sides with three seeds, of one corpus and of two with tokenizers of their own."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import sentencepiece

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.errors import UserError
from pipelines.datasets.progress import Progress
from pipelines.datasets.stage import EngineSection, Job, Outcome
from training.config.compare import CompareSection
from training.config.pretrain import PretrainArm, PretrainSection
from training.stages import compare, pretrain

Commit = Callable[[Draft, str, Outcome], Dataset]
SEEDS = (1, 2, 3)


def job(config: object, folder: Path, **inputs: dict[str, Dataset]) -> Job:
    return Job(config, EngineSection(), inputs, Draft(folder), Progress("test"))


def settings(*sides: str, pool_size: int = 20, **keys: Any) -> CompareSection:
    retrieval = {"pool_size": pool_size, "min_words": 1, "ngram_ranges": [(1, 2)]}
    return CompareSection.model_validate({"sides": sides, "seeds": SEEDS, "retrieval": retrieval, **keys})


@pytest.fixture(scope="module")
def train(tmp_path_factory: pytest.TempPathFactory, committed: Commit) -> Callable[[PretrainArm, Dataset], Dataset]:
    def make(arm: PretrainArm, tokenized: Dataset) -> Dataset:
        folder = tmp_path_factory.mktemp("arm")
        return committed(Draft(folder), "pretrain", pretrain.run(job(arm, folder, tokenize={"": tokenized})))

    return make


@pytest.fixture(scope="module")
def trained(
    section: Callable[..., PretrainSection], tokenized: Dataset, train: Callable[[PretrainArm, Dataset], Dataset]
) -> dict[str, Dataset]:
    """Return an encoder for each seed of two sides, `a` without and `b` with the contrast."""
    return {
        f"{side}-{seed}": train(section(seed=seed).resolve()[arm], tokenized)
        for side, arm in (("a", "mmlm_tlm"), ("b", "mmlm_tlm_xlco"))
        for seed in SEEDS
    }


@pytest.fixture(scope="module")
def inputs(published: Dataset, tokenized: Dataset, trained: dict[str, Dataset]) -> dict[str, dict[str, Dataset]]:
    return {
        "publish": {"a": published, "b": published},
        "tokenize": {"a": tokenized, "b": tokenized},
        "pretrain": trained,
    }


def test_it_measures_both_sides_and_their_differences(
    tmp_path: Path, inputs: dict[str, dict[str, Dataset]], committed: Commit
) -> None:
    outcome = compare.run(job(settings("a", "b"), tmp_path, **inputs))
    result = json.loads((tmp_path / compare.COMPARISON).read_bytes())
    assert (result["sides"], result["seeds"], result["split"]) == (["a", "b"], [1, 2, 3], "dev")
    loss, hits = result["loss"], result["retrieval"]
    assert set(loss["means"]) == {"a", "b"}
    assert set(hits["means"]) == {"a", "b", "untrained", "char_ngrams"}
    assert loss["languages"] == ["de", "en", "fr", "ja"]
    assert hits["languages"] == ["de", "fr", "ja"]
    for found in (loss, hits):
        one = found["differences"]["b"]["overall"]
        assert one["low"] <= one["mean"] <= one["high"]
        assert one["mean"] == pytest.approx(found["means"]["b"]["mean"] - found["means"]["a"]["mean"], abs=2e-4)
        assert one["by_seed"] == pytest.approx(
            np.subtract(found["means"]["b"]["by_seed"], found["means"]["a"]["by_seed"]), abs=2e-4
        )
        assert set(found["differences"]["b"]["by_language"]) == set(found["languages"])
    # guessing among 90 pieces of about three characters: log2(90) / 3
    assert 0.5 < loss["means"]["a"]["mean"] < 8
    assert outcome.counts.rows_in == 90
    assert outcome.counts.rows_out == 60
    names = {entry.name for entry in outcome.files}
    assert {"losses/a-1.arrow", "hits/b-3.arrow", "hits/untrained-2.arrow", "hits/char_ngrams.arrow"} <= names
    committed(Draft(tmp_path), "compare", outcome)


def test_a_side_against_itself_differs_by_nothing(
    tmp_path: Path, inputs: dict[str, dict[str, Dataset]], trained: dict[str, Dataset]
) -> None:
    same = {**trained, **{f"b-{seed}": trained[f"a-{seed}"] for seed in SEEDS}}
    compare.run(job(settings("a", "b", texts=5), tmp_path, **{**inputs, "pretrain": same}))
    result = json.loads((tmp_path / compare.COMPARISON).read_bytes())
    for measure in ("loss", "retrieval"):
        overall = result[measure]["differences"]["b"]["overall"]
        assert overall == {"mean": 0.0, "low": 0.0, "high": 0.0, "by_seed": [0.0, 0.0, 0.0]}


def test_what_was_measured_before_a_crash_is_not_measured_again(
    tmp_path: Path, inputs: dict[str, dict[str, Dataset]], monkeypatch: pytest.MonkeyPatch
) -> None:
    section = settings("a", "b", texts=5)
    compare.run(job(section, tmp_path, **inputs))
    before = (tmp_path / compare.COMPARISON).read_bytes()
    (tmp_path / "losses" / "b-2.arrow").write_bytes(b"half")
    opened: list[str] = []
    real = compare.trained_model
    monkeypatch.setattr(compare, "trained_model", lambda dataset: opened.append(dataset) or real(dataset))  # type: ignore[func-returns-value]
    compare.run(job(section, tmp_path, **inputs))
    assert opened == [inputs["pretrain"]["b-2"]]
    assert (tmp_path / compare.COMPARISON).read_bytes() == before


@pytest.fixture(scope="module")
def other_tokens(published: Dataset, tmp_path_factory: pytest.TempPathFactory, committed: Commit) -> Dataset:
    """Return a tokenize dataset of `published` with another, larger model."""
    model = io.BytesIO()
    texts = [text for entry in published.files(kind="text") for text in published.table(entry)["text"].to_pylist()]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=model, vocab_size=140, hard_vocab_limit=False, minloglevel=2
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    draft = Draft(tmp_path_factory.mktemp("tokens"))
    files = [draft.write_bytes("tokenizer.model", model.getvalue(), {"kind": "tokenizer"})]
    for entry in published.files():
        table = published.table(entry)
        columns: dict[str, Any] = {"group": table["group"]} if "group" in table.column_names else {}
        for column, name in (("text", "ids"), ("source_text", "source"), ("target_text", "target")):
            if column in table.column_names:
                ids = [[n + 1 if n else 3 for n in processor.encode(text)] for text in table[column].to_pylist()]
                columns[name] = pa.array(ids, pa.list_(pa.uint16()))
        files.append(draft.write_table(entry.name, pa.table(columns), entry.partition))
    summary = {"vocabulary": processor.get_piece_size() + 2}
    return committed(draft, "tokenize", Outcome("rows", "rows", Counts(), files, summary))


def test_sides_with_tokenizers_of_their_own_are_measured_by_the_character(
    tmp_path: Path,
    inputs: dict[str, dict[str, Dataset]],
    trained: dict[str, Dataset],
    other_tokens: Dataset,
    section: Callable[..., PretrainSection],
    train: Callable[[PretrainArm, Dataset], Dataset],
) -> None:
    others = {f"b-{seed}": train(section(seed=seed).resolve()["mmlm_tlm"], other_tokens) for seed in SEEDS}
    mixed = {**inputs, "tokenize": {**inputs["tokenize"], "b": other_tokens}, "pretrain": {**trained, **others}}
    compare.run(job(settings("a", "b"), tmp_path, **mixed))
    loss = json.loads((tmp_path / compare.COMPARISON).read_bytes())["loss"]
    assert loss["unit"] == "bits per character"
    assert all(0.5 < loss["means"][side]["mean"] < 8 for side in ("a", "b"))


def test_corpora_that_hold_nothing_out_together_are_a_clear_error(
    tmp_path: Path, inputs: dict[str, dict[str, Dataset]], committed: Commit
) -> None:
    nothing = committed(Draft(tmp_path / "b"), "publish", Outcome("rows", "rows", Counts(), []))
    apart = {**inputs, "publish": {**inputs["publish"], "b": nothing}}
    with pytest.raises(UserError, match=r"a and b hold out no dev text together.* build both corpora from the same"):
        compare.run(job(settings("a", "b"), tmp_path / "out", **apart))
    with pytest.raises(UserError, match=r"fewer than 31 fair dev pairs together in every language; .*--candidates"):
        compare.run(job(settings("a", "b", pool_size=31), tmp_path / "large", **inputs))


def test_a_side_or_a_seed_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="sides: one stands twice"):
        settings("a", "a")
    with pytest.raises(ValueError, match="seeds: one stands twice"):
        settings("a", "b", seeds=(1, 1))
