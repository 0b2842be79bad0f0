"""SIGTERM is a request while training listens, and ends a process as ever before and after."""

import os
import signal

from training.stopping import stop_requests


def test_sigterm_is_noted_and_handled_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stop_requests() as is_asked_to_stop:
        assert not is_asked_to_stop()
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert is_asked_to_stop()
    assert signal.getsignal(signal.SIGTERM) is before
