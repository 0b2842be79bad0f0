"""Annotate: scores that cost much, or come from outside, in files beside those of rows, documents and pairs.

What is computed is computed for the first document of each cluster of exact copies; its copies get the scores by the
cluster's hash, in rounds over the hash space.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.config.annotate import LEXICAL, AnnotateSection
from pipelines.datasets.counts import Counts
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import FileEntry
from pipelines.datasets.stage import Job, Outcome
from pipelines.engine.budget import budget_of
from pipelines.engine.steps import Step
from pipelines.stages.annotating.joined import Of, Outside, join, look_at
from pipelines.stages.annotating.lexical import CELL, CELLS, Lexicons, learn
from pipelines.stages.annotating.scoring import Scores, check_models, computed_columns, document_texts, score
from pipelines.stages.chunks import chunks
from pipelines.stages.inputs import FileTask, RowFile, documents_name, row_files, tasks_for
from pipelines.stages.largest import require_largest
from pipelines.stages.rounds import Round, for_file, hash_order, rounds
from pipelines.stages.work import add_up, column, each_step, mapped, records_of, total

FIRSTS: Final = "firsts"
COPIES: Final = "copies"
SCORED: Final = 10  # bytes for each byte of a file that is scored: its texts, joined to documents, and their pieces
_SCORE: Final = "score."  # begins the names of columns of scores in tables that have others too
ROW: Final = 60  # bytes that a document takes while its part of the hash space is gone through, beside its scores


@dataclass(frozen=True)
class Annotating:
    """What every file is annotated by."""

    section: AnnotateSection
    outside: Sequence[Outside]
    files: Sequence[RowFile]
    rounds: Sequence[Round]
    lexicons: Lexicons | None


def run(job: Job) -> Outcome:
    """Score the first copy of each document, hand its scores to its copies, join the columns from outside."""
    section: AnnotateSection = job.config
    check_models(section, job.input("ingest").manifest.summary["languages"])
    files = row_files(job, job.input("deduplicate"))
    texts = [file for file in files if file.kind == "text"]
    computed = computed_columns(section)
    row = ROW + 12 * len(computed)
    budget = budget_of(job, "annotate")
    require_largest(budget, files, SCORED)
    parts = budget.parts(sum(file.rows for file in texts), row, "documents that have copies")
    given = rounds("give", parts) if computed else []
    lexicons = _lexicons(job, section, files)
    annotating = Annotating(section, [look_at(config) for config in section.columns], files, given, lexicons)
    tasks = tasks_for("annotate", files)
    scoring: list[Step[Any]] = [
        Step("Score", tasks_for("score", texts), partial(score_file, section)),
        Step("Keep scores", tasks_for("keep", texts), keep_scores),
        Step("Give scores", given, partial(give_scores, texts)),
    ]
    each_step(job, [*(scoring if computed else []), Step("Write", tasks, partial(annotate_file, annotating))])
    records = records_of(job.draft, tasks)
    counts, entries, _ = total(records)
    return Outcome("rows", "rows", counts, entries, _summary(annotating, records))


def _lexicons(job: Job, section: AnnotateSection, files: Sequence[RowFile]) -> Lexicons | None:
    pairs = [file for file in files if file.kind == "pairs"]
    if section.lexical is None:
        return None
    if not pairs:
        raise UserError("annotate.lexical scores pairs, and there are none: add a section `align` or `mine`")
    budget_of(job, "annotate").require(CELLS * CELL, "a lexicon that is estimated")
    return learn(job, pairs, section.lexical.pairs)


def score_file(section: AnnotateSection, draft: Draft, task: FileTask) -> SplitRecord:
    """Compute the scores of a file's documents that are the first of their cluster; the others have none yet."""
    documents = task.file.document_table()
    _, _, ranks = _clusters(task.file)
    first = np.flatnonzero(ranks == 0)
    texts = document_texts(task.file.table(), first)
    languages = documents["lang"].take(pa.array(first)).to_pylist()
    names = computed_columns(section)
    scores: Scores = np.full((documents.num_rows, len(names)), np.nan, np.float32)
    scores[first] = score(section, texts, languages)
    table = pa.table({name: scores[:, place] for place, name in enumerate(names)})
    return SplitRecord(files=[draft.write_table(_kept(task.file), table)])


def keep_scores(draft: Draft, task: FileTask) -> SplitRecord:
    """Keep the scores of a file's first copies, and what its other copies ask for, in the order of the hash space."""
    clusters, sizes, ranks = _clusters(task.file)
    scores = mapped(draft.folder / _kept(task.file))
    entries = []
    for kind, chosen in ((FIRSTS, (ranks == 0) & (sizes > 1)), (COPIES, ranks > 0)):
        rows = np.flatnonzero(chosen)
        rows = rows[hash_order(clusters[rows])]
        table = pa.table({"cluster": clusters[rows], "row": rows.astype(np.uint32)})
        if kind == FIRSTS:
            for name in scores.column_names:
                table = table.append_column(_score(name), scores[name].take(pa.array(rows)))
        entries.append(draft.write_table(_asked(kind, task.file), table))
    return SplitRecord(files=entries)


