"""The corpus stages and their sections of the config. Light: importing it loads neither Beam nor a model."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import NotFingerprinted, RawPath
from pipelines.datasets.stage import StageSpec
from pipelines.formats.catalog import compile_pattern
from pipelines.text.languages import canonical


def _known_language(code: str) -> str:
    try:
        canonical(code)
    except UserError as error:
        raise ValueError(str(error)) from error
    return code


def _pattern(pattern: str) -> str:
    compile_pattern(pattern)
    return pattern


LanguageCode = Annotated[str, AfterValidator(_known_language)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Buckets = Annotated[int, Field(ge=1, le=4096), NotFingerprinted()]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Package(_Section):
    """A package that brings raw files: downloaded as it is, never installed."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="The package's name on PyPI.")
    version: str = Field(pattern=r"^[0-9A-Za-z.+!]+$", description="The exact version.")
    file: str = Field(pattern=r"^[\w.+-]+\.(whl|zip|tar\.gz)$", description="The name of the file that pip brings.")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="The file's SHA-256; another content is refused.")


class FetchSection(_Section):
    """The raw files that come as packages."""

    folder: str = Field("data", description="The folder to put them in.")
    packages: tuple[Package, ...] = Field(description="The packages to download.")


class CatalogSource(_Section):
    """Translated messages: one JSON file for each document and language."""

    format: Literal["catalog"]
    name: Name = Field(description="The source's name; row ids and shard names begin with it.")
    path: RawPath = Field(description="A zip archive (a wheel is one) or a folder; fsspec URLs too.")
    pattern: Annotated[str, AfterValidator(_pattern)] = Field(
        description="Which files to read: a path inside the source with the places {document} and {language}."
    )
    languages: tuple[LanguageCode, ...] = Field(
        min_length=1, description="The languages to read, as the file names write them."
    )
    split_bytes: int = Field(8 << 20, ge=1, description="About how many bytes of JSON one worker reads at a time.")
    max_member_bytes: int = Field(16 << 20, ge=1, description="Larger files are not read but put into quarantine.")


class _FileSource(_Section):
    """The keys of every format that is one file."""

    name: Name = Field(description="The source's name; row ids and shard names begin with it.")
    path: RawPath = Field(description="The file; fsspec URLs too.")
    language: LanguageCode | None = Field(
        None, description="The language of all records that declare none; without it, each row's identified language."
    )
    split_bytes: int = Field(32 << 20, ge=1, description="About how many unpacked bytes one worker reads at a time.")
    max_record_bytes: int = Field(16 << 20, ge=1, description="Longer records are not read but put into quarantine.")
    max_unpacked_bytes: int = Field(
        32 << 30, ge=1, description="A file that unpacks to more bytes is refused as a decompression bomb."
    )
    max_ratio: int = Field(
        200, ge=1, description="So is one that unpacks to more than so many times its size (and to more than 1 MiB)."
    )


class LinesSource(_FileSource):
    """Plain text, one paragraph a line, plain or compressed."""

    format: Literal["lines"]
    documents: bool = Field(False, description="Whether a blank line ends a document, as in CC-100's files.")
    max_record_bytes: int = Field(1 << 20, ge=1, description="Longer lines are not read but put into quarantine.")


class _FieldsSource(_FileSource):
    """The keys of every format with named fields."""

    text_field: str = Field("text", description="The field or column that holds the text.")
    document_field: str | None = Field(
        None, description="The one that names the document (a URL, an id); a document's rows go into one split."
    )
    language_field: str | None = Field(None, description="The one that declares the record's language.")


class JsonlSource(_FieldsSource):
    """JSON Lines, plain or compressed: one object a line."""

    format: Literal["jsonl"]


class ParquetSource(_FieldsSource):
    """Parquet with a text column."""

    format: Literal["parquet"]


class ArrowSource(_FieldsSource):
    """An Arrow IPC file or stream with a text column, as Hugging Face `datasets` writes it."""

    format: Literal["arrow"]


class WarcSource(_FileSource):
    """WET and WARC, plain or compressed: one web page a record."""

    format: Literal["warc"]


Source = Annotated[
    CatalogSource | LinesSource | JsonlSource | ParquetSource | ArrowSource | WarcSource, Field(discriminator="format")
]


