"""`publish.filters`: rules of published corpora, blocklists, scores and contamination. All are off unless named."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from pipelines.config.base import Name, Section, Share
from pipelines.datasets.fingerprint import RawPath


class Percentile(Section):
    """A limit that each language gets from the corpus itself, as FineWeb2's filters get theirs."""

    percentile: float = Field(
        gt=0, lt=100, description="The share, in percent, of the language's documents (or rows) that lie below it."
    )


def _which(value: Any) -> str:
    """Return which kind of limit is meant, so that an error is said of that kind alone."""
    return "section" if isinstance(value, dict | Percentile) else "number"


_Derived = Annotated[Percentile, Tag("section")]
Limit = Annotated[Annotated[float, Field(ge=0), Tag("number")] | _Derived, Discriminator(_which)] | None
AnyLimit = Annotated[Annotated[float, Tag("number")] | _Derived, Discriminator(_which)] | None


class GopherQuality(Section):
    """Gopher's quality rules for documents (Rae et al. 2021, arXiv 2112.11446, appendix A.1.1)."""

    min_words: Limit = Field(50, description="The fewest words.")
    max_words: Limit = Field(100_000, description="The most words.")
    min_mean_word_length: Limit = Field(
        3, description="The shortest mean word; in scripts without spaces it always passes."
    )
    max_mean_word_length: Limit = Field(
        10, description="The longest mean word; in scripts without spaces it always passes."
    )
    max_hashes: Limit = Field(0.1, description="The most `#` for each word.")
    max_ellipses: Limit = Field(0.1, description="The most ellipses for each word.")
    max_bullet_lines: Limit = Field(0.9, description="The largest share of lines that begin with a bullet.")
    max_ellipsis_lines: Limit = Field(0.3, description="The largest share of lines that end in an ellipsis.")
    min_alphabetic_words: Limit = Field(0.8, description="The least share of words with a letter.")
    min_stop_words: Limit = Field(2, description="The fewest stop words; not asked of languages without a list.")


class GopherRepetition(Section):
    """Gopher's repetition rules for documents (Rae et al. 2021, arXiv 2112.11446, table A1)."""

    max_repeated_lines: Limit = Field(0.3, description="The largest share of lines that repeat an earlier one.")
    max_repeated_line_chars: Limit = Field(0.2, description="The largest share of characters in such lines.")
    max_top_2gram: Limit = Field(0.2, description="The largest share of characters in the commonest two words.")
    max_top_3gram: Limit = Field(0.18, description="The same for three words.")
    max_top_4gram: Limit = Field(0.16, description="The same for four words.")
    max_repeated_5gram: Limit = Field(0.15, description="The largest share of characters in repeated five words.")
    max_repeated_6gram: Limit = Field(0.14, description="The same for six words.")
    max_repeated_7gram: Limit = Field(0.13, description="The same for seven words.")
    max_repeated_8gram: Limit = Field(0.12, description="The same for eight words.")
    max_repeated_9gram: Limit = Field(0.11, description="The same for nine words.")
    max_repeated_10gram: Limit = Field(0.10, description="The same for ten words.")


class C4(Section):
    """C4's rules (Raffel et al. 2020, JMLR 21/140, section 2.2, and its code, tensorflow/datasets c4_utils.py).

    Those for lines drop rows, the others documents.
    """

    terminal: bool = Field(True, description="Whether a line must end a sentence.")
    min_line_words: Limit = Field(5, description="The fewest words of a line.")
    max_word_length: Limit = Field(1000, description="The most characters of a line's longest word.")
    boilerplate: bool = Field(True, description="Whether lines that name JavaScript, cookies or terms of use go.")
    min_sentences: Limit = Field(
        3, description="The fewest sentences of a document, in the lines that C4's own limits keep."
    )
    curly_bracket: bool = Field(True, description="Whether documents with a curly bracket go: they hold code.")
    lorem_ipsum: bool = Field(True, description="Whether documents with `lorem ipsum` go.")


class FineWeb(Section):
    """FineWeb's rules for documents (Penedo et al. 2024, arXiv 2406.17557, section 3.6)."""

    min_terminal_lines: Limit = Field(0.12, description="The share of lines that end a sentence must be above it.")
    max_short_lines: Limit = Field(0.67, description="The share of lines of at most 30 characters must be below it.")
    max_repeated_line_chars: Limit = Field(
        0.01, description="The share of characters in lines that repeat an earlier one must be below it."
    )
    max_lines_per_word: Limit = Field(0.3, description="The most line breaks for each word: more is a list.")


class PerplexityFilter(Section):
    """Keep documents by CCNet's buckets of perplexity (Wenzek et al. 2020, LREC, section 4.2)."""

    keep: tuple[Literal["head", "middle", "tail"], ...] = Field(
        ("head", "middle"), min_length=1, description="The buckets to keep; documents without a perplexity stay."
    )
    cutoffs: RawPath | None = Field(
        None, description="CCNet's `cutoff.csv`; without it the percentiles 30 and 60 of each language of this corpus."
    )


