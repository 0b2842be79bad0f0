"""`align`: pair each sentence with its counterpart."""

from typing import Literal

from pydantic import Field

from pipelines.config.base import LanguageCode, Section, Share


class DocumentsSection(Section):
    """Which documents are translations of each other."""

    match: Literal["name", "url", "content"] = Field(
        "name",
        description="By the same name; by the same URL or path without what names the language; or by their words, "
        "each document in one pair with the pivot's.",
    )
    min_score: float = Field(1.6, ge=0, description="The least margin of a pair that was matched by content.")
    max_copied: Share = Field(
        0.9,
        description="A document with a larger share of its characters in sentences that its source has too was never "
        "translated: it is dropped.",
    )


class SentencesSection(Section):
    """Align the sentences of documents that are translations of each other."""

    method: Literal["length", "lexical", "embedding"] = Field(
        "lexical",
        description="By length alone; by a lexicon that is estimated from these documents, and length; or by "
        "these and the vectors of the stage embed.",
    )
    documents: DocumentsSection = Field(DocumentsSection(), description="Which documents are translations.")
    sample: int = Field(
        10_000,
        ge=1,
        description="From how many sentences of a pair of languages the lexicon is estimated, in whole documents.",
    )


class AlignSection(Section):
    """Pair each sentence with its counterpart in the pivot language."""

    pivot: LanguageCode = Field("en", description="The language on the source side of every pair.")
    sentences: SentencesSection | None = Field(
        None, description="Align the sentences of documents too; off where it is not given."
    )
