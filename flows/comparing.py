"""Two or more recipes compared: the same encoder trained for each with several seeds, then measured side by side."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from flows.process import fetch_process, follow, read_progress, stage_process, stopping
from flows.summary import duration
from pipelines.config.fetch import FetchSection
from pipelines.datasets.dataset import Dataset
from pipelines.datasets.errors import ConfigError
from pipelines.datasets.stage import StageRun, execute
from pipelines.plan import plan, plan_across, upstream
from pipelines.recipe import RecipeBase, load_recipe, read_yaml
from pipelines.registry import stages

COMPARE, PRETRAIN = "compare", "pretrain"
_EQUAL: Final = ("model", "init", "steps", "tokens_per_step")  # of all sides: else the difference would be theirs
_SAY_SECONDS: Final = 15.0


class Split(StrEnum):
    """The held-out split that is measured on."""

    DEV = "dev"
    TEST = "test"


@dataclass(frozen=True)
class Side:
    """A recipe with what is set otherwise, and the arm of it that is trained."""

    name: str
    config: Path
    overrides: tuple[str, ...] = ()
    arm: str | None = None

    def recipe(self, *more: str) -> RecipeBase:
        return load_recipe(self.config, [*self.overrides, *more])

    def encoder(self) -> tuple[str, BaseModel]:
        """Return the arm that is trained, and its config.

        Raises ConfigError where the recipe trains nothing, or several arms of which none is named.
        """
        section, instances = self.recipe().section(PRETRAIN), stages()[PRETRAIN].instances
        if section is None or instances is None:
            raise ConfigError(
                f"{self.config}: has no section `pretrain`; add one, or give both sides one encoder with --encoder "
                "flows/configs/small.yaml"
            )
        arms = instances(section)
        if self.arm is None and len(arms) > 1:
            raise ConfigError(
                f"{self.config}: has the arms {', '.join(arms)}; name one with --arm (or --arm-b for the second)"
            )
        name = self.arm or next(iter(arms))
        if name not in arms:
            raise ConfigError(f"{self.config}: has no arm {name}; it has {', '.join(arms)}")
        return name, arms[name]

    def runs(self, seed: int) -> dict[str, StageRun]:
        """Return what trains this side with a seed, and the datasets that it is made from, by stage, in their order."""
        arm, _ = self.encoder()
        planned = plan(self.recipe(f"{PRETRAIN}.seed={seed}"))
        needed = upstream([run for run in planned if (run.spec.name, run.instance) == (PRETRAIN, arm)])
        return {run.spec.name: run for run in planned if run in needed}


def named(first: Side, second: Side) -> list[Side]:
    """Return two sides with names that differ: by recipe, else by arm, else the second one's with `-b`."""
    names = [_slug(side.config.stem) for side in (first, second)]
    if names[0] == names[1] and first.arm and second.arm and first.arm != second.arm:
        names = [first.arm, second.arm]
    if names[0] == names[1]:
        names[1] += "-b"
    return [replace(side, name=name) for side, name in zip((first, second), names, strict=True)]


def encoder_overrides(path: Path | None) -> tuple[str, ...]:
    """Return what puts the sections of a file, `tokenize` and `pretrain`, in place of a recipe's own.

    Raises ConfigError where the file has other keys.
    """
    if path is None:
        return ()
    sections = read_yaml(path)
    others = sorted(set(sections) - {"tokenize", PRETRAIN})
    if others or PRETRAIN not in sections:
        raise ConfigError(
            f"{path}: an encoder has the sections `tokenize` and `pretrain`"
            + (f", not `{others[0]}`; take it out" if others else "; add `pretrain`")
        )
    return tuple(f"{name}={json.dumps(section)}" for name, section in sections.items())


