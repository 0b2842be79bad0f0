"""The section `export`."""

from pydantic import Field

from training.config.section import Section


class ExportSection(Section):
    """Each arm as folders that Hugging Face `transformers` and `sentence-transformers` load."""

    check_sentences: int = Field(
        64, ge=1, le=10_000, description="Dev texts whose ids and hidden states must agree with transformers' own."
    )
    tolerance: float = Field(1e-4, gt=0, le=1e-2, description="Largest difference of a hidden state that is let pass.")
