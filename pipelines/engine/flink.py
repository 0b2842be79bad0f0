# mypy: disable-error-code="no-untyped-call"
"""`flink`: a Flink cluster, through Beam's job server for it."""

from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import FlinkRunnerOptions
from apache_beam.runners.portability.flink_runner import FlinkRunner

from pipelines.datasets.stage import EngineSection, FlinkSection
from pipelines.engine.options import pipeline_options
from pipelines.engine.portable import SECONDS_TO_CONNECT, NoDeadline

_job_servers: dict[str | None, Any] = {}


class ClusterRunner(NoDeadline, FlinkRunner):
    """Submits to Flink's job server; one that is started from a jar serves every job of this process."""

    def default_job_server(self, options: Any) -> Any:
        server = super().default_job_server(options)
        return _job_servers.setdefault(options.view_as(FlinkRunnerOptions).flink_job_server_jar, server)


def pipeline(engine: EngineSection, cluster: FlinkSection) -> beam.Pipeline:
    """Return a pipeline for the cluster. Without a running job server, one is started from the jar."""
    options = pipeline_options(
        engine,
        flink_master=cluster.master,
        flink_job_server_jar=cluster.job_server_jar,
        job_endpoint=cluster.job_endpoint,
        job_server_timeout=SECONDS_TO_CONNECT,
        environment_type="EXTERNAL",
        environment_config=cluster.environment_config,
    )
    return beam.Pipeline(runner=ClusterRunner(), options=options)
