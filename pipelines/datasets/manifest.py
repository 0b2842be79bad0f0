"""The manifest: what a dataset holds. A dataset exists exactly when its manifest does."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from pipelines.datasets.counts import Counts
from pipelines.datasets.errors import UserError
from pipelines.datasets.folders import stays_inside
from pipelines.datasets.mirror import shown
from pipelines.datasets.reasons import Reason
from pipelines.datasets.store import Store

MANIFEST = "manifest.json"
RUN = "run.json"


class FileEntry(BaseModel):
    """One file of a dataset. `partition` says what is in it, such as language and split."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    checksum: str
    partition: dict[str, str] = {}

    @field_validator("name")
    @classmethod
    def _inside(cls, name: str) -> str:
        if not stays_inside(name):
            raise ValueError(f"{name!r} is not a file name inside a dataset")
        return name


class Rows(BaseModel):
    """The counts of a stage, in its stated units; `in + expanded = out + dropped`."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    rows_in: int = Field(alias="in", ge=0)
    expanded: int = Field(ge=0)
    rows_out: int = Field(alias="out", ge=0)
    dropped: dict[Reason, int]

    @model_validator(mode="after")
    def _conserved(self) -> "Rows":
        Counts(self.rows_in, self.expanded, self.rows_out, self.dropped)
        return self


class Manifest(BaseModel):
    """What a dataset is and holds. No clock, no host and no path: equal datasets have equal manifests.

    `config` is the stage's section with raw files as their content's hash; `inputs` maps `stage` or
    `stage/instance` to the fingerprint that was read; `summary` holds the stage's own statistics.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    stage: str
    version: int
    instance: str = ""
    fingerprint: str
    config: dict[str, Any]
    inputs: dict[str, str]
    unit_in: str
    unit_out: str
    rows: Rows
    files: list[FileEntry]
    summary: dict[str, Any] = {}

    def to_bytes(self) -> bytes:
        """Return the one text of this manifest: UTF-8 JSON, keys sorted, readable by a person."""
        value = self.model_dump(mode="json", by_alias=True)
        return (json.dumps(value, sort_keys=True, ensure_ascii=False, indent=1) + "\n").encode()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. Raises UserError, naming the file, where it is missing or not a manifest."""
    try:
        data = Store(path.parent).read(path.name)
    except FileNotFoundError:
        raise UserError(
            f"{shown(path.parent)}: not a dataset, it has no {MANIFEST}; run the stage that makes it"
        ) from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    try:
        return Manifest.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise UserError(
            f"{path}: not a manifest that this version reads ({place}: {first['msg']}); "
            "remove the folder and run the stage again"
        ) from error


def total_rows(files: Sequence[FileEntry]) -> int:
    return sum(entry.rows for entry in files)
