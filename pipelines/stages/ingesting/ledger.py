"""What earlier runs made of each source: a file that was ingested before is not read again in a new version."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from pipelines.config import STAGES
from pipelines.config.ingest import IngestSection
from pipelines.config.sources import Source
from pipelines.datasets.draft import SplitRecord
from pipelines.datasets.fingerprint import canonical, digest, to_json
from pipelines.datasets.stage import Job

_FOLDER = ".ingested"
(_VERSION,) = (spec.version for spec in STAGES if spec.name == "ingest")


class SourceTask(Protocol):
    """A split of a source, as `ingest` plans it."""

    @property
    def source(self) -> Source: ...
    @property
    def split(self) -> str: ...


class SourceLedger:
    """Keeps, beside the datasets, which one holds the splits of a source, by all that decides about their bytes.

    That is the source's section with its file's content, the language model and what is masked. The rows of a source
    do not depend on the others, so a dataset with taken-over splits has the bytes of one that was made anew. Splits
    that were taken over are checked against their checksums like those of a run that goes on.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self._folder = job.draft.folder.parent / _FOLDER
        self._keys = self._current_keys()

    def take_over(self, tasks: Sequence[SourceTask]) -> None:
        """Put the splits that another dataset has into the draft, as finished ones."""
        for source in {task.source.name for task in tasks}:
            splits = [task.split for task in tasks if task.source.name == source]
            known = self._read(self._keys[source])
            if known is not None and sorted(known["splits"]) == sorted(splits):
                self._adopt(self._folder.parent / known["dataset"], known["splits"])

    def note(self, tasks: Sequence[SourceTask]) -> None:
        """Note what this run made of each source; one whose file changed meanwhile is left out."""
        now = self._current_keys()
        self._folder.mkdir(exist_ok=True)
        for source, key in self._keys.items():
            if now[source] == key:
                draft = self._job.draft
                splits = {task.split: draft.record(task.split) for task in tasks if task.source.name == source}
                record = {
                    "dataset": draft.folder.name,
                    "splits": {
                        split: record.model_dump(mode="json", by_alias=True) for split, record in splits.items()
                    },
                }
                path = self._folder / f"{key}.json"
                beside = path.with_suffix(f".{draft.folder.name}")
                beside.write_bytes(to_json(record))
                beside.replace(path)

    def _adopt(self, dataset: Path, splits: dict[str, Any]) -> None:
        draft = self._job.draft
        for split, value in splits.items():
            record = SplitRecord.model_validate(value)
            paths = [dataset / entry.name for entry in record.files]
            if not draft.is_ticked_off(split) and all(path.is_file() for path in paths):
                for entry, path in zip(record.files, paths, strict=True):
                    draft.take_over(entry, path)
                draft.finish(split, record)

    def _current_keys(self) -> dict[str, str]:
        section: IngestSection = self._job.config
        shared = canonical(section.model_copy(update={"sources": ()}))
        del shared["tolerated_share"]
        return {source.name: digest(to_json([_VERSION, shared, canonical(source)])) for source in section.sources}

    def _read(self, key: str) -> dict[str, Any] | None:
        try:
            known: dict[str, Any] = json.loads((self._folder / f"{key}.json").read_bytes())
        except FileNotFoundError:
            return None
        return known
