"""What the report says, as plain values: `reading` fills them from datasets, the page and the charts only show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pipelines.datasets.evidence import QuarantineEntry, Sample, Samples
from pipelines.datasets.manifest import Rows
from pipelines.report.corpus import PairFacts, TextFacts
from pipelines.report.suite import SuiteFacts
from pipelines.report.tokenizer import TokenizerFacts
from pipelines.text.languages import may_be


@dataclass(frozen=True)
class Timing:
    """When and with what one run of a stage worked (`run.json`): seconds, bytes. `started` counts from the epoch."""

    started: float
    seconds: float
    cpu_seconds: float
    peak_memory: int
    host: str
    python: str

    @property
    def ended(self) -> float:
        return self.started + self.seconds


@dataclass(frozen=True)
class StageFacts:
    """One run of a stage: its manifest, its times if they were kept, and the evidence of what it dropped.

    Where the stage says so: `dropped_by_kind` has the counts of texts and of pairs by reason, `thresholds` the
    config's values that decide about a reason, and `kept` examples of what it did not drop.
    """

    stage: str
    instance: str
    version: int
    fingerprint: str
    config: Mapping[str, Any]
    unit_in: str
    unit_out: str
    rows: Rows
    files: int
    size: int
    timing: Timing | None
    samples: Samples
    quarantined: int
    quarantine: Sequence[QuarantineEntry]  # the first of them
    dropped_by_kind: Mapping[str, Mapping[str, int]]
    thresholds: Mapping[str, Mapping[str, Any]]
    kept: Sequence[Sample]

    @property
    def label(self) -> str:
        return f"{self.stage} {self.instance}".strip()

    @property
    def dropped(self) -> int:
        return sum(self.rows.dropped.values())


SplitRows = Mapping[str, int]


@dataclass(frozen=True)
class CorpusFacts:
    """Published rows by language and split; the language of a pair is that of its other side."""

    text: Mapping[str, SplitRows]
    pairs: Mapping[str, SplitRows]

    def rows(self, kind: Literal["text", "pairs"]) -> int:
        """Return all rows of a kind."""
        return sum(rows for splits in getattr(self, kind).values() for rows in splits.values())

    @property
    def languages(self) -> list[str]:
        """All languages, the largest first."""
        return sorted(
            {*self.text, *self.pairs},
            key=lambda code: (-_total(self.text, code), -_total(self.pairs, code), code),
        )


@dataclass(frozen=True)
class ContaminationFacts:
    """An evaluation set: its sentences, those found in the corpus, and the rows that were dropped for it."""

    name: str
    sentences: int
    found: int
    rows: int


@dataclass(frozen=True)
class LanguageIdFacts:
    """Paragraphs by declared, then by identified language; `rows` and `agreeing` paragraphs by declared language.

    Identified languages are named by the model's labels, `label` has the one that a declared code should get.
    """

    counts: Mapping[str, Mapping[str, int]]
    rows: Mapping[str, int]
    agreeing: Mapping[str, int]
    label: Mapping[str, str]

    @property
    def declared(self) -> list[str]:
        """All declared languages, the largest first."""
        return sorted(self.counts, key=lambda code: (-self.rows[code], code))

    def confusions(self, most: int) -> list[tuple[str, str, int]]:
        """Return the most frequent (declared, identified, paragraphs) of those that disagree."""
        found = [
            (declared, identified, rows)
            for declared, counts in self.counts.items()
            for identified, rows in counts.items()
            if not may_be(declared, identified)
        ]
        return sorted(found, key=lambda one: (-one[2], one[0], one[1]))[:most]


@dataclass(frozen=True)
class ArmFacts:
    """One arm of the training.

    `curves` maps each measure of the history, such as an objective's loss, to (tokens, value) by line; `mfu` is the
    share of the measured peak that its steps reached.
    """

    name: str
    objectives: Mapping[str, float]
    seed: int
    steps: int
    parameters: int
    tokens: Mapping[str, int]
    key_tokens: int
    seconds: float | None
    cpu_seconds: float | None
    mfu: float | None
    curves: Mapping[str, Sequence[tuple[int, float]]]

    @property
    def total_tokens(self) -> int:
        return sum(self.tokens.values())


@dataclass(frozen=True)
class Score:
    """A top-1 rate in percent and its confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class DevPoint:
    """One choice that dev was asked about, such as a layer and a pooling, and its mean top-1 there in percent."""

    choice: Mapping[str, Any]
    score: float
    chosen: bool


