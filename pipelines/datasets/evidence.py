"""What a person reads to trust a stage: samples of what it dropped, and the quarantine of what it could not read."""

import json
from collections.abc import Iterable, Mapping, Sequence

import xxhash
from pydantic import BaseModel, ConfigDict

from pipelines.datasets.reasons import Reason

SAMPLES_PER_REASON = 20
SAMPLE_CHARACTERS = 300
SAMPLES = "samples.json"
QUARANTINE = "quarantine.jsonl"
READINGS = "readings.json"
PAIR_READINGS = "pair_readings.json"


def shortened(text: str) -> str:
    return text if len(text) <= SAMPLE_CHARACTERS else text[: SAMPLE_CHARACTERS - 1] + "…"


class Sample(BaseModel):
    """A row that was dropped: where it came from, its text (cut to 300 characters), and what decided.

    `detail` names the value and the threshold, such as `0.31 < 0.5`, or the row that it is a copy of.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    record: int
    text: str
    language: str = ""
    detail: str = ""

    @staticmethod
    def of(file: str, record: int, text: str, language: str = "", detail: str = "") -> "Sample":
        return Sample(file=file, record=record, text=shortened(text), language=language, detail=detail)

    @property
    def order(self) -> tuple[int, str, int]:
        """A position that is random but the same in every run, so that a sample is no run of neighbours."""
        return xxhash.xxh3_64_intdigest(f"{self.file}\0{self.record}\0{self.text}".encode()), self.file, self.record


class QuarantineEntry(BaseModel):
    """A record that could not be read: its place, the reason, and the error in words."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    record: int | None
    reason: Reason
    error: str


class Reading(BaseModel):
    """A row for a person to read: why it was dropped, None where it was kept, and its sample.

    Of a pair the sample is of the target; `source` is the other side's text, as long at most.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Reason | None
    sample: Sample
    source: str = ""


Samples = Mapping[Reason, Sequence[Sample]]
Readings = Mapping[str, Mapping[str, Sequence[Reading]]]  # by language, and "kept" or "dropped"


def merge_samples(parts: Iterable[Samples]) -> dict[Reason, list[Sample]]:
    """Return at most twenty samples of each reason; which ones does not depend on how the parts were cut."""
    merged: dict[Reason, list[Sample]] = {}
    for part in parts:
        for reason, samples in part.items():
            pool = merged.setdefault(reason, [])
            pool.extend(samples)
            pool.sort(key=lambda sample: sample.order)
            del pool[SAMPLES_PER_REASON:]
    return {reason: merged[reason] for reason in Reason if merged.get(reason)}


def samples_to_json(samples: Samples) -> bytes:
    value = {str(reason): [sample.model_dump() for sample in rows] for reason, rows in samples.items()}
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()


def samples_from_json(data: bytes) -> dict[Reason, list[Sample]]:
    return {Reason(name): [Sample.model_validate(row) for row in rows] for name, rows in json.loads(data).items()}


def readings_to_json(readings: Readings) -> bytes:
    """Return a JSON object with a language a line."""
    lines = []
    for language, sides in readings.items():
        value = {side: [row.model_dump(mode="json") for row in rows] for side, rows in sides.items()}
        lines.append(f"{json.dumps(language)}: {json.dumps(value, ensure_ascii=False)}")
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def readings_from_json(data: bytes) -> dict[str, dict[str, list[Reading]]]:
    return {
        language: {side: [Reading.model_validate(row) for row in rows] for side, rows in sides.items()}
        for language, sides in json.loads(data).items()
    }


def quarantine_to_jsonl(entries: Sequence[QuarantineEntry]) -> bytes:
    """Return the entries as JSON lines, in their order."""
    return "".join(entry.model_dump_json() + "\n" for entry in entries).encode()
