"""The raw files that `ingest` reads: a section for each format."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from pipelines.config.base import LanguageCode, Name, Section, known_language
from pipelines.datasets.fingerprint import RawPath
from pipelines.formats.patterned import compile_pattern
from pipelines.formats.tsv import languages_of


def _pattern(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


def _columns(columns: tuple[str, ...]) -> tuple[str, ...]:
    for language in languages_of(columns):
        known_language(language)
    return columns


class MembersSource(Section):
    """The keys of every format of many files."""

    name: Name = Field(description="The source's name; row ids and shard names begin with it.")
    path: RawPath = Field(description="A zip archive (a wheel is one) or a folder; fsspec URLs too.")
    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        description="Which files to read: a path inside the source with the places {document} and {language}."
    )
    languages: tuple[LanguageCode, ...] = Field(
        min_length=1, description="The languages to read, as the file names write them."
    )
    split_bytes: int = Field(8 << 20, ge=1, description="About how many bytes one worker reads at a time.")
    max_member_bytes: int = Field(16 << 20, ge=1, description="Larger files are not read but put into quarantine.")


class CatalogSource(MembersSource):
    """Translated messages: one JSON file for each document and language."""

    format: Literal["catalog"]
    keys: bool = Field(
        True, description="Whether a message's key ties it to its translations; without, they are text to be mined."
    )


class DocumentsSource(MembersSource):
    """The keys of every format of documents with translations."""

    path: RawPath = Field(description="A folder, a zip archive (a wheel is one) or a tar archive; fsspec URLs too.")
    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        description="Which documents to read: a path inside the source with the places {document} and {language}; for "
        "strings in a JSON file its path, `#` and their JSON Pointer, such as `docs.json#/{language}/{document}/html`."
    )
    max_unpacked_bytes: int = Field(
        32 << 30, ge=1, description="A tar archive that unpacks to more bytes is refused as a decompression bomb."
    )
    max_ratio: int = Field(
        200, ge=1, description="So is one that unpacks to more than so many times its size (and to more than 1 MiB)."
    )


class HtmlSource(DocumentsSource):
    """HTML: one page for each document and language."""

    format: Literal["html"]
    main_content: bool = Field(
        False, description="Whether menus, footers and lists of links are left out, as of pages from the web."
    )


class TextSource(DocumentsSource):
    """Plain text: one file for each document and language, a paragraph a line."""

    format: Literal["text"]


class StreamSource(Section):
    """The keys of every format that is read as a stream of bytes."""

    name: Name = Field(description="The source's name; row ids and shard names begin with it.")
    split_bytes: int = Field(32 << 20, ge=1, description="About how many unpacked bytes one worker reads at a time.")
    max_record_bytes: int = Field(16 << 20, ge=1, description="Longer records are not read but put into quarantine.")
    max_unpacked_bytes: int = Field(
        32 << 30, ge=1, description="A file that unpacks to more bytes is refused as a decompression bomb."
    )
    max_ratio: int = Field(
        200, ge=1, description="So is one that unpacks to more than so many times its size (and to more than 1 MiB)."
    )


class FileSource(StreamSource):
    """The keys of every format that is one file."""

    path: RawPath = Field(description="The file; fsspec URLs too.")
    language: LanguageCode | None = Field(
        None, description="The language of all records that declare none; without it, each row's identified language."
    )


class LinesSource(FileSource):
    """Plain text, one paragraph a line, plain or compressed."""

    format: Literal["lines"]
    documents: bool = Field(False, description="Whether a blank line ends a document, as in CC-100's files.")
    max_record_bytes: int = Field(1 << 20, ge=1, description="Longer lines are not read but put into quarantine.")


class FieldsSource(FileSource):
    """The keys of every format with named fields."""

    text_field: str = Field("text", description="The field or column that holds the text.")
    document_field: str | None = Field(
        None, description="The one that names the document (a URL, an id); a document's rows go into one split."
    )
    language_field: str | None = Field(None, description="The one that declares the record's language.")
    texts: dict[LanguageCode, str] = Field(
        {},
        description="For pairs, in place of `text_field`: the field with the text of each language. Dots lead into "
        "fields of fields: `translation.de`.",
    )
    score_field: str | None = Field(None, description="For pairs: the one that holds the pair's score.")

    @model_validator(mode="after")
    def _one_text_or_pairs(self) -> Self:
        if len(self.texts) == 1 or (self.score_field and not self.texts):
            raise ValueError("for pairs, name the fields of two languages or more in texts")
        if self.texts and (self.language or self.language_field or self.text_field != "text"):
            raise ValueError("texts name the languages and fields of pairs; leave text_field and languages out")
        return self


class JsonlSource(FieldsSource):
    """JSON Lines, plain or compressed: one object a line."""

    format: Literal["jsonl"]


class ParquetSource(FieldsSource):
    """Parquet with a text column."""

    format: Literal["parquet"]


class ArrowSource(FieldsSource):
    """An Arrow IPC file or stream with a text column, as Hugging Face `datasets` writes it."""

    format: Literal["arrow"]


class WarcSource(FileSource):
    """WET and WARC, plain or compressed: one web page a record."""

    format: Literal["warc"]


class PoSource(MembersSource):
    """gettext catalogs: one PO file for each document and language."""

    format: Literal["po"]
    source_language: LanguageCode | None = Field(
        "en", description="The language of the msgids; null where they are names and no text."
    )


class XliffSource(MembersSource):
    """XLIFF 1.2: one file for each document and target language."""

    format: Literal["xliff"]


class TmxSource(StreamSource):
    """TMX 1.4, plain or compressed: translation memories."""

    format: Literal["tmx"]
    path: RawPath = Field(description="The file; fsspec URLs too.")
    score: str | None = Field(None, description="The type of the `prop` that holds the pair's score.")
    document: str | None = Field(None, description="The type of the `prop` that names the document.")
    max_record_bytes: int = Field(1 << 20, ge=1, description="Longer units are not read but put into quarantine.")


class OpusSource(StreamSource):
    """OPUS's XML: sentence alignments in XCES, and their documents."""

    format: Literal["opus"]
    path: RawPath = Field(description="The alignments, plain or compressed; fsspec URLs too.")
    documents: dict[LanguageCode, RawPath] = Field(
        min_length=2, description="The documents of each language: a zip archive or a folder; fsspec URLs too."
    )
    score: Literal["certainty", "overlap"] | None = Field(
        None, description="The attribute of a link that holds the pair's score."
    )
    max_record_bytes: int = Field(
        256 << 20, ge=1, description="The alignments of longer documents are not read but put into quarantine."
    )
    max_member_bytes: int = Field(64 << 20, ge=1, description="Larger documents are not read but put into quarantine.")