def give_scores(files: Sequence[RowFile], draft: Draft, part: Round) -> SplitRecord:
    """Look up, in one part of the hash space, the scores that copies ask for: file, row and scores."""
    firsts, copies = (
        chunks([(file.index, draft.folder / _asked(kind, file)) for file in files], part) for kind in (FIRSTS, COPIES)
    )
    read = list(firsts)
    clusters = np.concatenate([np.zeros(0, np.uint64), *(chunk["cluster"] for chunk in read)])
    order = np.argsort(clusters)
    names = [name for name in mapped(draft.folder / _asked(FIRSTS, files[0])).column_names if name.startswith(_SCORE)]
    scores = [np.concatenate([np.zeros(0, np.float32), *(chunk[name] for chunk in read)])[order] for name in names]
    clusters = clusters[order]
    columns = [("file", pa.int32()), ("row", pa.uint32()), *((name, pa.float32()) for name in names)]
    with draft.shard_writer(part.file, pa.schema(columns)) as writer:
        for chunk in copies:
            place = np.searchsorted(clusters, chunk["cluster"])
            writer.write(pa.record_batch([chunk["file"], chunk["row"], *(own[place] for own in scores)],
                                         schema=pa.schema(columns)))  # fmt: skip
    return SplitRecord(files=[writer.entry])


def annotate_file(annotating: Annotating, draft: Draft, task: FileTask) -> SplitRecord:
    """Write the annotated columns of a file's rows and documents."""
    file = task.file
    entries: list[FileEntry] = []
    joined: dict[str, Any] = {}
    doubled: dict[str, str] = {}
    for of, name, table in _tables(file):
        columns: dict[str, Any] = {}
        if of == "documents":
            columns |= _computed(annotating, draft, file)
        if of == "pairs" and annotating.lexicons is not None:
            columns |= annotating.lexicons.columns(file)
        for outside in annotating.outside:
            if outside.of == of:
                found = join(outside, table)
                columns |= {own: found.columns[own] for own in outside.columns}
                joined[outside.label] = {"matched": found.matched, "without": table.num_rows - found.matched}
                doubled |= {outside.label: found.doubled} if found.doubled else {}
        if columns:
            entries.append(_write(draft, name, columns))
    rows = file.table().num_rows
    return SplitRecord(
        files=entries, rows=SplitRecord.rows_of(Counts(rows, 0, rows)), summary={"joined": joined, "doubled": doubled}
    )


def _tables(file: RowFile) -> Iterator[tuple[Of, str, pa.Table]]:
    """Yield the tables that a file's scores can belong to, with their names."""
    yield ("pairs" if file.kind == "pairs" else "rows"), file.name, file.table()
    if file.kind == "text":
        yield "documents", documents_name(file.name), file.document_table()


def _computed(annotating: Annotating, draft: Draft, file: RowFile) -> dict[str, Any]:
    """Return the columns that are computed: the scores of first copies, and those that the others were given."""
    if not annotating.rounds:
        return {}
    table = mapped(draft.folder / _kept(file))
    columns = {name: column(table, name).to_numpy().copy() for name in table.column_names}
    for given in for_file([draft.folder / part.file for part in annotating.rounds], file.index):
        for name, values in columns.items():
            values[given["row"]] = given[_score(name)]
    return columns


def _clusters(file: RowFile) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Return cluster, size and rank of a file's documents (CLUSTERS)."""
    table = file.document_cluster_table()
    cluster, size, rank = (column(table, name).to_numpy() for name in ("cluster", "cluster_size", "rank"))
    return cluster, size, rank


def _write(draft: Draft, name: str, columns: dict[str, Any]) -> FileEntry:
    table = pa.table({own: pa.array(values, pa.float32(), from_pandas=True) if isinstance(values, np.ndarray)
                      else values for own, values in columns.items()})  # fmt: skip
    return draft.write_table(f"scores/{name}", table, {"kind": "scores", "of": name})


def _summary(annotating: Annotating, records: Iterable[SplitRecord]) -> dict[str, Any]:
    """Return of which table each column is, and how many ids of each file from outside found a row.

    Raises UserError where none did, or where an id stands twice.
    """
    columns: dict[str, list[str]] = {name: ["documents"] for name in computed_columns(annotating.section)}
    columns |= {name: ["pairs"] for name in LEXICAL} if annotating.lexicons else {}
    joined = add_up(record.summary["joined"] for record in records)
    doubled: dict[str, str] = {}
    for record in records:
        doubled = record.summary["doubled"] | doubled
    for outside in annotating.outside:
        columns |= {name: [outside.of] for name in outside.columns}
        counts = joined.setdefault(outside.label, {"matched": 0, "without": 0})
        counts["unmatched"] = outside.rows - counts["matched"]
        if outside.label in doubled:
            raise UserError(f"{outside.path}: an id stands twice ({doubled[outside.label]}); give each one row")
        if outside.rows and not counts["matched"]:
            raise UserError(f"{outside.path}: none of its ids is of the corpus; ids are those of the staged rows")
    return {"columns": columns, "joined": joined}


def _score(name: str) -> str:
    return f"{_SCORE}{name}"


def _asked(kind: str, file: RowFile) -> str:
    return f"asked/{kind}/{file.name}"


def _kept(file: RowFile) -> str:
    return f"score/{file.name}"
