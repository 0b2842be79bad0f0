import shutil
from pathlib import Path

import pytest
from official import write_official

from pipelines.datasets.errors import UserError
from training.xtreme.check import Finding, Part, examine
from training.xtreme.check_table import check


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_official(tmp_path_factory.mktemp("xtreme"), examples=3, filler=2)


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "data"))


def found(folder: Path, task: str, part: Part, language: str) -> Finding:
    (finding,) = [one for one in examine(folder) if (one.task.name, one.part, one.language) == (task, part, language)]
    return finding


def test_the_whole_folder_can_be_run(whole: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert all(one.is_there and one.examples for one in examine(whole))
    assert check(whole)
    assert "all nine tasks can be run; all score" in capsys.readouterr().out


def test_test_sets_are_needed_and_dev_in_other_languages_is_not(folder: Path) -> None:
    (folder / "xnli/dev-bg.tsv").unlink()
    (folder / "xnli/test-ar.tsv").unlink()
    (folder / "bucc2018/de-en.dev.gold").unlink()
    assert not found(folder, "xnli", Part.DEV, "bg").stops
    assert found(folder, "xnli", Part.TEST, "ar").missing == (folder / "xnli/test-ar.tsv",)
    assert found(folder, "xnli", Part.TEST, "ar").stops
    assert found(folder, "bucc2018", Part.DEV, "de").stops


def test_labels_may_be_missing_or_stand_in_the_test_file(folder: Path) -> None:
    shutil.rmtree(folder / "labels/panx")
    shutil.copy(folder / "panx/dev-de.tsv", folder / "panx/test-de.tsv")
    assert found(folder, "panx", Part.LABELS, "de").is_there
    missing = found(folder, "panx", Part.LABELS, "fr")
    assert missing.missing == (folder / "labels/panx/test-fr.tsv",)
    assert not missing.stops


def test_a_broken_file_is_shown_with_its_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (folder / "pawsx/dev-en.tsv").open("a") as file:
        file.write("one column\n")
    shutil.rmtree(folder / "tatoeba")
    assert not check(folder)
    shown = capsys.readouterr().out
    assert "pawsx/dev-en.tsv:4: has 1 columns" in shown
    assert "en!" in shown
    assert "37 needed parts are missing or broken" in shown


def test_dev_without_labels_and_an_empty_train_are_broken(folder: Path) -> None:
    shutil.copy(folder / "udpos/test-de.tsv", folder / "udpos/dev-de.tsv")
    (folder / "udpos/train-en.tsv").write_text("")
    assert "has examples without a label" in found(folder, "udpos", Part.DEV, "de").fault
    assert "is empty" in found(folder, "udpos", Part.TRAIN, "en").fault


def test_labels_of_another_test_set_are_broken(folder: Path) -> None:
    (folder / "labels/xnli/test-de.tsv").write_text("neutral\n")
    fault = found(folder, "xnli", Part.LABELS, "de").fault
    assert "labels/xnli/test-de.tsv: has 1 labels for 3 pairs of texts of test" in fault


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere: is no folder"):
        check(tmp_path / "nowhere")
