import pytest

from training.xtreme.averages import group_score, mean, overall, task_score, transfer_gap
from training.xtreme.tasks.registry import TASKS, Group


def test_questions_count_as_the_mean_of_their_two_metrics_each_over_all_languages() -> None:
    scores = {"en": {"f1": 80.0, "exact_match": 70.0}, "de": {"f1": 60.0, "exact_match": 40.0}}
    assert task_score(("f1", "exact_match"), ("en", "de"), scores) == pytest.approx((70 + 55) / 2)


def test_a_missing_language_leaves_no_average() -> None:
    scores = {"en": {"accuracy": 80.0}}
    assert task_score(("accuracy",), ("en", "de"), scores) is None
    assert task_score(("accuracy",), ("en",), scores) == 80
    assert mean([]) is None


def test_the_overall_average_is_over_nine_tasks_and_not_over_four_groups() -> None:
    # T-ULRv2's groups, 88.8, 75.4, 72.9 and 89.3, give 80.63 so, and 81.6 over groups
    of_group = dict(zip(Group, (88.8, 75.4, 72.9, 89.3), strict=True))
    tasks = {task.name: of_group[task.group] for task in TASKS}
    assert overall(tasks) == pytest.approx((2 * 88.8 + 2 * 75.4 + 3 * 72.9 + 2 * 89.3) / 9)
    assert group_score(Group.QA, tasks) == pytest.approx(72.9)
    del tasks["tatoeba"]
    assert overall(tasks) is None
    assert group_score(Group.RETRIEVAL, tasks) is None
    assert group_score(Group.QA, tasks) == pytest.approx(72.9)


def test_the_gap_is_english_less_the_mean_of_the_others() -> None:
    scores = {"en": {"accuracy": 90.0}, "de": {"accuracy": 80.0}, "sw": {"accuracy": 60.0}}
    assert transfer_gap(("accuracy",), ("de", "en", "sw"), scores) == pytest.approx(20)
    assert transfer_gap(("accuracy",), ("de", "en", "sw", "ur"), scores) is None
    assert transfer_gap(("accuracy",), ("de", "sw"), scores) is None
    assert transfer_gap(("accuracy",), ("en",), scores) is None
