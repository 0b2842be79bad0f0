"""Two processes that share each step are as one."""

import copy
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.multiprocessing

from pipelines.datasets.errors import UserError
from training.config.pretrain import PretrainArm
from training.data.streams import Corpus
from training.distributed import Ranks, joined, meeting_point
from training.trainer import Trainer

Recipe = Callable[..., PretrainArm]
STEPS = 3


def trained(trainer: Trainer, steps: int) -> dict[str, Any]:
    lines = []
    for _ in range(steps):
        trainer.train_step()
        lines.append(trainer.log_line())
    return {"lines": lines, "state": trainer.state()}


def on_rank(rank: int, port: int, arm: PretrainArm, corpus: Corpus, state: Any, folder: str) -> None:
    torch.set_num_threads(1)
    ranks = joined(rank, 2, rank, meeting_point(port, 2, rank == 0))
    trainer = Trainer(arm, corpus, ranks)
    if state is not None:
        trainer.load(copy.deepcopy(state))  # it came in memory that the processes share
    torch.save(trained(trainer, STEPS), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


def on_two_ranks(arm: PretrainArm, corpus: Corpus, state: Any, folder: Path) -> list[dict[str, Any]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder.mkdir()
    torch.multiprocessing.spawn(on_rank, (port, arm, corpus, state, str(folder)), nprocs=2)
    return [torch.load(folder / f"{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.slow  # each process imports torch anew
@pytest.mark.parametrize("contrast", [{}, {"in_batch_negatives": True, "mixup": False, "pooling": "mean"}])
def test_two_ranks_train_what_one_trains_and_can_be_taken_up_by_one(
    corpus: Corpus, recipe: Recipe, contrast: dict[str, Any], tmp_path: Path
) -> None:
    arm = recipe(contrast=contrast, micro_batches=2)
    alone = trained(Trainer(arm, corpus), STEPS)
    first, second = on_two_ranks(arm, corpus, None, tmp_path / "start")
    same(first["lines"], alone["lines"])
    same(first["state"], second["state"], exact=True)
    same(first["state"]["modules"], alone["state"]["modules"])
    taken_up = Trainer(arm, corpus)
    taken_up.load(copy.deepcopy(first["state"]))  # the optimiser goes on in the tensors that it is given
    further = trained(taken_up, STEPS)
    both, _ = on_two_ranks(arm, corpus, first["state"], tmp_path / "further")
    same(both["lines"], further["lines"])
    same(both["state"]["modules"], further["state"]["modules"])


def test_more_processes_than_gpus_are_refused() -> None:
    Ranks(rank=9, world=10, local=9).take_device("cpu")
    with pytest.raises(UserError, match=r"process 10 of this machine finds \d GPUs: .*pretrain\.processes"):
        Ranks(rank=9, world=10, local=9).take_device("cuda")


def same(left: Any, right: Any, exact: bool = False) -> None:
    """Compare nested states: numbers and tensors to 1e-5, or bit for bit."""
    if isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            same(left[key], right[key], exact)
    elif isinstance(left, list | tuple):
        for one, other in zip(left, right, strict=True):
            same(one, other, exact)
    elif isinstance(left, torch.Tensor):
        torch.testing.assert_close(left, right, atol=0 if exact else 1e-5, rtol=0 if exact else 1e-5)
    elif isinstance(left, float):
        assert left == right if exact else left == pytest.approx(right, abs=1e-5, rel=1e-5)
    else:
        assert left == right
