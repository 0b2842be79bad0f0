"""Align: pairs of sentences that are translations of each other, with scores.

Rows with a key are paired with the row of the same key in the pivot language; the sentences of documents without keys
by one of three aligners. Groups and places are shuffled, text is not.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from pipelines.config.align import AlignSection
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.engine.steps import Step
from pipelines.stages.aligning.keys import Aligning, write_pairs
from pipelines.stages.aligning.lexicons import learn_lexicon, lexicon_tasks
from pipelines.stages.aligning.matching import ROW, keep_groups, match_round
from pipelines.stages.aligning.pairing import DOCUMENTS, look_at, pair_documents
from pipelines.stages.aligning.sentences import align_file
from pipelines.stages.inputs import row_files, tasks_for
from pipelines.stages.largest import require_largest
from pipelines.stages.rounds import rounds
from pipelines.stages.work import add_up, each_step, records_of, total
from pipelines.text.languages import canonical

PAIRED: Final = 12  # bytes for each byte of a file whose rows are paired: the rows of both sides, and their texts


def run(job: Job) -> Outcome:
    """Match the rows of each group with the pivot language's row, align documents, and write the pairs."""
    section: AlignSection = job.config
    pivot = canonical(section.pivot)
    files = row_files(job)
    budget = budget_of(job, "align")
    require_largest(budget, files, PAIRED)
    parts = rounds("match", budget.parts(sum(file.rows for file in files), ROW, "rows to match"))
    languages = sorted(
        {pivot, *job.input("ingest").manifest.summary["languages"]}, key=lambda code: (code != pivot, code)
    )
    documents = look_at(job, pivot) if section.sentences else None
    segmented = documents.segmented if documents else frozenset()
    aligning = Aligning(pivot, files, [job.draft.folder / part.file for part in parts], segmented)
    steps: list[Step[Any]] = [
        Step("Read groups", tasks_for("groups", files), partial(keep_groups, languages)),
        Step("Match", parts, partial(match_round, files)),
        Step("Write pairs", files, partial(write_pairs, aligning)),
    ]
    tasks: list[Any] = [*files]
    if documents:
        each_step(job, [Step("Pair documents", [DOCUMENTS], partial(pair_documents, documents))])
        steps += [
            Step("Learn words", lexicon_tasks(documents, job.draft), partial(learn_lexicon, documents)),
            Step("Align sentences", documents.files, partial(align_file, documents)),
        ]
        tasks += documents.files
    each_step(job, steps)
    records = records_of(job.draft, tasks)
    counts, entries, samples = total(records)
    return Outcome(
        unit_in="sentences beside the pivot's",
        unit_out="sentences in pairs" if documents else "pairs",
        counts=counts,
        files=entries,
        summary=_summary(record.summary for record in records),
        samples=samples,
    )


def _summary(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    summed = {"unpaired": {}, "pairs": {}, "log_ratio": {}, **add_up(parts)}
    pairs, totals = summed["pairs"], summed["log_ratio"]
    return {
        "languages": {
            name: {"pairs": pairs.get(name, 0), "unpaired": summed["unpaired"].get(name, 0)}
            for name in sorted({*pairs, *summed["unpaired"]})
        },
        **{name: summed[name] for name in ("beads", "documents") if name in summed},
        "mean_log_ratio": {name: round(totals[name] / pairs[name], 4) for name in pairs},
    }
