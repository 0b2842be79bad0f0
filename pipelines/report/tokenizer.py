"""What the report says of the tokenizer, and the dataset that it is read from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipelines.datasets.dataset import Dataset


@dataclass(frozen=True)
class TokenCounts:
    """Some text and its tokens: characters, bytes (UTF-8), tokens, and of these unknown ones and single bytes."""

    characters: int
    bytes: int
    tokens: int
    unknown: int
    byte_pieces: int

    @property
    def per_character(self) -> float:
        return self.tokens / max(self.characters, 1)

    @property
    def per_byte(self) -> float:
        return self.tokens / max(self.bytes, 1)

    @staticmethod
    def total(parts: Iterable["TokenCounts"]) -> "TokenCounts":
        rows = [(one.characters, one.bytes, one.tokens, one.unknown, one.byte_pieces) for one in parts]
        return TokenCounts(*(sum(column) for column in zip(*rows, strict=True))) if rows else TokenCounts(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class TokenizerFacts:
    """The vocabulary, and the train split's tokens by kind and language; those of a pair are of both sides.

    `given` says that the model was not trained here. The rates are what one core did in a second: tokens, and millions
    of bytes of text; None where no times were kept.
    """

    vocabulary: int
    given: bool
    counts: Mapping[str, Mapping[str, TokenCounts]]
    tokens_per_second: float | None
    megabytes_per_second: float | None

    @property
    def kinds(self) -> dict[str, TokenCounts]:
        """The train split by kind, its languages added up."""
        known = [kind for kind in ("text", "pairs") if self.counts.get(kind)]
        return {kind: TokenCounts.total(self.counts[kind].values()) for kind in known}

    @property
    def texts(self) -> Mapping[str, TokenCounts]:
        return self.counts.get("text", {})

    @property
    def languages(self) -> list[str]:
        """The languages of the texts, the one that takes the most tokens for a character first."""
        return sorted(self.texts, key=lambda code: (-self.texts[code].per_character, code))


def tokenizer_facts(dataset: Dataset) -> TokenizerFacts:
    """Return the facts from the summary of `tokenize` and its times."""
    summary, timings = dataset.manifest.summary, dataset.run.get("timings", {})
    return TokenizerFacts(
        vocabulary=summary["vocabulary"],
        given="sampled" not in summary,
        counts={
            kind: {code: TokenCounts(**counts) for code, counts in languages.items()}
            for kind, languages in summary["counts"].get("train", {}).items()
        },
        tokens_per_second=timings.get("tokens_per_cpu_second"),
        megabytes_per_second=timings.get("megabytes_per_cpu_second"),
    )
