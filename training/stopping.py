"""SIGTERM as a request: training ends at its next step, where it can save its state."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """For the length of the block, note SIGTERM instead of ending by it; yields a function that says whether it came.

    Schedulers send it some time before they kill. Call from the main thread, which alone may set handlers.
    """
    came: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGTERM, before)
