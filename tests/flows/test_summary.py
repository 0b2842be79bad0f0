import json
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.summary import closing_lines, deliver_all, duration, rows_table
from pipelines.datasets.errors import UserError
from pipelines.datasets.stage import StageRun
from pipelines.plan import plan
from pipelines.recipe import load_recipe

RETRIEVAL = {
    "languages": 21,
    "candidates": 200,
    "chance": 0.5,
    "scores": {"untrained": 26.1, "mmlm_tlm_xlco": 57.12},
    "gain_ci95": [25.04, 31.0],
}


def test_the_report_of_the_recipe_that_ran_last_is_the_one_to_read(
    recipe_path: Path, commit: Callable[[StageRun, bytes], None]
) -> None:
    first, second = plan(load_recipe(recipe_path)), plan(load_recipe(recipe_path, ["ingest.tolerated_share=0.5"]))
    commit(first[0], b"first")
    commit(second[0], b"second")
    report = Path("runs/tiny/report.html")
    for runs, content in ((first, b"first"), (second, b"second"), (first, b"first")):
        assert deliver_all(Path("runs/tiny"), runs) == [report]
        assert report.read_bytes() == content


def test_a_report_that_is_right_is_not_written_again(done_recipe: Path) -> None:
    runs = plan(load_recipe(done_recipe))
    deliver_all(Path("runs/tiny"), runs)
    before = Path("runs/tiny/report.html").stat()
    deliver_all(Path("runs/tiny"), runs)
    assert Path("runs/tiny/report.html").stat().st_ino == before.st_ino


def test_a_dataset_that_lost_a_file_is_an_error(done_recipe: Path) -> None:
    runs = plan(load_recipe(done_recipe))
    (runs[0].folder / "report.html").unlink()
    with pytest.raises(UserError, match="is missing; remove the folder"):
        deliver_all(Path("runs/tiny"), runs)


def test_the_scores_and_the_reports_path_come_last(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"retrieval": RETRIEVAL}))
    lines = list(closing_lines([tmp_path / "report.html", tmp_path / "report.json"]))
    assert lines == [
        "retrieval, mean top-1 in % over 21 languages, both directions (200 candidates, chance 0.5 %):",
        "  untrained         26.1",
        "  mmlm_tlm_xlco     57.1",
        "  gain over the strongest control: +25.0 to +31.0 points (95 % interval)",
        f"report: {tmp_path / 'report.html'}",
    ]


def test_a_report_without_retrieval_has_no_scores(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    assert list(closing_lines([tmp_path / "report.json"])) == []


def test_the_table_has_the_rows_of_what_is_done(recipe_path: Path, commit: Callable[[StageRun, bytes], None]) -> None:
    runs = plan(load_recipe(recipe_path))
    assert rows_table(runs) == []
    commit(runs[0], b"")
    (row,) = rows_table(runs)
    assert (row["stage"], row["in"], row["expanded"], row["out"], row["dropped"]) == ("ingest", 3, 1, 3, 1)
    assert row["reasons"] == "empty 1"


def test_durations_are_readable() -> None:
    assert [duration(seconds) for seconds in (0.04, 59.94, 59.96, 187.4)] == [
        "0.0 s", "59.9 s", "1 min 00 s", "3 min 07 s",
    ]  # fmt: skip
