"""The hyper-parameters of each task, where a recipe does not set them.

Zero-shot baselines are those of google-research/xtreme, scripts/train_*.sh; xTune's those of bozheng-hit/xTune,
scripts/*, for large models.
"""

from collections.abc import Mapping
from typing import Any, Final

from training.xtreme.tasks.registry import Kind

_CLASSIFICATION: Final = {"epochs": 5, "max_tokens": 128}
_TAGGING: Final = {"epochs": 10, "max_tokens": 128, "learning_rate": 2e-5}
_QA: Final = {"epochs": 3, "max_tokens": 384, "learning_rate": 3e-5, "warmup_steps": 500, "weight_decay": 1e-4}

BASELINE: Final[Mapping[str, Mapping[str, Any]]] = {
    "xnli": {**_CLASSIFICATION, "learning_rate": 3e-5},
    "pawsx": {**_CLASSIFICATION, "learning_rate": 2e-5},
    "udpos": _TAGGING,
    "panx": _TAGGING,
    "xquad": _QA,
    "mlqa": _QA,
    "tydiqa": _QA,
}
OF_KIND: Final[Mapping[Kind, Mapping[str, Any]]] = {
    Kind.PAIR: {**_CLASSIFICATION, "learning_rate": 2e-5},
    Kind.TAGGING: _TAGGING,
    Kind.QA: _QA,
}
"""For a task that is none of XTREME's."""

_STABLE_QA: Final = {"learning_rate": 1.5e-5, "max_tokens": 384, "warmup_share": 0.1, "warmup_steps": 0}

STABLE: Final[Mapping[str, Mapping[str, Any]]] = {
    "xnli": {"learning_rate": 5e-6, "epochs": 10, "max_tokens": 256},
    "pawsx": {"learning_rate": 1e-5, "epochs": 10, "max_tokens": 256},
    "udpos": {"learning_rate": 5e-6, "epochs": 10, "max_tokens": 128, "warmup_share": 0.1, "word_state": "sum"},
    "panx": {"learning_rate": 7e-6, "epochs": 10, "max_tokens": 128, "warmup_share": 0.1},
    "xquad": {**_STABLE_QA, "epochs": 4},
    "mlqa": {**_STABLE_QA, "epochs": 4},
    "tydiqa": {**_STABLE_QA, "epochs": 10},
}


def defaults_of(task: str, kind: Kind, is_stable: bool) -> Mapping[str, Any]:
    """Return the hyper-parameters of a task, plain or with xTune; of an unknown one, those of its kind."""
    plain = BASELINE.get(task, OF_KIND[kind])
    return STABLE.get(task, plain) if is_stable else plain
