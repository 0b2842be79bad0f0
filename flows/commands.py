"""The command `polyloom run`: all stages of a recipe. Where everything is there already, nothing heavy is imported."""

import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from flows import comparing
from flows.comparing import Side, Split, encoder_overrides, named
from flows.process import USER_ERROR, StageFailed, stopping
from flows.server import local_api, use_quiet_prefect
from flows.summary import closing_lines, deliver_all
from pipelines.arguments import Overrides, RecipePath
from pipelines.datasets.errors import Stopped, UserError
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import RecipeBase, encoders_elsewhere, load_recipe

_INTERRUPTED = 130
_XTREME_CHECK = "training.xtreme.check_table"  # by name, for flows know nothing of training


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("run")(run)
    app.command("compare")(compare)
    xtreme = typer.Typer(help="Fine-tune and score encoders on the tasks of XTREME.", no_args_is_help=True)
    xtreme.command("check")(check_xtreme)
    xtreme.command("run")(run_xtreme)
    app.add_typer(xtreme, name="xtreme")


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


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="The recipe that the other is compared with.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="The other recipe; it may be the same file.")],
    overrides: Overrides = None,
    overrides_b: Annotated[
        list[str] | None, typer.Option("--set-b", metavar="KEY.PATH=VALUE", help="Replace a value of B alone.")
    ] = None,
    arm: Annotated[str | None, typer.Option(metavar="NAME", help="The arm to train, where there are several.")] = None,
    arm_b: Annotated[str | None, typer.Option(metavar="NAME", help="The arm of B, where it is another.")] = None,
    encoder: Annotated[
        Path | None,
        typer.Option(help="A YAML with `tokenize` and `pretrain` in place of both recipes' own: to compare corpora."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=3, help="With how many seeds both are trained.")] = 3,
    split: Annotated[Split, typer.Option(help="Measure on dev, to choose by, or on test, to report.")] = Split.DEV,
    texts: Annotated[int, typer.Option(min=1, help="The most texts of a language for the masked-LM loss.")] = 200,
    candidates: Annotated[int, typer.Option(min=2, help="Candidates of each language in retrieval.")] = 100,
) -> None:
    """Train one small encoder for two recipes, with equal tokens and paired seeds, and show the difference."""
    shared = (*(overrides or []), *encoder_overrides(encoder))
    sides = named(
        Side("", first, shared, arm),
        Side("", second, (*shared, *(overrides_b or [])), arm_b or arm),
    )
    settings = {"split": split.value, "texts": texts, "retrieval": {"pool_size": candidates}}
    if find_spec("matplotlib") is None:
        raise UserError("compare needs the package 'matplotlib': install polyloom[report]")
    with _ending_well():
        compared = comparing.compare(sides, range(1, seeds + 1), settings)
    from flows.comparison import show

    show(compared)


def check_xtreme(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that XTREME's scripts fill.")],
) -> None:
    """Say which files of XTREME's tasks a folder has, which are missing, and what is wrong with broken ones."""
    try:
        check = importlib.import_module(_XTREME_CHECK).check
    except ModuleNotFoundError as error:
        raise UserError(f"xtreme needs the package {error.name!r}: install polyloom[training]") from error
    if not check(folder):
        raise typer.Exit(1)


def run_xtreme(config: RecipePath, overrides: Overrides = None) -> None:
    """Fine-tune, predict and score all that a recipe's section `xtreme` asks for."""
    if load_recipe(config, overrides or []).section("scoreboard") is None:
        raise UserError(f"{config}: has no section `xtreme`; see flows/configs/xtreme_infoxlm_large.yaml")
    run(config, overrides)


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
    use_quiet_prefect(recipe.runs_folder / ".prefect")
    print(f"{recipe.name}: starting the flow; each stage's output goes to {recipe.folder / 'logs'}", flush=True)
    with _ending_well(), local_api(recipe.folder / "logs" / "prefect.log"):
        from prefect.exceptions import TerminationSignal
        from prefect.logging.handlers import APILogHandler

        from flows.pipeline import full

        try:
            full(config, tuple(overrides))
        except TerminationSignal:  # how Prefect tells a flow of SIGTERM; the stages have ended by now
            raise Stopped from None
        finally:
            APILogHandler().flush()  # lines on their way would find the server gone


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the failure of a stage end in one sentence, each with its own exit status."""
    came: list[int] = []
    try:
        with _stopping_on_signals(came):
            yield
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
