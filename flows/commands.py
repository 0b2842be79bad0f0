"""The command `polyloom run`: all stages of a recipe. Where everything is there already, nothing heavy is imported."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import typer

from flows.process import USER_ERROR, StageFailed, stopping
from flows.server import local_api, use_quiet_prefect
from flows.summary import closing_lines, deliver_all
from pipelines.arguments import Overrides, RecipePath
from pipelines.datasets.errors import Stopped, UserError
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import RecipeBase, encoders_elsewhere, load_recipe

_INTERRUPTED = 130


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("run")(run)


def run(config: RecipePath, overrides: Overrides = None) -> None:
    """Run all stages of a recipe that are not done yet."""
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            "run: `torchrun` started it several times, but it is one process that starts the stages; set "
            "pretrain.processes, or start `polyloom pretrain` by torchrun when `polyloom tokenize` is done"
        )
    recipe = load_recipe(config, overrides or [])
    planned = _planned(recipe)
    if planned and all(run.is_done for run in planned):
        print(f"{recipe.name}: all {len(planned)} datasets are there, nothing to do")
    else:
        _run_flow(config, overrides or [], recipe)
        planned = plan(recipe)
    print()
    for line in closing_lines(deliver_all(recipe.folder, planned)):
        print(line)


def _planned(recipe: RecipeBase) -> list[StageRun]:
    """Return the plan, or nothing where raw files are still to be fetched."""
    try:
        return plan(recipe)
    except UserError:
        others = (load_recipe(Path(arm.recipe)) for _, arm in encoders_elsewhere(recipe))
        if all(one.fetch is None for one in (recipe, *others)):
            raise
        return []


def _run_flow(config: Path, overrides: Sequence[str], recipe: RecipeBase) -> None:
    if find_spec("prefect") is None:
        raise UserError("run needs the package 'prefect': install polyloom[flows]")
    use_quiet_prefect(Path(recipe.runs) / ".prefect")
    print(f"{recipe.name}: starting the flow; each stage's output goes to {recipe.folder / 'logs'}", flush=True)
    came: list[int] = []
    try:
        with _stopping_on_signals(came), local_api(recipe.folder / "logs" / "prefect.log"):
            from prefect.exceptions import TerminationSignal
            from prefect.logging.handlers import APILogHandler

            from flows.pipeline import full

            try:
                full(config, tuple(overrides))
            except TerminationSignal:  # how Prefect tells a flow of SIGTERM; the stages have ended by now
                raise Stopped from None
            finally:
                APILogHandler().flush()  # lines on their way would find the server gone
    except Stopped:
        print("stopped: the same command goes on from here", file=sys.stderr)
        raise typer.Exit(_INTERRUPTED if signal.SIGINT in came else 0) from None
    except StageFailed as error:
        if error.status == USER_ERROR:
            raise UserError(str(error)) from None
        print(f"error: {error}; the same command goes on from here", file=sys.stderr)
        raise typer.Exit(1) from None


@contextmanager
def _stopping_on_signals(came: list[int]) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the stages in good order, and note in `came` which it was.

    A second Ctrl-C is Python's own. While a flow runs, SIGTERM is Prefect's, which hands it on when the flow has ended.
    """

    def interrupt(number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        print("\nstopping (once more to stop at once) …", file=sys.stderr, flush=True)
        stop(number, _frame)

    def stop(number: int, _frame: FrameType | None) -> None:
        came.append(number)
        stopping.set()

    before = signal.signal(signal.SIGINT, interrupt), signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), before, strict=True):
            signal.signal(number, handler)
