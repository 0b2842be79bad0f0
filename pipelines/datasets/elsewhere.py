"""Datasets that another recipe makes: an encoder trained there finds the pairs that the next one is trained on here."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pipelines.datasets.fingerprint import NotFingerprinted


class ExportedArm(BaseModel):
    """An encoder that another recipe trains and exports; `polyloom run` runs that recipe up to its `export` first.

    The export's fingerprint is an input of the stage that reads it, so where the recipe lies does not matter.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: Annotated[str, NotFingerprinted()] = Field(
        description="The other recipe, relative to where the command is started."
    )
    arm: str = Field(description="Which of its arms.")


def exported_arms(config: BaseModel) -> Iterator[tuple[str, str, ExportedArm]]:
    """Yield every encoder of another recipe that a section names: its key, its name in a map or "", and what it is."""
    for key in type(config).model_fields:
        value = getattr(config, key)
        for name, item in value.items() if isinstance(value, Mapping) else [("", value)]:
            if isinstance(item, ExportedArm):
                yield key, name, item
