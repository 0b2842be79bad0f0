"""The processes of one training run, as `torchrun` starts them: all have the same weights, each a share of a step."""

import os
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel


@dataclass(frozen=True)
class Ranks:
    """This process's place among them."""

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def summed(self, tensor: Tensor) -> Tensor:
        """Return the sum of the tensor over all ranks; it may be written to."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    def replicated(self, module: nn.Module, every_weight_has_a_gradient: bool) -> nn.Module:
        """Return the module such that gradients are summed over all ranks."""
        if self.world == 1:
            return module
        replicated = DistributedDataParallel(module, find_unused_parameters=not every_weight_has_a_gradient)
        replicated.register_comm_hook(None, _sum_bucket)
        return replicated


ALONE = Ranks()


def joined_ranks(device: str) -> Ranks:
    """Return this process's place, joining the others where `torchrun` says that there are any."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        return ALONE
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    if not dist.is_initialized():
        dist.init_process_group("nccl" if device == "cuda" else "gloo")
    return Ranks(dist.get_rank(), world)


def _sum_bucket(_: Any, bucket: dist.GradBucket) -> torch.futures.Future[Tensor]:  # type: ignore[name-defined]
    """Sum gradients, where DDP by itself takes their mean: losses are divided by the whole step's counts already."""
    work = dist.all_reduce(bucket.buffer(), async_op=True)
    future: torch.futures.Future[Tensor] = work.get_future().then(lambda done: done.value()[0])
    return future
