from pathlib import Path

from training.xtreme.tasks import paths
from training.xtreme.tasks.paths import chosen_by, label_path, train_path
from training.xtreme.tasks.registry import BY_NAME, TASKS, Dev, Group

COUNTS = {"xnli": 15, "pawsx": 7, "udpos": 33, "panx": 40, "xquad": 11, "mlqa": 7, "tydiqa": 9, "bucc2018": 4}


def test_the_tasks_have_the_languages_of_the_paper() -> None:
    assert {task.name: len(set(task.languages)) for task in TASKS} == {**COUNTS, "tatoeba": 36}
    assert [sum(task.group is group for task in TASKS) for group in Group] == [2, 2, 3, 2]


def test_no_task_is_chosen_by_what_it_is_tested_on() -> None:
    for task in TASKS:
        chosen = {path for files in chosen_by(task, Path("d"), all_languages=True).values() for path in files}
        tested = {path for language in task.languages for path in paths.test_paths(task, Path("d"), language)}
        assert not chosen & tested
        assert not any("squad/dev" in str(path) for path in chosen)


def test_english_dev_is_one_language_and_retrieval_tasks_choose_no_model() -> None:
    xnli = BY_NAME["xnli"]
    assert list(chosen_by(xnli, Path("d"), all_languages=False)) == ["en"]
    assert len(chosen_by(xnli, Path("d"), all_languages=True)) == 15
    assert BY_NAME["tydiqa"].dev_from is Dev.CUT
    assert chosen_by(BY_NAME["tydiqa"], Path("d"), False)["en"] == (train_path(BY_NAME["tydiqa"], Path("d")),)
    assert chosen_by(BY_NAME["bucc2018"], Path("d"), all_languages=True) == {}
    assert chosen_by(BY_NAME["tatoeba"], Path("d"), all_languages=True) == {}


def test_labels_stand_in_their_own_folder_or_for_bucc_beside_the_sentences(tmp_path: Path) -> None:
    bucc = BY_NAME["bucc2018"]
    assert label_path(bucc, tmp_path, "de") is None
    beside = tmp_path / "bucc2018/de-en.test.gold"
    beside.parent.mkdir()
    beside.touch()
    assert label_path(bucc, tmp_path, "de") == beside
    own = tmp_path / "labels/bucc2018/test-de.tsv"
    own.parent.mkdir(parents=True)
    own.touch()
    assert label_path(bucc, tmp_path, "de") == own
