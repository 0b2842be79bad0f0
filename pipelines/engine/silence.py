"""Imported by each worker process of the local runner: an exception comes out once, as the pipeline's own error.

Beam's worker also prints its traceback to the standard error that it shares with the command.
"""

from apache_beam.runners.worker import sdk_worker


def _nothing(*_: object, **__: object) -> None:
    """Stand in for `print` in Beam's module."""


vars(sdk_worker)["print"] = _nothing
