"""The section `xtreme`: fine-tune encoders on tasks, and score them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.fingerprint import NotFingerprinted, RawPath
from training.config.finetuning import FineTuningSection
from training.config.reading import Pooling
from training.config.section import Section
from training.config.xtreme_defaults import defaults_of
from training.config.xtune import AgreementSection, ConsistencySection, Translation
from training.xtreme.tasks.registry import BY_NAME, ENGLISH, Kind

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
Setting = Literal["zero_shot", "translate_train_all"]
Selection = Literal["english_dev", "all_dev"]


class XTuneSection(Section):
    """Stable fine-tuning in two stages, both from the pre-trained encoder (Zheng et al. 2021)."""

    first: ConsistencySection = Field(ConsistencySection(), description="R1 of stage 1.")
    second: ConsistencySection = Field(ConsistencySection(), description="R1 of stage 2.")
    agreement: AgreementSection | None = Field(
        AgreementSection(),
        description="R2 of stage 2, whose teacher is the model of stage 1; null: there is no stage 2.",
    )


class TaskSection(Section):
    """A task: one of XTREME's by its name, or another one with its own files."""

    kind: Literal["pair", "tagging", "qa"] | None = Field(
        None, description="What a task that is none of XTREME's asks for."
    )
    title: str = Field("", description="What the scoreboard calls it.")
    classes: tuple[str, ...] = Field((), description="The classes or tags of a task that is none of XTREME's.")
    train: dict[str, RawPath] = Field(
        {},
        description="The training file of each language, in place of that in `data`; translate-train-all needs them "
        "named.",
    )
    dev: dict[str, RawPath] = Field(
        {}, description="Likewise the files of each language that a model may be chosen by."
    )
    test: dict[str, RawPath] = Field({}, description="Likewise the test files, with their labels.")
    finetuning: dict[str, Any] = Field(
        {}, description="Keys of `finetuning` that the task sets otherwise than XTREME's or xTune's scripts."
    )
    grid: dict[str, tuple[Any, ...]] = Field(
        {}, description="Keys of `finetuning` with several values: all combinations are tried, dev chooses."
    )
    xtune: XTuneSection | None = Field(None, description="Stable fine-tuning; without it plain cross-entropy.")


class RetrievalSection(Section):
    """How BUCC and Tatoeba read an encoder. Nothing of it is chosen by their scores."""

    bucc_layer: int | None = Field(
        None,
        ge=0,
        description="The layer for BUCC, 0 the embeddings; by default the fourth below the last, which XTREME's "
        "scripts come to.",
    )
    bucc_pooling: Pooling = Field("cls", description="Pooling for BUCC.")
    tatoeba_layer: int | None = Field(
        None, ge=0, description="The layer for Tatoeba; by default XTREME's: 8 of 12, 14 of 24, else 2/3 of the way up."
    )
    tatoeba_pooling: Pooling = Field("mean", description="Pooling for Tatoeba.")
    curve: bool = Field(False, description="Report what every layer reaches on BUCC's dev; none is chosen by it.")


class Suite(Section):
    """What all tasks share."""

    data: Annotated[str, NotFingerprinted()] = Field(
        "", description="The folder of the data, laid out as XTREME's scripts leave it; see `polyloom xtreme check`."
    )
    encoders: dict[Name, RawPath | ExportedArm] = Field(
        min_length=1,
        description="The encoders by name: the Hugging Face folder of an XLM-R, or `recipe` and `arm` of one that "
        "another recipe trains.",
    )
    untrained: dict[Name, Name] = Field(
        {}, description="Controls: a name for each, and the encoder whose shape and tokenizer it has. Its weights are "
        "drawn by the seed.",
    )  # fmt: skip
    seeds: tuple[int, ...] = Field((1, 2, 3), min_length=1, description="Seeds; each is a run of every task.")
    setting: Setting = Field(
        "zero_shot", description="Fine-tune on English alone, or on `train` of several languages, which are named."
    )
    selection: Selection = Field(
        "english_dev",
        description="What chooses epoch and point of the grid: dev in English, or the mean over dev in all languages, "
        "as xTune has it, which is no zero-shot in the strict sense.",
    )
    finetuning: dict[str, Any] = Field(
        {}, description="Keys that all tasks set otherwise, such as `device: cuda` and `precision: bf16`."
    )
    retrieval: RetrievalSection = Field(RetrievalSection(), description="How BUCC and Tatoeba are read.")
    at_once: Annotated[int, NotFingerprinted()] = Field(
        1, ge=1, le=64, description="Runs at the same time: with `device: cuda` as many GPUs, each with one run."
    )