class Range(Section):
    """What values of an annotated column pass."""

    min: AnyLimit = Field(None, description="Smaller values are dropped.")
    max: AnyLimit = Field(None, description="Larger values are dropped.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        return self


class PairRules(Section):
    """Rules for pairs, asked of both sides; OpusFilter has most of them under its own names."""

    min_words: Limit = Field(None, description="The fewest words of a side.")
    max_words: Limit = Field(None, description="The most words of a side.")
    max_word_length: Limit = Field(None, description="The most characters of a side's longest word.")
    markup: bool = Field(False, description="Whether pairs go that hold a tag as HTML writes them.")
    scripts: bool = Field(False, description="Whether pairs go of which a side is not in a script of its language.")
    language_probability: Share | None = Field(
        None, description="How surely each side must be identified as its language, where the identifier knows it."
    )
    digits: bool = Field(False, description="Whether both sides must hold the same digits, each as often.")
    urls: bool = Field(False, description="Whether both sides must hold the same URLs, each as often.")
    max_near_copy: Limit = Field(None, description="How alike the two sides may be: 1 if they are equal.")
    min_given_score: AnyLimit = Field(None, description="The least score that the source gave; pairs without one pass.")
    min_confidence: AnyLimit = Field(
        None, description="The least confidence of the aligner or miner; pairs that share a key pass."
    )


class Blocklist(Section):
    """Drop documents by their URL. The lists have one entry a line; `#` begins a comment."""

    domains: RawPath | None = Field(None, description="Domains; each blocks its subdomains too.")
    urls: RawPath | None = Field(None, description="URLs, compared without scheme, fragment and last slash.")

    @model_validator(mode="after")
    def _blocks_something(self) -> Self:
        if self.domains is None and self.urls is None:
            raise ValueError("give domains, urls or both")
        return self


XTREME_TASKS: Final = ("xnli", "pawsx", "udpos", "panx", "xquad", "mlqa", "tydiqa", "bucc2018", "tatoeba")


class EvaluationFile(Section):
    """A file of sentences that scores will be reported on, or the folder of XTREME's data."""

    name: Name = Field(description="The evaluation set's name, in counts and in contamination.json.")
    path: RawPath = Field(
        description="The file, packed or not; fsspec URLs too. For `xtreme` the folder, as its scripts leave it."
    )
    format: Literal["text", "jsonl", "tsv", "xtreme"] = Field(
        "text", description="A sentence a line, a JSON object a line, columns between tabs, or XTREME's folder."
    )
    fields: tuple[str, ...] = Field(
        (),
        description="What to read: keys of `jsonl`, or columns of `tsv` counted from 1; none for `text`. For `xtreme` "
        "names of tasks, whose dev and test files are read; without any, those of all that are there.",
    )

    @model_validator(mode="after")
    def _has_its_fields(self) -> Self:
        if self.format == "text" and self.fields:
            raise ValueError("text has no fields; say format: jsonl or format: tsv, or leave fields out")
        if self.format in {"jsonl", "tsv"} and not self.fields:
            raise ValueError("name the fields that hold text, else labels would count as sentences")
        unknown = [task for task in self.fields if task not in XTREME_TASKS]
        if self.format == "xtreme" and unknown:
            raise ValueError(f"{unknown[0]} is no task of XTREME; there are {', '.join(XTREME_TASKS)}")
        if self.format == "tsv" and not all(place.isdecimal() and int(place) > 0 for place in self.fields):
            raise ValueError("columns of tsv are numbers from 1")
        return self


class Contamination(Section):
    """Drop rows that hold a sentence of an evaluation set, compared folded: NFKC, without case."""

    files: tuple[EvaluationFile, ...] = Field(min_length=1, description="The evaluation sets.")
    ngram: int = Field(
        13, ge=2, description="Sentences of so many words are also looked for in parts, by so many words in a row."
    )


class Filters(Section):
    """Further rules that rows and their documents must pass. Each is off unless it is named."""

    gopher_quality: GopherQuality | None = Field(None, description="Gopher's quality rules.")
    gopher_repetition: GopherRepetition | None = Field(None, description="Gopher's repetition rules.")
    c4: C4 | None = Field(None, description="C4's rules.")
    fineweb: FineWeb | None = Field(None, description="FineWeb's rules.")
    pairs: PairRules | None = Field(None, description="Rules for pairs.")
    perplexity: PerplexityFilter | None = Field(None, description="CCNet's head, middle and tail.")
    scores: dict[str, Range] = Field({}, description="What passes of the columns that `annotate` made, by their name.")
    blocklist: Blocklist | None = Field(None, description="Domains and URLs that are not wanted.")
    contamination: Contamination | None = Field(None, description="Evaluation sets that the corpus must not hold.")
