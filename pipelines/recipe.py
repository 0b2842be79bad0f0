"""The recipe: one YAML file that says everything about a run. It is checked whole before any work begins."""

import difflib
import re
from collections.abc import Hashable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic_core import ErrorDetails

from pipelines.config.fetch import FetchSection
from pipelines.datasets.elsewhere import ExportedArm, exported_arms
from pipelines.datasets.errors import ConfigError
from pipelines.datasets.stage import EngineSection
from pipelines.registry import stages

EXPORT = "export"
_ARMS = "pretrain"


class RecipeBase(BaseModel):
    """The keys that every recipe has, beside a section for each stage that is to run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", description="Name of the run: datasets go into `runs/NAME/`."
    )
    runs: str = Field("runs", description="Folder for all runs, relative to where the command is started.")
    engine: EngineSection = Field(EngineSection(), description="How the corpus stages are run.")
    fetch: FetchSection | None = Field(None, description="Packages that hold raw input, fetched before all stages.")

    @property
    def folder(self) -> Path:
        return Path(self.runs) / self.name

    def section(self, stage: str) -> BaseModel | None:
        """Return the section that a stage goes by, or None where the recipe leaves the stage out."""
        section: BaseModel | None = getattr(self, stages()[stage].recipe_key)
        return section

    def sections(self) -> Iterator[tuple[str, BaseModel]]:
        """Yield every section that the recipe has, after its key; one of several stages comes once."""
        for key in dict.fromkeys(spec.recipe_key for spec in stages().values()):
            section: BaseModel | None = getattr(self, key)
            if section is not None:
                yield key, section


@cache
def recipe_model() -> type[RecipeBase]:
    """Return the model of the whole YAML: `RecipeBase` with the section of every stage that is installed."""
    sections: dict[str, Any] = {
        spec.recipe_key: (spec.section | None, Field(None, description=spec.help)) for spec in stages().values()
    }
    return create_model("Recipe", __base__=RecipeBase, **sections)


def load_recipe(path: Path, overrides: Sequence[str] = (), readers: tuple[Path, ...] = ()) -> RecipeBase:
    """Read and check a recipe; `overrides` are `key.path=value` texts that replace what the file says.

    Recipes whose encoders it names are read and checked too; `readers` are those that led to this one. Raises
    ConfigError with file, key path and what would be right.
    """
    value = read_yaml(path)
    for override in overrides:
        apply_override(value, override)
    try:
        recipe = recipe_model().model_validate(value)
    except ValidationError as error:
        problems = [_explain(detail) for detail in error.errors(include_url=False)]
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in problems)) from None
    _check_needs(path, recipe)
    for place, arm in encoders_elsewhere(recipe):
        _check_elsewhere(place, arm, (*readers, path))
    return recipe


def encoders_elsewhere(recipe: RecipeBase) -> Iterator[tuple[str, ExportedArm]]:
    """Yield the encoders that a recipe takes from others, each after the path of its key."""
    for section_key, section in recipe.sections():
        for key, name, arm in exported_arms(section):
            yield ".".join(part for part in (section_key, key, name) if part), arm


def _check_elsewhere(place: str, arm: ExportedArm, readers: tuple[Path, ...]) -> None:
    """Read the recipe that makes an encoder. Raises ConfigError where it has no such arm, or needs this one itself."""
    source, reader = Path(arm.recipe), readers[-1]
    if source.resolve() in [path.resolve() for path in readers]:
        way = " needs ".join(str(path) for path in (*readers, source))
        raise ConfigError(f"{reader}: {place}: the recipes go round in a circle: {way}; take the encoder of another")
    other = load_recipe(source, readers=readers)
    if other.section(EXPORT) is None:
        raise ConfigError(f"{reader}: {place}: {source} exports no encoder; add a section `{EXPORT}: {{}}` there")
    resolve = stages()[_ARMS].instances
    arms = list(resolve(other.section(_ARMS))) if resolve else []
    if arm.arm not in arms:
        raise ConfigError(f"{reader}: {place}: {source} has no arm {arm.arm!r}; it has {', '.join(arms)}")


def _check_needs(path: Path, recipe: RecipeBase) -> None:
    for spec in stages().values():
        if recipe.section(spec.name) is not None:
            for needed in spec.needs:
                if recipe.section(needed) is None:
                    key = stages()[needed].recipe_key
                    raise ConfigError(f"{path}: {spec.name} needs the stage {needed}: add a section `{key}: {{}}`")
            if spec.needs_one_of and all(recipe.section(name) is None for name in spec.needs_one_of):
                keys = " or ".join(f"`{stages()[name].recipe_key}`" for name in spec.needs_one_of)
                raise ConfigError(f"{path}: {spec.name} needs something to go by: add a section {keys}")


class _Yaml12Loader(yaml.SafeLoader):
    """YAML with the truth values of version 1.2 (`no` is Norwegian, not false), refusing a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Yaml12Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


def read_yaml(path: Path) -> dict[str, Any]:
    """Return the mapping that a file holds. Raises ConfigError where it cannot be read or is not YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; give the path of a recipe such as flows/configs/demo.yaml") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text ({error}); check the file") from error
    return _parse(text, str(path))


def _parse(text: str, place: str) -> dict[str, Any]:
    try:
        value = yaml.load(text, Loader=_Yaml12Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError(f"{place}{where}: not valid YAML: {error.problem}; mend that line") from error
    if not isinstance(value, dict):
        raise ConfigError(f"{place}: a recipe is a mapping of keys to values, beginning with `name: …`")
    return value


def apply_override(value: dict[str, Any], override: str) -> None:
    """Put a `key.path=value` into a recipe as it was read. Raises ConfigError where it is none or its place is none."""
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {override}: write it as key.path=value, such as --set pretrain.seed=2")
    *parents, last = key.split(".")
    place = value
    for parent in parents:
        place = place.setdefault(parent, {})
        if not isinstance(place, dict):
            raise ConfigError(f"--set {override}: {parent} holds a value, not a section")
    place[last] = yaml.load(text, Loader=_Yaml12Loader)


def _explain(detail: ErrorDetails) -> str:
    place = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        known = _keys_at(recipe_model(), detail["loc"][:-1])
        close = difflib.get_close_matches(str(detail["loc"][-1]), known, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"known keys: {', '.join(known)}"
        return f"{place}: unknown key; {hint}"
    if detail["type"] == "missing":
        return f"{place}: this key is missing; add it"
    found = detail["input"]
    shown = f" (found {found!r})" if isinstance(found, str | int | float | bool | None) else ""
    return f"{place}: {detail['msg'][0].lower()}{detail['msg'][1:]}{shown}"


def _keys_at(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the keys that are known at a place in the recipe; a name or number inside a map or list is passed over."""
    for part in location:
        field = model.model_fields.get(str(part))
        if field is not None:
            inner = _model_in(field.annotation)
            if inner is not None:
                model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = (_model_in(argument) for argument in get_args(annotation))
    return next((model for model in found if model is not None), None)
