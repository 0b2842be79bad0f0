"""The report's section of the config, and its stage."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipelines.datasets.fingerprint import RawPath
from pipelines.datasets.manifest import MANIFEST
from pipelines.datasets.stage import StageSpec


def _manifest_of_folder(path: str) -> str:
    return str(Path(path, MANIFEST)) if Path(path).is_dir() else path


class ReportSection(BaseModel):
    """How the report is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field("", description="The report's headline; by default the run's recipe in words.")
    examples: int = Field(4, ge=0, le=20, description="How many dropped rows are shown for each reason.")
    readings: int = Field(
        20, ge=0, le=20, description="How many kept and how many dropped texts are shown for each language."
    )
    previous: Annotated[RawPath, AfterValidator(_manifest_of_folder)] | None = Field(
        None,
        description="An earlier run to compare with: its `report.json`, or its dataset of `publish`. `report.json` "
        "beside the datasets is this run's own before long, so take a copy, or the one in the dataset of `report`.",
    )
    flagged_loss: float = Field(
        0.2,
        ge=0,
        le=1,
        description="A language that has lost more than this share of its texts since the earlier run is flagged.",
    )


STAGES = (
    StageSpec(
        name="report",
        version=5,
        section=ReportSection,
        entry="pipelines.report.stage:run",
        needs=(),
        extra="report",
        help="Write the report of a run: report.html and report.json.",
        needs_one_of=("publish", "scoreboard"),
        optional=(
            "ingest",
            "segment",
            "embed",
            "align",
            "mine",
            "deduplicate",
            "annotate",
            "score",
            "publish",
            "dictionary",
            "tokenize",
            "pretrain",
            "export",
            "evaluate",
            "scoreboard",
        ),
    ),
)
