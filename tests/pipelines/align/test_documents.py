"""Document alignment by name and URL: what names the language goes, and what is left must be equal."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.align.documents import copied_share, name_keys, pair_by_key, url_keys, without_language
from pipelines.dedup.exact import hash_texts

LEFT = "example.org/guide/start.html?"


@pytest.mark.parametrize(
    ("url", "language"),
    [
        ("https://example.org/de/guide/start.html", "de"),
        ("http://www.example.org/guide/de-AT/start.html", "de"),
        ("https://de.example.org/guide/start.html#top", "de"),
        ("https://www.example.org/deutsch/guide/start.html/", "de"),
        ("https://example.org/guide/start.de.html", "de"),
        ("https://example.org/guide/start_de.html", "de"),
        ("https://example.org/guide/de-start.html", "de"),
        ("https://example.org/guide/start.html.de", "de"),
        ("https://example.org/guide/start.html?lang=de", "de"),
        ("https://example.org/guide/start.html?hl=de-DE", "de"),
        ("https://example.org/guide/start.html", "en"),
        ("https://example.org/en-US/guide/start.html", "en"),
        ("https://example.org/zh_CN/guide/start.html", "zh-Hans"),
        ("https://example.org/jp/guide/start.html", "ja"),
        ("https://pt-br.example.org/guide/start.html", "pt-BR"),
        ("https://example.org/eng/guide/start.html", "en"),
    ],
)
def test_the_language_goes(url: str, language: str) -> None:
    assert without_language(url, language) == LEFT


@pytest.mark.parametrize(
    ("url", "language", "left"),
    [
        ("https://example.org/is/it/start.html", "en", "example.org/is/it/start.html?"),  # codes of other languages
        ("https://example.org/start.html?page=2&lang=de&a=1", "de", "example.org/start.html?a=1&page=2"),
        ("https://example.de/start.html", "de", "example.de/start.html?"),  # a country's domain says no language
        ("https://de.org/start.html", "de", "de.org/start.html?"),
        ("docs/de/start.md", "de", "/docs/start.md?"),
        ("urn:de:start", "de", "/urn:de:start?"),
        ("http://[broken", "de", "http://[broken"),
        ("", "de", "/?"),
    ],
)
def test_what_else_is_left(url: str, language: str, left: str) -> None:
    assert without_language(url, language) == left


def pairs(names: list[str], languages: list[str], pivot: str = "en") -> list[tuple[int, int]]:
    found = pair_by_key(name_keys(names), languages, pivot)
    assert found.score.tolist() == [1.0] * len(found.source)
    return list(zip(found.source.tolist(), found.target.tolist(), strict=True))


def test_documents_with_one_name_are_paired_with_the_pivot() -> None:
    names = ["b", "a", "a", "b", "a", "c"]
    assert pairs(names, ["de", "en", "ja", "en", "de", "en"]) == [(3, 0), (1, 2), (1, 4)]


def test_two_other_languages_are_paired_three_are_not() -> None:
    assert pairs(["a", "a", "b", "b", "b"], ["ja", "de", "ja", "de", "fr"]) == [(1, 0)]


def test_of_two_documents_in_one_language_the_first_counts() -> None:
    assert pairs(["a"] * 5, ["de", "en", "en", "de", "ja"]) == [(1, 0), (1, 4)]


def test_no_documents() -> None:
    assert pairs([], []) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["en", "de", "ja"])), max_size=12))
def test_any_documents(documents: list[tuple[str, str]]) -> None:
    names, languages = [name for name, _ in documents], [language for _, language in documents]
    found = pairs(names, languages)
    assert len({target for _, target in found}) == len(found)
    for source, target in found:
        assert names[source] == names[target]
        assert languages[source] != languages[target]
        assert languages[source] == "en" or "en" not in {own for name, own in documents if name == names[source]}


def test_urls_are_paired() -> None:
    urls = ["https://a.org/de/x", "https://a.org/x", "https://a.org/de/y"]
    keys = url_keys(urls, ["de", "en", "de"])
    assert keys[0] == keys[1] != keys[2]


def test_copied_share() -> None:
    source, target = hash_texts(["A menu.", "Open it."]), hash_texts(["a menu.", "Öffne.", "Open it."])
    assert copied_share(source, target, np.array([7, 6, 8], np.int32)) == 15 / 21
    many = hash_texts([f"Sentence {number}." for number in range(50)])
    assert copied_share(many, many[::-1], np.ones(50, np.int32)) == 1.0
    assert copied_share(source, target[:0], np.zeros(0, np.int32)) == 0.0
