"""The training step against Hugging Face's: `make bench-train`, with `DEVICE=cuda` on a GPU.

All systems have the same weights to begin with, sentences of one stream with the same masks, AdamW (fused) with
clipping, and on a CPU one thread on one core; first it is shown that their losses are equal. The rivals are those of
`train_rivals.py`. Ours is the trainer itself, its loader and masking included. Rounds alternate in one process, and
what counts is CPU time, system calls included (on a GPU, time until it is done). A rival sorts the sentences of 48
batches and trains on some of these, evenly taken; `plain`, which is slow, on two. A step has the same tokens for all,
on average. Peak memory is that of two steps on the longest grouped batch, without what the process held before (on a
GPU, of what is allocated there): the second has the optimiser's state beside its activations, as every step but the
first. The cost of the contrast is that of a step with as many examples of MMLM, TLM and XLCO (mixup, so two pairs each)
against the same step without XLCO. The last line of the output is JSON.
"""

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from train_data import LARGE, SETTINGS, SMALL, Setting, arm, corpus, mean_length, sentences_of
from train_rivals import FLASH, WAYS, Rival, grouped_rows, padding_ratio

from training.config.data import DataSection
from training.config.pretrain import PretrainArm
from training.config.section import Objective
from training.data.batch import Step
from training.data.loader import Loader
from training.data.shards import Ragged
from training.data.streams import Corpus
from training.flops import mfu
from training.hub import to_transformers
from training.measures.peak import gemm_peak
from training.trainer import Trainer

LABELS: Final = {SMALL: "32k", LARGE: "250k"}
AIMS: Final = {"grouped": {SMALL: 1.9, LARGE: 5.0}, "careful": {SMALL: 1.05, LARGE: 1.8}}
RIVALS: Final = {"cpu": ("grouped", "careful"), "cuda": ("grouped", "careful", "flattened")}  # and `plain`, once
PLAIN_STEPS: Final = 2
POOL: Final = 48  # batches that the rivals group sentences over; they train on some, evenly taken
ROWS: Final = 20_000  # sentences to read from
LOADED: Final = 8  # steps of a round of the loader
EQUAL: Final = 1e-4


def show_equal_losses(vocabulary: int, recipe: PretrainArm, data: Corpus) -> None:
    """Compare the mean loss of one batch in fp32, all with the same weights. Raises SystemExit beyond 1e-4."""
    recipe = recipe.model_copy(update={"precision": "fp32"})
    sequences, labels = sentences_of(Trainer(recipe, data), 1)
    trainer = Trainer(recipe, data)
    step = trainer.next_step()
    batch = step.part(0, 1).to(trainer.device)
    with torch.no_grad():
        ours = trainer.objectives(batch, {"mlm": 1 / step.target_counts["mlm"]}, None, None, None)[0].item()
        theirs = to_transformers(trainer.model).to(trainer.device)
        losses = {
            name: way.loss(theirs, way.collate(sequences, labels).to(trainer.device)).item()
            for name, way in WAYS.items()
            if name != "flattened" or not FLASH  # which has no fp32
        }
    print(f"losses of one batch, vocabulary {vocabulary:,}: ours {ours:.6f}, {losses}")
    if any(abs(loss - ours) > EQUAL for loss in losses.values()):
        sys.exit("the losses are not equal: nothing can be compared")


def now(setting: Setting) -> float:
    """Return seconds of CPU time of this process, or on a GPU seconds when all work there is done."""
    if setting.device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()


