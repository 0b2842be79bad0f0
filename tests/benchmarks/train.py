"""The training step against Hugging Face's: `make bench-train`.

All systems have the same weights to begin with, the same sentences with the same masks, AdamW (fused) with clipping,
and one thread; first it is shown that their losses are equal. Rivals run transformers' `XLMRobertaForMaskedLM`:
`plain` pads batches in random order, `grouped` pads batches of like length (transformers' own grouping), and `careful`
is grouped with the head on masked rows only, which is what a careful user would write. Ours is the trainer itself, its
loader and masking included. Rounds alternate in one process; `plain`, which is slow, runs once. A step has the same
tokens for all, on average. Peak memory is that of a process that makes one step on the longest grouped batch.
The cost of the contrast is that of a step with as many examples of MMLM, TLM and XLCO (mixup, so two pairs each)
against the same step without XLCO. The last line of the output is JSON.
"""

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from transformers import XLMRobertaForMaskedLM
from transformers.trainer_pt_utils import get_length_grouped_indices

from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.loader import Loader
from training.data.sequences import FIRST_PIECE, PAD
from training.data.shards import Ragged
from training.data.streams import Corpus
from training.hub import to_transformers
from training.model import initialized
from training.optim import adamw
from training.trainer import Trainer

SHAPE: Final = {"layers": 6, "hidden": 384, "heads": 6, "feed_forward": 1536, "positions": 512}
SENTENCES: Final = {32_000: 48, 250_002: 12}  # in a batch of the rivals
MEDIAN, SPREAD = 30, 0.75  # tokens of a sentence: lognormal
NO_LABEL: Final = -100
AIMS: Final = {"grouped": {32_000: 1.9, 250_002: 5.0}, "careful": {32_000: 1.05, 250_002: 1.8}}


@dataclass(frozen=True)
class Batch:
    """Padded sentences as transformers takes them."""

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    tokens: int


def lengths(count: int, seed: int) -> NDArray[np.int64]:
    draw = np.random.default_rng(seed).lognormal(np.log(MEDIAN), SPREAD, count)
    return np.clip(draw, 4, 254).astype(np.int64)


def corpus(vocabulary: int, sentences: int, seed: int) -> Corpus:
    """Return made-up text and pairs: lengths as of sentences, tokens by Zipf's law."""

    def tables(columns: Sequence[str], offset: int) -> list[pa.Table]:
        made: dict[str, Any] = {}
        for number, column in enumerate(columns):
            sizes = lengths(sentences, seed + offset + number)
            ids = np.random.default_rng(seed + offset + number).zipf(1.2, int(sizes.sum())) % (vocabulary - 10)
            ends = pa.array(np.concatenate([[0], np.cumsum(sizes)]), pa.int64())
            made[column] = pa.LargeListArray.from_arrays(ends, pa.array((ids + FIRST_PIECE).astype(np.int32)))
        if len(columns) > 1:
            made["group"] = pa.array(np.arange(sentences, dtype=np.uint64))
        return [pa.table(made)]

    return Corpus({"xx": tables(["ids"], 0)}, {"xx": tables(["source", "target"], 10)}, vocabulary)


