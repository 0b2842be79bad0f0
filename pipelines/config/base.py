"""What the sections of all stages are made of."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipelines.datasets.errors import UserError
from pipelines.text.languages import canonical


def known_language(code: str) -> str:
    """Return `code`. Raises ValueError, in a sentence, where it is not in the table of languages."""
    try:
        canonical(code)
    except UserError as error:
        raise ValueError(str(error)) from error
    return code


LanguageCode = Annotated[str, AfterValidator(known_language)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Section(BaseModel):
    """A part of a recipe: no other keys than its own, and nothing changes it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
