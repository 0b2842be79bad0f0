"""A source of the config: the reader that opens it, and what cuts its records into paragraphs."""

from collections.abc import Callable

from pipelines.config.sources import (
    CatalogSource,
    CcAlignedSource,
    DocumentsSource,
    FieldsSource,
    HtmlSource,
    LinesSource,
    MembersSource,
    MosesSource,
    OpusSource,
    PoSource,
    Source,
    TmxSource,
    TsvSource,
    WarcSource,
    XliffSource,
)
from pipelines.formats.arrow import Arrow
from pipelines.formats.catalog import Catalog
from pipelines.formats.ccaligned import CcAligned
from pipelines.formats.compressed import RawFile
from pipelines.formats.documents import Content, Documents
from pipelines.formats.fields import Fields, PairFields, RowFields
from pipelines.formats.jsonl import Jsonl
from pipelines.formats.lines import Lines
from pipelines.formats.moses import Moses, MosesFiles, in_archive
from pipelines.formats.opus import Opus
from pipelines.formats.parquet import Parquet
from pipelines.formats.po import Po
from pipelines.formats.protocol import Format
from pipelines.formats.tmx import Tmx
from pipelines.formats.tsv import Tsv
from pipelines.formats.warc import Warc
from pipelines.formats.xliff import Xliff
from pipelines.text.normalize import lines, paragraphs

_WITH_FIELDS: dict[str, type[Jsonl] | type[Parquet] | type[Arrow]] = {
    "jsonl": Jsonl,
    "parquet": Parquet,
    "arrow": Arrow,
}


def open_format(source: Source) -> Format:
    """Return the reader for a source of the config."""
    if isinstance(source, MembersSource):
        return _open_members(source)
    if isinstance(source, MosesSource):
        return Moses(source.name, _moses_files(source), source.split_bytes, source.max_record_bytes)
    raw = RawFile(source.path, source.max_unpacked_bytes, source.max_ratio)
    name, split_bytes, max_bytes = source.name, source.split_bytes, source.max_record_bytes
    if isinstance(source, TsvSource):
        return Tsv(name, raw, source.columns, source.header, split_bytes, max_bytes)
    if isinstance(source, TmxSource):
        return Tmx(name, raw, source.score, source.document, split_bytes, max_bytes)
    if isinstance(source, OpusSource):
        return Opus(name, raw, source.documents, source.score, split_bytes, max_bytes, source.max_member_bytes)
    if isinstance(source, LinesSource):
        return Lines(name, raw, source.language, source.documents, split_bytes, max_bytes)
    if isinstance(source, CcAlignedSource):
        return CcAligned(name, raw, source.languages, split_bytes, max_bytes)
    if isinstance(source, WarcSource):
        return Warc(name, raw, source.language, split_bytes, max_bytes)
    return _WITH_FIELDS[source.format](name, raw, _fields(source), split_bytes, max_bytes)


def _open_members(source: CatalogSource | PoSource | XliffSource | DocumentsSource) -> Format:
    common = (
        source.name, source.path, source.pattern, source.languages, source.split_bytes, source.max_member_bytes
    )  # fmt: skip
    if isinstance(source, DocumentsSource):
        content: Content = "text"
        if isinstance(source, HtmlSource):
            content = "main_html" if source.main_content else "html"
        return Documents(*common, content, source.max_unpacked_bytes, source.max_ratio)
    if isinstance(source, PoSource):
        return Po(*common, source.source_language)
    return Xliff(*common) if isinstance(source, XliffSource) else Catalog(*common, source.keys)


def _fields(source: FieldsSource) -> RowFields:
    if source.texts:
        return PairFields(tuple(sorted(source.texts.items())), source.document_field, source.score_field)
    return Fields(source.text_field, source.document_field, source.language_field, source.language)


def _moses_files(source: MosesSource) -> MosesFiles:
    def raw(path: str) -> RawFile:
        return RawFile(path, source.max_unpacked_bytes, source.max_ratio)

    if source.path is not None:
        return in_archive(raw(source.path), source.languages)
    beside = (raw(path) if path else None for path in (source.ids, source.scores))
    return MosesFiles({language: raw(path) for language, path in sorted(source.paths.items())}, *beside)


def divider(source: Source) -> Callable[[str], list[str]] | None:
    """Return what cuts a record's text into paragraphs: at blank lines in messages, at every line elsewhere.

    The side of a translation unit is one (None), so that its line breaks, which are not the other side's, tear no pair.
    """
    if isinstance(source, MembersSource) and not isinstance(source, DocumentsSource):
        return paragraphs
    is_pairs = isinstance(source, MosesSource | TsvSource | TmxSource | OpusSource) or (
        isinstance(source, FieldsSource) and bool(source.texts)
    )
    return None if is_pairs else lines
