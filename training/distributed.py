"""The processes of one training run: all have the same weights, and each a share of every step."""

import os
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pipelines.datasets.errors import UserError

_PATIENCE: Final = timedelta(days=30)  # the others wait while the first one waits for a dataset's lock


@dataclass(frozen=True)
class Ranks:
    """This process's place among them: its `rank` of `world`, and its `local` rank on its machine.

    `control` and `writing` are gloo groups of their own, for what the processes tell each other and for checkpoints:
    a checkpoint that is written while training goes on must not share the group of training's collectives.
    """

    rank: int = 0
    world: int = 1
    local: int = 0
    control: dist.ProcessGroup | None = None
    writing: dist.ProcessGroup | None = None

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def take_device(self, device: str) -> None:
        """Take this process's own GPU, for `cuda`. Raises UserError where the machine has too few."""
        if device != "cuda":
            return
        if self.local >= torch.cuda.device_count():
            raise UserError(
                f"process {self.local + 1} of this machine finds {torch.cuda.device_count()} GPUs: start one process "
                "for each GPU (the key `pretrain.processes`, or --nproc-per-node of `torchrun`)"
            )
        torch.cuda.set_device(self.local)

    def summed(self, tensor: Tensor) -> Tensor:
        """Return the sum of the tensor over all ranks; it may be written to."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def any(self, flag: bool) -> bool:
        """Return whether the flag is set on any rank."""
        if self.world == 1:
            return flag
        flags = torch.tensor([flag], dtype=torch.uint8)
        dist.all_reduce(flags, dist.ReduceOp.MAX, group=self.control)
        return bool(flags)

    def told(self, message: Any) -> Any:
        """Return what the first rank passes, on all ranks; the others pass anything."""
        if self.world == 1:
            return message
        box = [message]
        dist.broadcast_object_list(box, 0, group=self.control, device=torch.device("cpu"))
        return box[0]

    def replicated(self, module: nn.Module, every_weight_has_a_gradient: bool) -> nn.Module:
        """Return the module such that gradients are summed over all ranks."""
        if self.world == 1:
            return module
        replicated = DistributedDataParallel(module, find_unused_parameters=not every_weight_has_a_gradient)
        replicated.register_comm_hook(None, _sum_bucket)
        return replicated


ALONE = Ranks()


def meeting_point(port: int, world: int, is_first: bool) -> Any:
    """Return the store where the processes of this machine meet; the first one has it, at a free port where it is 0."""
    return dist.TCPStore("127.0.0.1", port, world, is_first, wait_for_workers=False)  # type: ignore[attr-defined]


def joined(rank: int, world: int, local: int, store: Any = None) -> Ranks:
    """Join the other processes, which meet in the store or, without one, where `torchrun` says, and return the place.

    CPU tensors go by gloo, CUDA tensors by NCCL.
    """
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=world)
    control = dist.new_group(backend="gloo", timeout=_PATIENCE)
    return Ranks(rank, world, local, control, dist.new_group(backend="gloo"))


@cache
def joined_by_environment() -> Ranks:
    """Join the processes that `torchrun` started with this one, once, and return the place."""
    rank, world, local = (int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"))
    return joined(rank, world, local)


def is_under_torchrun() -> bool:
    """Return whether `torchrun` started this process as one of several."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _sum_bucket(_: Any, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:  # type: ignore[name-defined]
    """Sum gradients, where DDP by itself takes their mean: losses are divided by the whole step's counts already."""
    work = dist.all_reduce(bucket.buffer(), async_op=True)
    future: torch.futures.Future[Tensor] = work.get_future().then(lambda done: done.value()[0])
    return future
