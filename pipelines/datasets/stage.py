"""What a stage is, and the one way in which every stage is run."""

import importlib
import json
import os
import platform
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ByteSize, ConfigDict, Field, model_validator

from pipelines.datasets.counts import Counts
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.disk import explained
from pipelines.datasets.draft import Draft, SplitRecord
from pipelines.datasets.errors import UserError
from pipelines.datasets.evidence import SAMPLES, Samples, samples_to_json
from pipelines.datasets.fingerprint import canonical, fingerprint, raw_paths
from pipelines.datasets.lease import leased
from pipelines.datasets.lock import locked
from pipelines.datasets.machine import cores, cpu_seconds
from pipelines.datasets.manifest import MANIFEST, FileEntry, Manifest
from pipelines.datasets.mirror import remote_of, shown
from pipelines.datasets.progress import Progress
from pipelines.datasets.store import Store

DELIVERABLE = {"kind": "deliverable"}


Endpoint = Annotated[str, Field(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):\d{1,5}$")]  # HOST:PORT
_POOL = "HOST:PORT of Beam's worker pool, as the machine that asks it for workers sees it (EXTERNAL environment)."


class PortableSection(BaseModel):
    """A Beam job service, and the pool that its workers come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    job_endpoint: Endpoint = Field(description="HOST:PORT of the job service.")
    environment_config: Endpoint = Field(description=_POOL)


class FlinkSection(BaseModel):
    """A Flink cluster, Beam's job server for it, and the pool that its workers come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    master: Endpoint = Field(description="HOST:PORT of the job manager's REST interface.")
    job_server_jar: str | None = Field(
        None, description="Beam's job server for this Flink, a jar that is started for the length of a job."
    )
    job_endpoint: Endpoint | None = Field(None, description="Or HOST:PORT of a job server that is running.")
    environment_config: Endpoint = Field(description=_POOL)

    @model_validator(mode="after")
    def _one_job_server(self) -> Self:
        if (self.job_server_jar is None) == (self.job_endpoint is None):
            raise ValueError("give one of job_server_jar and job_endpoint")
        return self


class EngineSection(BaseModel):
    """How the corpus stages are run. Nothing here changes what comes out."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    runner: Literal["local", "portable", "flink"] = Field(
        "local",
        description="Where: on this machine, through any Beam job service, or on a Flink cluster.",
    )
    workers: int = Field(
        default_factory=cores,
        ge=1,
        description="How many workers: one is the command's own process, more are processes of their own. By default "
        "as many as there are cores that the command may use. Flink goes by `options.parallelism`.",
    )
    memory_budget: Annotated[ByteSize, Field(gt=0)] | None = Field(
        None,
        description="What all processes of a stage on one machine may hold together: bytes, or a text such as `8 GiB`; "
        "by default half of what the machine has, or of what its control group may take.",
    )
    portable: PortableSection | None = Field(None, description="Where the job service is, for `runner: portable`.")
    flink: FlinkSection | None = Field(None, description="Where the cluster is, for `runner: flink`.")
    options: dict[str, bool | int | float | str | list[str]] = Field(
        {}, description="Any other of Beam's pipeline options by its name, such as `parallelism: 4`."
    )

    @model_validator(mode="after")
    def _runner_has_its_section(self) -> Self:
        if self.runner != "local" and getattr(self, self.runner) is None:
            raise ValueError(f"`runner: {self.runner}` needs the section `{self.runner}`; add it")
        return self


@dataclass(frozen=True)
class StageSpec:
    """A stage: its name, its section of the config, what it reads, and where its code is.

    A spec is light to import; `entry` (`package.module:function`) is imported only when the stage runs.
    `version` is raised whenever the same config and inputs would give other bytes. `needs` are stages whose
    datasets it must have, `optional` ones that it reads where the config has them, `needs_one_of` those of the
    optional ones of which at least one must be there, where there are any. `instances` resolves a
    section into several runs of the stage by name, such as the arms of `pretrain`. `together` is for several
    processes that `torchrun` starts: a context manager that yields True to the first, which alone runs the stage, and
    False to the others, when they have helped it to the end. A stage `across` recipes reads datasets of several: it
    has no section in a recipe, and a command plans it. Several stages may go by one section, under the same `key`; it
    is the stage's own name where none is given. `reads` says of an instance's config, and of the stage and instance
    that an input would be, whether it is read; without it all are.
    """

    name: str
    version: int
    section: type[BaseModel]
    entry: str
    needs: tuple[str, ...]
    extra: str
    help: str
    across: bool = False
    optional: tuple[str, ...] = ()
    needs_one_of: tuple[str, ...] = ()
    instances: Callable[[Any], Mapping[str, BaseModel]] | None = None
    together: str | None = None
    key: str = ""
    reads: Callable[[Any, str, str], bool] | None = None

    @property
    def recipe_key(self) -> str:
        """The key of the section that the stage goes by."""
        return self.key or self.name

    def load(self) -> "Callable[[Job], Outcome]":
        """Import the stage's code. Raises UserError where a package that it needs is not installed."""
        run: Callable[[Job], Outcome] = self._imported(self.entry)
        return run

    def among_processes(self) -> AbstractContextManager[bool]:
        """Return a context that yields whether it is this process that runs the stage; see `together`."""
        if self.together is None or int(os.environ.get("WORLD_SIZE", "1")) == 1:
            return nullcontext(True)
        together: AbstractContextManager[bool] = self._imported(self.together)()
        return together

    def _imported(self, entry: str) -> Any:
        module, function = entry.split(":")
        try:
            return getattr(importlib.import_module(module), function)
        except ModuleNotFoundError as error:
            raise UserError(f"{self.name} needs the package {error.name!r}: install polyloom[{self.extra}]") from error


@dataclass(frozen=True)
class Job:
    """What a stage gets to run: its config, its inputs by stage and instance, and the dataset in the making."""

    config: Any
    engine: EngineSection
    inputs: Mapping[str, Mapping[str, Dataset]]
    draft: Draft
    progress: Progress
    instance: str = ""

    def input(self, stage: str) -> Dataset:
        """Return the dataset of a stage that has one instance."""
        (dataset,) = self.inputs[stage].values()
        return dataset


@dataclass(frozen=True)
class Outcome:
    """What a stage made. `summary` is small, deterministic and JSON; `timings` may differ from run to run."""

    unit_in: str
    unit_out: str
    counts: Counts
    files: Sequence[FileEntry]
    summary: Mapping[str, Any] = field(default_factory=dict)
    samples: Samples = field(default_factory=dict)
    quarantine: FileEntry | None = None
    timings: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class StageRun:
    """One run of a stage as planned, before any work: what it will make is known by its fingerprint.

    `config` is resolved for `instance`; `inputs` are the runs whose datasets it reads; `folder` is where its
    dataset is or will be.
    """

    spec: StageSpec
    config: BaseModel
    instance: str
    fingerprint: str
    folder: Path
    inputs: "Mapping[str, Mapping[str, StageRun]]"

    @property
    def label(self) -> str:
        return f"{self.spec.name} {self.instance}".strip()

    @property
    def is_done(self) -> bool:
        return Store(self.folder).exists(MANIFEST)

    @property
    def place(self) -> str:
        """Where the dataset is or will be, for a person: a folder or a URL."""
        return shown(self.folder)

    @property
    def progress_file(self) -> Path:
        """Where the run's latest progress is while it works; see `Progress`."""
        return self.folder.with_name(f".{self.folder.name}.progress.json")


def execute(run: StageRun, engine: EngineSection) -> Dataset:
    """Make the dataset of `run`, or return it at once where it is there already.

    One process at a time works on a folder, and on a URL: another waits, and then finds it done. A run that was killed
    is taken up where it was: half-written files are removed, finished splits are kept. Raises UserError where a
    dataset that it reads is not there, where a raw file changes meanwhile, and for what the disk refuses.
    """
    lock = run.folder.with_name(f".{run.folder.name}.lock")
    with explained(run.folder):
        if not run.is_done:
            with _held(run, lock) as check:
                if not run.is_done:
                    _make(run, engine, check)
    with suppress(OSError):  # a run that was killed just after its commit left these; on a read-only disk they stay
        Draft(run.folder).tidy()
        run.progress_file.unlink(missing_ok=True)
        lock.unlink(missing_ok=True)  # whoever waits for it finds the dataset done
        _holder(run).unlink(missing_ok=True)
    return Dataset(run.folder)


def deliver(dataset: Dataset, folder: Path) -> list[Path]:
    """Put a dataset's files that are for people into `folder`, where they are easy to find, and return their paths.

    Two recipes of one name share that folder, so what is there may be the other's; equal bytes are left alone.
    """
    store = Store(folder)
    entries = dataset.files(**DELIVERABLE)
    for entry in entries:
        data = dataset.read(entry.name)
        if not store.exists(entry.name) or store.read(entry.name) != data:
            store.put_bytes(entry.name, data)
    return [store.path(entry.name) for entry in entries]


@contextmanager
def _held(run: StageRun, lock: Path) -> Iterator[Callable[[], None]]:
    """Hold the run's lock and, at a URL, its lease; yield what raises UserError where the lease was lost."""
    runs = remote_of(run.folder.parent)
    with _lock_or_explain(run, lock):
        if runs is None:
            yield lambda: None
            return
        waiting = f"{run.label}: waiting for another machine that is making {run.place}"
        with leased(runs, f".{run.folder.name}.lease", _holder(run), lambda: print(waiting, flush=True)) as lease:
            yield lease.check


def _holder(run: StageRun) -> Path:
    """Return the file with the name that this machine's folder for the run takes leases under."""
    return run.folder.with_name(f".{run.folder.name}.holder")


def _lock_or_explain(run: StageRun, lock: Path) -> AbstractContextManager[None]:
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{run.folder}: cannot be created ({error.strerror}); check the key `runs` in the config"
        ) from error
    return locked(lock, lambda: print(f"{run.label}: waiting for another process that is making {run.folder.name}"))


