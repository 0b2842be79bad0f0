"""The plan: every run of a stage that a recipe asks for, with its fingerprint, before any work."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from pipelines.datasets.fingerprint import fingerprint
from pipelines.datasets.stage import StageRun, StageSpec, input_fingerprints
from pipelines.recipe import RecipeBase
from pipelines.registry import stages

_NAME_DIGITS = 12


def plan(recipe: RecipeBase) -> list[StageRun]:
    """Return the runs of the stages in `recipe`, each after those that it reads.

    Raises UserError where a raw file that a section names cannot be read.
    """
    runs: dict[str, dict[str, StageRun]] = {}
    for spec in stages().values():
        section = recipe.section(spec.name)
        if section is not None:
            inputs = {name: runs[name] for name in (*spec.needs, *spec.optional) if name in runs}
            runs[spec.name] = {
                instance: _planned(spec, config, instance, inputs, recipe.folder)
                for instance, config in _instances(spec, section).items()
            }
    return [run for instances in runs.values() for run in instances.values()]


def _instances(spec: StageSpec, section: BaseModel) -> Mapping[str, BaseModel]:
    return spec.instances(section) if spec.instances else {"": section}


def _planned(
    spec: StageSpec,
    config: BaseModel,
    instance: str,
    inputs: Mapping[str, Mapping[str, StageRun]],
    folder: Path,
) -> StageRun:
    name = fingerprint(spec.name, spec.version, config, input_fingerprints(inputs))
    parts = [spec.name, instance, name[:_NAME_DIGITS]] if instance else [spec.name, name[:_NAME_DIGITS]]
    return StageRun(spec, config, instance, name, folder / "-".join(parts), inputs)
