"""Which stages and commands there are: each package names its own by an entry point."""

from functools import cache
from importlib.metadata import entry_points

import typer

from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import StageSpec


@cache
def stages() -> dict[str, StageSpec]:
    """Return every stage of a recipe by name, each after the stages that it reads."""
    found = {name: spec for name, spec in _installed().items() if not spec.across}
    ordered: dict[str, StageSpec] = {}

    def place(spec: StageSpec) -> None:
        if spec.name not in ordered:
            for name in (*spec.needs, *spec.optional):
                place(found[name])
            ordered[spec.name] = spec

    for name in sorted(found):
        place(found[name])
    return ordered


def stage_across(name: str) -> StageSpec:
    """Return a stage that reads datasets of several recipes. Raises UserError where no installed package has it."""
    if name not in _installed():
        raise UserError(f"{name} needs a package that is not installed: install polyloom[training]")
    return _installed()[name]


@cache
def _installed() -> dict[str, StageSpec]:
    return {spec.name: spec for entry in entry_points(group="polyloom.stages") for spec in entry.load()}


def register_commands(app: typer.Typer) -> None:
    """Let each package add its commands to `app`."""
    for entry in sorted(entry_points(group="polyloom.commands"), key=lambda entry: entry.name):
        entry.load()(app)
