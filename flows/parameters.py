"""The parameters of the flows: typed, so that the UI shows them as a form and the server refuses a bad value."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

Config = Annotated[Path, Field(description="The recipe, relative to the folder that the deployment works in.")]
Overrides = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[^=]+=")], ...],
    Field(description="Values of the recipe to replace, each as key.path=value."),
]
Fingerprint = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Tokens = Annotated[
    Fingerprint | None,
    Field(description="Train only where this is still the fingerprint of the recipe's token shards."),
]
Encoders = Annotated[
    tuple[Fingerprint, ...],
    Field(description="Evaluate only where these are still the fingerprints of the recipe's encoders."),
]
StageHours = Annotated[
    float | None, Field(gt=0, description="How long a stage may take before it is ended, in hours; no end by default.")
]
AlarmShare = Annotated[
    float,
    Field(
        gt=0, le=1, description="The share of a language's rows whose loss, against the version before, is alarming."
    ),
]
