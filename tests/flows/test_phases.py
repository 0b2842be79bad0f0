from dataclasses import replace
from pathlib import Path

from flows.phases import PHASES, by_stage, runs_of
from pipelines.plan import plan
from pipelines.recipe import load_recipe
from pipelines.registry import stages


def test_every_stage_belongs_to_one_flow_and_reads_none_of_a_later_one() -> None:
    place = {stage: number for number, phase in enumerate(PHASES) for stage in PHASES[phase]}
    assert sorted(place) == sorted(stages())
    assert sum(len(names) for names in PHASES.values()) == len(place)
    for spec in stages().values():
        assert all(place[needed] <= place[spec.name] for needed in (*spec.needs, *spec.optional))


def test_the_report_reads_every_stage_of_a_corpus() -> None:
    assert set(PHASES["corpus"]) <= set(stages()["report"].optional)


def test_runs_of_one_stage_go_together(recipe_path: Path) -> None:
    (ingest,) = plan(load_recipe(recipe_path))
    arms = [replace(ingest, spec=stages()["pretrain"], instance=name) for name in ("a", "b")]
    export = replace(ingest, spec=stages()["export"])
    planned = [ingest, *arms, export]
    assert runs_of("corpus", planned) == [ingest]
    assert runs_of("pretrain", planned) == arms
    assert [[run.label for run in group] for group in by_stage(planned)] == [
        ["ingest"], ["pretrain a", "pretrain b"], ["export"],
    ]  # fmt: skip
