"""`ingest`: read raw files, normalise and measure."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.config.base import Section, Share
from pipelines.config.sources import Source
from pipelines.datasets.fingerprint import RawPath


class IngestSection(Section):
    """Read raw files, normalise and measure."""

    sources: tuple[Source, ...] = Field(min_length=1, description="The raw files, each with its format.")
    language_model: RawPath = Field(description="fastText's language identification model; fsspec URLs too.")
    personal_data: Literal["count", "mask"] = Field(
        "count", description="Whether e-mail and public IP addresses are counted, or also masked in the text."
    )
    tolerated_share: Share = Field(
        0.001, description="The stage fails where a larger share of the records could not be read."
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have one name; give each its own")
        return self
