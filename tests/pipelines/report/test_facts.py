"""Times that overlap count once."""

from pipelines.report.facts import LanguageIdFacts, Timing, covered_seconds


def timing(started: float, ended: float) -> Timing:
    return Timing(started, ended - started, 0.0, 0, "loom", "3.11.9")


def test_overlapping_runs_count_once_and_gaps_not_at_all() -> None:
    runs = [timing(100, 120), timing(110, 140), timing(115, 118), timing(200, 201)]
    assert covered_seconds(runs) == 41  # 100 to 140, and 200 to 201
    assert covered_seconds(reversed(runs)) == 41


def test_runs_whose_times_were_not_kept_are_passed_over() -> None:
    assert covered_seconds([timing(5, 8), None]) == 3
    assert covered_seconds([None]) is None


def test_confusions_are_the_largest_that_disagree() -> None:
    counts = {"no": {"no": 90, "da": 8, "": 2}, "zh-Hans": {"zh": 50, "ja": 9}}
    label = {"no": "no", "zh-Hans": "zh"}
    found = LanguageIdFacts(counts, {"no": 100, "zh-Hans": 59}, {"no": 92, "zh-Hans": 50}, label)
    assert found.confusions(most=5) == [("zh-Hans", "ja", 9), ("no", "da", 8)]
    assert found.confusions(most=1) == [("zh-Hans", "ja", 9)]
