"""The report's section of the config, and its stage."""

from pydantic import BaseModel, ConfigDict, Field

from pipelines.datasets.stage import StageSpec


class ReportSection(BaseModel):
    """How the report is written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field("", description="The report's headline; by default the run's recipe in words.")
    examples: int = Field(4, ge=0, le=20, description="How many dropped rows are shown for each reason.")


STAGES = (
    StageSpec(
        name="report",
        version=1,
        section=ReportSection,
        entry="pipelines.report.stage:run",
        needs=("ingest", "deduplicate", "publish"),
        extra="report",
        help="Write the report of a run: report.html and report.json.",
        optional=("align", "tokenize", "pretrain", "export", "evaluate"),
    ),
)
