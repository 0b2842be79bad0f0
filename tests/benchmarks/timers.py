"""Which functions a program spends its time in: each is replaced by one that keeps count of its own time.

Own time is what is spent in a function and not in another one that is timed. For generators it is the time of their
steps. Counted is CPU time of the thread (`time.thread_time`), so that other work on the machine does not matter.
"""

import functools
import importlib
import inspect
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

seconds: defaultdict[str, float] = defaultdict(float)
_running: list[float] = []  # for each function that runs: the time that is not its own
_timed: dict[str, "Timed"] = {}


class Timed:
    """A function that is timed under a label. Pickled, it stands for itself, so counts are kept in one place."""

    def __init__(self, place: str, label: str, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._place = place
        self._label = label
        self._function = function
        _timed[place] = self

    def __reduce__(self) -> tuple[Any, ...]:
        return _timed_at, (self._place,)

    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        result = _measured(self._label, self._function, *arguments, **named)
        return self._steps(result) if inspect.isgenerator(result) else result

    def _steps(self, generator: Iterator[Any]) -> Iterator[Any]:
        end = object()
        while (item := _measured(self._label, next, generator, end)) is not end:
            yield item


def time_functions(places: dict[str, str]) -> None:
    """Time the functions at `package.module:name` or `package.module:Class.name`, each under its label.

    A place names the module that calls a function, which may have imported it from another.
    Raises AttributeError where there is no such function.
    """
    for place, label in places.items():
        owner, name = owner_of(place)
        setattr(owner, name, Timed(place, label, getattr(owner, name)))


def owner_of(place: str) -> tuple[Any, str]:
    """Return the module or class at `package.module:Class.name`, and the name in it."""
    module, path = place.split(":")
    owner: Any = importlib.import_module(module)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    return owner, name


def _timed_at(place: str) -> Timed:
    return _timed[place]


def _measured(label: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    _running.append(0.0)
    started = time.thread_time()
    try:
        return function(*arguments, **named)
    finally:
        spent = time.thread_time() - started
        seconds[label] += spent - _running.pop()
        if _running:
            _running[-1] += spent