def speed(vocabulary: int, steps: int, rounds: int, setting: Setting, show: Console) -> dict[str, float]:
    """Time all systems on the same sentences; return the ratios (medians of the rounds') and the MFU."""
    data = corpus(vocabulary, ROWS, 7)
    size = setting.sentences[vocabulary]
    recipe = arm(int((mean_length() + 2) * size), {"mlm": 1.0}, ROWS, setting)
    show_equal_losses(vocabulary, recipe, data)
    reader, trainer = Trainer(recipe, data), Trainer(recipe, data)
    rivals = {name: Rival(name, vocabulary, recipe, size) for name in RIVALS[setting.device]}
    rates: dict[str, list[float]] = {name: [] for name in ("plain", *rivals, "ours")}
    ratios: dict[str, list[float]] = {name: [] for name in rivals}
    used: list[float] = []
    dtype = torch.bfloat16 if setting.precision == "bf16" else torch.float32
    for number in range(rounds):
        sequences, labels = sentences_of(reader, POOL)
        ratio = padding_ratio(sequences, grouped_rows(sequences, size))
        print(f"round {number + 1}: {len(sequences.values):,} tokens; grouped batches have {ratio:.2f} places for each")
        if number == 0:
            plain = Rival("plain", vocabulary, recipe, size)
            rates["plain"].append(_rate(plain, sequences, labels, PLAIN_STEPS, setting))
            del plain
        peak = gemm_peak(trainer.device, dtype)
        for name, rival in rivals.items():
            rates[name].append(_rate(rival, sequences, labels, steps, setting))
        gc.collect()
        tokens, flops, started = trainer.tokens["mlm"], trainer.flops, now(setting)
        for _ in range(steps):
            trainer.train_step()
        seconds = now(setting) - started
        rates["ours"].append((trainer.tokens["mlm"] - tokens) / seconds)
        used.append(mfu(trainer.flops - flops, seconds, max(peak, gemm_peak(trainer.device, dtype))))
        for name, found in ratios.items():
            found.append(rates["ours"][-1] / rates[name][-1])
    show.print(_table(vocabulary, rates, ratios, f"{rounds} rounds of {steps} steps, {setting.device}"))
    print(f"MFU of ours, loader and optimiser included: {statistics.median(used):.1%}")
    return {name: statistics.median(found) for name, found in ratios.items()} | {"mfu": statistics.median(used)}


