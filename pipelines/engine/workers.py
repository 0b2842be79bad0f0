"""Worker processes of Beam's local runner that are noticed when they die.

Beam's own handler only notes that a process has ended, and the run waits for its answer for ever: what the kernel does
to a process when memory is short would then end in silence.
"""

import threading
from signal import SIGKILL, Signals
from typing import Final

from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_fn_api_pb2
from apache_beam.runners.portability.fn_api_runner.worker_handlers import (
    BeamFnControlServicer,
    SubprocessSdkWorkerHandler,
    WorkerHandler,
)
from apache_beam.runners.portability.local_job_service import SubprocessSdkWorker

from pipelines.datasets.errors import UserError

_SHELL: Final = 128  # a shell ends with this and the signal that ended its command
_SECONDS: Final = 0.2


@WorkerHandler.register_environment(python_urns.SUBPROCESS_SDK, bytes)
class WorkerProcess(SubprocessSdkWorkerHandler):
    """One worker process. Whatever is asked of it after its death, or was before, fails with a UserError."""

    def start_worker(self) -> None:
        self._died = False
        self._closed = threading.Event()
        self.worker = SubprocessSdkWorker(
            self._worker_command_line, self.control_address, self.provision_info, self.worker_id
        )
        self.worker_thread = threading.Thread(name="run_worker", target=self._run, daemon=True)
        self.worker_thread.start()

    def close(self) -> None:
        self._closed.set()
        if self._died:
            self.stop_worker()
            return
        # one that is still starting is told to end as soon as it asks: Beam's own way leaves it waiting for ever
        self.control_conn.push(BeamFnControlServicer._DONE_MARKER)
        super().close()

    def _run(self) -> None:
        try:
            self.worker.run()  # type: ignore[no-untyped-call]
        except RuntimeError as error:
            self._died = True
            code = int(str(error).rsplit(" ", 1)[-1])
            death = UserError(f"a worker process {ended(code)}; the same command goes on from here")
            while not self._closed.wait(_SECONDS):  # what is asked of it later gets the answer too
                self._answer_all(death)

    def _answer_all(self, death: UserError) -> None:
        for name, future in list(self.control_conn._futures_by_id.items()):
            future.abort(death)
            # ends a wait for its output, too
            future.set(beam_fn_api_pb2.InstructionResponse(instruction_id=name, error=str(death)))


def ended(code: int) -> str:
    """Return in words how a process came to its exit status, and what may be done about it."""
    signal = -code if code < 0 else code - _SHELL
    if signal == SIGKILL:
        return "was killed, as the kernel does when memory is short: lower engine.workers or free memory"
    if signal in set(Signals):
        return f"was ended by {Signals(signal).name}"
    return f"ended with status {code}"
