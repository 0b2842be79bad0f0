"""The config reference says what the models accept."""

from typing import Annotated, Literal

from annotated_types import Ge
from pydantic import BaseModel, Field

from pipelines import reference


class Inner(BaseModel):
    """What is inside."""

    kind: Literal["a"]
    sizes: tuple[int, ...] = Field((1, 2), description="Some sizes.")


class Other(BaseModel):
    """Another kind."""

    kind: Literal["b"]


class Recipe(BaseModel):
    name: str = Field(description="A name.")
    count: Annotated[int | None, Ge(1)] = Field(None, description="A count.")
    parts: dict[str, Inner | Other] = Field({}, description="Parts.")
    mode: Literal["x", "y"] = Field("x", description="A mode.")
    limit: float | Other | None = Field(None, description="A number or its source.")
    on: bool = Field(True, description="A switch.")


def test_every_key_has_its_type_default_and_meaning(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(reference, "recipe_model", lambda: Recipe)
    lines = reference.config_reference().splitlines()
    for expected in (
        "| `name` | text | required | A name. |",
        "| `count` | whole number ≥ 1 | none | A count. |",
        "| `parts` | map of name to section | see meaning | Parts. |",
        "| `mode` | `x` or `y` | `x` | A mode. |",
        "| `limit` | number or `{kind: …}` | none | A number or its source. |",
        "| `on` | `true` or `false` | `true` | A switch. |",
        "| `sizes` | list of whole number | `(1, 2)` | Some sizes. |",
        "## `parts.NAME` with `kind: a`",
        "## `parts.NAME` with `kind: b`",
    ):
        assert expected in lines


def test_every_key_of_the_real_recipe_is_described() -> None:
    rows = [line for line in reference.config_reference().splitlines() if line.startswith("| `")]
    undescribed = [row for row in rows if row.endswith("|  |") and "| required |" not in row and "kind" not in row]
    assert len(rows) > 80
    assert undescribed == []
