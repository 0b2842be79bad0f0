"""Catalogs: what is read, what is put into quarantine, and that one bad string hides no other."""

import json
import math
import zipfile
from pathlib import Path

import pytest

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.catalog import Catalog, parse_catalog
from pipelines.formats.patterned import compile_pattern
from pipelines.formats.protocol import RECORDS, Unreadable

PATTERN = "app/{document}/{language}.json"
Row = tuple[str, int, int, str, str, str, str]


def catalog(path: Path, languages: tuple[str, ...] = ("de", "en"), split_bytes: int = 1 << 20) -> Catalog:
    return Catalog("source", str(path), PATTERN, languages, split_bytes, max_member_bytes=1000)


def archive(folder: Path, members: dict[str, bytes]) -> Path:
    path = folder / "app.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def read(source: Catalog) -> tuple[list[Row], list[Unreadable]]:
    rows: list[Row] = []
    bad: list[Unreadable] = []
    for split in source.plan():
        for records in source.read(split):
            assert records.batch.schema == RECORDS
            assert all(math.isnan(score) for score in records.batch["score"].to_pylist())
            rows += [tuple(row.values()) for row in records.batch.drop_columns("score").to_pylist()]
            bad += records.unreadable
    return rows, bad


MEMBERS = {
    "app/light/en.json": b'{"title": "Light", "state": {"on": "On", "off": "Off"}}',
    "app/light/de.json": b'{"title": "Licht", "state": {"on": "An"}}',
    "app/door/en.json": b'{"a.b": "dotted", "list": ["one", "two"]}',
    "app/door/de.json": b"{}",
    "app/light/fr.json": b'{"title": "Lampe"}',
    "app/light/deep/en.json": b'{"title": "not asked for"}',
    "other/light/en.json": b'{"title": "not asked for"}',
}
ROWS = [
    ("source/app/door/en.json", 0, -1, "door", "a\\.b", "en", "dotted"),
    ("source/app/door/en.json", 1, -1, "door", "list.0", "en", "one"),
    ("source/app/door/en.json", 2, -1, "door", "list.1", "en", "two"),
    ("source/app/light/de.json", 0, -1, "light", "title", "de", "Licht"),
    ("source/app/light/de.json", 1, -1, "light", "state.on", "de", "An"),
    ("source/app/light/en.json", 0, -1, "light", "title", "en", "Light"),
    ("source/app/light/en.json", 1, -1, "light", "state.on", "en", "On"),
    ("source/app/light/en.json", 2, -1, "light", "state.off", "en", "Off"),
]


def test_golden(tmp_path: Path) -> None:
    assert read(catalog(archive(tmp_path, MEMBERS))) == (ROWS, [])


def test_a_folder_is_read_as_an_archive_is(tmp_path: Path) -> None:
    for name, data in MEMBERS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    assert read(catalog(tmp_path)) == (ROWS, [])


@pytest.mark.parametrize("split_bytes", [1, 45, 100])
def test_any_cut_gives_the_same_records(tmp_path: Path, split_bytes: int) -> None:
    source = catalog(archive(tmp_path, MEMBERS), split_bytes=split_bytes)
    assert len(source.plan()) > 1
    assert read(source) == (ROWS, [])


def bad_member(folder: Path, data: bytes) -> tuple[list[str], list[Unreadable]]:
    """Read `data` as one catalog beside a good one, and return the texts and what could not be read."""
    members = {"app/a/en.json": b'{"k": "before"}', "app/b/de.json": data, "app/c/en.json": b'{"k": "after"}'}
    rows, bad = read(catalog(archive(folder, members)))
    texts = [row[-1] for row in rows]
    assert (texts[0], texts[-1]) == ("before", "after")
    return texts[1:-1], bad


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b'{"k": "v"', "Expecting ',' delimiter"),
        (b"", "the file is empty"),
        (b" \n", "the file is empty"),
        (b"[1, 2]", "a JSON object is expected at the top, not list"),
        (b'"text"', "a JSON object is expected at the top, not str"),
        (b'{"k": "v"} rest', "Extra data"),
        (b"\x00\x01binary", "Expecting value"),
        (b'{"a":' * 500_0 + b"1" + b"}" * 500_0, None),
    ],
)
def test_a_member_that_is_not_json(tmp_path: Path, data: bytes, error: str | None) -> None:
    if error is None:
        with pytest.raises(ValueError, match="nested too deeply"):
            parse_catalog(data)
        return
    texts, (bad,) = bad_member(tmp_path, data)
    assert texts == []
    assert (bad.file, bad.record, bad.reason) == ("source/app/b/de.json", 0, Reason.NOT_JSON)
    assert error in bad.error


