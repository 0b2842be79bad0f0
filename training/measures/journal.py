"""What a run tells of itself while it trains: the history, the progress line, TensorBoard."""

from collections.abc import Mapping
from typing import Any, Final

from pipelines.datasets.progress import Progress
from training.measures.board import Board
from training.measures.peak import DTYPES, gemm_peak
from training.measures.speed import Speed
from training.measures.watch import WatchedPairs, retrieval
from training.trainer import Trainer

_LOSSES: Final = ("mlm", "tlm", "xlco")


class Journal:
    """The lines of the history, and who else is told of them.

    A line holds what is a function of the recipe and the data alone. Speed stands in the progress line, in
    TensorBoard and, for the whole run, in its timings.
    """

    def __init__(self, progress: Progress, board: Board, watched: WatchedPairs | None) -> None:
        self.lines: list[dict[str, float]] = []
        self.speed = Speed()  # of all steps, those of a run that this one goes on from too
        self._progress = progress
        self._board = board
        self._watched = watched
        self._latest: dict[str, float] = {}  # the last line, with the speed of its steps
        self._peak = 0.0
        self._read = self._read_at_line = Speed()

    def state(self) -> dict[str, Any]:
        """Return what a run that is taken up must know, as plain values."""
        return {"lines": self.lines, "speed": vars(self.speed)}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`; before `begin`."""
        self.lines, self.speed = state["lines"], Speed(**state["speed"])
        self._latest = self.lines[-1] if self.lines else {}

    def begin(self, trainer: Trainer) -> None:
        """Measure the devices' peak, start the progress line and, of a new run that is watched, see where it begins."""
        arm = trainer.arm
        self._peak = gemm_peak(trainer.device, DTYPES[arm.precision]) * trainer.ranks.world
        self._progress.start(arm.steps * arm.tokens_per_step, "tokens", done=trainer.step * arm.tokens_per_step)
        self._read = self._read_at_line = self._reading(trainer)
        if trainer.step == 0 and self._watched is not None:
            self._add({"step": 0, "tokens": 0, **self._retrieval(trainer)})

    def note(self, trainer: Trainer) -> None:
        """After a step: add a line to the history, if one is due, and show how far training is."""
        arm, now = trainer.arm, self._reading(trainer)
        self.speed, self._read = self.speed + (now - self._read), now
        is_last = trainer.step == arm.steps
        if is_last or trainer.step % arm.log_every == 0:
            is_watched = arm.watch is not None and (is_last or trainer.step % arm.watch.every == 0)
            self._add(trainer.log_line() | (self._retrieval(trainer) if is_watched else {}))
        shown = self._latest | trainer.sums.means() | (now - self._read_at_line).rates()
        self._progress.update(trainer.step * arm.tokens_per_step, words(trainer.step, shown), shown)

    def _add(self, line: dict[str, float]) -> None:
        rates = (self._read - self._read_at_line).rates()
        self._read_at_line = self._read
        self.lines.append(line)
        self._latest = line | rates
        self._board.write(line | rates)

    def _reading(self, trainer: Trainer) -> Speed:
        return Speed(trainer.seconds, sum(trainer.tokens.values()), trainer.flops, trainer.seconds * self._peak)

    def _retrieval(self, trainer: Trainer) -> dict[str, float]:
        assert self._watched is not None
        return {"retrieval": retrieval(trainer.model.encoder, self._watched, trainer.arm.contrast)}


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
