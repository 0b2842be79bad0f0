"""Publish: thresholds, then one survivor of each cluster among the rows that passed, then splits and language shards.

Three passes over the files, each ticked off file by file: what fails a threshold; which copies and leaks go, for which
hashes alone are shuffled; and the shards, whose rows are re-read from where ingest and align wrote them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from pipelines.config.annotate import PERPLEXITY
from pipelines.config.publish import PublishSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.engine.steps import Step
from pipelines.stages.inputs import RowFile, row_files, tasks_for
from pipelines.stages.publishing import choose, decide, need
from pipelines.stages.publishing.blocklist import load_blocklist
from pipelines.stages.publishing.card import card
from pipelines.stages.publishing.contaminated import list_hits, read_tests, write_index
from pipelines.stages.publishing.evidence import add_evidence, sums, write_evidence
from pipelines.stages.publishing.index import KeySpace
from pipelines.stages.publishing.percentiles import (
    asked_percentiles,
    derived_limits,
    perplexity_cutoffs,
    survey_file,
)
from pipelines.stages.publishing.ratios import Fit, fitted, sum_ratios
from pipelines.stages.publishing.rules import Scores
from pipelines.stages.publishing.screen import Screening, screen_file, small_languages
from pipelines.stages.publishing.shards import plan_shards, write_shard
from pipelines.stages.publishing.splits import Assignment, assign, candidates
from pipelines.stages.publishing.standing import Deciding
from pipelines.stages.publishing.summary import summary
from pipelines.stages.publishing.thresholds import Limits, values
from pipelines.stages.work import Records, each_step, each_task, records_of, total


def run(job: Job) -> Outcome:
    """Screen, assign documents to splits, decide, and write the shards and the card."""
    section: PublishSection = job.config
    _check_near(section, job.input("deduplicate"))
    files = row_files(job, job.input("deduplicate"))
    need.check(budget_of(job, "publish"), files, section.shard_rows)
    limits = _limits(job, section, files)
    screens = tasks_for("screen", files)
    space = KeySpace.of(job.input("deduplicate"))
    contamination = section.filters.contamination
    tests = read_tests(contamination) if contamination else []
    index = write_index(job.draft, tests, contamination) if contamination else None
    fits = _fit_ratios(job, files)
    usual = {name: fit.mean for name, fit in fits.items()}
    each_task(job, "Screen", screens, partial(screen_file, Screening(limits, usual, space, index)))
    screened = records_of(job.draft, screens)

    assignment = _assignment(section, screened)
    small = small_languages(screened, section.thresholds.min_language_rows)
    deciding = Deciding(job.draft, limits, section.duplicates, assignment, small, space)
    decided = _decide(job, deciding, files)
    counts, kept_files, samples = total(decided)

    plan, shards = plan_shards(job.draft, files, decided, section.shard_rows)
    each_task(job, "Shards", shards, partial(write_shard, plan))
    written = [entry for record in records_of(job.draft, shards) for entry in record.files]

    told = summary(decided, values(limits), assignment)
    told["length_ratios"] = {name: asdict(fit) for name, fit in fits.items()}
    if contamination:
        hits, told["contamination"] = list_hits(job.draft, files, tests)
        written.append(hits)
    text = card(section, counts, told["rows"], values(limits))
    readme = job.draft.write_bytes("README.md", text.encode(), {"kind": "card"})
    shown = sums(files)
    each_task(job, "Evidence", shown, add_evidence)
    evidence = write_evidence(job.draft, shown, records_of(job.draft, shown))
    return Outcome("rows", "rows", counts, [*written, *kept_files, *evidence, readme], told, samples)


def _limits(job: Job, section: PublishSection, files: Sequence[RowFile]) -> Limits:
    """Return the limits in force; those given as percentiles are found in a pass of their own."""
    if section.filters.blocklist is not None:
        load_blocklist(section.filters.blocklist)  # a bad list ends the run here, in one sentence
    scores = _scores(job)
    if section.filters.perplexity is not None and "documents" not in scores.get(PERPLEXITY, []):
        raise UserError("publish.filters.perplexity needs a perplexity: add a section `annotate` with `perplexity`")
    derived: dict[str, dict[str, float]] = {}
    if asked := asked_percentiles(section, scores):
        surveys = tasks_for("survey", files)
        each_task(job, "Survey", surveys, partial(survey_file, asked))
        derived = derived_limits(asked, records_of(job.draft, surveys))
    return Limits.of(section, scores, derived, perplexity_cutoffs(section.filters.perplexity, derived))


def _scores(job: Job) -> Scores:
    """Return of which tables each annotated column is."""
    given = [job.input(stage) for stage in ("annotate", "score") if job.inputs.get(stage)]
    return {name: of for dataset in given for name, of in dataset.manifest.summary["columns"].items()}


def _assignment(section: PublishSection, screened: Iterable[SplitRecord]) -> Assignment:
    test, dev = (
        candidates((record.summary.get(name, {}) for record in screened), part.min_pairs)
        for name, part in (("test", section.test), ("dev", section.dev))
    )
    return assign(section.test, section.dev, test, dev)


def _decide(job: Job, deciding: Deciding, files: Sequence[RowFile]) -> Records:
    """Decide on documents, where whole ones may go as copies, and then on every row."""
    budget = budget_of(job, "publish")
    texts, pairs = ([file for file in files if file.kind == kind] for kind in ("text", "pairs"))
    steps: list[Step[Any]] = []
    if deciding.by_document:
        contested = sum(file.rows for file in texts) + _verified(texts)  # a document has a row at least
        parts = budget.parts(contested, choose.ROW, "documents to choose from")
        steps += choose.choices(deciding, tasks_for("choose", texts), parts)
    tasks = tasks_for("decide", files)
    sides = sum(file.rows for file in texts) + 2 * sum(file.rows for file in pairs) + _verified(pairs)
    steps += decide.decisions(deciding, tasks, budget.parts(sides, decide.ROW, "rows to be resolved"))
    each_step(job, steps)
    return records_of(job.draft, tasks)


def _check_near(section: PublishSection, deduplicated: Dataset) -> None:
    if section.duplicates.near == "one" and not deduplicated.manifest.config["near"]:
        raise UserError("publish.duplicates.near: near duplicates were not sought; add `near: {}` to deduplicate")
    if section.duplicates.near_pairs == "one" and not deduplicated.manifest.config["near_pairs"]:
        raise UserError(
            "publish.duplicates.near_pairs: near duplicates of pairs were not sought; add `near_pairs: {}` to "
            "deduplicate"
        )


def _verified(files: Iterable[RowFile]) -> int:
    """Return how many near duplicates were verified."""
    return sum(file.near_table().num_rows for file in files if file.near)


def _fit_ratios(job: Job, files: Sequence[RowFile]) -> dict[str, Fit]:
    tasks = tasks_for("fit", [file for file in files if file.kind == "pairs"])
    if not tasks:
        return {}
    each_task(job, "Fit ratios", tasks, sum_ratios)
    return fitted(records_of(job.draft, tasks))
