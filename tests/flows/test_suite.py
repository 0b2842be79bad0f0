"""A suite's runs have slots: each GPU one run at a time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from flows.process import StageProcess, stopping
from flows.suite import Slots, on_gpu, slots_of, taken
from pipelines.datasets.errors import Stopped


@dataclass
class Section:
    at_once: int
    finetuning: dict[str, Any] = field(default_factory=dict)


@dataclass
class Recipe:
    there: Section | None

    def section(self, _stage: str) -> Section | None:
        return self.there


@pytest.fixture
def _stopping() -> Iterator[None]:
    stopping.set()
    yield
    stopping.clear()


@pytest.mark.parametrize(
    ("section", "visible", "slots"),
    [
        (None, "", []),
        (Section(2), "0,1", ["", ""]),
        (Section(2, {"device": "cuda"}), "", ["0", "1"]),
        (Section(2, {"device": "cuda"}), "4, 6,7", ["4", "6"]),
        (Section(8, {"device": "cuda"}), "GPU-a", ["GPU-a"]),
    ],
)
def test_there_is_a_slot_for_each_gpu_that_is_visible(
    section: Section | None, visible: str, slots: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert slots_of(Recipe(section)) == slots  # type: ignore[arg-type]


def test_a_run_sees_its_gpu_alone() -> None:
    process = StageProcess("finetune a", ("polyloom", "finetune"), Path("log"))
    assert on_gpu(process, "3").command == ("env", "CUDA_VISIBLE_DEVICES=3", "polyloom", "finetune")
    assert on_gpu(process, "") is process


def test_a_slot_is_free_again_after_an_error() -> None:
    slots = Slots()
    slots.put("0")

    def fail() -> None:
        with taken(slots) as slot:
            assert slot == "0"
            assert slots.empty()
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert slots.get_nowait() == "0"


@pytest.mark.usefixtures("_stopping")
def test_nobody_waits_for_a_slot_when_all_is_to_stop() -> None:
    with pytest.raises(Stopped), taken(Slots()):
        pass