@dataclass(frozen=True)
class SystemFacts:
    """One system under test. `directions` maps a direction to its mean top-1 in percent over all languages."""

    name: str
    is_control: bool
    mean: Score
    directions: Mapping[str, float]
    languages: Mapping[str, Score]
    choice: Mapping[str, Any]
    dev_score: float
    dev: Sequence[DevPoint]


@dataclass(frozen=True)
class CopiedWordFacts:
    """Scores in percent by system, for the pairs that share a word between their sides, or for those that do not."""

    shares_word: bool
    pairs: int
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Neighbour:
    """One language of a query: its translation, and what each system finds nearest among the candidates."""

    language: str
    translation: str
    nearest: Mapping[str, str]
    right: Mapping[str, bool]


@dataclass(frozen=True)
class Query:
    """An English test sentence whose nearest neighbours are shown."""

    text: str
    neighbours: Sequence[Neighbour]


@dataclass(frozen=True)
class RetrievalFacts:
    """Cross-lingual retrieval on test: pools of `candidates` sentences, so chance is 100 / candidates percent.

    `gains` maps each other system to the best arm's mean less that system's, in percentage points.
    """

    languages: Sequence[str]
    candidates: int
    chance: float
    systems: Sequence[SystemFacts]
    best: str
    strongest_control: str
    gains: Mapping[str, Score]
    copied_words: Sequence[CopiedWordFacts]
    confidence: float
    resamples: int
    min_words: int
    seeds: Mapping[str, int]
    queries: Sequence[Query]

    @property
    def gain(self) -> Score:
        """The best arm's gain over the strongest control."""
        return self.gains[self.strongest_control]

    def system(self, name: str) -> SystemFacts:
        return next(system for system in self.systems if system.name == name)

    def right(self, system: str) -> tuple[int, int]:
        """Return how many of the shown neighbours of a system are translations, and of how many."""
        found = [neighbour.right[system] for query in self.queries for neighbour in query.neighbours]
        return sum(found), len(found)


@dataclass(frozen=True)
class Deviation:
    """A key of the recipe that is not at its default, which is the faithful recipe's value."""

    key: str
    value: Any
    faithful: Any
    meaning: str


@dataclass(frozen=True)
class ReportFacts:
    """All that the report shows. Without a published corpus its facts are None or empty."""

    name: str
    stages: Sequence[StageFacts]
    corpus: CorpusFacts | None
    texts: TextFacts | None
    pairs: PairFacts | None
    contamination: Sequence[ContaminationFacts]
    language_id: LanguageIdFacts | None
    tokenizer: TokenizerFacts | None
    arms: Sequence[ArmFacts]
    deviations: Sequence[Deviation]
    retrieval: RetrievalFacts | None
    suite: SuiteFacts | None
    versions: Mapping[str, str]

    def runs(self, stage: str) -> list[StageFacts]:
        return [run for run in self.stages if run.stage == stage]

    @property
    def stage_names(self) -> list[str]:
        return list(dict.fromkeys(run.stage for run in self.stages))

    def seconds(self, stage: str) -> float | None:
        """Return the wall time during which some run of the stage worked; None where no times were kept."""
        return covered_seconds(run.timing for run in self.runs(stage))

    @property
    def total_seconds(self) -> float | None:
        return covered_seconds(run.timing for run in self.stages)


def covered_seconds(timings: Iterable[Timing | None]) -> float | None:
    """Return the wall time that the runs cover together: what overlaps counts once, what lies between not at all."""
    known = sorted((timing.started, timing.ended) for timing in timings if timing is not None)
    if not known:
        return None
    covered, reached = 0.0, known[0][0]
    for started, ended in known:
        covered += max(0.0, ended - max(started, reached))
        reached = max(reached, ended)
    return covered


def _total(counts: Mapping[str, SplitRows], code: str) -> int:
    return sum(counts.get(code, {}).values())