def _rate(rival: Rival, sequences: Ragged, labels: Ragged, steps: int, setting: Setting) -> float:
    gc.collect()
    started = now(setting)
    tokens = rival.run(sequences, labels, max(1, POOL // steps))
    return tokens / (now(setting) - started)


def _table(vocabulary: int, rates: dict[str, list[float]], ratios: dict[str, list[float]], how: str) -> Table:
    table = Table(title=f"vocabulary {vocabulary:,}: real tokens/s, {how}")
    for column in ("system", "tokens/s", "from – to", "ours is × faster", "aim"):
        table.add_column(column)
    for name, found in rates.items():
        factors = ratios.get(name) or ([rates["ours"][0] / found[0]] if name == "plain" else [])
        table.add_row(
            name,
            f"{statistics.median(found):,.0f}",
            f"{min(found):,.0f} – {max(found):,.0f}",
            f"{statistics.median(factors):.2f}" if factors else "",
            str(AIMS.get(name, {}).get(vocabulary, "")),
        )
    return table


def contrast_cost(vocabulary: int, rounds: int, setting: Setting) -> float:
    """Return the time of a step of all three objectives over that of the same step without the contrast."""
    sentence = mean_length() + 1
    examples = max(12, setting.sentences[vocabulary] // 2)
    shares: dict[Objective, float] = {"mlm": sentence + 1, "tlm": 2 * sentence + 1, "xlco": 2 * sentence + 1}
    data = corpus(vocabulary, ROWS, 7)
    trainers = []
    for names in (("mlm", "tlm"), ("mlm", "tlm", "xlco")):
        chosen: dict[Objective, float] = {name: shares[name] for name in shares if name in names}
        trainers.append(Trainer(arm(int(examples * sum(chosen.values())), chosen, ROWS, setting), data))
    for trainer in trainers:
        trainer.train_step()
    ratios = []
    for _ in range(rounds):
        seconds = []
        for trainer in trainers:
            started = now(setting)
            for _ in range(3):
                trainer.train_step()
            seconds.append(now(setting) - started)
        ratios.append(seconds[1] / seconds[0])
    print(f"the contrast costs ×{statistics.median(ratios):.2f} at vocabulary {vocabulary:,} {sorted(ratios)}")
    return statistics.median(ratios)


def loader_rate(rounds: int) -> float:
    """Return the tokens/s of the loader, masks included, at a step of InfoXLM's size: one thread works at a time.

    The windows of the order are of the default size, and each round reads several steps, so that its share of opening
    windows is that of a long run. Tokens are those of the trained encoder; the keys' are read beside them.
    """
    data = corpus(LARGE, 300_000, 3)
    recipe = arm(1_310_720, {"mlm": 8.0, "tlm": 1.0, "xlco": 1.0}, 300_000, SETTINGS["cpu"])
    loader = Loader(data, recipe.model_copy(update={"data": DataSection()}))
    loader.next(0)
    rates = []
    for number in range(rounds):
        before = sum(cursor.tokens for cursor in loader.cursors.values())
        started = time.perf_counter()
        for step in range(LOADED):
            loader.next(1 + number * LOADED + step)
        seconds = time.perf_counter() - started
        rates.append((sum(cursor.tokens for cursor in loader.cursors.values()) - before) / seconds)
    print(f"the loader gives {statistics.median(rates):,.0f} tokens/s on one core, masks included")
    return statistics.median(rates)


def peak_memory(system: str, vocabulary: int, setting: Setting) -> int:
    """Return the peak bytes that this process takes for two steps on the longest grouped batch."""
    data = corpus(vocabulary, ROWS, 7)
    size = setting.sentences[vocabulary]
    recipe = arm(max(1024, 100 * size), {"mlm": 1.0}, ROWS, setting)
    sequences, labels = sentences_of(Trainer(recipe, data), 10)
    longest = max(grouped_rows(sequences, size), key=lambda rows: int(sequences.lengths[rows].max()))
    batch = sequences.take(longest), labels.take(longest)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = _resident("VmRSS")
    if system == "ours":
        _ours_on(*batch, recipe, data)
    else:
        rival = Rival(system, vocabulary, recipe, size)
        for _ in range(2):
            rival.step(*batch)
    return torch.cuda.max_memory_allocated() if setting.device == "cuda" else _resident("VmHWM") - before


def _resident(field: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in status if line.startswith(f"{field}:"))


def _ours_on(sequences: Ragged, labels: Ragged, recipe: PretrainArm, data: Corpus) -> None:
    """Make two steps of the trainer on these sentences alone."""
    trainer = Trainer(recipe, data)
    step = trainer.next_step()
    order = np.argsort(sequences.lengths, kind="stable")
    part = type(step.language_model)(  # type: ignore[misc]
        sequences.take(order), labels.take(order), np.zeros(len(order), bool)
    )
    own = Step({"mlm": int((labels.values >= 0).sum())}, part, None)
    trainer.next_step = lambda: own  # type: ignore[method-assign]
    for _ in range(2):
        trainer.train_step()


def memory(vocabulary: int, setting: Setting) -> dict[str, float]:
    """Return our peak memory over that of the rivals, each in a process of its own."""
    peaks = {}
    for system in (*RIVALS[setting.device], "ours"):
        command = [sys.executable, __file__, "--device", setting.device, "--peak", system]
        command += ["--vocabulary", str(vocabulary)]
        peaks[system] = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    shown = ", ".join(f"{name} {value / 2**30:.2f} GiB" for name, value in peaks.items())
    print(f"peak memory of a step, vocabulary {vocabulary:,}: {shown}")
    return {name: peaks["ours"] / value for name, value in peaks.items() if name != "ours"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=SETTINGS, default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=6, help="steps of a round")
    parser.add_argument("--peak", help=argparse.SUPPRESS)
    parser.add_argument("--vocabulary", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    setting = SETTINGS[given.device]
    if given.device == "cuda" and not torch.cuda.is_available():
        sys.exit("there is no GPU that torch can use; leave DEVICE=cuda out")
    if given.device == "cpu":
        torch.set_num_threads(1)
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    if given.peak:
        print(peak_memory(given.peak, given.vocabulary, setting))
        return
    show = Console(width=120)
    fast = {size: speed(size, given.steps, given.rounds, setting, show) for size in LABELS}
    less = {size: memory(size, setting) for size in LABELS}
    costs = {size: contrast_cost(size, given.rounds, setting) for size in LABELS}
    result = {"bench": "train", "device": given.device}
    for name in RIVALS[given.device]:
        result |= {f"ratio_{name}_{label}": round(fast[size][name], 2) for size, label in LABELS.items()}
    result["memory_ratio_stock"] = round(max(part["grouped"] for part in less.values()), 3)
    for size, label in LABELS.items():
        result[f"memory_ratio_careful_{label}"] = round(less[size]["careful"], 3)
        result[f"mfu_{label}"] = round(fast[size]["mfu"], 3)
    result |= {"xlco_cost": round(max(costs.values()), 2), "loader_tokens_per_s": round(loader_rate(given.rounds))}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
