"""`segment`: divide paragraphs into sentences."""

from pydantic import Field

from pipelines.config.base import Name, Section


class SegmentSection(Section):
    """Divide the paragraphs of documents into sentences. Records with a key, such as a catalog's, stay whole."""

    sources: tuple[Name, ...] = Field(
        (), description="The sources whose paragraphs to divide; without it, every source's that have no key."
    )
