"""The section `xtreme`: what it refuses, and the runs that it asks for."""

from pathlib import Path
from typing import Any

import pytest
from official import write_official
from pydantic import ValidationError

from pipelines.datasets.errors import UserError
from training.config.xtreme import XtremeSection
from training.config.xtreme_runs import finetune_runs, predict_runs, scoreboard_run, xtune_runs
from training.xtreme.tasks.registry import BY_NAME

OTHER = {"kind": "pair", "classes": ["a", "b"], "train": {"en": "t"}, "dev": {"en": "d"}, "test": {"de": "x"}}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_official(tmp_path_factory.mktemp("data"), languages=("de", "zh"))


def section(data: Path | str = "data", **keys: Any) -> XtremeSection:
    return XtremeSection.model_validate({"data": str(data), "encoders": {"e": "folder"}, "seeds": [1], **keys})


def test_all_nine_tasks_are_the_default_and_retrieval_is_not_fine_tuned(data: Path) -> None:
    suite = section(data, seeds=[1, 2])
    assert {run.task for run in finetune_runs(suite).values()} == set(BY_NAME) - {"bucc2018", "tatoeba"}
    predictions = predict_runs(suite)
    assert len(predictions) == 7 * 2 + 2
    assert predictions["e.tatoeba"].source == ""
    assert predictions["e.xnli.s2"].candidates == ("e.xnli.lr3e-05-epochs5.s2",)
    assert set(predictions["e.xnli.s1"].test) == {"en", "de", "zh"}
    assert xtune_runs(suite) == {}
    assert list(scoreboard_run(suite)[""].tasks) == list(BY_NAME)


def test_what_may_choose_is_english_dev_or_named_as_all(data: Path) -> None:
    strict, loose = finetune_runs(section(data)), finetune_runs(section(data, selection="all_dev"))
    for name, run in strict.items():
        assert set(run.dev) == {"en"}
        assert set(loose[name].dev) > {"en"} or run.task == "tydiqa"
    xquad = next(run for run in strict.values() if run.task == "xquad")
    assert "mlqa" in xquad.dev["en"].lower()  # SQuAD's dev is what XQuAD's test was made from
    tydiqa = next(run for run in strict.values() if run.task == "tydiqa")
    assert tydiqa.is_cut
    assert tydiqa.dev == tydiqa.train


def test_every_point_of_a_grid_is_a_run_and_dev_chooses_among_them(data: Path) -> None:
    suite = section(data, tasks={"xnli": {"grid": {"learning_rate": [1e-5, 2e-5], "batch_size": [16, 32]}}})
    names = tuple(finetune_runs(suite))
    assert names[0] == "e.xnli.lr1e-05-epochs5-batch_size16.s1"
    assert len(names) == 4
    assert predict_runs(suite)["e.xnli.s1"].candidates == names


def test_the_second_stage_reads_its_own_first_one_and_predicts(data: Path) -> None:
    suite = section(data, tasks={"udpos": {"xtune": {}}, "xnli": {"xtune": {"agreement": None}}})
    (name,) = xtune_runs(suite)
    assert xtune_runs(suite)[name].teacher == name == "e.udpos.lr5e-06-epochs10.s1"
    assert [run.source for run in predict_runs(suite).values()] == ["xtune", "finetune"]
    assert all(run.consistency is not None for run in finetune_runs(suite).values())


def test_a_control_has_another_encoders_shape(data: Path) -> None:
    runs = finetune_runs(section(data, untrained={"control": "e"}, tasks={"xnli": {}}))
    assert [(run.encoder, run.encoder_name, run.untrained) for run in runs.values()] == [
        ("folder", "e", False), ("folder", "control", True),
    ]  # fmt: skip


def test_a_task_without_files_is_refused_in_one_sentence(tmp_path: Path) -> None:
    suite = section(tmp_path, tasks={"xnli": {}})
    with pytest.raises(UserError, match=r"xtreme.tasks.xnli: there is no .*train-en.tsv; `polyloom xtreme check"):
        finetune_runs(suite)
    with pytest.raises(UserError, match="`tasks` can leave xnli out"):
        predict_runs(suite)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"seeds": [1, 1]}, "seeds: one stands twice"),
        ({"untrained": {"e": "e"}}, "untrained.e: give a new name"),
        ({"untrained": {"u": "x"}}, "one of encoders"),
        ({"tasks": {"snli": {}}}, "tasks.snli is none of XTREME's"),
        ({"tasks": {"xnli": {"kind": "pair"}}}, "kind and classes are known"),
        ({"tasks": {"xnli": {}}, "data": ""}, "set xtreme.data"),
        ({"tasks": {"tatoeba": {"grid": {"epochs": [1]}}}}, "nothing is fine-tuned"),
        ({"tasks": {"x": {**OTHER, "train": {"de": "t"}}}}, "zero_shot trains on English"),
        ({"tasks": {"x": {**OTHER, "dev": {"de": "d"}}}}, "english_dev looks at English"),
        ({"tasks": {"x": OTHER}, "setting": "translate_train_all"}, "translate_train_all needs the training file"),
        ({"tasks": {"xnli": {"finetuning": {"epochs": 0}}}}, "tasks.xnli: finetuning.epochs: "),
        ({"tasks": {"xnli": {"grid": {"epoch": [1]}}}}, "tasks.xnli: finetuning.epoch: "),
    ],
)
def test_what_cannot_be_right_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        section(**keys)
