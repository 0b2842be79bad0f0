"""`mine`: pairs among sentences that nothing ties together."""

from typing import Literal, Self

from pydantic import Field, model_validator

from pipelines.config.base import LanguageCode, Section


class MineSection(Section):
    """Find pairs of sentences that translate each other by the vectors of `embed`."""

    languages: tuple[tuple[LanguageCode, LanguageCode], ...] = Field(
        min_length=1, description="The pairs of languages, each as [source, target]."
    )
    neighbours: int = Field(4, ge=1, le=64, description="Nearest neighbours that a similarity is compared with.")
    margin: Literal["ratio", "distance", "absolute"] = Field(
        "ratio",
        description="A pair's similarity over, or less, the mean of its sides' neighbours; `absolute` is the "
        "similarity itself.",
    )
    retrieval: Literal["max", "intersection", "forward", "backward"] = Field(
        "max",
        description="`max` uses each sentence in its best pair, `intersection` keeps pairs that both sides choose, "
        "`forward` takes the best of each source, `backward` of each target.",
    )
    threshold: float = Field(1.04, description="Pairs of a smaller margin are dropped; 1.04 is WikiMatrix's.")
    centering: bool = Field(
        False,
        description="Whether each language's mean vector is subtracted first. Margins are larger then: choose the "
        "threshold anew.",
    )
    index: Literal["auto", "exact", "approximate"] = Field(
        "auto",
        description="Whether all sentences are compared, or those of the nearest sixteenth of FAISS's inverted lists; "
        "`auto` is exact up to 500,000 sentences in a language.",
    )
    shard_rows: int = Field(
        100_000, ge=1, description="Sentences that are searched in at a time, and for which neighbours are sought."
    )

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        for pair in self.languages:
            if pair[0] == pair[1]:
                raise ValueError(f"{pair[0]} is paired with itself; give two languages")
        if len({frozenset(pair) for pair in self.languages}) < len(self.languages):
            raise ValueError("a pair of languages stands twice; name it once")
        return self
