"""Documents with translations: trees of HTML and text in folders and archives, and pages inside JSON."""

import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.documents import Content, Documents
from pipelines.formats.protocol import RECORDS, Unreadable

PATTERN = "site/{language}/{document}.html"
LIMIT = 2000
Row = tuple[str, int, str, str, str, str]

PAGE = b"""<html><head><title>No</title><style>p {}</style></head><body><h1>Das Tor</h1>
<p>Gib den <b>Namen</b>
ein.<br>Dann &amp; dort.</p><pre><code>code()</code></pre><ul><li>eins</li><li>zwei</li></ul>
<table><tr><td>A</td><td>B</td></tr></table><script>x()</script></body></html>"""
TEXT = ["Das Tor", "Gib den Namen ein.", "Dann & dort.", "eins", "zwei", "A", "B"]
TREE = {
    "site/en/door.html": b"<p>The door.</p>",
    "site/de/door.html": PAGE,
    "site/fr/door.html": b"<p>La porte.</p>",
    "site/en/deep/door.html": b"<p>not asked for</p>",
    "site/en/light.html": b"<p>The light.</p>",
}


def source(
    path: Path,
    pattern: str = PATTERN,
    languages: tuple[str, ...] = ("de", "en"),
    content: Content = "html",
    split_bytes: int = 1,
    max_ratio: int = 200,
) -> Documents:
    return Documents("web", str(path), pattern, languages, split_bytes, LIMIT, content, 1 << 22, max_ratio)


def read(documents: Documents) -> tuple[list[Row], list[Unreadable]]:
    rows: list[Row] = []
    bad: list[Unreadable] = []
    for split in documents.plan():
        for records in documents.read(split):
            assert records.batch.schema == RECORDS
            columns = ("file", "record", "document", "key", "language", "text")
            rows += [tuple(row[name] for name in columns) for row in records.batch.to_pylist()]
            bad += records.unreadable
    return rows, bad


def texts(documents: Documents) -> list[list[str]]:
    rows, bad = read(documents)
    assert not bad
    return [[line.strip() for line in row[5].split("\n") if line.strip()] for row in rows]


def folder(place: Path, tree: dict[str, bytes]) -> Path:
    for name, data in tree.items():
        path = place / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return place / "tree"


def zipped(place: Path, tree: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(place / "tree.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in tree.items():
            archive.writestr(name, data)
    return place / "tree.zip"


def tarred(place: Path, tree: dict[str, bytes], name: str = "tree.tgz") -> Path:
    with tarfile.open(place / name, "w:gz" if name.endswith("gz") else "w") as archive:
        for member, data in tree.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("site/en/link.html")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    return place / name


def plain_tar(place: Path, tree: dict[str, bytes]) -> Path:
    return tarred(place, tree, "tree.tar")


@pytest.mark.parametrize("make", [folder, zipped, tarred, plain_tar])
def test_golden(tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path]) -> None:
    rows, bad = read(source(make(tmp_path, TREE)))
    assert [row[:5] for row in rows] == [
        ("web/site/de/door.html", 0, "door", "", "de"),
        ("web/site/en/door.html", 0, "door", "", "en"),
        ("web/site/en/light.html", 0, "light", "", "en"),
    ]
    assert bad == []
    assert texts(source(tmp_path / "tree" if make is folder else make(tmp_path, TREE)))[0] == TEXT


def test_a_page_of_the_web_gives_its_main_content(tmp_path: Path) -> None:
    page = b"<body><nav><a href=a>Menu</a></nav><main><article><p>%s</p></article></main></body>" % (b"A word. " * 40)
    path = folder(tmp_path, {"site/en/a.html": page})
    assert texts(source(path, languages=("en",)))[0][0] == "Menu"
    (main,) = texts(source(path, languages=("en",), content="main_html"))
    assert len(main) == 1
    assert main[0].startswith("A word.")


def test_text_files(tmp_path: Path) -> None:
    path = folder(tmp_path, {"en/a.txt": b"\xef\xbb\xbfOne.\nTwo.\n", "de/a.txt": b"gr\xf6\xdfe"})
    rows, bad = read(source(path, "{language}/{document}.txt", content="text"))
    assert [row[5] for row in rows] == ["One.\nTwo.\n"]
    assert [(one.file, one.reason) for one in bad] == [("web/de/a.txt", Reason.NOT_UTF8)]


def test_pages_inside_json(tmp_path: Path) -> None:
    pages = {"en-US": {"/docs/a~b": {"html": "<p>One</p>", "n": 1}}, "de-DE": {"/docs/a~b": {"html": "<p>Größe</p>"}}}
    path = tarred(tmp_path, {"package/docs.json": json.dumps(pages).encode()})
    inside = source(path, "package/docs.json#/{language}/{document}/html", ("de-DE", "en-US"))
    assert read(inside)[0] == [
        ("web/package/docs.json#/de-DE/~1docs~1a~0b/html", 0, "/docs/a~b", "", "de-DE", "Größe"),
        ("web/package/docs.json#/en-US/~1docs~1a~0b/html", 0, "/docs/a~b", "", "en-US", "One"),
    ]
    (records,) = inside.read(inside.split_of("web/package/docs.json#/en-US/~1docs~1a~0b/html"))
    assert records.batch["text"].to_pylist() == ["One"]


def test_a_json_file_for_each_language(tmp_path: Path) -> None:
    tree = {f"{language}.json": json.dumps({"a": [language]}).encode() for language in ("de", "en")}
    rows, _ = read(source(folder(tmp_path, tree), "{language}.json#/a/{document}", content="text"))
    assert [row[2:] for row in rows] == [("0", "", "de", "de"), ("0", "", "en", "en")]


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"{", "docs.json: not a JSON file .*; a pattern with `#` needs one"),
        (b"[" * 100_000, "more than max_member_bytes = 2000; raise it"),
        (b"[" * 1500, "docs.json: not a JSON file"),
        (b'{"en": {}}', "no file fits .* for en"),
    ],
)
def test_json_that_is_none(tmp_path: Path, data: bytes, match: str) -> None:
    path = folder(tmp_path, {"docs.json": data})
    with pytest.raises(UserError, match=match):
        source(path, "docs.json#/{language}/{document}", ("en",)).plan()


