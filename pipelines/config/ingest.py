"""`ingest`: read raw files, normalise and measure."""

from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipelines.config.base import Section, Share
from pipelines.config.sources import Source
from pipelines.config.watched import each_file
from pipelines.datasets.fingerprint import RawPath


class Heliport(Section):
    """The package heliport as it is installed here: `language_model: heliport`."""

    heliport: str = Field(description="Its version; empty where it is not installed.")


class IngestSection(Section):
    """Read raw files, normalise and measure."""

    sources: tuple[Source, ...] = Field(
        description="The raw files, each with its format. A `*` in a path stands for all files that it fits, each a "
        "source of its own: a watched folder."
    )
    language_model: RawPath | Heliport = Field(
        description="A fastText model of language identification (fsspec URLs too), or `heliport` where that package "
        "is installed."
    )
    personal_data: Literal["count", "mask"] = Field(
        "count", description="Whether e-mail and public IP addresses are counted, or also masked in the text."
    )
    tolerated_share: Share = Field(
        0.001, description="The stage fails where a larger share of the records could not be read."
    )

    @property
    def model(self) -> str:
        """Where the language model is, or `heliport`."""
        return self.language_model if isinstance(self.language_model, str) else "heliport"

    @field_validator("language_model", mode="before")
    @classmethod
    def _with_version(cls, value: Any) -> Any:
        if value != "heliport":
            return value
        try:
            return Heliport(heliport=version("heliport"))
        except PackageNotFoundError:
            return Heliport(heliport="")  # the stage says so when it runs

    @field_validator("sources", mode="before")
    @classmethod
    def _each_file(cls, value: Any) -> Any:
        if not isinstance(value, list | tuple):
            return value
        if not value:
            raise ValueError("there is no source; name one")
        return [one for source in value for one in each_file(source)]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError("two sources have one name; give each its own")
        return self
