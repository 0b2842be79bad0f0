"""TensorBoard: the history's lines and the speed as event files, to be looked at while a model trains."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pipelines.datasets.errors import UserError

_GROUPS: Final = {
    "mlm": "loss",
    "tlm": "loss",
    "xlco": "loss",
    "tokens_per_second": "speed",
    "mfu": "speed",
    "learning_rate": "optimiser",
    "gradient_norm": "optimiser",
    "skipped_steps": "optimiser",
    "retrieval": "dev",
}
_OTHERS: Final = "contrast"


class Board:
    """Event files in a folder; without one, nothing is written and TensorBoard need not be installed.

    A run that is taken up at `step` hides what an earlier one wrote beyond it.
    """

    def __init__(self, folder: Path | None, step: int) -> None:
        self._writer = None if folder is None else _summary_writer()(str(folder), purge_step=step + 1)

    def write(self, line: Mapping[str, float]) -> None:
        """Write all measures of a line at its step; `tokens` is one of them."""
        if self._writer is None:
            return
        for name, value in line.items():
            if name != "step":
                tag = name if name == "tokens" else f"{_GROUPS.get(name, _OTHERS)}/{name}"
                self._writer.add_scalar(tag, value, int(line["step"]))
        self._writer.flush()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def _summary_writer() -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise UserError(
            "pretrain.tensorboard needs the package tensorboard: install polyloom[tensorboard], or set it to false"
        ) from error
    return SummaryWriter
