"""What `polyloom compare` measures. It has no section in a recipe: it reads datasets of several."""

from typing import Literal

from pydantic import Field, model_validator

from training.config.evaluate import EvaluateSection
from training.config.section import Section


class CompareSection(Section):
    """Encoders of several recipes, several seeds of each, on what all their corpora hold out."""

    sides: tuple[str, ...] = Field(min_length=2, description="The sides; all others are compared with the first.")
    seeds: tuple[int, ...] = Field(min_length=2, description="The seeds that every side was trained with.")
    split: Literal["dev", "test"] = Field("dev", description="The held-out split that is measured on.")
    texts: int = Field(200, ge=1, description="The most texts of a language that masked tokens are restored in.")
    retrieval: EvaluateSection = Field(
        EvaluateSection(), description="Pools, readings and the model-free control, as in `evaluate`."
    )

    @model_validator(mode="after")
    def _different(self) -> "CompareSection":
        for name, values in (("sides", self.sides), ("seeds", self.seeds)):
            if len(set(values)) < len(values):
                raise ValueError(f"{name}: one stands twice")
        return self
