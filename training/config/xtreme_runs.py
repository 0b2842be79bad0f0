"""What the section `xtreme` asks for, run by run: fine-tuning, xTune's second stage, prediction, scoreboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from pipelines.datasets.elsewhere import ExportedArm
from pipelines.datasets.errors import UserError
from pipelines.datasets.fingerprint import NotFingerprinted, RawPath
from training.config.finetuning import FineTuningSection
from training.config.section import Section
from training.config.xtreme import RetrievalSection, Selection, Setting, XtremeSection
from training.config.xtune import AgreementSection, Augmentation, CodeSwitch, ConsistencySection
from training.xtreme.tasks.paths import chosen_by, dev_paths, label_path, test_paths, train_path
from training.xtreme.tasks.registry import BY_NAME, ENGLISH, Dev, Kind

FINETUNE, XTUNE, PREDICT, SCOREBOARD = "finetune", "xtune", "predict", "scoreboard"
DICTIONARY = "dictionary"


class TaskRun(Section):
    """What every run of a task has."""

    task: str = Field(description="Name of the task.")
    kind: Kind = Field(description="What it asks for.")
    classes: tuple[str, ...] = Field(description="Its classes or tags, in the order of the head's outputs.")
    encoder: RawPath | ExportedArm = Field(description="The encoder, or the one whose shape and tokenizer count.")
    encoder_name: str = Field(description="What the recipe calls it.")
    untrained: bool = Field(description="Whether the encoder's weights are drawn by the seed.")
    seed: int = Field(description="Seed of the head, the order, dropout and all that is drawn.")


class FinetuneRun(TaskRun):
    """An encoder, fine-tuned on a task with one point of its grid and one seed."""

    train: dict[str, RawPath] = Field(description="The training file of each language.")
    dev: dict[str, RawPath] = Field(description="The files that may choose the epoch.")
    is_cut: bool = Field(description="Whether a part of these files, which are those of train, is kept to choose by.")
    point: FineTuningSection = Field(description="The hyper-parameters.")
    consistency: ConsistencySection | None = Field(description="xTune's R1; None for plain cross-entropy.")


class XtuneRun(FinetuneRun):
    """Stage 2 of xTune: what stage 1 made is the teacher."""

    agreement: AgreementSection = Field(description="xTune's R2.")
    teacher: Annotated[str, NotFingerprinted()] = Field(description="The instance of `finetune` that teaches.")


class PredictRun(TaskRun):
    """A task's test set in all languages, by the point of the grid that dev chooses, or by sentence vectors."""

    source: Annotated[str, NotFingerprinted()] = Field(
        description="The stage whose models predict; empty for retrieval."
    )
    candidates: Annotated[tuple[str, ...], NotFingerprinted()] = Field(description="Its instances, one for each point.")
    dev: dict[str, tuple[RawPath, ...]] = Field(description="The files of BUCC's dev, for the threshold.")
    test: dict[str, tuple[RawPath, ...]] = Field(description="The files of each language.")
    labels: dict[str, RawPath] = Field(description="Files of labels, where they are not in those of test.")
    retrieval: RetrievalSection = Field(description="How an encoder is read for retrieval.")
    device: str = Field(description="Where to compute.")
    precision: str = Field(description="Precision of the products.")
    threads: int = Field(description="Threads of torch.")


class ScoreboardRun(Section):
    """The scores of all tasks beside published ones."""

    tasks: dict[str, str] = Field(description="The tasks' titles by name.")
    encoders: tuple[str, ...] = Field(description="The encoders' names.")
    seeds: tuple[int, ...] = Field(description="The seeds.")
    setting: Setting = Field(description="What was trained on.")
    selection: Selection = Field(description="What chose.")


def finetune_runs(section: XtremeSection) -> dict[str, FinetuneRun]:
    """Return the runs of `finetune` by name, `ENCODER.TASK.POINT.sSEED`. Raises UserError where a file is missing."""
    return {name: run for name, run, _ in _finetuned(section)}


def xtune_runs(section: XtremeSection) -> dict[str, XtuneRun]:
    """Return the runs of `xtune`, which have the names of the runs of `finetune` that teach."""
    found = {}
    for name, run, task in _finetuned(section):
        xtune = section.tasks[task].xtune
        if xtune is not None and xtune.agreement is not None:
            values = {**dict(run), "consistency": xtune.second, "agreement": xtune.agreement, "teacher": name}
            found[name] = XtuneRun(**values)
    return found


def predict_runs(section: XtremeSection) -> dict[str, PredictRun]:
    """Return the runs of `predict` by name: `ENCODER.TASK.sSEED`, or `ENCODER.TASK` where nothing is fine-tuned."""
    found = {}
    for task in section.tasks:
        points, test, labels = section.points(task), _test(section, task), _labels(section, task)
        xtune = section.tasks[task].xtune
        source = "" if not points else XTUNE if xtune and xtune.agreement else FINETUNE
        computing = next(iter(points.values()), FineTuningSection.model_validate(section.finetuning))
        for encoder in (*section.encoders, *section.untrained):
            for seed in section.seeds if points else section.seeds[:1]:
                name = f"{encoder}.{task}.s{seed}" if points else f"{encoder}.{task}"
                found[name] = PredictRun(
                    **_shared(section, encoder, task, seed),
                    source=source,
                    candidates=tuple(f"{encoder}.{task}.{point}.s{seed}" for point in points),
                    dev=_threshold_dev(section, task),
                    test=test,
                    labels=labels,
                    retrieval=section.retrieval,
                    device=computing.device,
                    precision=computing.precision,
                    threads=computing.threads,
                )
    return found


