"""Checkpoints: each process writes its share aside, the first one renames the whole; none is ever written over.

A checkpoint is a folder as `torch.distributed.checkpoint` writes it, with all tensors, and in it `state.pt`: everything
else, with a tensor of the device `meta` in the place of each.
"""

import os
import re
import shutil
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import async_save, save
from torch.utils import _pytree as pytree

from training.distributed import Ranks

_NAME: Final = re.compile(r"step_(\d{9})")
_ASIDE: Final = ".aside"
_STATE: Final = "state.pt"


class Checkpoints:
    """The checkpoints of one run in a folder, of which the newest is kept. All ranks make the same calls.

    asynchronous: whether writing goes on beside the next steps; the state is copied first, so they change nothing.
    preserve: what the first rank does with the folder when a checkpoint is in its place.
    """

    def __init__(
        self, folder: Path, ranks: Ranks, asynchronous: bool, preserve: Callable[[], None] = lambda: None
    ) -> None:
        self._folder = folder
        self._ranks = ranks
        self._asynchronous = asynchronous
        self._preserve = preserve
        self._step = 0
        self._writing: Future[Any] | None = None

    def latest(self) -> int | None:
        """Return the step of the newest whole checkpoint, or None, and remove what a killed run left half written."""
        for path in self._folder.glob(f"*{_ASIDE}"):
            shutil.rmtree(path)
        return max(self._steps(), default=None)

    def load(self, step: int) -> dict[str, Any]:
        """Return the state that was saved at a step, its tensors on the CPU."""
        folder = self._path(step)
        outline = torch.load(folder / _STATE, weights_only=True)
        state: dict[str, Any] = pytree.tree_map_only(
            Tensor, lambda tensor: torch.empty(tensor.shape, dtype=tensor.dtype), outline
        )
        with _failing_as_what_failed():
            load(_tensors(state), checkpoint_id=folder, no_dist=True)
        return state

    def save(self, step: int, state: dict[str, Any]) -> None:
        """Write the state of a step; it is there when this returns or, if asynchronous, when `settle` finds it whole.

        state: tensors, numbers, strings, and containers of these; tensors are the same on all ranks, of the rest the
        first rank's is kept. Raises OSError where the disk refuses.
        """
        self.finish()
        aside = self._path(step).with_suffix(_ASIDE)
        if self._ranks.is_first:
            aside.mkdir(parents=True, exist_ok=True)  # another rank may have been faster
            outline = pytree.tree_map_only(Tensor, lambda tensor: tensor.to("meta"), state)
            with (aside / _STATE).open("wb") as file:
                torch.save(outline, file)
                os.fsync(file.fileno())
        self._step = step
        with _failing_as_what_failed():
            if self._asynchronous:
                writing = async_save(_tensors(state), checkpoint_id=aside, process_group=self._ranks.writing)
                assert isinstance(writing, Future)  # a stager that copies at once gives no more
                self._writing = writing
            else:
                save(_tensors(state), checkpoint_id=aside, process_group=self._ranks.writing)
                self._publish()

    def settle(self) -> None:
        """Put a checkpoint into its place if it has been written by now. Raises OSError where the disk refused it."""
        if self._writing is not None and self._writing.done():
            self.finish()

    def finish(self) -> None:
        """Wait until the checkpoint that is being written is in its place, if there is one. Raises as `settle` does."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            with _failing_as_what_failed():
                writing.result()
            self._publish()

    def _publish(self) -> None:
        """Give the checkpoint, which all ranks have written, its name, and remove older ones: the first rank does."""
        if not self._ranks.is_first:
            return
        path = self._path(self._step)
        path.with_suffix(_ASIDE).rename(path)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name is on the disk before an old one goes
        finally:
            os.close(folder)
        for step in self._steps():
            if step != self._step:
                shutil.rmtree(self._path(step))
        self._preserve()

    def _steps(self) -> list[int]:
        names = (_NAME.fullmatch(path.name) for path in self._folder.glob("step_*"))
        return [int(name[1]) for name in names if name]

    def _path(self, step: int) -> Path:
        return self._folder / f"step_{step:09d}"


def _tensors(state: dict[str, Any]) -> dict[str, Tensor]:
    """Return the tensors of a state by their number among them: the same on all ranks, whatever else each holds."""
    tensors = (leaf for leaf in pytree.tree_leaves(state) if isinstance(leaf, Tensor))
    return {str(number): tensor for number, tensor in enumerate(tensors)}


@contextmanager
def _failing_as_what_failed() -> Iterator[None]:
    """Raise the error itself in the place of one of torch that holds it for each rank."""
    warnings.filterwarnings("ignore", "torch.distributed is disabled", UserWarning)  # one process is what is meant
    try:
        yield
    except CheckpointException as error:
        failed, _ = next(iter(error.failures.values()))
        raise failed from failed.__cause__ or failed.__context__  # which else would be lost, and it may name the disk
