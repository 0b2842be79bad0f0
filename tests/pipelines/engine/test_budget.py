"""The budget is shared among a stage's processes, and what cannot fit is refused with the figure that it takes."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipelines.datasets.errors import UserError
from pipelines.datasets.machine import memory
from pipelines.datasets.stage import EngineSection
from pipelines.engine.budget import MOST_PARTS, PROCESS, Budget, budget_of

MB = 1 << 20
GB = 1 << 30


def budget(total: int, workers: int = 2) -> Budget:
    return Budget("deduplicate", total, workers, is_given=True)


def job(**engine: Any) -> Any:
    return SimpleNamespace(engine=EngineSection.model_validate(engine))


@pytest.mark.parametrize(
    ("given", "expected"), [(3 * GB, 3 * GB), ("8 GiB", 8 * GB), ("8GB", 8 * 10**9), ("1.5 GiB", 3 * GB // 2)]
)
def test_a_budget_is_bytes_or_a_text(given: int | str, expected: int) -> None:
    assert budget_of(job(memory_budget=given), "ingest").total == expected


@pytest.mark.parametrize("given", ["plenty", "-1 GiB", 0])
def test_a_budget_that_is_none_is_refused(given: int | str) -> None:
    with pytest.raises(ValidationError):
        EngineSection.model_validate({"memory_budget": given})


def test_half_of_the_machine_is_the_default() -> None:
    assert budget_of(job(), "ingest").total == memory() // 2


def test_processes_share_what_they_do_not_take_anyhow() -> None:
    assert budget(GB, workers=1).share == GB - PROCESS
    assert budget(GB, workers=2).share == (GB - 3 * PROCESS) // 2  # two workers, and the runner's process
    portable = {"job_endpoint": "localhost:1", "environment_config": "localhost:2"}
    elsewhere = budget_of(job(memory_budget=GB, workers=1, runner="portable", portable=portable), "ingest")
    assert elsewhere.share == GB - 2 * PROCESS


@pytest.mark.parametrize(
    ("need", "total", "workers", "message"),
    [
        (
            GB, 2 * GB, 2,
            r"deduplicate needs about 2\.5 GiB with 2 workers \(a split of 32 MiB\), engine\.memory_budget is "
            r"2\.0 GiB; raise it to 2\.5 GiB, or set engine\.workers to 1, or lower split_bytes$",
        ),
        (GB, GB, 4, r"raise it to 4\.8 GiB, or raise it to 1\.2 GiB and set engine\.workers to 1, or lower"),
        (GB, 4 * GB, 4, r"raise it to 4\.8 GiB, or set engine\.workers to 3, or lower"),
        (GB, GB, 1, r"with 1 worker \(.*\), engine\.memory_budget is 1\.0 GiB; raise it to 1\.2 GiB, or lower"),
        (MB, 100 * MB, 1, r"about 161\.0 MiB with 1 worker"),
    ],
)  # fmt: skip
def test_what_cannot_fit_is_refused_with_the_figure(need: int, total: int, workers: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        budget(total, workers).require(need, "a split of 32 MiB", "lower split_bytes")


def test_a_default_budget_says_what_it_is() -> None:
    with pytest.raises(UserError, match=r"is 1\.0 GiB \(half of this machine's memory\); raise it"):
        Budget("ingest", GB, 1, is_given=False).require(2 * GB, "a split")


@given(st.integers(1, 1 << 40), st.integers(1, 200), st.integers(1, 64), st.integers(1, 1 << 40))
def test_the_figure_of_a_refusal_is_enough(need: int, row: int, workers: int, total: int) -> None:
    try:
        budget(total, workers).require(need, "work")
    except UserError as error:
        said = str(error).partition("raise it to ")[2].partition(",")[0]
        enough = EngineSection.model_validate({"memory_budget": said}).memory_budget
        assert enough is not None
        budget(int(enough), workers).require(need, "work")


@given(st.integers(0, 1 << 45), st.integers(1, 200), st.integers(1, 64), st.integers(1, 1 << 40))
def test_parts_fit_a_share_or_are_refused(rows: int, row: int, workers: int, total: int) -> None:
    own = budget(total, workers)
    try:
        parts = own.parts(rows, row, "keys")
    except UserError:
        assert -(-rows // MOST_PARTS) * row > own.share
    else:
        assert 1 <= parts <= MOST_PARTS
        assert parts == MOST_PARTS or -(-rows // parts) * row <= max(own.share, row)
