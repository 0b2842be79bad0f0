"""Publish: thresholds, then one survivor of each cluster among the rows that passed, then splits and language shards.

Three passes over the files, each ticked off file by file: what fails a threshold; which copies and leaks go, for which
hashes alone are shuffled; and the shards, whose rows are re-read from where ingest and align wrote them.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from pipelines.config.publish import PublishSection
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.evidence import Sample
from pipelines.datasets.stage import Job, Outcome
from pipelines.stages.inputs import FileTask, row_files, tasks_for
from pipelines.stages.publishing.card import card
from pipelines.stages.publishing.decide import Deciding, decisions
from pipelines.stages.publishing.screen import pairs_by_document, screen_file, small_languages
from pipelines.stages.publishing.shards import plan_shards, write_shard
from pipelines.stages.publishing.splits import Assignment, assign
from pipelines.stages.publishing.thresholds import values
from pipelines.stages.work import add_up, each_task, records_of, run_counted, samples_by_reason, total, unfinished


def run(job: Job) -> Outcome:
    """Screen, assign documents to splits, decide, and write the shards and the card."""
    section: PublishSection = job.config
    files = row_files(job, job.input("deduplicate"))
    screens = tasks_for("screen", files)
    each_task(job, "Screen", screens, partial(screen_file, section, _usual_ratios(job)))
    screened = records_of(job.draft, screens)

    assignment = _assignment(section, screened)
    small = small_languages(screened, section.thresholds.min_language_rows)
    tasks = tasks_for("decide", files)
    _decide(job, tasks, Deciding(job.draft, section.thresholds, assignment, small, section.buckets))
    decided = records_of(job.draft, tasks)
    counts, kept_decisions, samples = total(decided)

    shards = plan_shards(files, decided, _pivot(job), section.shard_rows)
    each_task(job, "Shards", shards, write_shard)
    written = [entry for record in records_of(job.draft, shards) for entry in record.files]

    summary = _summary(section, decided, assignment)
    readme = job.draft.write_bytes("README.md", card(section, counts, summary["rows"]).encode(), {"kind": "card"})
    return Outcome("rows", "rows", counts, [*written, *kept_decisions, readme], summary, samples)


def _assignment(section: PublishSection, screened: Sequence[SplitRecord]) -> Assignment:
    return assign(section.test, section.dev, pairs_by_document(screened, "test"), pairs_by_document(screened, "dev"))


def _decide(job: Job, tasks: list[FileTask], deciding: Deciding) -> None:
    pending = unfinished(job.draft, tasks)
    run_counted(job, tasks, pending, lambda pipeline: decisions(pipeline, deciding, tasks, pending))


def _usual_ratios(job: Job) -> dict[str, float]:
    return dict(job.input("align").manifest.summary["mean_log_ratio"]) if job.inputs.get("align") else {}


def _pivot(job: Job) -> str:
    aligned = job.inputs.get("align")
    return str(job.input("align").manifest.config["pivot"]) if aligned else ""


def _summary(section: PublishSection, decided: Sequence[SplitRecord], assignment: Assignment) -> dict[str, Any]:
    summaries = [record.summary for record in decided]
    dropped = add_up(summary["dropped"] for summary in summaries)
    return {
        "rows": add_up(summary["kept"] for summary in summaries),
        "dropped": dropped,
        "thresholds": {str(reason): keys for reason, keys in values(section.thresholds).items()},
        "documents_added": {
            part: sum(1 for level in assignment.added.values() if level == number)
            for number, part in ((1, "dev"), (2, "test"))
        },
        "examples": {kind: _examples(summaries, kind) for kind in dropped},
    }


def _examples(summaries: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    rows = (row for summary in summaries for row in summary["examples"].get(kind, []))
    found = samples_by_reason((kind, Sample.model_validate(row)) for row in rows)
    return [sample.model_dump() for sample in found.get(kind, [])]
