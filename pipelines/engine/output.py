"""What of Beam's log is shown: errors, and those once."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

# They log the traceback of every exception in a DoFn, which comes out as the pipeline's own error as well.
REPEATED = (
    "apache_beam.runners.common",
    "apache_beam.runners.portability.local_job_service",
    "apache_beam.runners.worker.sdk_worker",
)


@contextmanager
def errors_once() -> Iterator[None]:
    """Keep Beam's notes, such as those on optional packages that are not installed, out of the output.

    What a job service reports goes through the root logger, and its last message is the pipeline's own error.
    """

    def is_no_job_message(record: logging.LogRecord) -> bool:
        return record.module != "portable_runner"

    levels = {"": logging.ERROR} | dict.fromkeys(REPEATED, logging.CRITICAL)
    loggers = {logging.getLogger(name): level for name, level in levels.items()}
    before = {logger: logger.level for logger in loggers}
    root = logging.getLogger()
    root.addFilter(is_no_job_message)
    for logger, level in loggers.items():
        logger.setLevel(level)
    try:
        yield
    finally:
        root.removeFilter(is_no_job_message)
        for logger, level in before.items():
            logger.setLevel(level)
