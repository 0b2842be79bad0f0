"""A domain blocks what is below it and nothing that only looks like it; a URL blocks itself."""

from pathlib import Path

import pytest

from pipelines.config.filters import Blocklist as BlocklistConfig
from pipelines.datasets.errors import UserError
from pipelines.stages.publishing.blocklist import load_blocklist


def blocked(tmp_path: Path, document: str, domains: str = "", urls: str = "") -> bool:
    (tmp_path / "domains").write_text(domains, encoding="utf-8")
    (tmp_path / "urls").write_text(urls, encoding="utf-8")
    load_blocklist.cache_clear()
    config = BlocklistConfig(domains=str(tmp_path / "domains"), urls=str(tmp_path / "urls"))
    (found,) = load_blocklist(config).blocked([document]).tolist()
    return bool(found)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("https://example.org/page", True),
        ("http://WWW.Example.ORG:8080", True),
        ("https://notexample.org/", False),
        ("https://example.org.uk/", False),
        ("https://sub.blocked.example/", True),
        ("https://org/", False),
        ("https://почта.пример.рф/страница", True),
        ("https://xn--e1afmkfd.xn--p1ai/", True),
        ("example.org", False),  # no URL: it may be a file or an id
        ("cc100-am:12", False),
        ("https://[::1/", False),
        ("", False),
    ],
)
def test_domains(tmp_path: Path, document: str, expected: bool) -> None:
    domains = "# not wanted\nexample.org  # all of it\n\n.blocked.example\nпример.рф\n"
    assert blocked(tmp_path, document, domains=domains) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("http://example.org/a/b?x=1#top", True),
        ("https://Example.org/a/b/?x=1", True),
        ("https://example.org/a/b", False),
        ("https://example.org/A/b?x=1", False),
        ("https://sub.example.org/a/b?x=1", False),
        ("https://example.net/", True),
    ],
)
def test_urls(tmp_path: Path, document: str, expected: bool) -> None:
    assert blocked(tmp_path, document, urls="https://example.org/a/b?x=1\nexample.net\n") == expected


def test_what_is_no_domain_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"domains, line 2: 'https://example\.org' is no domain; write it as"):
        blocked(tmp_path, "", domains="example.org\nhttps://example.org\n")


def test_a_list_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xff")
    for name in ("latin", "missing"):
        with pytest.raises(UserError, match=f"{name}: the blocklist cannot be read as UTF-8 text"):
            load_blocklist(BlocklistConfig(domains=str(tmp_path / name)))


def test_one_list_at_least_is_named() -> None:
    with pytest.raises(ValueError, match="give domains, urls or both"):
        BlocklistConfig()
