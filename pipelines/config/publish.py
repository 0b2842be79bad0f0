"""`publish`: thresholds, survivors, splits and shards."""

from pydantic import Field

from pipelines.config.base import Section, Share
from pipelines.config.deduplicate import Duplicates
from pipelines.config.filters import Filters


class Thresholds(Section):
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
    min_agreement: Share = Field(
        0.0, description="The least share of a document's bytes that must be in the language that they vote for."
    )
    document_probability: Share = Field(
        0.0,
        description="A document whose language is the one identified must be identified at least so surely; "
        "CCNet asks 0.5.",
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


class HeldOut(Section):
    """A held-out part: whole documents, chosen by their hash."""

    share: float = Field(0.1, ge=0, lt=0.5, description="The share of the documents.")
    min_pairs: int = Field(
        0,
        ge=0,
        description="Further documents are held out until each language has so many different pairs of `min_words`, "
        "or 40 % of those that it has.",
    )
    min_words: int = Field(5, ge=1, description="Pairs count towards `min_pairs` with so many words in the pivot.")


class PublishSection(Section):
    """Apply the thresholds, keep one of each cluster, hold out whole documents, write language shards."""

    thresholds: Thresholds = Field(default_factory=Thresholds, description="What a row must pass.")
    filters: Filters = Field(default_factory=Filters, description="Rules of published corpora, and rules from outside.")
    duplicates: Duplicates = Field(default_factory=Duplicates, description="What is kept of copies.")
    test: HeldOut = Field(default_factory=HeldOut, description="The part that scores are reported on.")
    dev: HeldOut = Field(default_factory=HeldOut, description="The part that choices are made on.")
    shard_rows: int = Field(100_000, ge=1, description="The most rows in a shard.")
    title: str = Field("A Polyloom corpus", description="The dataset card's title.")
    licence: str = Field("unknown", description="The licence of the text, for the dataset card.")
    origin: str = Field("", description="Where the text comes from, for the dataset card.")
