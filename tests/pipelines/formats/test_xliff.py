"""XLIFF 1.2: units, their native codes and states, and files that are none."""

from pathlib import Path

import pytest
from source_records import columns, open_source, read_all

from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import Format

# as Angular's extract-i18n writes it, with the states of the specification
UNITS = """<?xml version="1.0" encoding="UTF-8" ?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file source-language="en-US" target-language="de" datatype="plaintext" original="app.ts">
    <header/>
    <body><group id="g">
      <trans-unit id="hi" datatype="html">
        <source>Hello <x id="NAME" equiv-text="{{name}}"/>, <g id="1">you</g><ph id="2">&lt;br/&gt;</ph>!</source>
        <target state="translated">Hallo <x id="INTERPOLATION"/>, <mrk mtype="x-term">du</mrk>!</target>
        <alt-trans><source>Hello</source><target>Servus</target></alt-trans>
      </trans-unit></group>
      <trans-unit id="new"><source>Bye</source><target state="needs-translation">Bye</target></trans-unit>
      <trans-unit id="none"><source>Thanks</source></trans-unit>
      <trans-unit id="empty"><source>Please</source><target/></trans-unit>
      <trans-unit id="other"><source xml:lang="fr">Oui</source><target xml:lang="de-AT">Jo</target></trans-unit>
      <trans-unit id="bare"><target>Nur</target></trans-unit>
    </body>
  </file>
  <file source-language="en-US" original="b.ts"><body>
    <trans-unit id="hi"><source>Hi</source><target>Hi!</target></trans-unit></body></file>
</xliff>
"""


def xliff(folder: Path, text: str, **keys: object) -> Format:
    (folder / "web").mkdir(exist_ok=True)
    (folder / "web" / "messages.de.xlf").write_text(text, encoding="utf-8")
    pattern = "{document}/messages.{language}.xlf"
    return open_source(format="xliff", path=str(folder), pattern=pattern, languages=["de"], **keys)


def test_units_give_both_sides(tmp_path: Path) -> None:
    rows, bad = read_all(xliff(tmp_path, UNITS))
    assert columns(rows, "record", "document", "key", "language", "text") == [
        (0, "web/app.ts", "hi", "en-US", "Hello , you!"),
        (1, "web/app.ts", "hi", "de", "Hallo , du!"),
        (2, "web/app.ts", "new", "en-US", "Bye"),
        (4, "web/app.ts", "none", "en-US", "Thanks"),
        (6, "web/app.ts", "empty", "en-US", "Please"),
        (8, "web/app.ts", "other", "fr", "Oui"),
        (9, "web/app.ts", "other", "de-AT", "Jo"),
        (11, "web/app.ts", "bare", "de", "Nur"),
        (12, "web/b.ts", "hi", "en-US", "Hi"),
        (13, "web/b.ts", "hi", "de", "Hi!"),
    ]
    assert [(each.record, each.reason, each.error) for each in bad] == [
        (3, Reason.UNFINISHED, "its state is needs-translation"),
        (10, Reason.WRONG_FIELD, "no <source> in the <trans-unit>"),
    ]


@pytest.mark.parametrize(
    ("text", "count", "error"),
    [
        (UNITS[:1000], 3, "nothing behind it was read"),
        ("", 0, "no element found"),
        ("{}", 0, "Start tag expected"),
        (UNITS.replace("?>", '?><!DOCTYPE x [<!ENTITY a "b">]>', 1), 0, "declares entities of its own"),
        (UNITS.replace("Thanks", "&nothing;"), 3, "Entity 'nothing' not defined"),
    ],
)
def test_a_file_that_is_broken(tmp_path: Path, text: str, count: int, error: str) -> None:
    rows, bad = read_all(xliff(tmp_path, text))
    assert len([row for row in rows if row["record"] < 4]) == count
    assert (bad[-1].reason, error in bad[-1].error) == (Reason.NOT_XML, True)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    _, (bad,) = read_all(xliff(tmp_path, UNITS, max_member_bytes=100))
    assert bad.reason == Reason.OVERSIZED
