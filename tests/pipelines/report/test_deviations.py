"""The report names each setting that leaves the faithful recipe."""

from typing import Literal

from pydantic import BaseModel, Field

from pipelines.report.deviations import deviations, deviations_of
from pipelines.report.facts import Deviation


class Constant(BaseModel):
    kind: Literal["constant"] = "constant"
    value: float = 0.9999


class Inner(BaseModel):
    layer: int = Field(8, description="Which layer.")
    momentum: Constant = Field(Constant(), description="How fast keys follow.")
    betas: tuple[float, float] = (0.9, 0.98)


class Section(BaseModel):
    seed: int = 1
    needed: str
    inner: Inner = Field(Inner(), description="A part.")


def test_what_is_at_its_default_is_no_deviation() -> None:
    config = Section(needed="x").model_dump(mode="json")
    assert deviations_of(config, Section) == {}


def test_a_leaf_is_named_by_its_path() -> None:
    config = Section(needed="x", inner=Inner(layer=2)).model_dump(mode="json")
    assert deviations_of(config, Section) == {"inner.layer": Deviation("inner.layer", 2, 8, "Which layer.")}


def test_a_section_of_another_kind_is_one_deviation() -> None:
    config = Section(needed="x").model_dump(mode="json")
    config["inner"]["momentum"] = {"kind": "ramp", "begin": 0.9}
    (found,) = deviations_of(config, Section).values()
    assert (found.key, found.value) == ("inner.momentum", {"kind": "ramp", "begin": 0.9})
    assert found.faithful == {"kind": "constant", "value": 0.9999}


def test_where_arms_differ_each_is_named() -> None:
    shared = {"seed": 1, "steps": 10}
    found = deviations(
        {"one": shared | {"contrast": {"layer": 2}}, "two": shared | {"contrast": {"layer": 3}}},
    )
    assert [(one.key, one.value) for one in found] == [
        ("steps", 10),
        ("one: contrast.layer", 2),
        ("two: contrast.layer", 3),
    ]