class IngestSection(_Section):
    """Read raw files, normalise and measure."""

    sources: tuple[Source, ...] = Field(min_length=1, description="The raw files, each with its format.")
    language_model: RawPath = Field(description="fastText's language identification model; fsspec URLs too.")
    tolerated_share: Share = Field(
        0.001, description="The stage fails where a larger share of the records could not be read."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have one name; give each its own")
        return self


class DeduplicateSection(_Section):
    """Find the copies of each text and pair."""

    buckets: Buckets = Field(16, description="Into how many parts the hash space is cut to be sorted.")


class AlignSection(_Section):
    """Pair each sentence with its counterpart in the pivot language."""

    pivot: LanguageCode = Field("en", description="The language on the source side of every pair.")
    buckets: Buckets = Field(16, description="Into how many parts the hash space is cut to be matched.")


class Thresholds(_Section):
    """What a row must pass. A pair must pass with both sides, and be a fair translation besides."""

    min_chars: int = Field(1, ge=0, description="Shorter texts are dropped (characters).")
    max_chars: int = Field(5000, ge=1, description="Longer texts are dropped (characters).")
    min_letters: Share = Field(
        0.3, description="The least share of letters in what is neither white space nor a placeholder."
    )
    language_probability: Share = Field(
        0.85, description="A text is in a wrong language only where the identifier is at least so sure."
    )
    language_chars: int = Field(
        60, ge=0, description="… and where the text has at least so many characters: on short ones it errs."
    )
    max_length_ratio: float = Field(
        3.0,
        ge=1,
        description="How many times a pair's ratio of lengths may be above or below the mean of its language.",
    )
    length_ratio_chars: int = Field(
        30, ge=0, description="The ratio is asked only of pairs whose longer side has so many characters."
    )
    min_language_rows: int = Field(
        0, ge=0, description="Languages with fewer rows (texts, or pairs) that pass are dropped whole."
    )


class HeldOut(_Section):
    """A held-out part: whole documents, chosen by their hash."""

    share: float = Field(0.1, ge=0, lt=0.5, description="The share of the documents.")
    min_pairs: int = Field(
        0,
        ge=0,
        description="Further documents are held out until each language has so many different pairs of `min_words`, "
        "or 40 % of those that it has.",
    )
    min_words: int = Field(5, ge=1, description="Pairs count towards `min_pairs` with so many words in the pivot.")


class PublishSection(_Section):
    """Apply the thresholds, keep one of each cluster, hold out whole documents, write language shards."""

    thresholds: Thresholds = Field(default_factory=Thresholds, description="What a row must pass.")
    test: HeldOut = Field(default_factory=HeldOut, description="The part that scores are reported on.")
    dev: HeldOut = Field(default_factory=HeldOut, description="The part that choices are made on.")
    shard_rows: int = Field(100_000, ge=1, description="The most rows in a shard.")
    buckets: Buckets = Field(16, description="Into how many parts the hash space is cut to be resolved.")
    title: str = Field("A Polyloom corpus", description="The dataset card's title.")
    licence: str = Field("unknown", description="The licence of the text, for the dataset card.")
    origin: str = Field("", description="Where the text comes from, for the dataset card.")


class TokenizeSection(_Section):
    """Train a SentencePiece unigram model on the train split, and encode all shards."""

    vocabulary: int = Field(8000, ge=10, le=1_000_000, description="The number of pieces.")
    sentences: int = Field(100_000, ge=1, description="The most texts that the model is trained on.")
    exponent: Share = Field(
        0.3, description="Languages are sampled in proportion to their rows to this power; 1 leaves them as they are."
    )
    coverage: float = Field(
        0.9995, gt=0.9, le=1, description="The share of the sample's characters that get a piece of their own."
    )
    threads: int = Field(2, ge=1, le=64, description="SentencePiece's threads: the pieces depend on their number.")


STAGES: tuple[StageSpec, ...] = (
    StageSpec(
        name="ingest",
        version=1,
        section=IngestSection,
        entry="pipelines.stages.ingest:run",
        needs=(),
        extra="pipelines",
        help="Read raw files, normalise and measure each paragraph.",
    ),
    StageSpec(
        name="align",
        version=1,
        section=AlignSection,
        entry="pipelines.stages.align:run",
        needs=("ingest",),
        extra="pipelines",
        help="Pair each sentence with its counterpart in the pivot language.",
    ),
    StageSpec(
        name="deduplicate",
        version=1,
        section=DeduplicateSection,
        entry="pipelines.stages.deduplicate:run",
        needs=("ingest",),
        optional=("align",),
        extra="pipelines",
        help="Find the copies of each text and pair; nothing is dropped.",
    ),
    StageSpec(
        name="publish",
        version=1,
        section=PublishSection,
        entry="pipelines.stages.publish:run",
        needs=("ingest", "deduplicate"),
        optional=("align",),
        extra="pipelines",
        help="Apply thresholds, keep one of each cluster, hold out documents, write language shards.",
    ),
    StageSpec(
        name="tokenize",
        version=1,
        section=TokenizeSection,
        entry="pipelines.stages.tokenize:run",
        needs=("publish",),
        extra="pipelines",
        help="Train a SentencePiece model on the train split and encode all shards.",
    ),
)