def _make(run: StageRun, engine: EngineSection, check: Callable[[], None]) -> None:
    """Do the run's work and commit. `check` is asked before the commit, and raises where it is another's by now."""
    inputs = {
        stage: {instance: _opened(run, source) for instance, source in sources.items()}
        for stage, sources in run.inputs.items()
    }
    work = run.spec.load()
    draft = Draft(run.folder)
    draft.discard_partial_files()
    draft.restore()
    resumed = draft.finished_splits()
    progress = Progress(run.label, run.progress_file)
    started, clock = time.time(), time.perf_counter()
    config = canonical(run.config)
    try:
        outcome = work(Job(run.config, engine, inputs, draft, progress, run.instance))
    finally:  # a change may well be what made the work fail
        _check_unchanged(run, draft)
    manifest = Manifest(
        stage=run.spec.name,
        version=run.spec.version,
        instance=run.instance,
        fingerprint=run.fingerprint,
        config=config,
        inputs=input_fingerprints(run.inputs),
        unit_in=outcome.unit_in,
        unit_out=outcome.unit_out,
        rows=SplitRecord.rows_of(outcome.counts),
        files=[*outcome.files, *_evidence(draft, outcome)],
        summary=dict(outcome.summary),
    )
    record = {
        "started": started,
        "seconds": time.perf_counter() - clock,
        "cpu_seconds": cpu_seconds(),
        "resumed_splits": resumed,
        "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "host": platform.node(),
        "python": platform.python_version(),
        "timings": dict(outcome.timings),
        "raw": raw_paths(run.config, config),  # where each raw file was, by the hash that the manifest knows it by
    }
    check()
    draft.commit(manifest, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())
    progress.close()


