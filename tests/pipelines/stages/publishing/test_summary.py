"""What publish tells of languages adds up, and does not depend on how the corpus was cut where it must not."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from pipelines.datasets.evidence import READINGS, Reading, Sample, readings_from_json
from pipelines.datasets.reasons import Reason
from pipelines.stages.publishing import evidence
from pipelines.stages.publishing.distributions import distributions
from pipelines.stages.publishing.readings import readings

CATALOGS = {
    f"page{number}": {
        "en": {"a": f"The door number {number} is open", "b": "Enter the password", "c": "12345 67890"},
        "de": {"a": f"Die Tür Nummer {number} ist offen", "b": f"Kurz{number}"},
    }
    for number in range(30)
}
SECTIONS: dict[str, Any] = {"deduplicate": {}, "publish": {"thresholds": {"min_chars": 9}}}


@pytest.fixture
def made(corpus: Callable[..., Any]) -> Any:
    return corpus(CATALOGS, split_bytes=1000, **SECTIONS).make()


def test_reasons_by_language_add_up_to_all_that_was_dropped(made: Any) -> None:
    summary = made.manifest.summary
    by_language = summary["dropped_by_language"]["text"]
    assert by_language["en"] == {"few_letters": 30, "duplicate": 29}  # one of the 30 passwords is kept
    assert by_language["de"] == {"too_short": 30}
    summed = Counter[str]()
    for reasons in by_language.values():
        summed.update(reasons)
    assert dict(summed) == {str(reason): count for reason, count in made.manifest.rows.dropped.items()}


def test_clusters_are_counted_by_the_power_of_two_of_their_size(made: Any) -> None:
    sizes = made.manifest.summary["cluster_sizes"]["text"]
    # the 30 doors of each language, 30 short German texts; two English texts stand in 30 pages each
    assert sizes == {"1": {"clusters": 90, "rows": 90}, "16": {"clusters": 2, "rows": 60}}


def test_evidence_is_the_same_however_many_files_are_added_up_at_a_time(
    made: Any, corpus: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "FILES", 2)
    again = corpus(CATALOGS, folder="again", split_bytes=1000, **SECTIONS).make()
    assert len(made.files(kind="decisions")) > 2
    assert again.manifest == made.manifest


def test_histograms_count_every_text_but_copies(made: Any) -> None:
    (entry,) = made.files(kind="distributions")
    rows = made.table(entry).to_pylist()
    found: dict[tuple[str, str, bool], int] = Counter()
    for row in rows:
        found[row["measure"], row["lang"], row["kept"]] += row["rows"]
        assert row["low"] < row["high"]
    assert found["chars", "en", True] == 31
    assert found["letters", "en", False] == 30
    assert (found["chars", "de", True], found["chars", "de", False]) == (30, 30)
    short = [row for row in rows if (row["measure"], row["lang"], row["kept"]) == ("chars", "de", False)]
    assert [row["rows"] for row in short] == [10, 20]  # Kurz0 to Kurz9, and Kurz10 to Kurz29
    assert short[0]["low"] <= 5 < short[0]["high"] <= 6 < short[1]["high"]


def test_twenty_kept_and_twenty_dropped_texts_of_each_language_are_there_to_read(made: Any) -> None:
    found = readings_from_json(made.read(READINGS))
    assert {language: {side: len(rows) for side, rows in sides.items()} for language, sides in found.items()} == {
        "de": {"kept": 20, "dropped": 20}, "en": {"kept": 20, "dropped": 20}
    }  # fmt: skip
    assert {row.reason for row in found["de"]["kept"]} == {None}
    assert {row.reason for row in found["en"]["dropped"]} == {Reason.FEW_LETTERS}  # copies only where nothing else is
    assert {row.sample.detail for row in found["en"]["dropped"]} == {"0 < 0.3 letters"}
    records = [row.sample.file for row in found["de"]["kept"]]
    assert records != sorted(records)


def drawn(place: int, is_copy: bool = False) -> dict[str, Any]:
    sample = Sample.of("file", place, f"text {place}", "en")
    return {"place": [is_copy, place], "reading": Reading(reason=None, sample=sample).model_dump(mode="json")}


def test_readings_are_the_lowest_throws_whatever_the_order_of_the_files() -> None:
    parts = [{"en": {"kept": [drawn(number) for number in range(start, 60, 3)], "dropped": []}} for start in range(3)]
    parts[0]["en"]["dropped"] = [drawn(1, is_copy=True), drawn(9)]
    merged = readings(parts)
    assert merged == readings(parts[::-1])
    assert [row.sample.record for row in merged["en"]["kept"]] == list(range(20))
    assert [row.sample.record for row in merged["en"]["dropped"]] == [9, 1]


def test_histograms_add_up() -> None:
    one = {"letters": {"en": {"kept": {"3": 2}, "dropped": {}}}}
    two = {"letters": {"en": {"kept": {"3": 1, "19": 4}, "dropped": {"0": 1}}}}
    rows = distributions([one, two], "text").to_pylist()
    assert [(row["kept"], round(row["low"], 2), round(row["high"], 2), row["rows"]) for row in rows] == [
        (False, 0.0, 0.05, 1), (True, 0.15, 0.2, 3), (True, 0.95, 1.0, 4)
    ]  # fmt: skip
    assert distributions([one, two], "text").equals(distributions([two, one], "text"))