def scoreboard_run(section: XtremeSection) -> dict[str, ScoreboardRun]:
    """Return the one run of `scoreboard`."""
    titles = {
        name: task.title or (BY_NAME[name].title if name in BY_NAME else name) for name, task in section.tasks.items()
    }
    return {
        "": ScoreboardRun(
            tasks=titles,
            encoders=(*section.encoders, *section.untrained),
            seeds=section.seeds,
            setting=section.setting,
            selection=section.selection,
        )
    }


def reads_dictionary(run: FinetuneRun, stage: str, _instance: str) -> bool:
    """Return whether a run of `finetune` reads the recipe's dictionaries: it switches words and names none itself."""
    return stage == DICTIONARY and run.consistency is not None and _wants_dictionary(run.consistency.augmentation)


def reads_teacher(run: XtuneRun, stage: str, instance: str) -> bool:
    """Return whether a run of `xtune` reads this instance of `finetune`, or the recipe's dictionaries."""
    if stage == DICTIONARY:
        return reads_dictionary(run, stage, instance) or _wants_dictionary(run.agreement.augmentation)
    return instance == run.teacher


def _wants_dictionary(augmentation: Augmentation) -> bool:
    return isinstance(augmentation, CodeSwitch) and not augmentation.dictionaries


def is_candidate(run: PredictRun, stage: str, instance: str) -> bool:
    """Return whether a run of `predict` reads this instance of `finetune` or `xtune`."""
    return stage == run.source and instance in run.candidates


def _finetuned(section: XtremeSection) -> Iterator[tuple[str, FinetuneRun, str]]:
    for task, settings in section.tasks.items():
        points = section.points(task)
        if points:
            train, dev = _train(section, task), _dev(section, task)
        for encoder in (*section.encoders, *section.untrained):
            for point, values in points.items():
                for seed in section.seeds:
                    run = FinetuneRun(
                        **_shared(section, encoder, task, seed),
                        train=train,
                        dev=dev,
                        is_cut=_is_cut(section, task),
                        point=values,
                        consistency=settings.xtune.first if settings.xtune else None,
                    )
                    yield f"{encoder}.{task}.{point}.s{seed}", run, task


def _shared(section: XtremeSection, encoder: str, task: str, seed: int) -> dict[str, object]:
    like = section.untrained.get(encoder, encoder)
    return {
        "task": task,
        "kind": section.kind_of(task),
        "classes": BY_NAME[task].classes if task in BY_NAME else section.tasks[task].classes,
        "encoder": section.encoders[like],
        "encoder_name": encoder,
        "untrained": encoder in section.untrained,
        "seed": seed,
    }


def _train(section: XtremeSection, name: str) -> dict[str, str]:
    task = section.tasks[name]
    return dict(task.train) or {ENGLISH: _there(section, name, train_path(BY_NAME[name], Path(section.data)))}


def _dev(section: XtremeSection, name: str) -> dict[str, str]:
    """Return the files that may choose; those of a language that has none are left out where all languages count."""
    named = section.tasks[name].dev
    if named or name not in BY_NAME:
        return dict(named)
    task, all_languages = BY_NAME[name], section.selection == "all_dev"
    files = {code: path for code, (path,) in chosen_by(task, Path(section.data), all_languages).items()}
    return {code: _there(section, name, path) for code, path in files.items() if code == ENGLISH or path.is_file()}


def _is_cut(section: XtremeSection, name: str) -> bool:
    return name in BY_NAME and BY_NAME[name].dev_from is Dev.CUT and not section.tasks[name].dev


def _threshold_dev(section: XtremeSection, name: str) -> dict[str, tuple[str, ...]]:
    if section.kind_of(name) is not Kind.BUCC:
        return {}
    task = BY_NAME[name]
    return {
        code: tuple(_there(section, name, path) for path in dev_paths(task, Path(section.data), code))
        for code in _test(section, name)
    }


def _test(section: XtremeSection, name: str) -> dict[str, tuple[str, ...]]:
    """Return the test files of the languages that have them. Raises UserError where none has."""
    if section.tasks[name].test:
        return {code: (path,) for code, path in section.tasks[name].test.items()}
    task, folder = BY_NAME[name], Path(section.data)
    files = {code: test_paths(task, folder, code) for code in task.languages}
    found = {code: tuple(map(str, paths)) for code, paths in files.items() if all(path.is_file() for path in paths)}
    if not found:
        raise UserError(_missing(section, name, files[task.languages[0]][0]))
    return found


def _labels(section: XtremeSection, name: str) -> dict[str, str]:
    if section.tasks[name].test:
        return {}
    task = BY_NAME[name]
    paths = {code: label_path(task, Path(section.data), code) for code in _test(section, name)}
    return {code: str(path) for code, path in paths.items() if path is not None}


def _there(section: XtremeSection, name: str, path: Path) -> str:
    if not path.is_file():
        raise UserError(_missing(section, name, path))
    return str(path)


def _missing(section: XtremeSection, name: str, path: Path) -> str:
    return (
        f"xtreme.tasks.{name}: there is no {path}; `polyloom xtreme check {section.data}` says what is missing, and "
        f"`tasks` can leave {name} out"
    )
