"""Metrics are a text file that Prometheus can read, one for each stage, replaced as a whole."""

from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from flows.metrics import FOLDER, HELP, PREFIX, StageMetrics
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe

STATE = {
    "label": "pretrain",
    "done": 512,
    "total": 4096,
    "unit": "tokens",
    "rate": 250.5,
    "figures": {"mlm": 3.25, "mfu": 0.5},
}
OF_ARM = {"recipe": "demo", "stage": "pretrain", "instance": "mmlm_tlm"}

Read = Callable[[], dict[tuple[str, frozenset[tuple[str, str]]], float]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a function that reads the one file there is: name and labels → value."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "metrics"))

    def values() -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        (path,) = (tmp_path / "metrics").iterdir()
        families = list(text_string_to_metric_families(path.read_text(encoding="utf-8")))
        assert all(family.documentation == HELP[family.name.removeprefix(PREFIX)] for family in families)
        return {
            (sample.name.removeprefix(PREFIX), frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }

    return values


def test_training_says_tokens_and_losses(read: Read, tmp_path: Path) -> None:
    StageMetrics("demo", "pretrain mmlm_tlm").goes_on(STATE)
    assert [path.name for path in (tmp_path / "metrics").iterdir()] == ["polyloom-demo-pretrain-mmlm_tlm.prom"]
    of_units = frozenset({**OF_ARM, "unit": "tokens"}.items())
    assert read() == {
        ("running", of_units): 1,
        ("done_units", of_units): 512,
        ("total_units", of_units): 4096,
        ("units_per_second", of_units): 250.5,
        ("figure", frozenset({**OF_ARM, "name": "mlm"}.items())): 3.25,
        ("figure", frozenset({**OF_ARM, "name": "mfu"}.items())): 0.5,
    }


def test_a_finished_dataset_says_rows_bytes_and_what_was_dropped(
    read: Read, recipe_path: Path, commit: Callable[[StageRun, bytes], None]
) -> None:
    (run,) = plan(load_recipe(recipe_path))
    commit(run, b"1234567")
    metrics = StageMetrics("tiny", run.label)
    metrics.goes_on(STATE)
    metrics.is_done(Dataset(run.folder).manifest, seconds=1.5)
    labels = {"recipe": "tiny", "stage": "ingest", "instance": ""}
    found = read()
    ended = found.pop(("finished_timestamp_seconds", frozenset(labels.items())))
    assert ended > 1.7e9
    assert found == {
        **{
            (name, frozenset(labels.items())): value
            for name, value in {
                "running": 0, "failed": 0, "seconds": 1.5, "rows_in": 3, "rows_out": 3, "rows_per_second": 2, "bytes": 7
            }.items()
        },
        ("dropped_rows", frozenset({**labels, "name": "empty"}.items())): 1,
    }  # fmt: skip


@pytest.mark.parametrize("failed", [True, False])
def test_a_stage_that_ended_early_runs_no_more(read: Read, failed: bool) -> None:
    StageMetrics("demo", "pretrain mmlm_tlm").has_ended(failed)
    found = read()
    assert found["running", frozenset(OF_ARM.items())] == 0
    assert found["failed", frozenset(OF_ARM.items())] == failed


def test_without_a_folder_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    StageMetrics("demo", "ingest").goes_on(STATE)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_ends_no_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file"))
    StageMetrics("demo", "ingest").goes_on(STATE)
    assert (tmp_path / "file").read_text() == "no folder"
