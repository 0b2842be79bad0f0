"""Samples and quarantine do not depend on how the work was cut."""

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from pipelines.datasets.evidence import (
    SAMPLES_PER_REASON,
    QuarantineEntry,
    Sample,
    merge_samples,
    quarantine_to_jsonl,
    samples_from_json,
    samples_to_json,
)
from pipelines.datasets.reasons import Reason

SAMPLES = [Sample.of("file", record, f"text {record}") for record in range(50)]


@given(st.lists(st.integers(0, 50), max_size=4).map(sorted))
def test_the_sample_does_not_depend_on_the_splits(cuts: list[int]) -> None:
    bounds = [0, *cuts, 50]
    parts = [{Reason.EMPTY: SAMPLES[a:b]} for a, b in itertools.pairwise(bounds)]
    merged = merge_samples(merge_samples([part]) for part in parts)
    assert merged == merge_samples([{Reason.EMPTY: SAMPLES}])
    assert len(merged[Reason.EMPTY]) == SAMPLES_PER_REASON


def test_a_sample_is_no_run_of_neighbours() -> None:
    records = [sample.record for sample in merge_samples([{Reason.EMPTY: SAMPLES}])[Reason.EMPTY]]
    assert records != sorted(records)


def test_a_long_text_is_cut() -> None:
    sample = Sample.of("file", 0, "x" * 1000)
    assert len(sample.text) == 300
    assert sample.text.endswith("…")


def test_samples_read_back() -> None:
    samples = {Reason.EMPTY: SAMPLES[:3]}
    assert samples_from_json(samples_to_json(samples)) == samples


def test_the_quarantine_keeps_the_order_in_which_records_were_read() -> None:
    entries = [
        QuarantineEntry(file=file, record=record, reason=Reason.NOT_UTF8, error="bad byte")
        for file, record in (("b", 2), ("a", 7), ("b", None))
    ]
    lines = [json.loads(line) for line in quarantine_to_jsonl(entries).splitlines()]
    assert [(line["file"], line["record"]) for line in lines] == [("b", 2), ("a", 7), ("b", None)]
