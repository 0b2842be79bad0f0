"""Progress that a person sees in a terminal and a flow reads from a file."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

_TERMINAL_SECONDS = 0.5
_LOG_SECONDS = 15.0


class Progress:
    """How far a stage is: `done` of `total` units, with a rate and the time left.

    A terminal gets one line that is rewritten; a log file gets a line every 15 seconds. `path`, if given, always
    holds the latest state as JSON, for whoever watches from outside; where the disk refuses it, an older one.
    """

    def __init__(self, label: str, path: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._label = label
        self._path = path
        self._clock = clock
        self._terminal = sys.stderr.isatty()
        self._shown = -float("inf")
        self.start(0, "units")

    def start(self, total: int, unit: str, done: int = 0) -> None:
        """Begin to count `total` units; `done` of them were finished by an earlier run and do not count as speed."""
        self._total, self._unit, self._before, self._done = total, unit, done, done
        self._started = self._clock()
        self._note = ""
        self._figures: dict[str, float] = {}

    def update(self, done: int, note: str = "", figures: Mapping[str, float] | None = None) -> None:
        """Say how many units are done; `note` is shown beside them, such as `loss 3.21`, `figures` are for metrics."""
        is_new = done != self._done
        self._done, self._note, self._figures = done, note, dict(figures or {})
        every = _TERMINAL_SECONDS if self._terminal else _LOG_SECONDS
        now = self._clock()
        if now - self._shown >= every or (is_new and done >= self._total):
            self._shown = now
            self._show()

    @contextmanager
    def counted_by(self, count: Callable[[], int], every: float = 0.5) -> Iterator[None]:
        """For the length of the block, take `done` from `count`, called from a thread of its own."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(every):
                self.update(count())

        thread = threading.Thread(target=watch, name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        self.update(count())

    def close(self) -> None:
        """Remove the file that others watch: the work is done."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            for half_written in self._path.parent.glob(f"{self._path.name}.*"):  # by a run that was killed
                half_written.unlink(missing_ok=True)

    def line(self) -> str:
        """Return the state as one line, such as `ingest 12/40 splits, 3.1 splits/s, 9 s left`."""
        rate = self._rate()
        parts = [f"{self._label} {self._done:,}/{self._total:,} {self._unit}"]
        if rate > 0:
            parts.append(f"{rate:,.1f} {self._unit}/s")
            parts.append(f"{_duration((self._total - self._done) / rate)} left")
        if self._note:
            parts.append(self._note)
        return ", ".join(parts)

    def _rate(self) -> float:
        return (self._done - self._before) / max(self._clock() - self._started, 1e-9)

    def _show(self) -> None:
        line = self.line()
        if self._terminal:
            end = "\n" if self._done >= self._total else ""
            print(f"\r\x1b[2K{line}", end=end, file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)
        if self._path is not None:
            self._save(line)

    def _save(self, line: str) -> None:
        assert self._path is not None
        state = {
            "label": self._label,
            "done": self._done,
            "total": self._total,
            "unit": self._unit,
            "rate": self._rate(),
            "figures": self._figures,
            "line": line,
        }
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        with suppress(OSError):  # whoever watches sees an older state: no reason to end the work
            temporary.write_text(json.dumps(state), encoding="utf-8")
            temporary.replace(self._path)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
