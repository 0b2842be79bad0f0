"""What became of a raw line: kept where, or dropped by which stage and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.config.sources import FieldsSource, MembersSource, Source
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import raw_files
from pipelines.datasets.reasons import Reason
from pipelines.datasets.stage import StageRun
from pipelines.formats.protocol import Unreadable
from pipelines.provenance.corpus import Corpus, id_of
from pipelines.provenance.raw import RawRecord, read_record
from pipelines.provenance.rows import Place, RowId, one_of

STAGES: Final = ("ingest", "align", "mine", "deduplicate", "annotate", "score", "publish")
_BY_LINE: Final = ("lines", "jsonl")  # formats whose records are numbered by line


@dataclass(frozen=True)
class Copied:
    """The row that was kept instead: its id, where it is published, and how near its document is (Jaccard)."""

    id: RowId
    published: Place | None
    jaccard: float = 1.0


@dataclass(frozen=True)
class Fate:
    """What became of one row: a paragraph, or a pair that it is a side of (`pair` shows both texts).

    `stage` is the one that decided, "" where none has yet; `reason` is None where the row is kept, at `published`.
    """

    id: RowId
    text: str
    stage: str
    reason: Reason | None = None
    detail: str = ""
    split: str = ""
    published: Place | None = None
    copy_of: Copied | None = None
    pair: bool = False


@dataclass(frozen=True)
class Answer:
    """What became of a record: of each of its paragraphs, and of the pairs that they are in.

    `raw` is the record as the raw file holds it; `waiting` names the stages that have not run yet.
    """

    id: RowId
    raw: RawRecord | Unreadable | None
    fates: Sequence[Fate]
    waiting: Sequence[str]


def datasets_of(planned: Sequence[StageRun]) -> dict[str, Dataset]:
    """Return the datasets of a recipe's corpus stages that are made.

    Raises UserError where not even ingest has run.
    """
    done = {run.spec.name: Dataset(run.folder) for run in planned if run.spec.name in STAGES and run.is_done}
    if "ingest" not in done:
        raise UserError("nothing is known of any line yet: ingest has not run; run `polyloom ingest` with this config")
    return done


def find_source(sources: Sequence[Source], file: str) -> tuple[Source, str]:
    """Return the source that `file` means, and what rows call the file.

    `file` is a source's name, the path of a raw file of it, or (for sources of many files) `NAME/MEMBER`.
    Raises UserError where it is none of them.
    """
    for source in sources:
        paths = [path for _, path in raw_files(source)]
        is_path = any("://" not in path and Path(path).resolve() == Path(file).resolve() for path in paths)
        if isinstance(source, MembersSource):
            if file.startswith(f"{source.name}/"):
                return source, file
            if file == source.name or is_path:
                raise UserError(f"{file}: a source of many files; name one of them as {source.name}/MEMBER")
        elif file in (source.name, *paths) or is_path:
            return source, source.name
    names = one_of([source.name for source in sources])
    raise UserError(f"{file}: no source of this config has that name or path; there are {names}")


def why(source: Source, file: str, line: int, datasets: Mapping[str, Dataset], waiting: Sequence[str]) -> Answer:
    """Return what became of a raw line.

    `line` is counted from 1 in lines and jsonl; in other formats, and for pairs, it is the record's number as row ids
    have it, from 0.
    Raises UserError where the file has no such line.
    """
    is_by_line = source.format in _BY_LINE and not (isinstance(source, FieldsSource) and source.texts)
    if line < is_by_line:
        raise UserError(f"{line}: lines are counted from 1")
    wanted = RowId(file, line - is_by_line)
    corpus = Corpus(datasets)
    staged = corpus.find(wanted)
    raw = read_record(source, wanted, corpus.row(staged[0])["offset"] if staged else -1)
    if raw is None and not staged:
        kind = "line" if is_by_line else "record"
        raise UserError(
            f"{file}: has no text at {kind} {line}; it is behind the end, a blank line between two documents, or a "
            "record of a type that is not read"
        )
    fates = [fate for place in staged for fate in _fates(corpus, place)]
    return Answer(wanted, raw, [*_not_staged(wanted, raw, [fate.id for fate in fates]), *fates], waiting)


def _not_staged(wanted: RowId, raw: RawRecord | Unreadable | None, staged: Sequence[RowId]) -> list[Fate]:
    """Return the fates of what ingest dropped: the whole record, or its blank paragraphs."""
    if isinstance(raw, Unreadable):
        return [Fate(wanted, raw.text, "ingest", raw.reason, raw.error)]
    if raw is None:
        return []
    ids = [RowId(wanted.file, wanted.record, number) for number in range(len(raw.parts))]
    return [
        Fate(own, text, "ingest", Reason.EMPTY, "no visible character")
        for own, text in zip(ids, raw.parts, strict=True)
        if own not in staged
    ]


def _fates(corpus: Corpus, place: Place) -> list[Fate]:
    own = id_of(corpus.row(place))
    return [_fate(corpus, place), *(_fate(corpus, pair) for pair in corpus.pairs_of(own))]


def _fate(corpus: Corpus, place: Place) -> Fate:
    row = corpus.row(place)
    pair = "source_text" in row
    own = id_of(row, "target_" if pair else "")
    text = f"{row['source_text']} → {row['target_text']}" if pair else row["text"]
    decision = corpus.decision(place)
    if decision is None:
        return Fate(own, text, "", pair=pair)
    if decision.reason is None:
        return Fate(own, text, "publish", split=decision.split, published=corpus.published(place), pair=pair)
    copy_of = _copied(corpus, decision.reason, place)
    detail = corpus.described(decision.reason, place)
    return Fate(own, text, "publish", decision.reason, detail, decision.split, copy_of=copy_of, pair=pair)


def _copied(corpus: Corpus, reason: Reason, place: Place) -> Copied | None:
    """Return the row that was kept instead of a copy or near pair, or one of the document that was kept instead."""
    if reason is Reason.DUPLICATE:
        kept = corpus.kept_copy(place)
        return _copied_row(corpus, kept) if kept else None
    if reason in (Reason.DUPLICATE_DOCUMENT, Reason.NEAR_DUPLICATE):
        near = corpus.kept_pairs if "source_text" in corpus.row(place) else corpus.kept_documents
        for found, jaccard in near(place):
            return _copied_row(corpus, found, jaccard)
    return None


def _copied_row(corpus: Corpus, kept: Place, jaccard: float = 1.0) -> Copied:
    row = corpus.row(kept)
    return Copied(id_of(row, "target_" if "source_text" in row else ""), corpus.published(kept), jaccard)
