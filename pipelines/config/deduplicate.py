"""`deduplicate`: find the copies of each text, pair and document, and documents that are nearly alike.

Also what `publish` makes of them.
"""

from typing import Literal

from pydantic import Field

from pipelines.config.base import Section
from pipelines.datasets.fingerprint import DatasetPath


class Near(Section):
    """Near duplicates: documents that share most of their shingles.

    Documents of similarity s become candidates with probability 1 - (1 - s^rows)^bands: with the defaults 0.998 at
    0.8, and 0.27 at 0.5. Every candidate pair is then verified.
    """

    shingle_words: int = Field(
        5, ge=1, le=64, description="Words in a shingle; in a script without spaces as many characters as they have."
    )
    bands: int = Field(20, ge=1, le=256, description="Bands that a document's sketch is cut into.")
    rows: int = Field(6, ge=1, le=64, description="Values in a band, all of which must agree.")
    jaccard: float = Field(
        0.8, gt=0, le=1, description="The least share of shingles that two have in common, verified exactly."
    )


class NearPairs(Near):
    """Near duplicates among pairs: both sides, each against its like, share most of their shingles."""

    shingle_words: int = Field(
        2, ge=1, le=64, description="Words in a shingle; in a script without spaces as many characters as they have."
    )


class DeduplicateSection(Section):
    """Find the copies of each text, pair and document."""

    normalisation: Literal["fold", "ccnet"] = Field(
        "fold",
        description="What makes texts equal: `fold` is NFKC, case folding and single spaces, language by language; "
        "`ccnet` is CCNet's rule, whatever the language.",
    )
    group_splits: int = Field(
        0, ge=0, description="Copies are sought only within so many consecutive splits; 0: among all."
    )
    near: Near | None = Field(None, description="Find near duplicates among the documents too.")
    near_pairs: NearPairs | None = Field(None, description="Find near duplicates among the pairs of a language pair.")
    against: list[DatasetPath] = Field(
        [], description="Folders of published datasets; rows that are in one of them are marked."
    )


class Duplicates(Section):
    """What is kept of copies and near duplicates, among what passed the thresholds."""

    paragraphs: Literal["one", "none", "all"] = Field(
        "one",
        description="Of equal texts keep one, all, or, as CCNet does, none: every repeated text goes, the first too.",
    )
    documents: Literal["all", "one"] = Field("all", description="Of documents that are copies keep all, or one.")
    pairs: Literal["one", "one_by_letters"] = Field(
        "one",
        description="Of pairs that are copies one is kept. `one_by_letters`: copies are pairs with the same letters on "
        "both sides; digits count as one letter, and punctuation, symbols and spaces do not count.",
    )
    repeats_per_side: int | None = Field(
        None, ge=1, description="In how many pairs of its language pair a text may stand as source, and as target."
    )
    near: Literal["all", "one"] = Field(
        "all", description="Of near duplicates (and of copies) keep all documents, or one. Needs `deduplicate.near`."
    )
    near_pairs: Literal["all", "one"] = Field(
        "all", description="Of pairs that are near duplicates keep all, or one. Needs `deduplicate.near_pairs`."
    )
