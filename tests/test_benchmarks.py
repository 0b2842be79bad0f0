"""The steps that the benchmarks time are functions that are there, and own times add up."""

import sys
import types

import pytest
import timers
from polyloom_side import STEPS


@pytest.mark.parametrize("place", STEPS)
def test_a_timed_step_is_there(place: str) -> None:
    owner, name = timers.owner_of(place)
    assert callable(getattr(owner, name))


def test_time_in_a_timed_function_is_not_its_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("looms")
    now = [0.0]

    def inner() -> None:
        now[0] += 5

    def outer() -> list[int]:
        now[0] += 2
        module.inner()
        return list(module.steps())

    def steps() -> object:
        for number in range(3):
            now[0] += 1
            yield number

    module.__dict__.update(inner=inner, outer=outer, steps=steps)
    monkeypatch.setitem(sys.modules, "looms", module)
    monkeypatch.setattr(timers.time, "thread_time", lambda: now[0])
    timers.time_functions({"looms:inner": "inner", "looms:outer": "outer", "looms:steps": "steps"})
    assert module.outer() == [0, 1, 2]
    assert dict(timers.seconds) == {"inner": 5, "outer": 2, "steps": 3}
