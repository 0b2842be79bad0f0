"""What is watched while a model trains."""

from pydantic import Field

from training.config.section import Section


class WatchSection(Section):
    """Retrieval on held-out pairs of dev while training goes on. Nothing is chosen by it."""

    every: int = Field(1000, ge=1, description="Steps from one measurement to the next: a multiple of `log_every`.")
    pairs: int = Field(
        100,
        ge=2,
        description="Candidates of each language; a language with fewer in dev is left out. Chance is 1 / this.",
    )
