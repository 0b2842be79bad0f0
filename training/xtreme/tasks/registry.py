"""The nine tasks: their languages, files, classes, and what may be used to choose between fine-tuned models.

Languages and groups are those of google-research/xtreme, evaluate.py; file names those that its
scripts/download_data.sh and utils_preprocess.py leave behind. All paths are relative to the folder of the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ENGLISH: Final = "en"


class Kind(StrEnum):
    """What a task asks for, and so which head, loss and file format it has."""

    PAIR = "pair"
    TAGGING = "tagging"
    QA = "qa"
    BUCC = "bucc"
    TATOEBA = "tatoeba"


METRICS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.PAIR: ("accuracy",),
    Kind.TAGGING: ("f1",),
    Kind.QA: ("f1", "exact_match"),
    Kind.BUCC: ("f1",),
    Kind.TATOEBA: ("accuracy",),
}
"""The metrics whose mean is a task's score."""


def prediction_name(task: str, kind: Kind, language: str) -> str:
    """Return the name of a prediction file in the submission."""
    return f"{task}/test-{language}.{'json' if kind is Kind.QA else 'tsv'}"


class Group(StrEnum):
    """How the leaderboard groups the tasks."""

    CLASSIFICATION = "sentence-pair classification"
    STRUCTURED = "structured prediction"
    QA = "question answering"
    RETRIEVAL = "sentence retrieval"


class Dev(StrEnum):
    """Where the examples come from that may be used to choose between models; never from test."""

    FILES = "its dev files"
    CUT = "a part cut from train"
    MLQA = "the dev files of MLQA"
    THRESHOLD = "its dev files, for the threshold alone"
    NONE = "nothing: layer and pooling are fixed beforehand"


@dataclass(frozen=True)
class Task:
    """One task. Paths name the language as `{language}`; train is that of English where zero-shot.

    train: empty where nothing is fine-tuned; dev: empty where there is none; test: one file, or for retrieval the
    files of the language, of English and (BUCC alone) of the gold pairs, in this order; classes: in the order of the
    head's outputs; dev_languages: those with a dev file, English first where it has one.
    """

    name: str
    title: str
    kind: Kind
    group: Group
    languages: tuple[str, ...]
    dev_from: Dev
    dev_languages: tuple[str, ...] = ()
    train: str = ""
    dev: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def is_finetuned(self) -> bool:
        return self.train != ""

    @property
    def prediction(self) -> str:
        """Return the name of a prediction file in the submission, and of the file of its labels."""
        return prediction_name(self.name, self.kind, "{language}")

    @property
    def metrics(self) -> tuple[str, ...]:
        """Return the metrics whose mean is the task's score."""
        return METRICS[self.kind]


def _split(languages: str) -> tuple[str, ...]:
    return tuple(languages.split())


def _english_first(languages: Sequence[str], without: str = "") -> tuple[str, ...]:
    return (ENGLISH, *(one for one in languages if one not in {ENGLISH, *without.split()}))


_XNLI = _split("ar bg de el en es fr hi ru sw th tr ur vi zh")
_PAWSX = _split("de en es fr ja ko zh")
_UDPOS = _split("af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh")
_PANX = _split(
    "ar he vi id jv ms tl eu ml ta te af nl en de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw yo my zh kk tr et "
    "fi hu"
)
_XQUAD = _split("en es de el ru tr ar vi th zh hi")
_MLQA = _split("en es de ar hi vi zh")
_TYDIQA = _split("en ar bn fi id ko ru sw te")
_TATOEBA = _split(
    "ar he vi id jv tl eu ml ta te af nl de el bn hi mr ur fa fr it pt es bg ru ja ka ko th sw zh kk tr et fi hu"
)
_MLQA_FILE = "mlqa/MLQA_V1/{split}/{split}-context-{{language}}-question-{{language}}.json"
_SQUAD_TRAIN = "squad/train-v1.1.json"