def test_only_the_string_that_is_not_utf8_goes(tmp_path: Path) -> None:
    texts, (bad,) = bad_member(tmp_path, b'{"good": "gut", "bad": "\xe4rger", "also": "\xc3\xa4u\xc3\x9fern"}')
    assert texts == ["gut", "äußern"]
    assert (bad.record, bad.reason, bad.error, bad.text) == (1, Reason.NOT_UTF8, "bad: not Unicode text", "\\udce4rger")


def test_a_lone_surrogate_escape_is_not_text_and_a_pair_is(tmp_path: Path) -> None:
    texts, (bad,) = bad_member(tmp_path, b'{"pair": "\\ud83d\\ude00", "lone": "half \\ud83d"}')
    assert texts == ["\U0001f600"]
    assert (bad.record, bad.reason, bad.text) == (1, Reason.NOT_UTF8, "half \\ud83d")


def test_a_key_that_is_not_utf8_goes_with_its_string(tmp_path: Path) -> None:
    texts, (bad,) = bad_member(tmp_path, b'{"\xff": "text", "good": "gut"}')
    assert texts == ["gut"]
    assert (bad.reason, bad.error) == (Reason.NOT_UTF8, "\\udcff: not Unicode text")


@pytest.mark.parametrize("value", ["null", "3", "1.5", "true"])
def test_a_value_that_is_no_text(tmp_path: Path, value: str) -> None:
    texts, (bad,) = bad_member(tmp_path, f'{{"a": {{"b": {value}}}, "c": "gut"}}'.encode())
    assert texts == ["gut"]
    assert (bad.reason, bad.error, bad.text) == (Reason.NOT_TEXT, "a.b: no text", value)


def test_a_byte_order_mark_is_no_harm(tmp_path: Path) -> None:
    assert bad_member(tmp_path, b'\xef\xbb\xbf{"k": "gut"}') == (["gut"], [])


def test_a_member_over_the_limit_is_not_read(tmp_path: Path) -> None:
    data = json.dumps({"k": "x" * 1000}).encode()
    texts, (bad,) = bad_member(tmp_path, data)
    assert texts == []
    assert (bad.reason, bad.error) == (Reason.OVERSIZED, f"{len(data)} bytes, more than 1000")


def test_a_damaged_member_is_unreadable(tmp_path: Path) -> None:
    path = archive(tmp_path, {"app/a/en.json": b'{"k": "before"}', "app/b/de.json": b'{"k": "some text"}'})
    with zipfile.ZipFile(path) as file:
        start = file.getinfo("app/b/de.json").header_offset + 30 + len("app/b/de.json")
    data = bytearray(path.read_bytes())
    data[start : start + 8] = b"\xff" * 8
    path.write_bytes(data)
    rows, (bad,) = read(catalog(path))
    assert [row[-1] for row in rows] == ["before"]
    assert (bad.file, bad.reason) == ("source/app/b/de.json", Reason.UNREADABLE)
    assert bad.error


def test_a_truncated_archive_fails_as_a_whole(tmp_path: Path) -> None:
    path = archive(tmp_path, MEMBERS)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=r"app\.whl: not a whole zip archive .* remove it and fetch it again"):
        catalog(path).plan()


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.whl: cannot be read .* check the path, or run `polyloom fetch`"):
        catalog(tmp_path / "nowhere.whl").plan()


def test_a_language_without_files_is_named(tmp_path: Path) -> None:
    source = catalog(archive(tmp_path, MEMBERS), languages=("en", "tlh", "xx"))
    with pytest.raises(UserError, match=r"no file fits 'app/\{document\}/\{language\}\.json' for tlh, xx; check"):
        source.plan()


def test_a_name_never_becomes_a_path(tmp_path: Path) -> None:
    path = archive(tmp_path, {"app/../en.json": b'{"k": "climbing"}', "app/x/de.json": b'{"k": "gut"}'})
    rows, _ = read(catalog(path))
    assert [row[-1] for row in rows] == ["climbing", "gut"]
    assert [path.name for path in tmp_path.iterdir()] == ["app.whl"]


@pytest.mark.parametrize("pattern", ["app/{language}.json", "{document}/{document}/{language}", "app/en.json"])
def test_a_pattern_must_hold_both_places(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"must hold \{document\} and \{language\}, each once"):
        compile_pattern(pattern)


def test_a_pattern_is_no_regular_expression() -> None:
    assert compile_pattern("a.b/{document}+/{language}.json").fullmatch("a.b/x+/de.json")
    assert not compile_pattern("a.b/{document}/{language}.json").fullmatch("aXb/x/de.json")
