"""What a run tells of itself while it trains: the history, the progress line, TensorBoard."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from pipelines.datasets.progress import Progress
from training.measures.board import Board
from training.measures.speed import Speed
from training.measures.watch import WatchedPairs, retrieval
from training.trainer import Trainer

_LOSSES: Final = ("mlm", "tlm", "xlco")


class Journal:
    """The lines of the history, and who else is told of them.

    A line holds what is a function of the recipe and the data alone. Speed stands in the progress line, in
    TensorBoard and, for the whole run, in its timings. peak: FLOP/s of all devices together; lines, speed: what a
    run that is taken up had so far.
    """

    def __init__(
        self,
        trainer: Trainer,
        progress: Progress,
        board: Board,
        watched: WatchedPairs | None,
        peak: float,
        lines: list[dict[str, float]],
        speed: Speed,
    ) -> None:
        self.lines = lines
        self.speed = speed
        self._latest = lines[-1] if lines else {}  # with the speed of its steps
        self._since = Speed()
        self._trainer = trainer
        self._progress = progress
        self._board = board
        self._watched = watched
        self._peak = peak

    def begin(self) -> None:
        """Start the progress line; of a new run that is watched, measure where it begins."""
        arm, step = self._trainer.arm, self._trainer.step
        self._progress.start(arm.steps * arm.tokens_per_step, "tokens", done=step * arm.tokens_per_step)
        if step == 0 and self._watched is not None:
            self._add({"step": 0, "tokens": 0, **self._retrieval()})

    @contextmanager
    def timed_step(self) -> Iterator[None]:
        """Take the time of the block, which makes one step."""
        trainer = self._trainer
        started, tokens, flops = time.perf_counter(), sum(trainer.tokens.values()), trainer.flops
        yield
        seconds = time.perf_counter() - started
        for speed in (self.speed, self._since):
            speed.add(seconds, sum(trainer.tokens.values()) - tokens, trainer.flops - flops, self._peak)

    def note(self) -> None:
        """After a step: add a line where one is due, and show how far training is."""
        trainer, arm = self._trainer, self._trainer.arm
        is_last = trainer.step == arm.steps
        if trainer.step % arm.log_every == 0 or is_last:
            is_watched = arm.watch is not None and (trainer.step % arm.watch.every == 0 or is_last)
            self._add(trainer.log_line() | (self._retrieval() if is_watched else {}))
        shown = self._latest | trainer.sums.means() | self._since.rates()
        self._progress.update(trainer.step * arm.tokens_per_step, words(trainer.step, shown))

    def _add(self, line: dict[str, float]) -> None:
        self.lines.append(line)
        rates, self._since = self._since.rates(), Speed()
        self._latest = line | rates
        self._board.write(line | rates)

    def _retrieval(self) -> dict[str, float]:
        assert self._watched is not None
        return {"retrieval": retrieval(self._trainer.model.encoder, self._watched, self._trainer.arm.contrast)}


def words(step: int, values: Mapping[str, float]) -> str:
    """Return `step 1,200, loss mlm 3.20, xlco 1.10, own key first 71%, dev top-1 34.2%, MFU 45%`, what there is."""
    parts = [f"step {step:,}"]
    losses = ", ".join(f"{name} {values[name]:.2f}" for name in _LOSSES if name in values)
    if losses:
        parts.append(f"loss {losses}")
    if "xlco_hits" in values:
        parts.append(f"own key first {values['xlco_hits']:.0%}")
    if "retrieval" in values:
        parts.append(f"dev top-1 {values['retrieval']:.1f}%")
    if "mfu" in values:
        parts.append(f"MFU {values['mfu']:.0%}")
    return ", ".join(parts)
