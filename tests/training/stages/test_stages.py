"""The three stages on tiny datasets, from token shards to scores, and a run that is killed on the way."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.progress import Progress
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import EngineSection, Job, Outcome
from training.checkpoint import Checkpoints
from training.config.evaluate import EvaluateSection
from training.config.export import ExportSection
from training.config.pretrain import PretrainArm, PretrainSection
from training.stages import evaluate, export, pretrain

Commit = Callable[[Draft, str, Outcome], Dataset]


def job(config: object, folder: Path, **inputs: dict[str, Dataset]) -> Job:
    return Job(config, EngineSection(), inputs, Draft(folder), Progress("test"))


def train(arm: PretrainArm, folder: Path, tokenized: Dataset) -> Outcome:
    return pretrain.run(job(arm, folder, tokenize={"": tokenized}))


@pytest.fixture(scope="module")
def arms(
    tmp_path_factory: pytest.TempPathFactory,
    section: Callable[..., PretrainSection],
    tokenized: Dataset,
    committed: Commit,
) -> dict[str, Dataset]:
    datasets = {}
    for name, arm in section().resolve().items():
        folder = tmp_path_factory.mktemp(name)
        datasets[name] = committed(Draft(folder), "pretrain", train(arm, folder, tokenized))
    return datasets


def test_a_run_that_diverges_keeps_the_batch(
    tmp_path: Path, section: Callable[..., PretrainSection], tokenized: Dataset
) -> None:
    arm = section(optimizer={"learning_rate": 1.0, "clip": 1e9}, spike=1.0001, tolerated_bad_steps=0).resolve()
    with pytest.raises(UserError, match=r"training diverged.* the step's batch is in .*diverged\.npz"):
        train(arm["mmlm_tlm_xlco"], tmp_path, tokenized)
    (path,) = tmp_path.rglob("diverged.npz")
    arrays = np.load(path)
    assert len(arrays["language_model"]) == arrays["language_model_lengths"].sum() == len(arrays["labels"])
    assert len(arrays["queries_lengths"]) == len(arrays["keys_lengths"]) > 0


def test_pretrain_writes_weights_shape_and_history(arms: dict[str, Dataset]) -> None:
    summary = arms["mmlm_tlm_xlco"].manifest.summary
    assert (summary["steps"], summary["seed"]) == (6, 3)
    assert set(summary["tokens_by_objective"]) == {"mlm", "tlm", "xlco"}
    assert summary["tokens"] == sum(summary["tokens_by_objective"].values())
    assert summary["key_tokens"] > 0
    history = json.loads(arms["mmlm_tlm_xlco"].read("history.json"))
    assert [line["step"] for line in history] == [2, 4, 6]
    assert all(line["xlco"] > 0 and line["mlm"] > 0 for line in history[1:])
    config = json.loads(arms["mmlm_tlm"].read("config.json"))
    assert config["arm"]["objectives"] == {"mlm": 1.0, "tlm": 1.0}


def test_what_is_watched_stands_in_the_history_and_on_the_board_and_changes_no_weight(
    tmp_path: Path, section: Callable[..., PretrainSection], tokenized: Dataset, arms: dict[str, Dataset]
) -> None:
    arm = section(watch={"every": 4, "pairs": 12}, tensorboard=True).resolve()["mmlm_tlm_xlco"]
    outcome = train(arm, tmp_path / "watched", tokenized)
    history = json.loads((tmp_path / "watched" / "history.json").read_bytes())
    assert [line["step"] for line in history if "retrieval" in line] == [0, 4, 6]
    plain = json.loads(arms["mmlm_tlm_xlco"].read("history.json"))
    assert [{name: line[name] for name in line if name != "retrieval"} for line in history[1:]] == plain
    assert (
        checksums(outcome.files)["model.safetensors"]
        == checksums(arms["mmlm_tlm_xlco"].manifest.files)["model.safetensors"]
    )
    assert list((tmp_path / "logs" / "tensorboard" / "watched").glob("events.out.tfevents.*"))
    assert 0 < outcome.timings["mfu"] < 1
    assert outcome.timings["gemm_peak"] > 1e8


def test_dev_that_is_too_small_to_be_watched_is_a_clear_error(
    tmp_path: Path, recipe: Callable[..., PretrainArm], tokenized: Dataset
) -> None:
    with pytest.raises(UserError, match=r"no language has 1000 different pairs in dev; lower pretrain\.watch\.pairs"):
        train(recipe(watch={"every": 2, "pairs": 1000}), tmp_path, tokenized)


def test_both_arms_start_from_the_same_weights(arms: dict[str, Dataset]) -> None:
    first, second = (dataset.manifest.summary for dataset in arms.values())
    assert first["initial_weights"] == second["initial_weights"]
    assert abs(first["tokens"] - second["tokens"]) < 3 * 35


def test_training_twice_gives_the_same_bytes(
    tmp_path: Path, section: Callable[..., PretrainSection], tokenized: Dataset, arms: dict[str, Dataset]
) -> None:
    again = train(section().resolve()["mmlm_tlm_xlco"], tmp_path, tokenized)
    assert checksums(again.files) == checksums(arms["mmlm_tlm_xlco"].manifest.files)


def checksums(files: object) -> dict[str, str]:
    assert isinstance(files, list)
    return {entry.name: entry.checksum for entry in files if isinstance(entry, FileEntry)}


def train_and_die(arm: PretrainArm, folder: Path, tokenized: Dataset) -> None:
    real = Checkpoints.save

    def save_then_die(self: Checkpoints, step: int, state: dict[str, Any]) -> None:
        real(self, step, state)
        if step == 4:
            self.finish()
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoints.save = save_then_die  # type: ignore[method-assign]
    train(arm, folder, tokenized)


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_killed_run_goes_on_and_gives_the_same_bytes(
    tmp_path: Path,
    section: Callable[..., PretrainSection],
    tokenized: Dataset,
    arms: dict[str, Dataset],
    asynchronous: bool,
) -> None:
    arm = section(asynchronous_checkpoints=asynchronous).resolve()["mmlm_tlm_xlco"]
    process = multiprocessing.get_context("spawn").Process(target=train_and_die, args=(arm, tmp_path, tokenized))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert [path.name for path in Draft(tmp_path).scratch("checkpoints").iterdir()] == ["step_000000004"]
    resumed = train(arm, tmp_path, tokenized)
    assert checksums(resumed.files) == checksums(arms["mmlm_tlm_xlco"].manifest.files)
    assert resumed.summary == arms["mmlm_tlm_xlco"].manifest.summary
    assert resumed.timings["cpu_seconds"] > 0


def test_a_training_split_without_pairs_is_a_clear_error(
    tmp_path: Path, recipe: Callable[..., PretrainArm], tokenized: Dataset, committed: Commit
) -> None:
    text_only = Draft(tmp_path / "tokenize")
    files = [
        text_only.write_table(entry.name, tokenized.table(entry), entry.partition)
        for entry in tokenized.files(kind="text", split="train")
    ]
    counts = pretrain.Counts()
    outcome = Outcome("rows", "rows", counts, files, {"vocabulary": 50})
    dataset = committed(text_only, "tokenize", outcome)
    with pytest.raises(UserError, match=r"no pairs in the training split; loosen the thresholds of `publish`"):
        train(recipe(), tmp_path / "out", dataset)


def test_export_writes_a_folder_for_each_arm(
    tmp_path: Path, published: Dataset, tokenized: Dataset, arms: dict[str, Dataset]
) -> None:
    inputs = {"publish": {"": published}, "tokenize": {"": tokenized}, "pretrain": arms}
    outcome = export.run(job(ExportSection(check_sentences=8), tmp_path, **inputs))
    names = {entry.name for entry in outcome.files}
    for arm in arms:
        assert {f"{arm}/config.json", f"{arm}/model.safetensors", f"{arm}/tokenizer.json"} <= names
    assert {entry.partition["arm"] for entry in outcome.files} == set(arms)
    assert "mmlm_tlm_xlco-sentences/1_Pooling/config.json" in names
    assert {entry.partition["arm"] for entry in outcome.files if entry.partition["kind"] == "sentence_model"} == {
        "mmlm_tlm_xlco"
    }
    assert all(difference < 1e-5 for difference in outcome.timings.values())


def test_an_export_that_differs_is_refused(
    tmp_path: Path,
    published: Dataset,
    tokenized: Dataset,
    arms: dict[str, Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = export.to_transformers

    def spoiled(model: object) -> object:
        theirs = real(model)  # type: ignore[arg-type]
        with torch.no_grad():
            theirs.roberta.embeddings.LayerNorm.bias.add_(0.1)
        return theirs

    monkeypatch.setattr(export, "to_transformers", spoiled)
    inputs = {"publish": {"": published}, "tokenize": {"": tokenized}, "pretrain": arms}
    with pytest.raises(UserError, match=r"export of mmlm_tlm: hidden states differ by .* export\.tolerance"):
        export.run(job(ExportSection(check_sentences=4), tmp_path, **inputs))


EVALUATE = EvaluateSection(
    pool_size=20, bootstrap=200, ngram_ranges=((1, 2),), neighbours=2, neighbour_languages=("de", "fr")
)


def test_evaluate_scores_arms_and_controls(
    tmp_path: Path, published: Dataset, tokenized: Dataset, arms: dict[str, Dataset], committed: Commit
) -> None:
    inputs = {"publish": {"": published}, "tokenize": {"": tokenized}, "pretrain": arms}
    outcome = evaluate.run(job(EVALUATE, tmp_path, **inputs))
    retrieval = outcome.summary["retrieval"]
    systems = {"untrained", "char_ngrams", "mmlm_tlm", "mmlm_tlm_xlco"}
    assert set(retrieval["scores"]) == systems
    assert (retrieval["languages"], retrieval["candidates"], retrieval["chance"]) == (3, 20, 5.0)
    low, high = retrieval["gain_ci95"]
    assert low <= retrieval["gain"] <= high
    controls = {name: retrieval["scores"][name] for name in ("untrained", "char_ngrams")}
    assert retrieval["strongest_control"] == max(controls, key=lambda name: controls[name])
    assert outcome.counts.rows_in == 90
    assert outcome.counts.rows_out == 60
    assert outcome.counts.dropped == {Reason.BEYOND_POOL: 30}
    dataset = committed(Draft(tmp_path), "evaluate", outcome)
    table = dataset.table(dataset.files(kind="scores")[0])
    assert table.num_rows == len(systems) * 3 * 2
    for row in table.to_pylist():
        assert row["low"] <= row["top1"] + 1e-9
        assert row["top1"] <= row["high"] + 1e-9
    mean = sum(row["top1"] for row in table.to_pylist() if row["system"] == "mmlm_tlm") / 6
    assert mean == pytest.approx(retrieval["scores"]["mmlm_tlm"], abs=0.01)
    json.dumps(outcome.summary)


def test_an_encoder_of_another_recipe_is_scored_on_the_same_pairs_by_its_own_tokenizer(
    tmp_path: Path, published: Dataset, tokenized: Dataset, arms: dict[str, Dataset], committed: Commit
) -> None:
    inputs = {"publish": {"": published}, "tokenize": {"": tokenized}, "pretrain": arms}
    draft = Draft(tmp_path / "export")
    exported = committed(draft, "export", export.run(job(ExportSection(check_sentences=4), draft.folder, **inputs)))
    other = ExportedArm(recipe="seed.yaml", arm="mmlm_tlm")

    def scored(name: str) -> dict[str, Any]:
        section = EVALUATE.model_copy(update={"others": {name: other}})
        return dict(evaluate.run(job(section, tmp_path / name, **inputs, others={name: exported})).summary)

    summary = scored("seed")
    assert summary["retrieval"]["scores"]["seed"] == summary["retrieval"]["scores"]["mmlm_tlm"]
    assert summary["retrieval"]["best_arm"] in arms
    assert set(summary["retrieval"]["gains"]) == set(arms)
    assert "seed" in summary["retrieval"]["gains"]["mmlm_tlm_xlco"]
    with pytest.raises(UserError, match=r"evaluate\.others: untrained is what another system is called"):
        scored("untrained")


def test_arms_that_began_elsewhere_are_refused(
    tmp_path: Path,
    section: Callable[..., PretrainSection],
    published: Dataset,
    tokenized: Dataset,
    arms: dict[str, Dataset],
    committed: Commit,
) -> None:
    other = section(seed=9).resolve()["mmlm_tlm"]
    folder = tmp_path / "other"
    mixed = {"other": committed(Draft(folder), "pretrain", train(other, folder, tokenized)), **arms}
    inputs = {"publish": {"": published}, "tokenize": {"": tokenized}, "pretrain": mixed}
    with pytest.raises(UserError, match=r"the arms .* began with different weights, so they cannot be compared"):
        evaluate.run(job(EVALUATE, tmp_path / "scores", **inputs))


def test_a_pool_that_no_language_fills_is_a_clear_error(
    tmp_path: Path, published: Dataset, tokenized: Dataset, arms: dict[str, Dataset]
) -> None:
    inputs = {"publish": {"": published}, "tokenize": {"": tokenized}, "pretrain": arms}
    with pytest.raises(UserError, match=r"no language has 31 fair pairs in dev; lower evaluate\.pool_size"):
        evaluate.run(job(EVALUATE.model_copy(update={"pool_size": 31}), tmp_path, **inputs))
