"""The versions of a corpus: which was published when, from what, and how much of each language it has."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from pipelines.datasets.dataset import Dataset
from pipelines.datasets.stage import StageRun, input_fingerprints

VERSIONS = "versions.jsonl"


class Version(BaseModel):
    """One line of `versions.jsonl`. `rows` are published rows by kind and language, all splits together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    number: int
    published: str
    recipe: str
    folder: str
    fingerprint: str
    previous: str | None
    inputs: dict[str, str]
    rows: dict[str, dict[str, int]]


class Loss(BaseModel):
    """A language that has fewer rows than in the version before."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: str
    language: str
    before: int
    now: int

    @property
    def share(self) -> float:
        return 1 - self.now / self.before

    def __str__(self) -> str:
        return f"{self.kind} {self.language}: {self.before:,} rows before, {self.now:,} now ({-self.share:.1%})"


def note_version(folder: Path, published: StageRun, recipe: Path) -> Version | None:
    """Note in `folder` that a published corpus is its latest version, and return it; None where it was noted before."""
    known = versions(folder)
    before = known[-1] if known else None
    if before is not None and before.fingerprint == published.fingerprint:
        return None
    version = Version(
        number=len(known) + 1,
        published=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        recipe=str(recipe),
        folder=published.folder.name,
        fingerprint=published.fingerprint,
        previous=before.fingerprint if before else None,
        inputs=input_fingerprints(published.inputs),
        rows=_rows(Dataset(published.folder).manifest.summary["rows"]),
    )
    with (folder / VERSIONS).open("a", encoding="utf-8") as file:
        file.write(f"{version.model_dump_json()}\n")
    return version


def versions(folder: Path) -> list[Version]:
    """Return all versions, the oldest first."""
    path = folder / VERSIONS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return [Version.model_validate(json.loads(line)) for line in lines]


def losses(before: Version, now: Version, share: float) -> list[Loss]:
    """Return the languages that lost more than a share of their rows, the greatest loss first."""
    found = [
        Loss(kind=kind, language=language, before=rows, now=now.rows.get(kind, {}).get(language, 0))
        for kind, languages in before.rows.items()
        for language, rows in languages.items()
        if rows
    ]
    return sorted((loss for loss in found if loss.share > share), key=lambda loss: loss.share, reverse=True)


def _rows(summary: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, int]]:
    return {
        kind: {language: sum(splits.values()) for language, splits in languages.items()}
        for kind, languages in summary.items()
    }
