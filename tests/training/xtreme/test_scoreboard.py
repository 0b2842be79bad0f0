import json
from typing import Any

import pytest

from training.xtreme.published import PUBLISHED, Figures, Published
from training.xtreme.scoreboard import Run, Scored, scoreboard
from training.xtreme.tasks.registry import BY_NAME, TASKS, Group

ALL = [Scored.of(task) for task in TASKS]


def scores(task: str, value: float, without: str = "") -> dict[str, dict[str, float]]:
    """Every language has `value`, English 10 points more."""
    own = BY_NAME[task]
    return {code: dict.fromkeys(own.metrics, value + 10 * (code == "en")) for code in own.languages if code != without}


def board(*runs: Run, published: tuple[Published, ...] = ()) -> dict[str, Any]:
    found = scoreboard(runs, ALL, published)
    assert json.loads(json.dumps(found)) == found
    return found


def test_all_nine_tasks_give_groups_and_the_average() -> None:
    runs = [Run("ours", task.name, None, scores(task.name, 50.0)) for task in TASKS]
    own = board(*runs)["encoders"]["ours"]
    with_english = {task.name: 50 + 10 * ("en" in task.languages) / len(task.languages) for task in TASKS}
    assert own["average"] == pytest.approx(sum(with_english.values()) / 9, abs=1e-3)
    assert own["groups"]["sentence retrieval"] == 50
    assert own["tasks"]["xnli"]["score"] == pytest.approx(with_english["xnli"], abs=1e-3)
    assert own["tasks"]["xnli"]["gap"] == 10
    assert own["tasks"]["tatoeba"]["gap"] is None


def test_seeds_have_a_mean_and_a_spread() -> None:
    runs = [Run("ours", "pawsx", seed, scores("pawsx", value)) for seed, value in ((3, 54.0), (1, 50.0), (2, 52.0))]
    task = board(*runs)["encoders"]["ours"]["tasks"]["pawsx"]
    more = 10 / 7
    assert task["score"] == pytest.approx(52 + more, abs=1e-3)
    assert task["spread"] == {"low": round(50 + more, 3), "high": round(54 + more, 3), "deviation": 2.0}
    assert [one["seed"] for one in task["seeds"]] == [1, 2, 3]
    assert task["languages"]["de"] == {
        "score": 52.0,
        "spread": {"low": 50.0, "high": 54.0, "deviation": 2.0},
        "metrics": {"accuracy": 52.0},
    }


def test_one_seed_has_no_spread() -> None:
    task = board(Run("ours", "pawsx", 1, scores("pawsx", 50.0)))["encoders"]["ours"]["tasks"]["pawsx"]
    assert task["spread"] is None


def test_a_language_that_one_seed_lacks_leaves_the_task_its_group_and_the_whole_without_average() -> None:
    runs = [Run("ours", task.name, 1, scores(task.name, 50.0)) for task in TASKS]
    runs.append(Run("ours", "pawsx", 2, scores("pawsx", 50.0, without="ko")))
    own = board(*runs)["encoders"]["ours"]
    assert own["average"] is None
    assert own["groups"]["sentence-pair classification"] is None
    assert own["groups"]["structured prediction"] is not None
    assert own["tasks"]["pawsx"]["score"] is None
    assert own["tasks"]["pawsx"]["gap"] is None
    assert own["tasks"]["pawsx"]["missing"] == ["ko"]
    assert own["tasks"]["pawsx"]["languages"]["de"]["score"] == 50


def test_a_task_that_is_none_of_xtremes_is_shown_and_counts_in_no_average() -> None:
    place = Scored("place", "place in the catalog", ("accuracy",), ("en", "de"))
    runs = [
        Run("ours", "place", 1, {"en": {"accuracy": 70.0}, "de": {"accuracy": 50.0}}),
        Run("other", "place", 1, {"en": {"accuracy": 60.0}, "de": {"accuracy": 40.0}}),
    ]
    found = scoreboard(runs, [*ALL, place], ())
    assert list(found["encoders"]) == ["ours", "other"]
    assert found["encoders"]["ours"]["tasks"]["place"]["gap"] == 20
    assert found["encoders"]["ours"]["average"] is None
    assert found["tasks"]["place"]["group"] is None


