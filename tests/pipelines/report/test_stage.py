"""The stage writes the page and the figures as files that are put beside the datasets."""

import json
from pathlib import Path

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import Draft
from pipelines.datasets.progress import Progress
from pipelines.datasets.stage import DELIVERABLE, EngineSection, Job
from pipelines.report.config import STAGES, ReportSection


def test_page_and_figures_are_delivered(whole_run: dict[str, dict[str, Dataset]], tmp_path: Path) -> None:
    draft = Draft(tmp_path / "runs" / "small" / "report-0123")
    job = Job(ReportSection(title="Tiny"), EngineSection(), whole_run, draft, Progress("report"))
    outcome = STAGES[0].load()(job)
    assert [entry.name for entry in outcome.files] == ["report.html", "report.json"]
    assert all(entry.partition == DELIVERABLE for entry in outcome.files)
    assert json.loads((draft.folder / "report.json").read_bytes())["name"] == "small"
    assert "<title>Tiny</title>" in (draft.folder / "report.html").read_text(encoding="utf-8")
    assert outcome.counts.rows_in == len([run for runs in whole_run.values() for run in runs.values()])
