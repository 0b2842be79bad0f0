"""Deduplicate: which rows and documents are copies of each other, or nearly; nothing is dropped.

Copies first; near duplicates are then sought among the first of each document's, or pair's, copies.
"""

from collections.abc import Iterable
from heapq import nsmallest
from typing import Any

from pipelines.config.deduplicate import DeduplicateSection
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.stages.deduplicating.before import index_files
from pipelines.stages.deduplicating.copies import LARGEST, copy_steps
from pipelines.stages.deduplicating.near import near_steps
from pipelines.stages.deduplicating.need import copy_search, near_search
from pipelines.stages.inputs import row_files
from pipelines.stages.work import add_up, each_step, records_of, total


def run(job: Job) -> Outcome:
    """Hash every row and document, join equal hashes, and write a cluster for each."""
    section: DeduplicateSection = job.config
    before = index_files(section.against, section.normalisation)
    files = row_files(job)
    budget = budget_of(job, "deduplicate")
    copies = copy_search(job, budget, files, before)
    near = {}
    if section.near:
        near["near"] = near_search(job, budget, section.near, "text", files)
    if section.near_pairs:
        near["near_pairs"] = near_search(job, budget, section.near_pairs, "pairs", files)
    each_step(job, [*copy_steps(copies), *(step for search in near.values() for step in near_steps(search))])

    records = records_of(job.draft, copies.targets)
    counts, entries, _ = total(records)
    summary = _summary(records)
    for key, search in near.items():
        verified = records_of(job.draft, search.verified)
        entries += [entry for record in verified for entry in record.files]
        entries += [entry for record in records_of(job.draft, search.joined) for entry in record.files]
        summary[key] = add_up(record.summary for record in verified)
    return Outcome(unit_in="rows", unit_out="rows", counts=counts, files=entries, summary=summary)


def _summary(records: Iterable[SplitRecord]) -> dict[str, Any]:
    clusters = (cluster for record in records for cluster in record.summary["largest"])
    return {
        "languages": add_up(record.summary.get("languages", {}) for record in records),
        "documents": add_up(record.summary.get("documents", {}) for record in records),
        "largest": nsmallest(LARGEST, clusters, key=_largest_first),
    }


def _largest_first(cluster: dict[str, Any]) -> tuple[Any, ...]:
    return -cluster["size"], cluster["kind"], cluster["language"], cluster["text"]
