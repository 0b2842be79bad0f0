"""The plan: every run of a stage that a recipe asks for, with its fingerprint, before any work."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from pipelines.datasets.elsewhere import ExportedArm, exported_arms
from pipelines.datasets.fingerprint import fingerprint
from pipelines.datasets.stage import StageRun, StageSpec, input_fingerprints
from pipelines.recipe import EXPORT, RecipeBase, load_recipe
from pipelines.registry import stage_across, stages

_NAME_DIGITS = 12


def plan(recipe: RecipeBase) -> list[StageRun]:
    """Return the runs of the stages in `recipe`, each after those that it reads.

    Raises UserError where a raw file that a section names cannot be read.
    """
    runs: dict[str, dict[str, StageRun]] = {}
    exports = cache(export_of)  # many runs may read one
    for spec in stages().values():
        section = recipe.section(spec.name)
        if section is not None:
            inputs = {name: runs[name] for name in (*spec.needs, *spec.optional) if name in runs}
            runs[spec.name] = {
                instance: _planned(spec, config, instance, inputs, recipe.folder, exports)
                for instance, config in _instances(spec, section).items()
            }
    return [run for instances in runs.values() for run in instances.values()]


def plan_across(
    stage: str, settings: Mapping[str, Any], inputs: Mapping[str, Mapping[str, StageRun]], folder: Path
) -> StageRun:
    """Return the run of a stage that reads datasets of several recipes, which goes into `folder`.

    Raises UserError where its package is not installed.
    """
    spec = stage_across(stage)
    return _planned(spec, spec.section.model_validate(settings), "", inputs, folder, export_of)


def export_of(arm: ExportedArm) -> StageRun:
    """Return the run of another recipe that exports an arm. Raises UserError as `plan` does."""
    (run,) = [run for run in plan(load_recipe(Path(arm.recipe))) if run.spec.name == EXPORT]
    return run


def upstream(runs: Iterable[StageRun]) -> list[StageRun]:
    """Return the runs and all that they read, of other recipes too, each after those that it reads."""
    found: dict[Path, StageRun] = {}

    def place(run: StageRun) -> None:
        if run.folder not in found:
            for sources in run.inputs.values():
                for source in sources.values():
                    place(source)
            found[run.folder] = run

    for run in runs:
        place(run)
    return list(found.values())


def _instances(spec: StageSpec, section: BaseModel) -> Mapping[str, BaseModel]:
    return spec.instances(section) if spec.instances else {"": section}


def _planned(
    spec: StageSpec,
    config: BaseModel,
    instance: str,
    inputs: Mapping[str, Mapping[str, StageRun]],
    folder: Path,
    exports: Callable[[ExportedArm], StageRun],
) -> StageRun:
    inputs = {**_read_by(spec, config, inputs), **_from_other_recipes(config, exports)}
    name = fingerprint(spec.name, spec.version, config, input_fingerprints(inputs))
    parts = [spec.name, instance, name[:_NAME_DIGITS]] if instance else [spec.name, name[:_NAME_DIGITS]]
    return StageRun(spec, config, instance, name, folder / "-".join(parts), inputs)


def _read_by(
    spec: StageSpec, config: BaseModel, inputs: Mapping[str, Mapping[str, StageRun]]
) -> dict[str, Mapping[str, StageRun]]:
    if spec.reads is None:
        return dict(inputs)
    chosen = {
        stage: {instance: run for instance, run in runs.items() if spec.reads(config, stage, instance)}
        for stage, runs in inputs.items()
    }
    return {stage: runs for stage, runs in chosen.items() if runs}


def _from_other_recipes(
    config: BaseModel, exports: Callable[[ExportedArm], StageRun]
) -> dict[str, dict[str, StageRun]]:
    """Return the exports that a section names, under the key that names them."""
    found: dict[str, dict[str, StageRun]] = {}
    for key, name, arm in exported_arms(config):
        found.setdefault(key, {})[name] = exports(arm)
    return found
