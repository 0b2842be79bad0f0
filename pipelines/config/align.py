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
    min_score: float = Field(1.1, ge=0, description="The least margin of a pair that was matched by content.")
    max_copied: Share = Field(
        0.9,
        description="A document with a larger share of its characters in sentences that its source has too was never "
        "translated: it is dropped.",
    )


class AlignSection(Section):
    """Pair each sentence with its counterpart in the pivot language."""

    pivot: LanguageCode = Field("en", description="The language on the source side of every pair.")