def test_other_ways_to_search_stand_beside_and_change_no_score() -> None:
    beside = {"centred": scores("bucc2018", 90.0), "partly": {"de": {"f1": 1.0}}}
    task = board(Run("ours", "bucc2018", None, scores("bucc2018", 40.0), beside))["encoders"]["ours"]["tasks"][
        "bucc2018"
    ]
    assert task["score"] == 40
    assert task["beside"]["centred"]["score"] == 90
    assert task["beside"]["partly"] == {"score": None, "languages": {"de": 1.0}}


def test_what_is_published_says_which_figures_were_verified() -> None:
    system = Published(
        "theirs",
        "zero-shot",
        (
            Figures("read", True, {"xquad": {"f1": 80.0}, "xnli": {"accuracy": 81.0}}),
            Figures("recalled", False, {"xquad": {"f1": 10.0, "exact_match": 60.0}, "pawsx": {"accuracy": 85.0}}),
        ),
    )
    (row,) = board(published=(system,))["published"]
    assert row["tasks"]["xquad"] == {
        "metrics": {
            "f1": {"value": 80.0, "verified": True},
            "exact_match": {"value": 60.0, "verified": False},
        },
        "score": {"value": 70.0, "verified": False},
    }
    assert row["tasks"]["xnli"]["score"] == {"value": 81.0, "verified": True}
    assert row["groups"] == {"sentence-pair classification": {"value": 83.0, "verified": False}}
    assert row["average"] is None
    assert row["sources"] == [{"source": "read", "verified": True}, {"source": "recalled", "verified": False}]
    read = Published("theirs", "", (Figures("read", True, {"xnli": {"accuracy": 80.0}, "pawsx": {"accuracy": 90.0}}),))
    (row,) = board(published=(read,))["published"]
    assert row["groups"] == {"sentence-pair classification": {"value": 85.0, "verified": True}}


def test_a_known_metric_alone_is_no_score() -> None:
    system = Published("theirs", "", (Figures("read", True, {"mlqa": {"f1": 73.6}}),))
    (row,) = board(published=(system,))["published"]
    assert row["tasks"] == {"mlqa": {"metrics": {"f1": {"value": 73.6, "verified": True}}}}


def test_the_published_rows_agree_with_themselves() -> None:
    rows = {(row["name"], row["setting"]): row for row in scoreboard([], ALL)["published"]}
    assert len(rows) == len(PUBLISHED)
    xlmr = rows["XLM-R large", "zero-shot"]
    values = [xlmr["tasks"][task.name]["score"]["value"] for task in TASKS]
    assert xlmr["average"]["value"] == pytest.approx(sum(values) / 9, abs=0.05)
    for row in rows.values():
        groups = {name: figure["value"] for name, figure in row["groups"].items()}
        if row["average"] and len(groups) == len(Group):
            weighted = sum(groups[task.group.value] for task in TASKS) / 9
            assert row["average"]["value"] == pytest.approx(weighted, abs=0.15), row["name"]


def test_every_metric_has_a_mean_that_counts_or_not() -> None:
    own = {code: {"f1": 60.0, "token_accuracy": 80.0 + 33 * (code == "en")} for code in BY_NAME["udpos"].languages}
    task = board(Run("ours", "udpos", 1, own))["encoders"]["ours"]["tasks"]["udpos"]
    assert task["score"] == 60
    assert task["metrics"] == {"f1": 60.0, "token_accuracy": 81.0}


def test_layers_have_the_mean_over_languages_of_what_they_reach_on_dev() -> None:
    dev = {"de": {1: 10.0, 2: 30.0}, "fr": {1: 20.0, 2: 50.0}}
    run = Run("ours", "bucc2018", None, scores("bucc2018", 40.0), layer=2, dev=dev)
    task = board(run)["encoders"]["ours"]["tasks"]["bucc2018"]
    assert task["layer"] == 2
    assert task["dev_by_layer"] == [{"layer": 1, "f1": 15.0}, {"layer": 2, "f1": 40.0}]
