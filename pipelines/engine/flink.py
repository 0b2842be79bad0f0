# mypy: disable-error-code="no-untyped-call"
"""`flink`: a Flink cluster, through Beam's job server for it."""

import apache_beam as beam
from apache_beam.runners.portability.flink_runner import FlinkRunner

from pipelines.datasets.stage import EngineSection, FlinkSection
from pipelines.engine.options import pipeline_options
from pipelines.engine.portable import FOREVER


def pipeline(engine: EngineSection, cluster: FlinkSection) -> beam.Pipeline:
    """Return a pipeline for the cluster. Without a running job server, one is started from the jar."""
    options = pipeline_options(
        engine,
        flink_master=cluster.master,
        flink_job_server_jar=cluster.job_server_jar,
        job_endpoint=cluster.job_endpoint,
        job_server_timeout=FOREVER,
        environment_type="EXTERNAL",
        environment_config=cluster.environment_config,
    )
    return beam.Pipeline(runner=FlinkRunner(), options=options)
