"""A source of the config: the reader that opens it, and what cuts its records into paragraphs."""

from collections.abc import Callable

from pipelines.config.sources import CatalogSource, LinesSource, MosesSource, Source, TsvSource, WarcSource
from pipelines.formats.arrow import Arrow
from pipelines.formats.catalog import Catalog
from pipelines.formats.compressed import RawFile
from pipelines.formats.fields import Fields
from pipelines.formats.jsonl import Jsonl
from pipelines.formats.lines import Lines
from pipelines.formats.moses import Moses, MosesFiles, in_archive
from pipelines.formats.parquet import Parquet
from pipelines.formats.protocol import Format
from pipelines.formats.tsv import Tsv
from pipelines.formats.warc import Warc
from pipelines.text.normalize import lines, paragraphs

_WITH_FIELDS: dict[str, type[Jsonl] | type[Parquet] | type[Arrow]] = {
    "jsonl": Jsonl,
    "parquet": Parquet,
    "arrow": Arrow,
}


def open_format(source: Source) -> Format:
    """Return the reader for a source of the config."""
    if isinstance(source, CatalogSource):
        return Catalog(
            source.name,
            source.path,
            source.pattern,
            source.languages,
            source.split_bytes,
            source.max_member_bytes,
            source.keys,
        )
    if isinstance(source, MosesSource):
        return Moses(source.name, _moses_files(source), source.split_bytes, source.max_record_bytes)
    raw = RawFile(source.path, source.max_unpacked_bytes, source.max_ratio)
    if isinstance(source, TsvSource):
        return Tsv(source.name, raw, source.columns, source.header, source.split_bytes, source.max_record_bytes)
    if isinstance(source, LinesSource):
        return Lines(source.name, raw, source.language, source.documents, source.split_bytes, source.max_record_bytes)
    if isinstance(source, WarcSource):
        return Warc(source.name, raw, source.language, source.split_bytes, source.max_record_bytes)
    fields = Fields(source.text_field, source.document_field, source.language_field, source.language)
    kind = _WITH_FIELDS[source.format]
    return kind(source.name, raw, fields, source.split_bytes, source.max_record_bytes)


def _moses_files(source: MosesSource) -> MosesFiles:
    def raw(path: str) -> RawFile:
        return RawFile(path, source.max_unpacked_bytes, source.max_ratio)

    if source.path is not None:
        return in_archive(raw(source.path), source.languages)
    beside = (raw(path) if path else None for path in (source.ids, source.scores))
    return MosesFiles({language: raw(path) for language, path in source.paths.items()}, *beside)


def divider(source: Source) -> Callable[[str], list[str]]:
    """Return what cuts a record's text into paragraphs: at blank lines in catalogs, at every line elsewhere."""
    return paragraphs if isinstance(source, CatalogSource) else lines
