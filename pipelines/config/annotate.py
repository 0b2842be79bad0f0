"""`annotate`: scores that cost much, or come from outside, as columns beside the rows and documents."""

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from pipelines.config.base import LanguageCode, Section
from pipelines.datasets.fingerprint import LANGUAGE_PLACE, RawPath
from pipelines.datasets.schemas import CLUSTERS, DOCUMENTS, MARGIN, PAIRS, STAGED

PERPLEXITY = "perplexity"
LEXICAL = ("lexical_forward", "lexical_backward")
_TAKEN = {MARGIN, *(name for schema in (STAGED, DOCUMENTS, PAIRS, CLUSTERS) for name in schema.names)}


def _for_each_language(path: str) -> str:
    if path.count(LANGUAGE_PLACE) != 1:
        raise ValueError(f"write the language's place once, as in models/{LANGUAGE_PLACE}.bin")
    return path


LanguagePath = Annotated[RawPath, AfterValidator(_for_each_language)]
ColumnName = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]


class PerplexitySection(Section):
    """Perplexity of documents under KenLM models, as CCNet computes it. Needs `polyloom[perplexity]`."""

    models: LanguagePath = Field(
        description="KenLM's models, binary or ARPA: a path with the place {language}, such as lm/{language}.arpa.bin. "
        "Languages without one get no perplexity; Chinese in either script takes `zh`."
    )
    tokenizers: LanguagePath = Field(description="Their SentencePiece models, such as lm/{language}.sp.model.")


class Classifier(Section):
    """A fastText classifier of documents."""

    name: ColumnName = Field(description="The column's name.")
    model: RawPath = Field(description="The model; fsspec URLs too.")
    label: str = Field(description="The label whose probability is the score, with or without `__label__`.")
    languages: tuple[LanguageCode, ...] = Field(
        (), description="The languages that it knows; others get no score. Without it, all get one."
    )


class LexicalSection(Section):
    """How well the words of pairs translate each other, both ways, by a model estimated from the corpus's own pairs."""

    pairs: int = Field(
        20_000,
        ge=1,
        description="From how many pairs, drawn at random, each of a language pair's two lexicons is estimated; fewer "
        "where they are long, so that it takes no more than half a gigabyte.",
    )


class JoinedColumns(Section):
    """Columns of numbers from Parquet, joined by id."""

    path: RawPath = Field(
        description="A Parquet file or a folder of them, fsspec URLs too, with the id's columns: `file`, `record`, "
        "`paragraph` for rows; `file`, `record` for documents; `source_file`, … `target_paragraph` for pairs."
    )
    columns: tuple[ColumnName, ...] = Field(min_length=1, description="The columns to join.")


class AnnotateSection(Section):
    """Give documents and rows further scores, which `publish.filters.scores` can ask for."""

    perplexity: PerplexitySection | None = Field(None, description="Perplexity of documents under KenLM models.")
    classifiers: tuple[Classifier, ...] = Field((), description="fastText classifiers of documents.")
    lexical: LexicalSection | None = Field(
        None, description="The scores `lexical_forward` and `lexical_backward` of pairs."
    )
    columns: tuple[JoinedColumns, ...] = Field((), description="Columns from Parquet.")

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        for name, count in Counter(self._names()).items():
            if name in _TAKEN:
                raise ValueError(f"{name} is a column of the corpus already; call it otherwise")
            if count > 1:
                raise ValueError(f"two annotated columns are called {name}; give each its own name")
        return self

    def _names(self) -> Iterator[str]:
        if self.perplexity is not None:
            yield PERPLEXITY
        if self.lexical is not None:
            yield from LEXICAL
        yield from (classifier.name for classifier in self.classifiers)
        yield from (name for joined in self.columns for name in joined.columns)
