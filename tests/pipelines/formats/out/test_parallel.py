"""Work in threads, in order and a few pieces at a time."""

import os
from collections.abc import Iterator

import pytest

from pipelines.formats.out.parallel import in_order


def test_results_come_in_order_and_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    squares = in_order(lambda number: number**2, items())
    assert [next(squares) for _ in range(5)] == [0, 1, 4, 9, 16]
    assert len(taken) <= 5 + (os.cpu_count() or 1) + 1
    assert list(squares) == [number**2 for number in range(5, 1000)]


def test_an_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda number: 1 // number, [1, 0, 1]))
