"""`align`: pair each sentence with its counterpart."""

from pydantic import Field

from pipelines.config.base import LanguageCode, Section


class AlignSection(Section):
    """Pair each sentence with its counterpart in the pivot language."""

    pivot: LanguageCode = Field("en", description="The language on the source side of every pair.")
