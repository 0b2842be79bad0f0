"""In what a recipe's training differs from the faithful one, which is the defaults of the section `pretrain`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from pipelines.registry import stages
from pipelines.report.facts import Deviation

_NO_PART_OF_THE_METHOD = {"seed", "threads", "log_every", "checkpoint_every"}


def deviations(arms: Mapping[str, Mapping[str, Any]]) -> list[Deviation]:
    """Return each key of the arms' configs that is not at its default; where arms differ, one for each arm.

    Seeds, threads and logging do not count.
    """
    section = stages()["pretrain"].section
    found = {name: deviations_of(config, section) for name, config in arms.items()}
    keys = dict.fromkeys(key for own in found.values() for key in own)
    result = []
    for key in keys:
        own = {name: deviation[key] for name, deviation in found.items() if key in deviation}
        first = next(iter(own.values()))
        if len(own) == len(arms) and all(one.value == first.value for one in own.values()):
            result.append(first)
        else:
            result += [Deviation(f"{name}: {key}", one.value, one.faithful, one.meaning) for name, one in own.items()]
    return result


def deviations_of(config: Mapping[str, Any], section: type[BaseModel]) -> dict[str, Deviation]:
    """Return by key path what differs between a config (JSON values) and the defaults of its model."""
    defaults = {
        name: field.get_default(call_default_factory=True)
        for name, field in section.model_fields.items()
        if not field.is_required()
    }
    return {deviation.key: deviation for deviation in _differences("", config, defaults, section)}


def _differences(
    path: str, config: Mapping[str, Any], defaults: Mapping[str, Any], model: type[BaseModel]
) -> Iterator[Deviation]:
    for name, value in config.items():
        if name not in defaults or path + name in _NO_PART_OF_THE_METHOD:
            continue
        default, meaning = defaults[name], model.model_fields[name].description or ""
        if isinstance(default, BaseModel) and _is_of(value, default):
            inner = {field: getattr(default, field) for field in type(default).model_fields}
            yield from _differences(f"{path}{name}.", value, inner, type(default))
        elif value != _plain(default):
            yield Deviation(f"{path}{name}", value, _plain(default), meaning)


def _is_of(value: Any, default: BaseModel) -> bool:
    """Return whether the value is a section of the default's kind (a momentum may have another)."""
    return isinstance(value, Mapping) and value.get("kind") == getattr(default, "kind", None)


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else _listed(value)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