def test_what_cannot_be_read_hides_nothing_else(tmp_path: Path) -> None:
    path = folder(tmp_path, {"site/en/a.html": b"<p>" * LIMIT, "site/en/c.html": b"<p>c</p>", "site/en/d.html": b""})
    (tmp_path / "secret.html").write_text("<p>secret</p>")
    (path / "site/en/b.html").symlink_to(tmp_path / "secret.html")
    rows, bad = read(source(path, languages=("en",)))
    assert [(row[2], row[5]) for row in rows] == [("c", "c"), ("d", "")]
    assert [(one.file, one.reason) for one in bad] == [
        ("web/site/en/a.html", Reason.OVERSIZED),
        ("web/site/en/b.html", Reason.UNREADABLE),
    ]


@pytest.mark.parametrize("page", [b"\x00\xff\xfe", b"<p>caf\xe9", b"<" * 100, b"<div>" * 300 + b"a", b"&#xD800;&#0;"])
def test_odd_pages_are_read(tmp_path: Path, page: bytes) -> None:
    rows, bad = read(source(folder(tmp_path, {"site/en/a.html": page}), languages=("en",)))
    assert len(rows) + len(bad) == 1
    rows[0][5].encode()


def test_another_encoding(tmp_path: Path) -> None:
    page = '<meta charset="shift_jis"><p>これは文です</p>'.encode("shift_jis")
    assert texts(source(folder(tmp_path, {"site/ja/a.html": page}), languages=("ja",))) == [["これは文です"]]


def test_a_bomb_is_refused(tmp_path: Path) -> None:
    path = tarred(tmp_path, {"site/en/a.html": bytes(1 << 21)})
    with pytest.raises(UserError, match="bomb"):
        source(path, languages=("en",), max_ratio=20).plan()


@pytest.mark.parametrize("cut", [40, 300])
def test_a_damaged_tar_is_refused(tmp_path: Path, cut: int) -> None:
    path = tarred(tmp_path, {"site/en/a.html": bytes(range(256)) * 4})
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(UserError, match=r"tree\.tgz: not a whole tar archive"):
        source(path, languages=("en",)).plan()


def test_no_such_document(tmp_path: Path) -> None:
    documents = source(folder(tmp_path, TREE))
    with pytest.raises(UserError, match=r"web/site/en/no\.html: no such file in .*tree that the pattern"):
        documents.split_of("web/site/en/no.html")
    with pytest.raises(UserError, match=r"no file fits .* for ja; check the pattern"):
        source(tmp_path / "tree", languages=("en", "ja")).plan()
