"""The flows: `full` is a flow of flows, and each of the three can be deployed by itself."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from pydantic import Field

from flows.phases import by_stage, runs_of
from flows.process import fetch_process, stage_process, stopping
from flows.suite import suite
from flows.summary import deliver_all, rows_table
from flows.tasks import run_stage, stage_logger
from pipelines.datasets.stage import StageRun
from pipelines.plan import export_of, plan, upstream
from pipelines.recipe import RecipeBase, encoders_elsewhere, load_recipe

Config = Annotated[Path, Field(description="The recipe, relative to the folder that the deployment works in.")]
Overrides = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[^=]+=")], ...],
    Field(description="Values of the recipe to replace, each as key.path=value."),
]
DEMO = Path("flows/configs/demo.yaml")


@flow(name="full", persist_result=False)
def full(config: Config = DEMO, overrides: Overrides = ()) -> None:
    """Everything a recipe asks for: corpus, pretraining, evaluation and report."""
    recipe = load_recipe(config, overrides)
    create_markdown_artifact(_as_given(config, overrides), key="recipe", description=f"The recipe of {recipe.name}")
    _make_encoders(recipe)
    corpus(config, overrides)
    pretrain(config, overrides)
    suite(config, overrides)
    evaluate(config, overrides)
    planned = plan(recipe)
    create_table_artifact(rows_table(planned), key="rows", description=f"Rows of each stage of {recipe.name}")
    deliver_all(recipe.folder, planned)


@flow(name="corpus", persist_result=False)
def corpus(config: Config = DEMO, overrides: Overrides = ()) -> None:
    """From raw files to token shards."""
    _fetch(config, overrides, load_recipe(config, overrides))
    _run_phase("corpus", config, overrides)


@flow(name="pretrain", persist_result=False)
def pretrain(config: Config = DEMO, overrides: Overrides = ()) -> None:
    """From token shards to checkpoints: all arms at the same time."""
    _run_phase("pretrain", config, overrides)


@flow(name="evaluate", persist_result=False)
def evaluate(config: Config = DEMO, overrides: Overrides = ()) -> None:
    """From checkpoints to scores and the report."""
    _run_phase("evaluate", config, overrides)


def _make_encoders(recipe: RecipeBase) -> None:
    """Run the other recipes whose encoders this one takes, each up to its export; what they need comes first."""
    for arm in {arm.recipe: arm for _, arm in encoders_elsewhere(recipe)}.values():
        config = Path(arm.recipe)
        other = load_recipe(config)
        _fetch(config, (), other)
        _make_encoders(other)
        needed = upstream([export_of(arm)])
        _run_stages(config, (), [run for run in plan(other) if run in needed])


def _fetch(config: Path, overrides: Overrides, recipe: RecipeBase) -> None:
    if recipe.fetch is not None:
        run_stage(fetch_process(config, overrides, recipe.folder))


def _run_phase(phase: str, config: Path, overrides: Overrides) -> None:
    runs = runs_of(phase, plan(load_recipe(config, overrides)))
    _run_stages(config, overrides, runs)
    create_table_artifact(rows_table(runs), key=f"rows-{phase}", description=f"Rows of each stage of {phase}")


def _run_stages(config: Path, overrides: Overrides, runs: Sequence[StageRun]) -> None:
    for group in by_stage(runs):
        for run in group:
            if run.is_done:
                stage_logger().info("%-24s was there already", run.label)
        _run_together(config, overrides, [run for run in group if not run.is_done])


def _run_together(config: Path, overrides: Overrides, runs: list[StageRun]) -> None:
    processes = [stage_process(config, overrides, run) for run in runs]
    if len(processes) == 1:
        run_stage(processes[0])
        return
    futures = [run_stage.submit(process) for process in processes]
    try:
        for future in futures:
            future.wait()
    except BaseException:
        stopping.set()  # the threads of the others end their processes
        raise
    for future in futures:
        future.result()


def _as_given(config: Path, overrides: Overrides) -> str:
    settings = "".join(f"\n- `--set {override}`" for override in overrides)
    return f"`{config}`{settings}\n\n```yaml\n{config.read_text(encoding='utf-8')}```\n"
