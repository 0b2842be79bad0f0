"""`polyloom remove`: what is taken out of a published corpus. No section of a recipe: the command line gives it."""

from pydantic import Field

from pipelines.config.base import Section


class RemoveSection(Section):
    """Rows to take out, sorted, and why. The last three are those of the corpus that they are taken from."""

    urls: tuple[str, ...] = Field(description="Documents whose rows go.")
    hashes: tuple[str, ...] = Field(description="Clusters whose rows go, as 16 hexadecimal digits.")
    ids: tuple[str, ...] = Field(description="Rows that go: FILE:RECORD or FILE:RECORD:PARAGRAPH.")
    reason: str = Field(min_length=1, description="Why they go.")
    title: str
    licence: str
    origin: str
