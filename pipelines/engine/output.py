"""What of Beam's log is shown: errors, and those once."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

# They log the traceback of every exception in a DoFn, which comes out as the pipeline's own error as well.
REPEATED = (
    "apache_beam.runners.common",
    "apache_beam.runners.portability.local_job_service",
    "apache_beam.runners.worker.sdk_worker",
    # these two, that the connection to a worker which died is broken
    "apache_beam.runners.portability.fn_api_runner.worker_handlers",
    "apache_beam.runners.worker.data_plane",
)


@contextmanager
def errors_once() -> Iterator[None]:
    """Keep Beam's notes, such as those on optional packages that are not installed, out of the output.

    What a job service reports goes through the root logger, and its last message is the pipeline's own error.
    """
    levels = {"": logging.ERROR} | dict.fromkeys(REPEATED, logging.CRITICAL)
    loggers = {logging.getLogger(name): level for name, level in levels.items()}
    before = {logger: logger.level for logger in loggers}
    root, hook = logging.getLogger(), threading.excepthook
    threading.excepthook = lambda failed: None if isinstance(failed.exc_value, grpc.RpcError) else hook(failed)
    root.addFilter(_is_no_job_message)
    for logger, level in loggers.items():
        logger.setLevel(level)
    try:
        yield
    finally:
        threading.excepthook = hook
        root.removeFilter(_is_no_job_message)
        for logger, level in before.items():
            logger.setLevel(level)


def _is_no_job_message(record: logging.LogRecord) -> bool:
    return record.module != "portable_runner"
