"""`deduplicate`: find the copies of each text and pair."""

from pydantic import Field

from pipelines.config.base import Buckets, Section


class DeduplicateSection(Section):
    """Find the copies of each text and pair."""

    buckets: Buckets = Field(16, description="Into how many parts the hash space is cut to be sorted.")
