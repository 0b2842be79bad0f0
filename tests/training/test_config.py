"""The sections: faithful defaults, arms, and an error with the key's path for each thing that cannot be right."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from pipelines.datasets.fingerprint import fingerprint
from training.config import STAGES
from training.config.evaluate import EvaluateSection
from training.config.pretrain import PretrainSection


def test_the_defaults_are_the_recipe_of_infoxlm_base() -> None:
    arm = PretrainSection().resolve()["infoxlm"]
    assert (arm.model.layers, arm.model.hidden, arm.contrast.layer) == (12, 768, 8)
    assert (arm.contrast.temperature, arm.contrast.queue_size, arm.contrast.momentum.kind) == (0.25, 131072, "constant")
    assert (arm.contrast.pooling, arm.contrast.normalize, arm.contrast.mixup) == ("cls", False, True)
    assert (arm.optimizer.betas, arm.optimizer.weight_decay, arm.loss_reduction) == ((0.9, 0.98), 0.01, "joint_sum")
    assert arm.data.sampling_exponent == 0.7


def test_an_arm_overrides_one_key_and_keeps_the_rest_of_its_section(section: Callable[..., PretrainSection]) -> None:
    arms = section(
        arms={"frozen": {"objectives": {"xlco": 1}, "overrides": {"contrast": {"temperature": 0.5}}}}
    ).resolve()
    assert arms["frozen"].contrast.temperature == 0.5
    assert arms["frozen"].contrast.queue_size == 32
    assert arms["mmlm_tlm_xlco"].contrast.temperature == 0.25


def test_an_arm_can_take_another_kind_of_momentum(section: Callable[..., PretrainSection]) -> None:
    ramp = {"kind": "ramp", "begin": 0.5, "end": 0.9, "steps": 10}
    arms = section(arms={"ramp": {"objectives": {"xlco": 1}, "overrides": {"contrast": {"momentum": ramp}}}}).resolve()
    assert arms["ramp"].contrast.momentum.model_dump() == ramp


def test_shares_of_objectives_sum_to_one(section: Callable[..., PretrainSection]) -> None:
    arm = section().resolve()["mmlm_tlm_xlco"]
    assert [arm.token_share(name) for name in ("mlm", "tlm", "xlco")] == [0.25, 0.25, 0.5]


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"stps": 3}, "stps", "Extra inputs"),
        ({"steps": 0}, "steps", "greater than or equal to 1"),
        ({"contrast": {"temperature": 0}}, "contrast.temperature", "greater than 0"),
        ({"contrast": {"pooling": "max"}}, "contrast.pooling", "'cls' or 'mean'"),
        ({"contrast": {"layer": 4}}, "", "contrast.layer (4) must not exceed model.layers (3)"),
        ({"contrast": {"queue_size": 0}}, "contrast", "there are no negatives"),
        ({"watch": {"every": 3}}, "", "watch.every (3) must be a multiple of log_every (2)"),
        ({"watch": {"pairs": 1}}, "watch.pairs", "greater than or equal to 2"),
        ({"model": {"heads": 3}}, "model", "hidden (16) must be a multiple of heads (3)"),
        ({"masking": {"mask": 0.8, "keep": 0.3}}, "masking", "must not exceed 1 together"),
        ({"optimizer": {"betas": (0.9, 1.0)}}, "optimizer", "must lie in [0, 1)"),
        ({"data": {"max_tokens": 40}}, "", "make 83, more than model.positions (64)"),
        ({"arms": {"a": {"objectives": {"nli": 1}}}}, "arms.a.objectives.nli", "'mlm', 'tlm' or 'xlco'"),
        ({"arms": {"a b": {"objectives": {"mlm": 1}}}}, "", "arms.a b: a name has letters"),
        ({"arms": {"a": {"objectives": {"mlm": 1}, "overrides": {"seed": 2}}}}, "", "arms.a.overrides.seed: must be"),
        (
            {"arms": {"a": {"objectives": {"mlm": 1}, "overrides": {"contrast": {"queue": 2}}}}},
            "",
            "arms.a.overrides.contrast.queue: Extra inputs",
        ),
        ({"arms": {"a": {"objectives": {"mlm": 1, "tlm": 99}}}}, "", "mlm gets 4 tokens of a step, fewer than"),
    ],
)
def test_what_cannot_be_right_is_named(
    section: Callable[..., PretrainSection], changes: dict[str, object], path: str, says: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        section(**changes)
    (error, *_) = caught.value.errors()
    assert ".".join(str(part) for part in error["loc"] if part != "[key]") == path
    assert says in error["msg"]


def test_a_typo_in_evaluate_is_named() -> None:
    with pytest.raises(ValidationError, match="pool_sise"):
        EvaluateSection.model_validate({"pool_sise": 3})


def test_how_often_checkpoints_are_written_is_no_part_of_the_fingerprint(
    section: Callable[..., PretrainSection],
) -> None:
    def name(**changes: object) -> str:
        return fingerprint("pretrain", 1, section(**changes).resolve()["mmlm_tlm"], {})

    assert name() == name(checkpoint_every=5)
    assert name() != name(threads=2)


def test_every_field_is_described() -> None:
    seen = []
    for spec in STAGES:
        stack = [spec.section]
        while stack:
            model = stack.pop()
            for name, field in model.model_fields.items():
                seen.append(name)
                assert field.description or name == "kind", f"{model.__name__}.{name}"
                if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                    stack.append(field.annotation)
    assert len(seen) > 40


def test_importing_the_config_loads_no_torch() -> None:
    code = "import sys, training.config; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'sklearn')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
