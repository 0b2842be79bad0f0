"""Document alignment by name: documents are translations of each other if they share a name, or a URL but for language.

The rule for URLs is that of Ahmed El-Kishky et al., "CCAligned: A Massive Collection of Cross-Lingual Web-Document
Pairs" (EMNLP 2020, section 3): what names the language is taken out of both, and what is left must be equal.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

import numpy as np
import numpy.typing as npt
import xxhash

from pipelines.dedup.exact import Hashes, among
from pipelines.text.languages import LANGUAGES

Int64 = npt.NDArray[np.int64]

# what sites write for a language beside its code, ISO 639-3 and its English name
_ALSO: Final = {
    "zh-Hans": ("cn", "chs", "zhs", "chi", "schinese", "chinese"),
    "zh-Hant": ("tw", "hk", "cht", "zht", "tchinese"),
    "cs": ("cz",), "da": ("dk",), "de": ("ger", "deutsch"), "el": ("gr",), "es": ("esp", "espanol"),
    "fr": ("fre", "francais"), "he": ("iw",), "it": ("italiano",), "ja": ("jp",), "ko": ("kr",), "no": ("nb",),
    "pt-BR": ("br",), "sv": ("se",), "uk": ("ua",),
}  # fmt: skip

_PARAMETERS: Final = {"lang", "language", "locale", "hl", "lc", "lg", "ln", "l"}  # name a language in a query
_REGION = re.compile(r"[-_]([a-z]{2}|[a-z]{4}|[0-9]{3})$")  # a country or script behind a language: en-US, zh_Hans


@dataclass(frozen=True)
class DocumentPairs:
    """Documents that are translations of each other, by their places: `source`, `target` (int64 [p]).

    `score` (float32 [p]) is higher where it is surer; 1 where names said so. A target is in one pair at most.
    """

    source: Int64
    target: Int64
    score: npt.NDArray[np.float32]


def name_keys(names: Sequence[str]) -> Hashes:
    """Return a hash of each name: uint64 [n]."""
    return np.fromiter((xxhash.xxh3_64_intdigest(name.encode()) for name in names), np.uint64, len(names))


def url_keys(urls: Sequence[str], languages: Sequence[str]) -> Hashes:
    """Return a hash of each URL or path without what names its document's language: uint64 [n]."""
    return name_keys([without_language(url, language) for url, language in zip(urls, languages, strict=True)])


def without_language(url: str, language: str) -> str:
    """Return what is left of a URL or path of a document in `language` without what says so.

    That is a part of the path (`/de/`, `/de-AT/`, `/deutsch/`) or of a file's name (`index.de.html`, `guide_de.pdf`),
    the first label of the host (`de.example.org`), or a parameter of the query (`?lang=de`). Nor do the scheme, `www.`,
    a slash at the end and the fragment take part.
    """
    try:
        parts = urlsplit(url if "://" in url else f"///{url}")
    except ValueError:  # such as a broken IPv6 address: a name like any other
        return url
    host = _host(parts, language)
    segments = (_segment(segment, language) for segment in unquote(parts.path).split("/"))
    path = "/".join(segment for segment in segments if segment)
    query = "&".join(sorted(piece for piece in parts.query.split("&") if piece and not _names(piece, language)))
    return f"{host}/{path}?{query}"


def pair_by_key(keys: Hashes, languages: Sequence[str], pivot: str) -> DocumentPairs:
    """Return the pairs among documents [d] with equal `keys`: each in another language with the pivot's.

    Where none of them is in the pivot language and they are of exactly two languages, the alphabetically first is the
    source. Of several documents of one language with one key the first counts.
    """
    names = sorted(set(languages), key=lambda name: (name != pivot, name))  # the pivot is first
    places = {name: place for place, name in enumerate(names)}
    language = np.fromiter((places[name] for name in languages), np.int64, len(languages))
    order = np.lexsort((np.arange(len(keys)), language, keys))
    ordered, own = keys[order], language[order]
    new_key = np.diff(ordered, prepend=ordered[:1] + np.uint64(1)) != 0
    first = new_key | (np.diff(own, prepend=-1) != 0)
    order, own, new_key = order[first], own[first], new_key[first]
    begins = np.flatnonzero(new_key)
    sizes = np.diff(begins, append=len(order))
    head = np.repeat(begins, sizes)
    paired = ~new_key & ((np.repeat(sizes, sizes) == 2) | (own[head] == places.get(pivot, -1)))
    target, source = order[paired], order[head[paired]]
    in_order = np.argsort(target)
    return DocumentPairs(source[in_order], target[in_order], np.ones(len(target), np.float32))


def copied_share(source: Hashes, target: Hashes, lengths: npt.NDArray[np.int32]) -> float:
    """Return what share of a target document's characters is in sentences that its source document has too.

    `source` [s] and `target` [t] are hashes of the sentences, `lengths` [t] the target's in characters. A page that was
    never translated has 1 or little less.
    """
    whole = int(lengths.sum())
    return float(lengths[among(target, np.sort(source))].sum()) / whole if whole else 0.0


def _host(parts: SplitResult, language: str) -> str:
    host = parts.netloc.rpartition("@")[2].lower().removeprefix("www.")
    label, dot, rest = host.partition(".")
    return rest.removeprefix("www.") if dot and "." in rest and _is_language(label, language) else host


def _segment(segment: str, language: str) -> str:
    """Return a part of a path without the language: nothing where it is no more than that."""
    if _is_language(segment, language):
        return ""
    stem, dot, extension = segment.rpartition(".")
    if not dot:
        stem, extension = segment, ""
    elif _is_language(extension, language):  # index.html.de
        return stem
    for mark in ".-_":
        begin, found, last = stem.rpartition(mark)
        if found and _is_language(last, language):
            return f"{begin}{dot}{extension}"
        first, found, end = stem.partition(mark)
        if found and _is_language(first, language):
            return f"{end}{dot}{extension}"
    return segment


def _names(piece: str, language: str) -> bool:
    """Return whether a parameter of a query names the language."""
    name, _, value = piece.partition("=")
    return name.lower() in _PARAMETERS and _is_language(value, language)


def _is_language(word: str, language: str) -> bool:
    word = word.lower()
    known = _written(language)
    return word in known or _REGION.sub("", word) in known


@cache
def _written(language: str) -> frozenset[str]:
    """Return what sites write for a language, in small letters."""
    code = language.lower()
    found = {code, code.replace("-", "_"), re.split("[-_]", code)[0], *_ALSO.get(language, ())}
    if language in LANGUAGES:
        found |= {LANGUAGES[language].iso639_3, LANGUAGES[language].name.lower()}
    return frozenset(found)
