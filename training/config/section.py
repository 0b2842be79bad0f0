"""What all sections have in common."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Objective = Literal["mlm", "tlm", "xlco"]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of a recipe: no unknown keys, and not to be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)
