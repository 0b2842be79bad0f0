"""The one place that knows Beam's runners and their options."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo, FnApiRunner

from pipelines import watchdog, workers
from pipelines.datasets.stage import EngineSection


def run_pipeline(engine: EngineSection, build: Callable[[beam.Pipeline], object]) -> None:
    """Run the pipeline that `build` puts together, and return when it is done.

    The runner is named, since Beam's default one first tries to download a program. One worker is this process;
    more are processes of their own, for Python code hardly gains by threads.
    """
    options = PipelineOptions(
        flags=[],  # else Beam reads this process's command line
        pipeline_type_check=False,  # mypy does that, and knows protocols
        direct_num_workers=engine.workers,
        direct_running_mode="in_memory" if engine.workers == 1 else "multi_processing",
    )
    with _errors_only(), beam.Pipeline(runner=_local_runner(), options=options) as pipeline:
        build(pipeline)


def _local_runner() -> FnApiRunner:
    """Return Beam's in-process runner; its worker processes get their options by no other way than this one."""
    provision = beam_provision_api_pb2.ProvisionInfo()
    provision.pipeline_options.update({"default_sdk_harness_log_level": "ERROR", "beam_plugins": [watchdog.__name__]})
    os.environ[watchdog.RUNNER] = str(os.getpid())
    workers.register()
    return FnApiRunner(provision_info=ExtendedProvisionInfo(provision))


@contextmanager
def _errors_only() -> Iterator[None]:
    """Keep Beam's notes, such as those on optional packages that are not installed, out of the output."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