TASKS: Final[tuple[Task, ...]] = (
    Task(
        name="xnli",
        title="XNLI",
        kind=Kind.PAIR,
        group=Group.CLASSIFICATION,
        languages=_XNLI,
        dev_from=Dev.FILES,
        dev_languages=_english_first(_XNLI),
        train="xnli/train-{language}.tsv",
        dev=("xnli/dev-{language}.tsv",),
        test=("xnli/test-{language}.tsv",),
        classes=("contradiction", "entailment", "neutral"),
    ),
    Task(
        name="pawsx",
        title="PAWS-X",
        kind=Kind.PAIR,
        group=Group.CLASSIFICATION,
        languages=_PAWSX,
        dev_from=Dev.FILES,
        dev_languages=_english_first(_PAWSX),
        train="pawsx/train-{language}.tsv",
        dev=("pawsx/dev-{language}.tsv",),
        test=("pawsx/test-{language}.tsv",),
        classes=("0", "1"),
    ),
    Task(
        name="udpos",
        title="UD-POS",
        kind=Kind.TAGGING,
        group=Group.STRUCTURED,
        languages=_UDPOS,
        dev_from=Dev.FILES,
        # Their treebanks have no dev part in UD 2.5.
        dev_languages=_english_first(_UDPOS, without="kk th tl yo"),
        train="udpos/train-{language}.tsv",
        dev=("udpos/dev-{language}.tsv",),
        test=("udpos/test-{language}.tsv",),
        classes=_split("ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X"),
    ),
    Task(
        name="panx",
        title="PAN-X",
        kind=Kind.TAGGING,
        group=Group.STRUCTURED,
        languages=_PANX,
        dev_from=Dev.FILES,
        dev_languages=_english_first(_PANX),
        train="panx/train-{language}.tsv",
        dev=("panx/dev-{language}.tsv",),
        test=("panx/test-{language}.tsv",),
        classes=_split("B-LOC B-ORG B-PER I-LOC I-ORG I-PER O"),
    ),
    Task(
        name="xquad",
        title="XQuAD",
        kind=Kind.QA,
        group=Group.QA,
        languages=_XQUAD,
        # SQuAD's dev part holds the questions that XQuAD translated: who chooses by it chooses by test.
        dev_from=Dev.MLQA,
        dev_languages=_MLQA,
        train=_SQUAD_TRAIN,
        dev=(_MLQA_FILE.format(split="dev"),),
        test=("xquad/xquad.{language}.json",),
    ),
    Task(
        name="mlqa",
        title="MLQA",
        kind=Kind.QA,
        group=Group.QA,
        languages=_MLQA,
        dev_from=Dev.FILES,
        dev_languages=_MLQA,
        train=_SQUAD_TRAIN,
        dev=(_MLQA_FILE.format(split="dev"),),
        test=(_MLQA_FILE.format(split="test"),),
    ),
    Task(
        name="tydiqa",
        title="TyDiQA-GoldP",
        kind=Kind.QA,
        group=Group.QA,
        languages=_TYDIQA,
        # What TyDiQA calls dev is XTREME's test.
        dev_from=Dev.CUT,
        dev_languages=_TYDIQA,
        train="tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{language}.train.json",
        dev=("tydiqa/tydiqa-goldp-v1.1-train/tydiqa.goldp.{language}.train.json",),
        test=("tydiqa/tydiqa-goldp-v1.1-dev/tydiqa.goldp.{language}.dev.json",),
    ),
    Task(
        name="bucc2018",
        title="BUCC 2018",
        kind=Kind.BUCC,
        group=Group.RETRIEVAL,
        languages=_split("de fr ru zh"),
        dev_from=Dev.THRESHOLD,
        dev_languages=_split("de fr ru zh"),
        dev=tuple(f"bucc2018/{{language}}-en.dev.{part}" for part in ("{language}", "en", "gold")),
        test=tuple(f"bucc2018/{{language}}-en.test.{part}" for part in ("{language}", "en", "gold")),
    ),
    Task(
        name="tatoeba",
        title="Tatoeba",
        kind=Kind.TATOEBA,
        group=Group.RETRIEVAL,
        languages=_TATOEBA,
        dev_from=Dev.NONE,
        test=("tatoeba/{language}-en.{language}", "tatoeba/{language}-en.en"),
    ),
)
"""In the order of the leaderboard's groups."""

BY_NAME: Final[dict[str, Task]] = {task.name: task for task in TASKS}
