# mypy: disable-error-code="no-untyped-call"
"""`portable`: any Beam job service, with workers from a pool beside it."""

import apache_beam as beam
from apache_beam.runners.portability.portable_runner import PortableRunner

from pipelines.datasets.stage import EngineSection, PortableSection
from pipelines.engine.options import pipeline_options

# PortableRunner ends its wait for a job after `job_server_timeout`, where job and preparation have one id.
FOREVER = 10 * 365 * 24 * 3600


def pipeline(engine: EngineSection, service: PortableSection) -> beam.Pipeline:
    """Return a pipeline for the job service. Beam's own one takes as many workers as `engine.workers` says."""
    options = pipeline_options(
        engine,
        job_endpoint=service.job_endpoint,
        job_server_timeout=FOREVER,
        environment_type="EXTERNAL",
        environment_config=service.environment_config,
        direct_num_workers=engine.workers,
    )
    return beam.Pipeline(runner=PortableRunner(), options=options)
