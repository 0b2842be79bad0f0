"""What InfoXLM base and large take on 1, 8 and 64 GPUs, on paper: the tables of `docs/scaling.md`.

Nothing here was run on a GPU. Memory is counted array by array; time follows from the FLOPs of a step
(`training/flops.py`), a GPU's peak, and a share of it (MFU) that is assumed. Gradients are summed over a ring.

    python tests/benchmarks/scaling_training.py
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch

from pipelines.recipe import load_recipe
from training.config.pretrain import PretrainArm
from training.flops import Sequences, Work, step_flops
from training.model import MaskedLM

CONFIGS: Final = Path(__file__).parents[2] / "flows" / "configs"
VOCABULARY: Final = 250_002
GPUS: Final = (1, 8, 64)
PEAK: Final = 312e12  # FLOP/s of an A100 in half precision, without sparsity, by its data sheet
MFU: Final = 0.4  # taken
LINK: Final = {1: float("inf"), 8: 200e9, 64: 20e9}  # bytes/s of each GPU's link in the ring, taken
LONGEST: Final = 512  # tokens of a block of MMLM
PAIR: Final = 64  # tokens of a joined pair, and of a query or a key of the contrast
SCORES: Final = 1 << 30  # bytes of the head's scores that are there at a time (objectives/masked_lm.py)
HALF, FULL = 2, 4  # bytes


@dataclass(frozen=True)
class Memory:
    """Bytes on one GPU."""

    state: float
    activations: float
    rest: float

    @property
    def total(self) -> float:
        return self.state + self.activations + self.rest


def arm(size: str) -> PretrainArm:
    section = load_recipe(CONFIGS / f"infoxlm_{size}.yaml").section("pretrain")
    found: PretrainArm = section.resolve()["infoxlm"]  # type: ignore[union-attr]
    return found


def parameters(recipe: PretrainArm) -> tuple[int, int]:
    """Return how many weights are trained, and how many the momentum encoder has."""
    with torch.device("meta"):
        model = MaskedLM(recipe.model, VOCABULARY)
    trained = sum(weight.numel() for weight in model.parameters())
    above = sum(
        weight.numel() for layer in model.encoder.layers[recipe.contrast.layer :] for weight in layer.parameters()
    )
    head = sum(weight.numel() for weight in model.head.parameters())
    projection = recipe.model.hidden**2
    return trained + projection, trained - above - head + projection


def work(recipe: PretrainArm) -> Work:
    """Return what a step consists of: blocks of 512, pairs of 64 tokens, queries and keys of 64 tokens."""
    tokens = {name: recipe.token_share(name) * recipe.tokens_per_step for name in recipe.objectives}
    examples = tokens["xlco"] / PAIR
    language_model = Sequences(tokens["mlm"] + tokens["tlm"], tokens["mlm"] * LONGEST + tokens["tlm"] * PAIR)
    contrast = Sequences(tokens["xlco"], tokens["xlco"] * PAIR)
    masked = recipe.masking.share * language_model.tokens
    return Work(language_model, masked, contrast, contrast, examples, recipe.contrast.queue_size)


def activation_bytes(recipe: PretrainArm) -> int:
    """Return the bytes that a layer keeps of a token for its backward pass, with autocast and without `recompute`.

    In half precision: the input of the products of queries, keys and values (D), these (3 D), what attention gives
    (D), the input of the first product of the feed-forward block (D), its result before GELU (F). In full: what the two
    LayerNorms read (2 D). A test counts them.
    """
    width, inner = recipe.model.hidden, recipe.model.feed_forward
    return HALF * (6 * width + inner) + FULL * 2 * width


def micro_batches(recipe: PretrainArm, gpus: int) -> int:
    """Return the parts of a process, so that each part is as large as on the recipe's 8 GPUs."""
    return max(1, recipe.micro_batches * 8 // gpus)


def memory(recipe: PretrainArm, gpus: int) -> Memory:
    """Return what one GPU holds: state, activations of a part, and what else is large."""
    trained, key = parameters(recipe)
    adamw = 2 * FULL
    # weights, gradients, AdamW's two means; the momentum encoder; DDP's buckets; the weights in half precision
    state = trained * (FULL + FULL + adamw + HALF) + key * FULL + (trained * FULL if gpus > 1 else 0)
    state += recipe.contrast.queue_size * recipe.model.hidden * FULL
    part = recipe.tokens_per_step / gpus / micro_batches(recipe, gpus)
    activations = part * recipe.model.layers * activation_bytes(recipe)
    embeddings = VOCABULARY * recipe.model.hidden
    # scores and their logarithms, their halves; the head's gradient in half precision before it is one in full
    return Memory(state, activations, 2 * SCORES + SCORES / 2 + embeddings * (HALF + FULL))


def seconds(recipe: PretrainArm, gpus: int) -> tuple[float, float]:
    """Return the time of a step: of its products, and of summing the gradients, part of which goes on beside them."""
    products = step_flops(work(recipe), recipe, VOCABULARY) / (PEAK * MFU * gpus)
    trained, _ = parameters(recipe)
    return products, 2 * (gpus - 1) / gpus * trained * FULL / LINK[gpus]


def tables() -> str:
    """Return both tables as Markdown."""
    lines = [
        "| recipe | weights | FLOPs of a step | GPUs | parts on each | state | activations | rest | GB in all |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    times = ["| recipe | GPUs | products, s | sum of gradients, s | 200,000 steps, days |", "|---|--:|--:|--:|--:|"]
    for size in ("base", "large"):
        recipe = arm(size)
        trained, _ = parameters(recipe)
        flops = step_flops(work(recipe), recipe, VOCABULARY)
        for gpus in GPUS:
            held = memory(recipe, gpus)
            shown = " | ".join(f"{part / 1e9:.1f}" for part in (held.state, held.activations, held.rest, held.total))
            parts = micro_batches(recipe, gpus)
            lines.append(f"| {size} | {trained / 1e6:.0f} M | {flops / 1e12:,.0f} T | {gpus} | {parts} | {shown} |")
            products, summed = seconds(recipe, gpus)
            least, most = (time * recipe.steps / 86_400 for time in (max(products, summed), products + summed))
            times.append(f"| {size} | {gpus} | {products:.2f} | {summed:.2f} | {least:.1f} – {most:.1f} |")
    return "\n".join([*lines, "", *times]) + "\n"


if __name__ == "__main__":
    print(tables(), end="")
