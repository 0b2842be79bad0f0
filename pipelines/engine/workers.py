# mypy: disable-error-code="no-untyped-call"
"""Beam's worker processes of the local runner: they start at once, and it is noticed when they die.

Beam's own way starts a Python for each worker of each pipeline, which takes seconds. And it only notes that one has
ended, and waits for its answer for ever: what the kernel does to a process when memory is short would end in silence.
"""

import os
import threading
from typing import Any, Final

from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2, endpoints_pb2
from apache_beam.runners.portability.fn_api_runner.worker_handlers import (
    BeamFnControlServicer,
    GrpcWorkerHandler,
    WorkerHandler,
)
from apache_beam.runners.worker import sdk_worker, sdk_worker_main
from google.protobuf import json_format, text_format  # type: ignore[import-untyped]

from pipelines.engine.processes import death, started

_SECONDS: Final = 0.2


@WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)
class WorkerProcess(GrpcWorkerHandler):
    """One worker process. Whatever is asked of it after its death, or was before, fails with a UserError."""

    def __init__(self, _command: bytes, *beam: Any) -> None:
        super().__init__(*beam)

    def start_worker(self) -> None:
        self._died = False
        self._closed = threading.Event()
        self._process = started(_serve, self._environment())
        self._watcher = threading.Thread(name="run_worker", target=self._watch, daemon=True)
        self._watcher.start()

    def stop_worker(self) -> None:
        self._watcher.join()

    def close(self) -> None:
        self._closed.set()
        if self._died:
            self.stop_worker()
            return
        # one that is still starting is told to end as soon as it asks: Beam's own way leaves it waiting for ever
        self.control_conn.push(BeamFnControlServicer._DONE_MARKER)
        super().close()

    def _environment(self) -> dict[str, str]:
        """Return what Beam's worker reads from its environment."""
        options = self.provision_info.provision_info.pipeline_options
        control = endpoints_pb2.ApiServiceDescriptor(url=self.control_address)
        return {
            "WORKER_ID": self.worker_id,
            "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(control),
            "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(self.logging_api_service_descriptor()),
            "PIPELINE_OPTIONS": json_format.MessageToJson(options),
        }

    def _watch(self) -> None:
        self._process.join()
        if self._process.exitcode:
            self._died = True
            died = death(self._process)
            while not self._closed.wait(_SECONDS):  # what is asked of it later gets the answer too
                self._answer_all(died)

    def _answer_all(self, died: Exception) -> None:
        for name, future in list(self.control_conn._futures_by_id.items()):
            future.abort(died)
            # ends a wait for its output, too
            future.set(beam_fn_api_pb2.InstructionResponse(instruction_id=name, error=str(died)))


def _serve(environment: dict[str, str]) -> None:
    """Be Beam's worker. It would print the traceback of an exception that comes out as the pipeline's own error."""
    os.environ.update(environment)
    vars(sdk_worker)["print"] = _nothing
    sdk_worker_main.main([])


def _nothing(*_: object, **__: object) -> None:
    """Stand in for `print` in Beam's module."""
