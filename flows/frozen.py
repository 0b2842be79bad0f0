"""A recipe with a watched folder, frozen: what a run works on stays the same while further files arrive."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from pipelines.config.watched import each_file, is_pattern
from pipelines.datasets.fingerprint import digest
from pipelines.recipe import apply_override, read_yaml

_DIGITS = 12


def frozen(config: Path, overrides: Sequence[str], folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Return a recipe, and what to replace in it, that name the files which are there now.

    Where no source of `config` is a pattern that is the recipe itself. Else it is a copy in `folder`, named by its
    content, with the overrides in it; so an event can hand it on, and `polyloom run` makes the same of it again.
    """
    recipe = read_yaml(config)
    for override in overrides:
        apply_override(recipe, override)
    sources = _sources(recipe)
    if not any(is_pattern(source) for source in sources):
        return config, tuple(overrides)
    recipe["ingest"]["sources"] = [one for source in sources for one in each_file(source)]
    text = yaml.safe_dump(recipe, allow_unicode=True, sort_keys=False)
    path = folder / "recipes" / f"{digest(text.encode())[:_DIGITS]}.yaml"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    return path, ()


def _sources(recipe: dict[str, Any]) -> list[Any]:
    section = recipe.get("ingest")
    sources = section.get("sources") if isinstance(section, dict) else None
    return sources if isinstance(sources, list) else []
