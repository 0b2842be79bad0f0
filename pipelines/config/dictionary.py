"""The section `dictionary`."""

from pydantic import Field

from pipelines.config.base import Section, Share


class DictionarySection(Section):
    """Take bilingual dictionaries out of the pairs of the train split, one for each language, in MUSE's format."""

    pairs: int = Field(
        200_000, ge=1, description="Pairs of a language to read, drawn at random; each takes about 10 kB of memory."
    )
    translations: int = Field(3, ge=1, description="Translations of a word at most, the surest ones.")
    certainty: Share = Field(
        0.2, description="The least geometric mean of the two probabilities, of the translation by the word and back."
    )
    seen: int = Field(3, ge=1, description="How often a word and its translation must stand in the pairs.")
