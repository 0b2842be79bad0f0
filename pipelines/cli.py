"""The `polyloom` command. It imports nothing heavy: a stage's code is loaded when the stage runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from pipelines.arguments import Overrides, RecipePath
from pipelines.datasets.errors import ConfigError, Stopped, UserError
from pipelines.datasets.stage import StageSpec, deliver, execute
from pipelines.plan import plan
from pipelines.recipe import RecipeBase, load_recipe
from pipelines.registry import register_commands, stages

Instance = Annotated[
    str | None, typer.Option("--instance", metavar="NAME", help="Only this one of a stage that runs several times.")
]


def application() -> typer.Typer:
    """Return the command line with the commands of every package that is installed."""
    app = typer.Typer(
        name="polyloom",
        help="From raw text in a hundred languages to a scored cross-lingual encoder.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    register_commands(app)
    for spec in stages().values():
        _add_stage(app, spec)
    return app


def main() -> None:
    """Run the command line; what a user can put right ends in one sentence and exit status 2."""
    try:
        application()()
    except Stopped as stopped:
        print(stopped)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def run_stage(config: Path, overrides: list[str], stage: str, instance: str | None) -> None:
    """Run one stage of a recipe, all its instances or the one that is named, and say where the datasets are."""
    recipe = load_recipe(config, overrides)
    if recipe.section(stage) is None:
        key = stages()[stage].recipe_key
        raise ConfigError(f"{config}: has no section `{key}`; add one, such as `{key}: {{}}`")
    with stages()[stage].among_processes() as is_first:
        if is_first:
            _run_instances(recipe, stage, instance)


def _run_instances(recipe: RecipeBase, stage: str, instance: str | None) -> None:
    runs = [run for run in plan(recipe) if run.spec.name == stage]
    chosen = [run for run in runs if instance in (None, run.instance)]
    if not chosen:
        raise UserError(f"--instance {instance}: {stage} has {', '.join(run.instance for run in runs)}")
    for run in chosen:
        there = run.is_done
        dataset = execute(run, recipe.engine)
        deliver(dataset, recipe.folder)
        rows = dataset.manifest.rows
        print(
            f"{run.label}: {'was there already' if there else 'done'}, "
            f"{rows.rows_in:,} {dataset.manifest.unit_in} in, {rows.rows_out:,} {dataset.manifest.unit_out} out, "
            f"{sum(rows.dropped.values()):,} dropped: {run.place}"
        )


def _add_stage(app: typer.Typer, spec: StageSpec) -> None:
    @app.command(spec.name, help=spec.help, rich_help_panel="Stages")
    def _command(config: RecipePath, overrides: Overrides = None, instance: Instance = None) -> None:
        run_stage(config, overrides or [], spec.name, instance)
