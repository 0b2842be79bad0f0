"""`local`: Beam's own FnApiRunner on this machine."""

import apache_beam as beam
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, FnApiRunner

import pipelines.engine.workers  # noqa: F401  (Beam then starts its worker processes by it)
from pipelines.datasets.stage import EngineSection
from pipelines.engine.options import pipeline_options
from pipelines.engine.output import REPEATED


def pipeline(engine: EngineSection) -> beam.Pipeline:
    """Return a pipeline for this machine.

    The runner is named, since Beam's default one first tries to download a program. One worker is this process;
    more are processes of their own, for Python code hardly gains by threads.
    """
    options = pipeline_options(
        engine,
        direct_num_workers=engine.workers,
        direct_running_mode="in_memory" if engine.workers == 1 else "multi_processing",
    )
    return beam.Pipeline(runner=_runner(), options=options)


def _runner() -> FnApiRunner:
    """Return the runner; its worker processes get their options by no other way than this one."""
    provision = beam_provision_api_pb2.ProvisionInfo()
    provision.pipeline_options.update(
        {
            "default_sdk_harness_log_level": "ERROR",
            "sdk_harness_log_level_overrides": dict.fromkeys(REPEATED, "CRITICAL"),
        }
    )
    return FnApiRunner(provision_info=ExtendedProvisionInfo(provision))
