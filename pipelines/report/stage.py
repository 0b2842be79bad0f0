"""`report`: what a run did and found, as a page for people and as figures for programs."""

import json

from pipelines.datasets.counts import Counts
from pipelines.datasets.stage import DELIVERABLE, Job, Outcome
from pipelines.report.config import ReportSection
from pipelines.report.figures import figures
from pipelines.report.page import page
from pipelines.report.reading import read_facts


def run(job: Job) -> Outcome:
    """Write `report.html` and `report.json` from the datasets of all stages that the recipe has."""
    section: ReportSection = job.config
    facts = read_facts(job.draft.folder.parent.name, job.inputs, section.previous)  # runs/NAME/report-…
    values = json.dumps(figures(facts), ensure_ascii=False, indent=1) + "\n"
    return Outcome(
        unit_in="datasets",
        unit_out="datasets",
        counts=Counts(rows_in=len(facts.stages), rows_out=len(facts.stages)),
        files=[
            job.draft.write_bytes("report.html", page(facts, section).encode(), DELIVERABLE),
            job.draft.write_bytes("report.json", values.encode(), DELIVERABLE),
        ],
    )
