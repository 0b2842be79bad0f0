"""The datasets that a dataset was made from, found beside it by the fingerprints that manifests name."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.datasets.corpus import open_corpus
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import UserError
from pipelines.datasets.manifest import MANIFEST
from pipelines.datasets.mirror import remote_of, shown
from pipelines.datasets.store import Store


@dataclass(frozen=True)
class Lineage:
    """A dataset and, by stage, those that it was made from, as far as they are in the same folder of runs."""

    dataset: Dataset
    ancestors: Mapping[str, Dataset]

    def ancestor(self, stage: str) -> Dataset:
        """Return the dataset of `stage`. Raises UserError where it is not beside this one."""
        if stage not in self.ancestors:
            folder = self.dataset.folder
            raise UserError(
                f"{shown(folder)}: was made from a dataset of {stage} that is not in {shown(folder.parent)}; "
                "put it there, or make it again with the same config"
            )
        return self.ancestors[stage]


def published(folder: Path) -> Lineage:
    """Open a published corpus and all that it was made from. Raises UserError where `folder` holds none."""
    dataset = open_corpus(folder)
    beside = _folders_by_fingerprint(folder.resolve().parent)
    return Lineage(dataset, {found.manifest.stage: found for found in _ancestors(dataset, beside)})


def _ancestors(dataset: Dataset, beside: Mapping[str, Path]) -> Iterator[Dataset]:
    for fingerprint in dataset.manifest.inputs.values():
        if fingerprint in beside:
            found = Dataset(beside[fingerprint])
            yield from _ancestors(found, beside)
            yield found


def _folders_by_fingerprint(runs: Path) -> dict[str, Path]:
    found = {}
    remote = remote_of(runs)
    for name in remote.folders() if remote else sorted(path.name for path in runs.iterdir()):
        # a damaged manifest is no business of this one, unless it is read
        with suppress(ValueError, KeyError, FileNotFoundError, NotADirectoryError):
            found[json.loads(Store(runs / name).read(MANIFEST))["fingerprint"]] = runs / name
    return found
