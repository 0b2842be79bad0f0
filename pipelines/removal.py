"""`polyloom remove`: from what is asked for to a new version of the corpus."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from pipelines.config.remove import RemoveSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import fingerprint
from pipelines.datasets.stage import EngineSection, StageRun, StageSpec, execute, input_fingerprints
from pipelines.provenance.lineage import published
from pipelines.provenance.rows import RowId

SPEC: Final = StageSpec(
    name="remove",
    version=1,
    section=RemoveSection,
    entry="pipelines.stages.remove:run",
    needs=("publish",),
    extra="pipelines",
    help="Take rows out of a published corpus.",
)
_HASH = re.compile("[0-9a-f]{16}")
_NAME_DIGITS = 12


@dataclass(frozen=True)
class Asked:
    """What is to be removed. Raises UserError where a hash or an id is none."""

    urls: frozenset[str]
    hashes: frozenset[str]
    ids: frozenset[str]

    @staticmethod
    def of(urls: Iterable[str], hashes: Iterable[str], ids: Iterable[str]) -> "Asked":
        asked = Asked(frozenset(urls), frozenset(hashes), frozenset(ids))
        if wrong := sorted(value for value in asked.hashes if not _HASH.fullmatch(value)):
            raise UserError(f"{wrong[0]}: not a hash of 16 hexadecimal digits, as `polyloom trace` shows a cluster")
        for value in sorted(asked.ids):
            RowId.parse(value)
        return asked

    def with_lines(self, path: Path) -> "Asked":
        """Return this with what stands in a file of lines such as `url http://a/`; blank ones and `#` are passed over.

        Raises UserError, naming file and line, where a line is another, and where there is no such file.
        """
        found: dict[str, list[str]] = {"url": [], "hash": [], "id": []}
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot be read ({error}); name a text file") from error
        for number, line in enumerate(lines, 1):
            kind, _, value = line.strip().partition(" ")
            if not kind or kind.startswith("#"):
                continue
            if kind not in found or not value.strip():
                raise UserError(f"{path}, line {number}: write `url URL`, `hash HASH` or `id ID`")
            found[kind].append(value.strip())
        return Asked.of(self.urls.union(found["url"]), self.hashes.union(found["hash"]), self.ids.union(found["id"]))


@dataclass(frozen=True)
class Removed:
    """The new version's folder, how many rows are not in it, and what was asked for and not found."""

    folder: Path
    rows: int
    not_found: list[str]


def remove_rows(folder: Path, asked: Asked, reason: str) -> Removed:
    """Make the version of the corpus in `folder` without the rows that are asked for.

    Raises UserError where nothing is asked for or none of it is there, and then makes nothing.
    """
    if not (asked.urls or asked.hashes or asked.ids):
        raise UserError("nothing to remove: name rows with --url, --hash, --id or --from")
    if not reason.strip():
        raise UserError("--reason: say in a few words why the rows are removed; it goes into the manifest")
    lineage = published(folder)
    config = lineage.dataset.manifest.config
    section = RemoveSection(
        urls=tuple(sorted(asked.urls)),
        hashes=tuple(sorted(asked.hashes)),
        ids=tuple(sorted(asked.ids)),
        reason=reason,
        **{name: config[name] for name in ("title", "licence", "origin")},
    )
    stage, steps = import_module("pipelines.stages.remove"), import_module("pipelines.stages.removing.wanted")
    rows, not_found = steps.found(section, stage.Removal.of(section, lineage).removed())
    if not rows:
        raise UserError(f"{folder}: none of what is to be removed is published there; nothing was made")
    run = _planned(lineage.dataset, section)
    execute(run, EngineSection(workers=1))
    return Removed(run.folder, rows, not_found)


def _planned(base: Dataset, section: RemoveSection) -> StageRun:
    inputs = {base.manifest.stage: {"": StageRun(SPEC, section, "", base.fingerprint, base.folder, {})}}
    name = fingerprint(SPEC.name, SPEC.version, section, input_fingerprints(inputs))
    folder = base.folder.resolve().parent / f"{SPEC.name}-{name[:_NAME_DIGITS]}"
    return StageRun(SPEC, section, "", name, folder, inputs)
