"""The pipeline of each runner."""

import apache_beam as beam

from pipelines.datasets.stage import EngineSection
from pipelines.engine import flink, local, portable


def new_pipeline(engine: EngineSection) -> beam.Pipeline:
    """Return an empty pipeline that will run where the config says."""
    if engine.runner == "portable" and engine.portable is not None:
        return portable.pipeline(engine, engine.portable)
    if engine.runner == "flink" and engine.flink is not None:
        return flink.pipeline(engine, engine.flink)
    return local.pipeline(engine)


def worker_pool(engine: EngineSection) -> str:
    """Return the address of the pool that gives a remote runner its workers. Raises ValueError for a local one."""
    section = engine.portable if engine.runner == "portable" else engine.flink
    if engine.runner == "local" or section is None:
        raise ValueError("a local runner has no worker pool")
    return section.environment_config
