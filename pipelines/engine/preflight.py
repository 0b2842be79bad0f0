"""What is checked before a job starts: a wrong address or a wrong pool otherwise waits for ever."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pipelines.datasets.stage import EngineSection
from pipelines.engine.cluster import flink_cluster, job_server_jar
from pipelines.engine.options import pipeline_options
from pipelines.engine.services import job_service
from pipelines.engine.trial import trial

_passed: set[tuple[str, Path]] = set()


@dataclass(frozen=True)
class Check:
    """Something to ask before a job. `ask` returns what it found, or raises UserError with the remedy."""

    name: str
    ask: Callable[[], str]


def check(engine: EngineSection, folder: Path) -> None:
    """Ask everything that the engine's runner needs. Raises UserError for the first thing that is wrong.

    This process asks once for all jobs whose folders stand beside each other.
    """
    asked = (engine.model_dump_json(), folder.parent)
    if asked not in _passed:
        for one in checks(engine, folder):
            one.ask()
        _passed.add(asked)


def checks(engine: EngineSection, folder: Path) -> Iterator[Check]:
    """Yield the checks of the engine's runner, the quick ones first. `folder` is where its workers will write."""
    yield Check("Beam options", lambda: _options(engine))
    if engine.runner == "portable" and engine.portable is not None:
        yield Check("job service", partial(job_service, engine.portable.job_endpoint))
    if engine.runner == "flink" and engine.flink is not None:
        yield Check("Flink cluster", partial(flink_cluster, engine.flink.master))
        if engine.flink.job_server_jar is not None:
            yield Check("job server", partial(job_server_jar, Path(engine.flink.job_server_jar)))
        if engine.flink.job_endpoint is not None:
            yield Check("job server", partial(job_service, engine.flink.job_endpoint))
    if engine.runner != "local":
        yield Check("workers", partial(trial, engine, folder))


def _options(engine: EngineSection) -> str:
    pipeline_options(engine)
    return f"{len(engine.options)} passed through"