def arm(vocabulary: int, tokens: int, objectives: dict[Objective, float], rows: int) -> PretrainArm:
    return PretrainArm.model_validate(
        {
            "steps": 1000,
            "tokens_per_step": tokens,
            "loss_reduction": "mean_each",
            "model": SHAPE,
            "data": {"max_tokens": 254, "chunk_rows": 64, "window_chunks": 1 << max(0, (rows // 64).bit_length())},
            "contrast": {"layer": 4, "queue_size": 8192, "prefill": False},
            "optimizer": {"warmup_steps": 10},
            "objectives": objectives,
        }
    )


def sentences_of(trainer: Trainer, steps: int) -> tuple[Ragged, Ragged]:
    """Return the masked sentences of the next steps, and their labels (-1 where there is none)."""
    parts = [trainer.next_step().language_model for _ in _stepping(trainer, steps)]
    found = [part for part in parts if part is not None]
    sequences, labels = ([getattr(part, name) for part in found] for name in ("sequences", "labels"))
    return tuple(  # type: ignore[return-value]
        Ragged(np.concatenate([part.values for part in side]), np.concatenate([part.lengths for part in side]))
        for side in (sequences, labels)
    )


def _stepping(trainer: Trainer, steps: int) -> Iterator[int]:
    for number in range(steps):
        yield number
        trainer.step += 1


def padded(sequences: Ragged, labels: Ragged, rows: NDArray[np.int64]) -> Batch:
    """Return some of the sentences as one batch, padded to the longest."""
    chosen, wanted = sequences.take(rows), labels.take(rows)
    inside = np.arange(int(chosen.lengths.max()))[None, :] < chosen.lengths[:, None]
    ids = np.full(inside.shape, PAD, np.int64)
    ids[inside] = chosen.values
    targets = np.full(inside.shape, NO_LABEL, np.int64)
    targets[inside] = np.where(wanted.values < 0, NO_LABEL, wanted.values)
    return Batch(*(torch.from_numpy(part) for part in (ids, inside.astype(np.int64), targets)), len(chosen.values))


def grouped(sequences: Ragged, size: int) -> list[NDArray[np.int64]]:
    order = get_length_grouped_indices(sequences.lengths.tolist(), size, generator=torch.Generator().manual_seed(0))
    return [np.asarray(order[start : start + size]) for start in range(0, len(order), size)]


def in_random_order(sequences: Ragged, size: int) -> list[NDArray[np.int64]]:
    order = np.random.default_rng(0).permutation(len(sequences))
    return [order[start : start + size] for start in range(0, len(order), size)]


def stock_loss(model: XLMRobertaForMaskedLM, batch: Batch) -> torch.Tensor:
    loss: torch.Tensor = model(input_ids=batch.ids, attention_mask=batch.mask, labels=batch.labels).loss
    return loss


def careful_loss(model: XLMRobertaForMaskedLM, batch: Batch) -> torch.Tensor:
    """As stock, but with the head on masked rows only."""
    hidden = model.roberta(input_ids=batch.ids, attention_mask=batch.mask).last_hidden_state
    chosen = batch.labels != NO_LABEL
    return F.cross_entropy(model.lm_head(hidden[chosen]), batch.labels[chosen])


LOSSES: Final[dict[str, Callable[[XLMRobertaForMaskedLM, Batch], torch.Tensor]]] = {
    "plain": stock_loss,
    "grouped": stock_loss,
    "careful": careful_loss,
}


class Rival:
    """A loop over padded batches as transformers' own trainer has it."""

    def __init__(self, name: str, vocabulary: int, recipe: PretrainArm) -> None:
        self.loss = LOSSES[name]
        self.order = in_random_order if name == "plain" else grouped
        self.size = SENTENCES[vocabulary]
        self.model = to_transformers(initialized(recipe.model, vocabulary, 1)).train()
        self.optimizer = adamw([self.model], recipe.optimizer)

    def run(self, sequences: Ragged, labels: Ragged) -> None:
        for rows in self.order(sequences, self.size):
            self.step(padded(sequences, labels, rows))

    def step(self, batch: Batch) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self.loss(self.model, batch).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()


def show_equal_losses(vocabulary: int, recipe: PretrainArm, data: Corpus) -> None:
    """Compare the mean loss of one batch, all with the same weights. Raises AssertionError beyond 1e-4."""
    sequences, labels = sentences_of(Trainer(recipe, data), 1)
    trainer = Trainer(recipe, data)
    step = trainer.next_step()
    ours = trainer.objectives(step.part(0, 1), {"mlm": 1 / step.target_counts["mlm"]}, None, None, None)[0].item()
    batch = padded(sequences, labels, np.arange(len(sequences)))
    with torch.no_grad():
        theirs = {name: loss(to_transformers(trainer.model), batch).item() for name, loss in LOSSES.items()}
    print(f"losses of one batch, vocabulary {vocabulary:,}: ours {ours:.6f}, {theirs}")
    assert all(abs(loss - ours) <= 1e-4 for loss in theirs.values()), theirs


def gemm_peak() -> float:
    """Return FLOP/s of a float32 matrix product on the same thread, the best of some."""
    left, right = torch.rand(1024, 1024), torch.rand(1024, 1024)
    best = float("inf")
    for _ in range(5):
        started = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - started)
    return 2 * 1024**3 / best


def flops(sequences: Ragged, labels: Ragged, vocabulary: int) -> float:
    """Return the FLOPs that MMLM needs on these sentences: three times the forward pass, the head on masked rows."""
    tokens, squares = int(sequences.lengths.sum()), int((sequences.lengths**2).sum())
    width, inner = SHAPE["hidden"], SHAPE["feed_forward"]
    layer = 2 * tokens * (4 * width**2 + 2 * width * inner) + 4 * squares * width
    head = 2 * int((labels.values >= 0).sum()) * (width**2 + width * vocabulary)
    return 3.0 * (SHAPE["layers"] * layer + head)


def speed(vocabulary: int, steps: int, rounds: int, plain: bool, show: Console) -> dict[str, float]:
    """Time all systems on the same sentences; return tokens/s by system (median), ratios and MFU."""
    mean = float(lengths(100_000, 5).mean()) + 2
    tokens = int(mean * SENTENCES[vocabulary])
    data = corpus(vocabulary, 20_000, 7)
    recipe = arm(vocabulary, tokens, {"mlm": 1.0}, 20_000)
    show_equal_losses(vocabulary, recipe, data)
    rates: dict[str, list[float]] = {name: [] for name in ("plain", "grouped", "careful", "ours")}
    ratios: dict[str, list[float]] = {"grouped": [], "careful": []}
    used: list[float] = []
    reader, trainer = Trainer(recipe, data), Trainer(recipe, data)
    rivals = {name: Rival(name, vocabulary, recipe) for name in ("grouped", "careful")}
    for number in range(rounds):
        sequences, labels = sentences_of(reader, steps)
        peak = gemm_peak()
        for name, rival in rivals.items():
            rates[name].append(_rate(rival, sequences, labels))
        started = time.perf_counter()
        for _ in range(steps):
            trainer.train_step()
        seconds = time.perf_counter() - started
        rates["ours"].append(len(sequences.values) / seconds)
        used.append(flops(sequences, labels, vocabulary) / seconds / max(peak, gemm_peak()))
        if number == 0 and plain:
            rates["plain"].append(_rate(Rival("plain", vocabulary, recipe), sequences, labels))
        for name, found in ratios.items():
            found.append(rates["ours"][-1] / rates[name][-1])
    table = Table(title=f"vocabulary {vocabulary:,}: real tokens/s, one thread, {rounds} rounds of {steps} steps")
    for column in ("system", "tokens/s", "from – to", "ours is × faster", "aim"):
        table.add_column(column)
    for name, found in rates.items():
        if found:
            ratio = statistics.median(ratios[name]) if name in ratios else rates["ours"][0] / found[0]
            aim = AIMS.get(name, {}).get(vocabulary)
            spread = f"{min(found):,.0f} – {max(found):,.0f}"
            table.add_row(
                name,
                f"{statistics.median(found):,.0f}",
                spread,
                f"{ratio:.2f}" if name != "ours" else "",
                str(aim or ""),
            )
    show.print(table)
    print(f"MFU of ours, loader and optimiser included: {statistics.median(used):.1%}")
    return {name: statistics.median(found) for name, found in ratios.items()} | {"mfu": statistics.median(used)}


def _rate(rival: Rival, sequences: Ragged, labels: Ragged) -> float:
    gc.collect()
    started = time.perf_counter()
    rival.run(sequences, labels)
    return len(sequences.values) / (time.perf_counter() - started)


def contrast_cost(vocabulary: int, rounds: int) -> float:
    """Return the time of a step of all three objectives over that of the same step without the contrast."""
    sentence = float(lengths(100_000, 5).mean()) + 1
    examples = SENTENCES[vocabulary] // 2
    shares: dict[Objective, float] = {"mlm": sentence + 1, "tlm": 2 * sentence + 1, "xlco": 2 * sentence + 1}
    data = corpus(vocabulary, 20_000, 7)
    trainers = []
    for names in (("mlm", "tlm"), ("mlm", "tlm", "xlco")):
        chosen: dict[Objective, float] = {name: shares[name] for name in shares if name in names}
        trainers.append(Trainer(arm(vocabulary, int(examples * sum(chosen.values())), chosen, 20_000), data))
    for trainer in trainers:
        trainer.train_step()
    ratios = []
    for _ in range(rounds):
        seconds = []
        for trainer in trainers:
            started = time.perf_counter()
            for _ in range(3):
                trainer.train_step()
            seconds.append(time.perf_counter() - started)
        ratios.append(seconds[1] / seconds[0])
    print(f"the contrast costs ×{statistics.median(ratios):.2f} at vocabulary {vocabulary:,} {sorted(ratios)}")
    return statistics.median(ratios)


def loader_rate(rounds: int) -> float:
    """Return the tokens/s of the loader, masks included, at a step of InfoXLM's size on one core."""
    data = corpus(250_002, 300_000, 3)
    recipe = arm(250_002, 1_310_720, {"mlm": 8.0, "tlm": 1.0, "xlco": 1.0}, 300_000)
    loader = Loader(data, recipe)
    rates = []
    for step in range(rounds):
        before = sum(cursor.tokens for cursor in loader.cursors.values())
        started = time.perf_counter()
        loader.next(step)
        seconds = time.perf_counter() - started
        rates.append((sum(cursor.tokens for cursor in loader.cursors.values()) - before) / seconds)
    print(f"the loader gives {statistics.median(rates):,.0f} tokens/s on one core, masks included")
    return statistics.median(rates)


def peak_memory(system: str, vocabulary: int) -> int:
    """Return the peak resident bytes of this process after one step on the longest grouped batch."""
    data = corpus(vocabulary, 20_000, 7)
    size = SENTENCES[vocabulary]
    recipe = arm(vocabulary, 100 * size, {"mlm": 1.0}, 20_000)
    sequences, labels = sentences_of(Trainer(recipe, data), 10)
    longest = max(grouped(sequences, size), key=lambda rows: int(sequences.lengths[rows].max()))
    if system == "ours":
        trainer = Trainer(recipe, data)
        step = trainer.next_step()
        order = longest[np.argsort(sequences.lengths[longest], kind="stable")]
        part = type(step.language_model)(  # type: ignore[misc]
            sequences.take(order), labels.take(order), np.zeros(len(order), bool)
        )
        own = type(step)({"mlm": int((labels.take(order).values >= 0).sum())}, part, None)
        trainer.next_step = lambda: own  # type: ignore[method-assign]
        trainer.train_step()
    else:
        Rival(system, vocabulary, recipe).step(padded(sequences, labels, longest))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def memory(vocabulary: int) -> dict[str, float]:
    """Return our peak memory over that of the rivals, each in a process of its own."""
    peaks = {}
    for system in ("grouped", "careful", "ours"):
        command = [sys.executable, __file__, "--peak", system, "--vocabulary", str(vocabulary)]
        peaks[system] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    shown = ", ".join(f"{name} {value / 2**30:.2f} GiB" for name, value in peaks.items())
    print(f"peak memory of a step, vocabulary {vocabulary:,}: {shown}")
    return {name: peaks["ours"] / peaks[name] for name in ("grouped", "careful")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=5, help="steps of a round")
    parser.add_argument("--no-plain", action="store_true", help="leave out the rival that pads in random order")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    parser.add_argument("--vocabulary", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print(peak_memory(given.peak, given.vocabulary))
        return
    small, large = SENTENCES
    show = Console(width=120)
    fast = {size: speed(size, given.steps, given.rounds, not given.no_plain, show) for size in (small, large)}
    less = {size: memory(size) for size in (small, large)}
    costs = {size: contrast_cost(size, given.rounds) for size in (small, large)}
    result = {
        "bench": "train",
        **{
            f"ratio_{name}_{label}": round(fast[size][name], 2)
            for name in ("grouped", "careful")
            for size, label in ((small, "32k"), (large, "250k"))
        },
        "memory_ratio_stock": round(max(part["grouped"] for part in less.values()), 3),
        "memory_ratio_careful_32k": round(less[small]["careful"], 3),
        "memory_ratio_careful_250k": round(less[large]["careful"], 3),
        "mfu_32k": round(fast[small]["mfu"], 3),
        "mfu_250k": round(fast[large]["mfu"], 3),
        "xlco_cost": round(max(costs.values()), 2),
        "loader_tokens_per_s": round(loader_rate(given.rounds)),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