def compare(sides: Sequence[Side], seeds: Sequence[int], settings: Mapping[str, Any]) -> Dataset:
    """Make all corpora, train all encoders that are not there yet, and measure them on what all corpora hold out.

    The first side is what the others are compared with; `settings` are keys of `compare`'s section. Each training is
    a dataset of its own recipe, so what a run that was stopped has trained is not trained again. Raises ConfigError
    where the sides' encoders or tokens differ, UserError and StageFailed as the stages do.
    """
    _check_equal(sides)
    _fetch(sides)
    for side in sides:
        _make_corpus(side, seeds[0])
    planned = {(side.name, seed): side.runs(seed) for side, seed in product(sides, seeds)}
    _train(sides, seeds, planned)
    first = {side.name: planned[side.name, seeds[0]] for side in sides}
    inputs = {
        "publish": {name: runs["publish"] for name, runs in first.items()},
        "tokenize": {name: runs["tokenize"] for name, runs in first.items()},
        PRETRAIN: {f"{name}-{seed}": runs[PRETRAIN] for (name, seed), runs in planned.items()},
    }
    measured = {"sides": [side.name for side in sides], "seeds": list(seeds), **settings}
    recipe = sides[0].recipe()
    return execute(plan_across(COMPARE, measured, inputs, recipe.folder), recipe.engine)


def _fetch(sides: Sequence[Side]) -> None:
    """Fetch the packages of all sides, those that several name once."""
    fetched: list[FetchSection] = []
    for side in sides:
        recipe = side.recipe()
        if recipe.fetch is not None and recipe.fetch not in fetched:
            follow(fetch_process(side.config, side.overrides, recipe.folder))
            fetched.append(recipe.fetch)


def _make_corpus(side: Side, seed: int) -> None:
    """Run what the encoder is trained on, as far as it is not there."""
    for stage, run in side.runs(seed).items():
        if stage != PRETRAIN and not run.is_done:
            _say(f"{side.name}: {run.label}")
            follow(stage_process(side.config, side.overrides, run))


def _check_equal(sides: Sequence[Side]) -> None:
    first, *others = [side.encoder()[1] for side in sides]
    for side, other in zip(sides[1:], others, strict=True):
        for key in _EQUAL:
            if getattr(other, key) != getattr(first, key):
                raise ConfigError(
                    f"{sides[0].name} and {side.name} differ in pretrain.{key} ({_shown(getattr(first, key))} and "
                    f"{_shown(getattr(other, key))}), so that would be what is compared; give both the same, with "
                    "--set for instance"
                )


def _shown(value: Any) -> str:
    return str(value.model_dump() if hasattr(value, "model_dump") else value)


def _train(
    sides: Sequence[Side], seeds: Sequence[int], planned: Mapping[tuple[str, int], Mapping[str, StageRun]]
) -> None:
    """Train what is not trained yet, as many at a time as there are cores for."""
    left: dict[Path, tuple[Side, int, StageRun]] = {}
    for seed, side in product(seeds, sides):
        run = planned[side.name, seed][PRETRAIN]
        if not run.is_done:
            left.setdefault(run.folder, (side, seed, run))  # two sides may be one and the same
    done = len(planned) - len(left)
    _say(f"{len(planned)} encoders to compare" + (f", {done} of them trained before" if done else ""))
    if not left:
        return
    arms = [run.config.model_dump() for _, _, run in left.values()]
    cores = max(arm["threads"] * arm["processes"] for arm in arms)
    at_once = max(1, sides[0].recipe().engine.workers // cores)
    with ThreadPoolExecutor(at_once) as pool:
        futures = [pool.submit(_train_one, *one) for one in left.values()]
        try:
            for future in futures:
                future.result()
        except BaseException:
            stopping.set()  # the other threads end their processes
            raise


def _train_one(side: Side, seed: int, run: StageRun) -> None:
    overrides = (*side.overrides, f"{PRETRAIN}.seed={seed}")
    label = f"{side.name}, seed {seed}"
    begin = time.monotonic()
    follow(stage_process(side.config, overrides, run), _watched(label, run))
    _say(f"{label}: trained in {duration(time.monotonic() - begin)}")


def _watched(label: str, run: StageRun) -> Callable[[], None]:
    """Return what says every now and then how far a training is."""
    said = time.monotonic()

    def look() -> None:
        nonlocal said
        if time.monotonic() - said >= _SAY_SECONDS:
            said = time.monotonic()
            state = read_progress(run.progress_file)
            if state is not None:
                _say(f"{label}: {state['line']}")

    return look


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _say(line: str) -> None:
    print(line, flush=True)
