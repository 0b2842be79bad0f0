"""The flows: `full` is a flow of flows, and each of the three can be deployed by itself."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from prefect import flow
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.events import CORPUS, ENCODERS, REPORT, SHRUNK, announce, tell
from flows.frozen import frozen
from flows.parameters import AlarmShare, Config, Encoders, Overrides, StageHours, Tokens
from flows.phases import by_stage, runs_of
from flows.process import fetch_process, stage_process, stopping
from flows.suite import suite
from flows.summary import deliver_all, rows_table
from flows.tasks import stage_logger, stage_task
from flows.versions import losses, note_version, versions
from pipelines.datasets.stage import StageRun
from pipelines.plan import export_of, plan, upstream
from pipelines.recipe import RecipeBase, encoders_elsewhere, load_recipe

DEMO = Path("flows/configs/demo.yaml")
PUBLISH, TOKENIZE = "publish", "tokenize"


@flow(name="full", persist_result=False)
def full(config: Config = DEMO, overrides: Overrides = (), stage_hours: StageHours = None) -> None:
    """Everything a recipe asks for: corpus, pretraining, evaluation and report."""
    recipe = load_recipe(config, overrides)
    config, overrides = frozen(config, overrides, recipe.folder)
    recipe = load_recipe(config, overrides)
    create_markdown_artifact(_as_given(config, overrides), key="recipe", description=f"The recipe of {recipe.name}")
    corpus(config, overrides, stage_hours)
    pretrain(config, overrides, stage_hours=stage_hours)
    evaluate(config, overrides, stage_hours=stage_hours)
    planned = plan(recipe)
    create_table_artifact(rows_table(planned), key="rows", description=f"Rows of each stage of {recipe.name}")
    deliver_all(recipe.folder, planned)


@flow(name="corpus", persist_result=False)
def corpus(
    config: Config = DEMO, overrides: Overrides = (), stage_hours: StageHours = None, alarm_share: AlarmShare = 0.1
) -> State[None] | None:
    """From raw files to token shards. Its event starts `pretrain`, as long as that and what follows is not done."""
    recipe = load_recipe(config, overrides)
    config, overrides = frozen(config, overrides, recipe.folder)
    recipe = load_recipe(config, overrides)
    _make_encoders(recipe, stage_hours)
    _fetch(config, overrides, recipe)
    planned, made = _run_phase("corpus", config, overrides, stage_hours)
    _note_version(recipe, config, planned, alarm_share)
    _announce(CORPUS, [run for run in planned if run.spec.name == TOKENIZE], planned, config, overrides)
    return None if made else _nothing_new(recipe, "corpus")


@flow(name="pretrain", persist_result=False)
def pretrain(
    config: Config = DEMO, overrides: Overrides = (), tokens: Tokens = None, stage_hours: StageHours = None
) -> State[None] | None:
    """From token shards to checkpoints: all arms at the same time. Its event starts `evaluate`."""
    recipe = load_recipe(config, overrides)
    shards = {run.fingerprint for run in plan(recipe) if run.spec.name == TOKENIZE}
    if tokens is not None and tokens not in shards:
        return _superseded(recipe, "token shards", tokens)
    planned, made = _run_phase("pretrain", config, overrides, stage_hours)
    _announce(ENCODERS, runs_of("pretrain", planned), planned, config, overrides)
    return None if made else _nothing_new(recipe, "pretrain")


@flow(name="evaluate", persist_result=False)
def evaluate(
    config: Config = DEMO, overrides: Overrides = (), encoders: Encoders = (), stage_hours: StageHours = None
) -> State[None] | None:
    """From checkpoints to scores, those of a suite of tasks included, and the report."""
    recipe = load_recipe(config, overrides)
    trained = {run.fingerprint for run in runs_of("pretrain", plan(recipe))}
    gone = [encoder for encoder in encoders if encoder not in trained]
    if gone:
        return _superseded(recipe, "encoders", gone[0])
    suite(config, overrides)
    planned, made = _run_phase("evaluate", config, overrides, stage_hours)
    deliver_all(recipe.folder, planned)
    if made:
        tell(REPORT, made[-1], _payload(config, overrides, made[-1:]))
    return None if made else _nothing_new(recipe, "evaluate")


def _nothing_new(recipe: RecipeBase, phase: str) -> State[None]:
    return Completed(name="NothingNew", message=f"nothing new: every dataset of {phase} of {recipe.name} is there")


def _superseded(recipe: RecipeBase, what: str, fingerprint: str) -> State[None]:
    """Return the end of a run that came too late: what is there now has an event of its own."""
    return Completed(
        name="Superseded",
        message=f"the {what} of {recipe.name} are no longer {fingerprint}: its recipe or raw files changed",
    )


def _announce(
    event: str, made: Sequence[StageRun], planned: Sequence[StageRun], config: Path, overrides: Overrides
) -> None:
    """Tell of what a flow made, as long as something that comes after it is not done.

    So what was lost, with a run that was killed between its work and its event or that found another one at work, is
    started by the next tick of the schedule.
    """
    if made and all(run.is_done for run in made) and not all(run.is_done for run in _after(event, planned)):
        announce(event, made[0], _payload(config, overrides, made))


def _after(event: str, planned: Sequence[StageRun]) -> list[StageRun]:
    phases = ("pretrain", "xtreme", "evaluate") if event == CORPUS else ("xtreme", "evaluate")
    return [run for phase in phases for run in runs_of(phase, planned)]


def _payload(config: Path, overrides: Overrides, made: Sequence[StageRun]) -> dict[str, object]:
    fingerprints = [run.fingerprint for run in made]
    return {
        "config": str(config),
        "overrides": list(overrides),
        "fingerprint": fingerprints[0],
        "fingerprints": fingerprints,
    }


def _note_version(recipe: RecipeBase, config: Path, planned: Sequence[StageRun], alarm_share: float) -> None:
    """Note the version of the corpus if it is a new one, and tell of languages that lost too much against the last."""
    for run in planned:
        version = note_version(recipe.folder, run, config) if run.spec.name == PUBLISH and run.is_done else None
        if version is None or version.number == 1:
            continue
        lost = losses(versions(recipe.folder)[-2], version, alarm_share)
        for loss in lost:
            stage_logger().warning("  lost against version %d: %s", version.number - 1, loss)
        if lost:
            tell(SHRUNK, run, {"version": version.number, "losses": "; ".join(str(loss) for loss in lost)})


def _make_encoders(recipe: RecipeBase, stage_hours: StageHours) -> None:
    """Run the other recipes whose encoders this one takes, each up to its export; what they need comes first."""
    for arm in {arm.recipe: arm for _, arm in encoders_elsewhere(recipe)}.values():
        config = Path(arm.recipe)
        other = load_recipe(config)
        _fetch(config, (), other)
        _make_encoders(other, stage_hours)
        needed = upstream([export_of(arm)])
        _run_stages(config, (), [run for run in plan(other) if run in needed], stage_hours)


def _fetch(config: Path, overrides: Overrides, recipe: RecipeBase) -> None:
    if recipe.fetch is not None:
        process = fetch_process(config, overrides, recipe.folder)
        stage_task(process)(process)


def _run_phase(
    phase: str, config: Path, overrides: Overrides, stage_hours: StageHours
) -> tuple[list[StageRun], list[StageRun]]:
    """Run what is not done of a phase; return the whole plan, and what was made."""
    planned = plan(load_recipe(config, overrides))
    runs = runs_of(phase, planned)
    made = _run_stages(config, overrides, runs, stage_hours)
    if made:
        create_table_artifact(rows_table(runs), key=f"rows-{phase}", description=f"Rows of each stage of {phase}")
    return planned, made


def _run_stages(
    config: Path, overrides: Overrides, runs: Sequence[StageRun], stage_hours: StageHours
) -> list[StageRun]:
    left = {run.folder for run in runs if not run.is_done}
    for group in by_stage(runs):
        for run in group:
            if run.folder not in left:
                stage_logger().info("%-24s was there already", run.label)
        _run_together(config, overrides, [run for run in group if run.folder in left], stage_hours)
    return [run for run in runs if run.folder in left]


def _run_together(config: Path, overrides: Overrides, runs: list[StageRun], stage_hours: StageHours) -> None:
    seconds = None if stage_hours is None else stage_hours * 3600
    processes = [replace(stage_process(config, overrides, run), seconds=seconds) for run in runs]
    if len(processes) == 1:
        stage_task(processes[0])(processes[0])
        return
    futures = [stage_task(process).submit(process) for process in processes]
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
