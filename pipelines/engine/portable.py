# mypy: disable-error-code="no-untyped-call"
"""`portable`: any Beam job service, with workers from a pool beside it."""

from typing import Any

import apache_beam as beam
from apache_beam.runners.portability.portable_runner import PortableRunner

from pipelines.datasets.stage import EngineSection, PortableSection
from pipelines.engine.options import pipeline_options

SECONDS_TO_CONNECT = 60  # a job server that is started from a jar takes some of them


class NoDeadline:
    """For Beam's runners that submit to a service: `job_server_timeout` is for the connection alone.

    Beam also ends its wait for the job after it, where a service gives preparation and job one id, as its own does.
    """

    def create_job_service_handle(self, job_service: Any, options: Any) -> Any:
        handle = super().create_job_service_handle(job_service, options)  # type: ignore[misc]
        handle.timeout = None
        return handle


class ServiceRunner(NoDeadline, PortableRunner):
    """Submits to any job service."""


def pipeline(engine: EngineSection, service: PortableSection) -> beam.Pipeline:
    """Return a pipeline for the job service. Beam's own one takes as many workers as `engine.workers` says."""
    options = pipeline_options(
        engine,
        job_endpoint=service.job_endpoint,
        job_server_timeout=SECONDS_TO_CONNECT,
        environment_type="EXTERNAL",
        environment_config=service.environment_config,
        direct_num_workers=engine.workers,
    )
    return beam.Pipeline(runner=ServiceRunner(), options=options)
