"""The recipes of InfoXLM base and large against the published values, key by key."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.datasets.fingerprint import canonical
from pipelines.recipe import RecipeBase, load_recipe
from pipelines.report.deviations import deviations
from training.config.pretrain import PretrainArm

CONFIGS = Path(__file__).parents[2] / "flows" / "configs"

# infoxlm/README.md and src-infoxlm of microsoft/unilm: the released command of InfoXLM base, and its defaults.
# The 64 tokens of a pair are our own estimate; large, and the languages' exponent, are from memory of the paper.
SHARED: dict[str, Any] = {
    "steps": 200_000,
    "tokens_per_step": 2048 * 512 + 2 * 2048 * 64,
    "loss_reduction": "joint_sum",
    "precision": "fp16",
    "model.positions": 512,
    "model.dropout": 0.0,
    "model.attention_dropout": 0.0,
    "data.blocks": True,
    "data.max_tokens": 254,
    "data.sampling_exponent": 0.7,
    "masking.share": 0.15,
    "masking.mask": 0.8,
    "masking.keep": 0.1,
    "contrast.pooling": "cls",
    "contrast.projection": True,
    "contrast.normalize": False,
    "contrast.temperature": 0.25,
    "contrast.queue_size": 131_072,
    "contrast.in_batch_negatives": False,
    "contrast.mask_same_group": False,
    "contrast.same_side_negatives": False,
    "contrast.prefill": True,
    "contrast.mixup": True,
    "contrast.mask_inputs": True,
    "contrast.weight": 1.0,
    "optimizer.warmup_steps": 10_000,
    "optimizer.final_share": 0.0,
    "optimizer.betas": (0.9, 0.98),
    "optimizer.epsilon": 1e-6,
    "optimizer.weight_decay": 0.01,
    "optimizer.clip": 1.0,
    "objectives": {"mlm": 8, "tlm": 1, "xlco": 1},
}
OWN: dict[str, dict[str, Any]] = {
    "base": {
        "model.layers": 12,
        "model.hidden": 768,
        "model.heads": 12,
        "model.feed_forward": 3072,
        "contrast.layer": 8,
        "contrast.momentum.value": 0.9999,
        "optimizer.learning_rate": 2e-4,
    },
    "large": {
        "model.layers": 24,
        "model.hidden": 1024,
        "model.heads": 16,
        "model.feed_forward": 4096,
        "contrast.layer": 12,
        "contrast.momentum.value": 0.999,
        "optimizer.learning_rate": 1e-4,
    },
}


def recipe(size: str) -> RecipeBase:
    return load_recipe(CONFIGS / f"infoxlm_{size}.yaml")


def arm(size: str) -> PretrainArm:
    found: PretrainArm = recipe(size).section("pretrain").resolve()["infoxlm"]  # type: ignore[union-attr]
    return found


@pytest.mark.parametrize("size", OWN)
def test_every_value_is_the_published_one(size: str) -> None:
    resolved = arm(size)
    for path, expected in (SHARED | OWN[size]).items():
        value: Any = resolved
        for name in path.split("."):
            value = getattr(value, name)
        assert value == expected, path


def test_base_deviates_from_the_defaults_in_nothing_that_the_method_is_about() -> None:
    without_weights = arm("base").model_copy(update={"init": None})  # whose files are not here
    found = {one.key for one in deviations({"infoxlm": canonical(without_weights)})}
    assert found <= {"device", "micro_batches", "precision", "processes"}


def test_both_read_one_corpus() -> None:
    base, large = recipe("base"), recipe("large")
    assert base.name == large.name
    for stage in ("ingest", "align", "deduplicate", "publish"):
        assert base.section(stage) == large.section(stage), stage


@pytest.mark.parametrize("size", OWN)
def test_the_corpus_is_that_of_the_docs(size: str) -> None:
    sources = recipe(size).section("ingest").sources  # type: ignore[union-attr]
    texts = [source for source in sources if source.format == "lines"]
    assert len({source.language for source in texts}) == 94
    assert all(source.documents and source.language in source.path for source in texts)
    pairs = {frozenset(getattr(s, "languages", ()) or getattr(s, "paths", ())) for s in sources if s.format != "lines"}
    others = set().union(*pairs) - {"en"}
    assert sorted(others) == ["ar", "bg", "de", "el", "es", "fr", "hi", "ru", "sw", "th", "tr", "ur", "vi", "zh-Hans"]
    assert all("en" in pair for pair in pairs)