class MosesSource(StreamSource):
    """Bitext as a file for each language, line by line translations; or the zip that OPUS gives."""

    format: Literal["moses"]
    path: RawPath | None = Field(None, description="OPUS's zip archive, in place of `paths`; fsspec URLs too.")
    languages: tuple[LanguageCode, ...] = Field((), description="The languages in the zip, as its file names end.")
    paths: dict[LanguageCode, RawPath] = Field({}, description="The file of each language; fsspec URLs too.")
    ids: RawPath | None = Field(
        None, description="A file of the same lines, whose first column names the document, as OPUS's `.ids` does."
    )
    scores: RawPath | None = Field(None, description="A file of the same lines with the pair's score.")
    max_record_bytes: int = Field(1 << 20, ge=1, description="Longer lines are not read but put into quarantine.")

    @model_validator(mode="after")
    def _zip_or_files(self) -> Self:
        if self.path is None and (len(self.paths) < 2 or self.languages):
            raise ValueError("name a file for each of two languages or more in paths, or OPUS's zip in path")
        if self.path is not None and (self.paths or self.ids or self.scores or len(set(self.languages)) < 2):
            raise ValueError("with OPUS's zip in path, name two languages or more in languages, and no other files")
        return self


class TsvSource(StreamSource):
    """Bitext as tab-separated values, plain or compressed: a translation unit a line."""

    format: Literal["tsv"]
    path: RawPath = Field(description="The file; fsspec URLs too.")
    columns: Annotated[tuple[str, ...], AfterValidator(_columns)] = Field(
        description="What each column is, in their order: a language, `score`, `document` (a URL, an id), or `-` for "
        "what is not read."
    )
    header: bool = Field(False, description="Whether the first line names the columns; it is no unit.")
    max_record_bytes: int = Field(1 << 20, ge=1, description="Longer lines are not read but put into quarantine.")


class CcAlignedSource(StreamSource):
    """CCAligned's files of documents, plain or compressed: a pair of web pages a line."""

    format: Literal["ccaligned"]
    path: RawPath = Field(description="The file; fsspec URLs too.")
    languages: tuple[LanguageCode, LanguageCode] = Field(description="The languages of source and target.")


Source = Annotated[
    CatalogSource
    | LinesSource
    | JsonlSource
    | ParquetSource
    | ArrowSource
    | WarcSource
    | MosesSource
    | TsvSource
    | TmxSource
    | OpusSource
    | XliffSource
    | PoSource
    | HtmlSource
    | TextSource
    | CcAlignedSource,
    Field(discriminator="format"),
]