def _check_unchanged(run: StageRun, draft: Draft) -> None:
    """Raise UserError, and keep no split, where a raw file is no longer what the run's fingerprint was made from."""
    now = fingerprint(run.spec.name, run.spec.version, run.config, input_fingerprints(run.inputs))
    if now != run.fingerprint:
        draft.discard()
        raise UserError(
            f"{run.label}: a raw file that the config names has changed while it was read; what was made from it is "
            "removed: run the same command again when nothing writes to it"
        )


def _opened(run: StageRun, source: StageRun) -> Dataset:
    if not source.is_done:
        raise UserError(
            f"{run.label} reads {source.label}, which has not been made ({source.place}); "
            f"run `polyloom {source.spec.name}` with its config first, or `polyloom run` for all that is needed"
        )
    return Dataset(source.folder)


def input_fingerprints(inputs: Mapping[str, Mapping[str, StageRun]]) -> dict[str, str]:
    """Return the fingerprint of each input by `stage` or `stage/instance`."""
    return {
        f"{stage}/{instance}" if instance else stage: source.fingerprint
        for stage, sources in sorted(inputs.items())
        for instance, source in sorted(sources.items())
    }


def _evidence(draft: Draft, outcome: Outcome) -> list[FileEntry]:
    entries = []
    if outcome.samples:
        count = sum(len(rows) for rows in outcome.samples.values())
        entries.append(draft.write_bytes(SAMPLES, samples_to_json(outcome.samples), {"kind": "samples"}, rows=count))
    return entries if outcome.quarantine is None else [*entries, outcome.quarantine]