class XtremeSection(Suite):
    """Fine-tune encoders on the tasks of XTREME, predict, score."""

    tasks: dict[Name, TaskSection] = Field(
        {name: TaskSection() for name in BY_NAME}, min_length=1, description="The tasks; by default all nine, plain."
    )

    @model_validator(mode="after")
    def _consistent(self) -> "XtremeSection":
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: one stands twice")
        for name, like in self.untrained.items():
            if name in self.encoders or like not in self.encoders:
                raise ValueError(f"untrained.{name}: give a new name, and one of encoders ({', '.join(self.encoders)})")
        for name, task in self.tasks.items():
            self._check_task(name, task)
            self.points(name)
        return self

    def _check_task(self, name: str, task: TaskSection) -> None:
        if name in BY_NAME:
            if task.kind or task.classes:
                raise ValueError(f"tasks.{name}: kind and classes are known; leave them out")
            if not self.data and not task.test:
                raise ValueError(f"tasks.{name}: set xtreme.data to the folder of the data, or name the task's files")
        elif not (task.kind and task.train and task.dev and task.test) or (task.kind != "qa" and not task.classes):
            needed = "kind, classes, train, dev and test"
            raise ValueError(f"tasks.{name} is none of XTREME's ({', '.join(BY_NAME)}): give it {needed}")
        if self.kind_of(name) in {Kind.BUCC, Kind.TATOEBA}:
            if task != TaskSection():
                raise ValueError(f"tasks.{name}: nothing is fine-tuned; leave it empty, and see `retrieval`")
        elif self.setting == "zero_shot" and set(task.train) - {ENGLISH}:
            raise ValueError(f"tasks.{name}.train: zero_shot trains on English (`en`) alone")
        elif self.setting == "translate_train_all" and len(task.train) < 2 and not _learns_from_translations(task):
            raise ValueError(
                f"tasks.{name}.train: translate_train_all needs the training file of each language, named, or the "
                "translations that xtune.agreement learns from"
            )
        elif self.selection == "english_dev" and task.dev and set(task.dev) != {ENGLISH}:
            raise ValueError(f"tasks.{name}.dev: selection english_dev looks at English (`en`) alone")

    def kind_of(self, task: str) -> Kind:
        """Return what a task of the section asks for."""
        return BY_NAME[task].kind if task in BY_NAME else Kind(self.tasks[task].kind or "")

    def points(self, task: str) -> dict[str, FineTuningSection]:
        """Return the points of a task's grid by name. Raises ValueError with the key's path where one is not right."""
        section, kind = self.tasks[task], self.kind_of(task)
        if kind in {Kind.BUCC, Kind.TATOEBA}:
            return {}
        base = {
            **defaults_of(task, kind, section.xtune is not None),
            **self.finetuning,
            **section.finetuning,
        }
        found = {}
        for values in _combinations(section.grid):
            try:
                point = FineTuningSection.model_validate({**base, **values})
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                place = ".".join(map(str, first["loc"]))
                raise ValueError(f"tasks.{task}: finetuning.{place}: {first['msg']}") from error
            found[_point_name(point, values)] = point
        return found


def _learns_from_translations(task: TaskSection) -> bool:
    """Return whether translations without labels, as those of tagged sentences, are learnt from the teacher."""
    agreement = task.xtune.agreement if task.xtune else None
    return agreement is not None and isinstance(agreement.augmentation, Translation)


def _combinations(grid: Mapping[str, tuple[Any, ...]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{}]
    for key, values in grid.items():
        found = [{**one, key: value} for one in found for value in values]
    return found


def _point_name(point: FineTuningSection, values: Mapping[str, Any]) -> str:
    others = [f"{key}{value}" for key, value in values.items() if key not in {"learning_rate", "epochs"}]
    return "-".join([f"lr{point.learning_rate:g}", f"epochs{point.epochs}", *others])
