"""The stages, run on tiny catalogs as the command line runs them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.config import STAGES
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.fingerprint import fingerprint
from pipelines.datasets.stage import EngineSection, StageRun, execute, input_fingerprints

SPECS = {spec.name: spec for spec in STAGES}
PATTERN = "{document}/{language}.json"


class Corpus:
    """A corpus in the making: sections given as in the YAML, stages run in their order in a folder of their own."""

    def __init__(self, folder: Path, sections: Mapping[str, dict[str, Any]]) -> None:
        self.folder = folder
        self.runs: dict[str, StageRun] = {}
        for name, spec in SPECS.items():
            if name in sections:
                self.plan(name, sections[name], {need: self.runs[need] for need in (*spec.needs, *spec.optional)
                                                 if need in self.runs})  # fmt: skip

    def plan(self, name: str, values: dict[str, Any], inputs: dict[str, StageRun]) -> None:
        spec = SPECS[name]
        config = spec.section.model_validate(values)
        runs = {stage: {"": run} for stage, run in inputs.items()}
        name_of = fingerprint(name, spec.version, config, input_fingerprints(runs))
        self.runs[name] = StageRun(spec, config, "", name_of, self.folder / f"{name}-{name_of[:12]}", runs)

    def make(self, *stages: str, workers: int = 1, memory_budget: int | None = None) -> Dataset:
        """Run the stages and return the dataset of the last one."""
        for stage in stages or tuple(self.runs):
            dataset = execute(self.runs[stage], EngineSection(workers=workers, memory_budget=memory_budget))
        return dataset

    def dataset(self, stage: str) -> Dataset:
        return Dataset(self.runs[stage].folder)


def rows(dataset: Dataset, *columns: str, **partition: str) -> list[tuple[Any, ...]]:
    """Return the rows of the Arrow files with this partition, as tuples of these columns."""
    found = []
    for entry in dataset.files(**partition):
        if not entry.name.endswith(".arrow") or (entry.partition.get("kind") == "documents" and not partition):
            continue
        found += [tuple(row[name] for name in columns) for row in dataset.table(entry).select(columns).to_pylist()]
    return found


Catalogs = Mapping[str, Mapping[str, Any]]


@pytest.fixture
def corpus(tmp_path: Path, language_model: str) -> Callable[..., Corpus]:
    """Return a function from catalogs (document → language → JSON, or raw bytes) and sections to a corpus."""

    def build(catalogs: Catalogs, folder: str = "runs", split_bytes: int = 60, **sections: dict[str, Any]) -> Corpus:
        for document, languages in catalogs.items():
            for language, messages in languages.items():
                path = tmp_path / "raw" / document / f"{language}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                data = messages if isinstance(messages, bytes) else json.dumps(messages, ensure_ascii=False).encode()
                path.write_bytes(data)
        source = {
            "format": "catalog",
            "name": "app",
            "path": str(tmp_path / "raw"),
            "pattern": PATTERN,
            "languages": sorted({language for languages in catalogs.values() for language in languages}),
            "split_bytes": split_bytes,
        }
        ingest = {"sources": [source], "language_model": language_model, **sections.pop("ingest", {})}
        return Corpus(tmp_path / folder, {"ingest": ingest, **sections})

    return build


@pytest.fixture
def rows_of() -> Callable[..., list[tuple[Any, ...]]]:
    return rows


class Noted:
    """Work on tasks that notes each one in a file, which any process can do, and crashes at one of them."""

    def __init__(self, work: Callable[..., Any], path: Path, crash_at: str) -> None:
        self.work = work
        self.path = path
        self.crash_at = crash_at

    def __call__(self, *arguments: Any) -> Any:
        split = next(task.split for task in arguments if isinstance(getattr(task, "split", None), str))
        if split == self.crash_at:
            raise RuntimeError("crashed on purpose")
        with self.path.open("a") as file:
            file.write(f"{split}\n")
        return self.work(*arguments)

    def splits(self) -> list[str]:
        return sorted(self.path.read_text().split()) if self.path.exists() else []


@pytest.fixture
def noted(tmp_path: Path) -> Callable[..., Noted]:
    """Return a function that wraps a stage's work on one split."""
    made: list[Noted] = []

    def wrap(work: Callable[..., Any], crash_at: str = "") -> Noted:
        made.append(Noted(work, tmp_path / f"noted-{len(made)}", crash_at))
        return made[-1]

    return wrap
