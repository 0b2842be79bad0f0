"""gettext's PO files: plurals, contexts, what is not translated yet, and files that polib cannot read."""

from pathlib import Path

import pytest
from source_records import columns, open_source, read_all

from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import Format

HEADER = """# Translators:
msgid ""
msgstr ""
"Language: pl\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"

"""
ENTRIES = """#: forms.py:3
#, python-format
msgid "Hello %s"
msgstr "Cześć %s"

msgctxt "month"
msgid "May"
msgstr "maj"

msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d plik"
msgstr[1] "%d pliki"
msgstr[2] "%d plików"

#, fuzzy
#| msgid "Close"
msgid "Open"
msgstr "Zamknij"

msgid ""
"two "
"lines"
msgstr ""

#~ msgid "Old"
#~ msgstr "Stary"
"""


def po(folder: Path, text: str | bytes, **keys: object) -> Format:
    path = folder / "admin" / "locale" / "pl" / "django.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    pattern = "{document}/locale/{language}/django.po"
    return open_source(format="po", path=str(folder), pattern=pattern, languages=["pl"], **keys)


def test_entries_give_both_sides(tmp_path: Path) -> None:
    rows, bad = read_all(po(tmp_path, HEADER + ENTRIES))
    assert {(row["file"], row["document"], row["offset"]) for row in rows} == {
        ("s/admin/locale/pl/django.po", "admin", -1)
    }
    assert columns(rows, "key", "language", "text") == [
        ("Hello %s", "en", "Hello %s"),
        ("Hello %s", "pl", "Cześć %s"),
        ("month\4May", "en", "May"),
        ("month\4May", "pl", "maj"),
        ("%d file", "en", "%d file"),
        ("%d file[plural]", "en", "%d files"),
        ("%d file", "pl", "%d plik"),
        ("%d file[plural]", "pl", "%d pliki"),
        ("%d file[plural]", "pl", "%d plików"),
        ("Open", "en", "Open"),
        ("two lines", "en", "two lines"),
    ]
    assert [(each.reason, each.text) for each in bad] == [
        (Reason.UNFINISHED, "Zamknij"),
        (Reason.UNFINISHED, "Old"),
        (Reason.UNFINISHED, "Stary"),
    ]
    assert sorted([row["record"] for row in rows] + [each.record for each in bad]) == list(range(14))


def test_ids_that_are_names(tmp_path: Path) -> None:
    rows, _ = read_all(po(tmp_path, HEADER + 'msgid "label_open"\nmsgstr "Otwórz"\n', source_language=None))
    assert columns(rows, "key", "language", "text") == [("label_open", "pl", "Otwórz")]


def test_a_language_of_one_form_has_the_plural(tmp_path: Path) -> None:
    header = HEADER.replace(HEADER[HEADER.index("nplurals") : HEADER.index(";\\n")], "nplurals=1; plural=0")
    text = header + 'msgid "a day"\nmsgid_plural "%d days"\nmsgstr[0] "%d 日"\n'
    rows, _ = read_all(po(tmp_path, text))
    assert columns(rows, "key", "text")[-1] == ("a day[plural]", "%d 日")


@pytest.mark.parametrize("rule", ["", "Plural-Forms: nplurals=2; plural=__import__('os');", "Plural-Forms: plural=((;"])
def test_a_rule_that_cannot_be_read_is_as_in_english(tmp_path: Path, rule: str) -> None:
    text = f'msgid ""\nmsgstr "{rule}\\n"\n\nmsgid "a"\nmsgid_plural "b"\nmsgstr[0] "c"\nmsgstr[1] "d"\n'
    rows, _ = read_all(po(tmp_path, text))
    assert columns(rows, "key", "text") == [("a", "a"), ("a[plural]", "b"), ("a", "c"), ("a[plural]", "d")]


def test_other_encodings_and_wrong_bytes(tmp_path: Path) -> None:
    latin = HEADER.replace("UTF-8", "ISO-8859-2") + 'msgid "a"\nmsgstr "ż"\n'
    rows, bad = read_all(po(tmp_path, latin.encode("iso-8859-2")))
    assert (rows[1]["text"], bad) == ("ż", [])
    wrong = HEADER.encode() + b'msgid "a"\nmsgstr "\xbf"\n\nmsgid "b"\nmsgstr "be"\n'
    rows, (bad_one,) = read_all(po(tmp_path, wrong))
    assert [row["text"] for row in rows] == ["a", "b", "be"]
    assert (bad_one.record, bad_one.reason, bad_one.text) == (1, Reason.NOT_UTF8, "\\xbf")


@pytest.mark.parametrize("text", ['msgid "a"\nno keyword\n', "\0\1\2", 'msgstr[x] "a"\n', "/etc/passwd"])
def test_a_file_that_is_no_po(tmp_path: Path, text: str) -> None:
    rows, (bad,) = read_all(po(tmp_path, text))
    assert (rows, bad.record, bad.reason) == ([], 0, Reason.UNREADABLE)
    assert bad.error.startswith("not a PO file (")


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    _, (bad,) = read_all(po(tmp_path, HEADER, max_member_bytes=100))
    assert (bad.reason, bad.file) == (Reason.OVERSIZED, "s/admin/locale/pl/django.po")
