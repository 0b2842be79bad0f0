"""TMX: what translation memories hold, and every way in which a unit can be wrong beside good ones."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from source_records import columns, open_source, read_all

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.compressed import RawFile
from pipelines.formats.tmx import Tmx

# as Bitextor writes ParaCrawl's: scores of the unit, and the document in each side
PARACRAWL = """<?xml version="1.0"?>
<tmx version="1.4">
 <header adminlang="en" srclang="en" o-tmf="PlainText" creationtool="Bitextor" creationtoolversion="7.0"
  datatype="PlainText" segtype="sentence"/>
 <body>
  <tu tuid="1" datatype="Text">
   <prop type="score-bicleaner">0.7808</prop>
   <prop type="type">1:1</prop>
   <tuv xml:lang="en"><prop type="source-document">http://a/en</prop><seg>Fish &amp; chips</seg></tuv>
   <tuv xml:lang="de"><prop type="source-document">http://a/de</prop><seg>Fisch &amp; Pommes</seg></tuv>
  </tu>
 </body>
</tmx>
"""


def tmx(body: str, head: str = "") -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<tmx version="1.4"><header/><body>{body}</body></tmx>'.encode()


def unit(*segments: str) -> str:
    spoken = ("de", "en", "fr")[: len(segments)]
    sides = (f'<tuv xml:lang="{own}"><seg>{text}</seg></tuv>' for own, text in zip(spoken, segments, strict=True))
    return f"<tu>{''.join(sides)}</tu>\n"


def write(folder: Path, data: bytes, **keys: object) -> Tmx:
    (folder / "a.tmx").write_bytes(data)
    form = open_source(format="tmx", path=str(folder / "a.tmx"), **keys)
    assert isinstance(form, Tmx)
    return form


def test_paracrawl(tmp_path: Path) -> None:
    form = write(tmp_path, PARACRAWL.encode(), score="score-bicleaner", document="source-document")
    rows, bad = read_all(form)
    assert rows == [
        {"file": "s", "record": 0, "offset": -1, "document": "http://a/en", "key": "s:0", "language": "en",
         "text": "Fish & chips", "score": 0.7808},
        {"file": "s", "record": 1, "offset": -1, "document": "http://a/en", "key": "s:0", "language": "de",
         "text": "Fisch & Pommes", "score": 0.7808},
    ]  # fmt: skip
    assert bad == []


def test_native_codes_are_removed_and_what_is_highlighted_stays(tmp_path: Path) -> None:
    segment = (
        'The <bpt i="1">&lt;b&gt;</bpt>big<ept i="1">&lt;/b&gt;</ept> <hi>black <ph>img<sub>alt</sub></ph>cat'
        '</hi><it pos="begin">{\\i </it> sat<ut>\\par</ut>.<![CDATA[ <tu> & ]]><!-- <tu> no unit -->'
    )
    rows, bad = read_all(write(tmp_path, tmx(unit(segment, "x"))))
    assert (rows[0]["text"], bad) == ("The big black cat sat. <tu> & ", [])


def test_many_languages_and_old_attributes(tmp_path: Path) -> None:
    old = '<tu><tuv lang="EN-US"><seg>one</seg></tuv></tu>'
    rows, bad = read_all(write(tmp_path, tmx(unit("eins", "one", "un") + old + unit("zwei", "two"))))
    assert columns(rows, "record", "key", "language", "text") == [
        (0, "s:0", "de", "eins"),
        (1, "s:0", "en", "one"),
        (2, "s:0", "fr", "un"),
        (3, "s:3", "EN-US", "one"),
        (4, "s:4", "de", "zwei"),
        (5, "s:4", "en", "two"),
    ]
    assert bad == []


BROKEN = [
    ("<tu><tuv xml:lang='de'><seg>eins</tuv></tu>", [(Reason.NOT_XML, "Opening and ending tag mismatch")]),
    ("<tu><tuv xml:lang='de'><seg>&bomb;</seg></tuv></tu>", [(Reason.NOT_XML, "Entity 'bomb' not defined")]),
    ("<tu/>", [(Reason.WRONG_FIELD, "no <tuv> in the unit")]),
    ("<tu><x><tuv><seg>a</seg></tuv></x></tu>", [(Reason.WRONG_FIELD, "not as its children")]),
    ("<tu><tuv xml:lang='de'/></tu>", [(Reason.WRONG_FIELD, "no <seg> in the <tuv>")]),
    ("<tu><prop type='q'>good</prop><tuv/><tuv/></tu>", [(Reason.WRONG_FIELD, "the score is no number: 'good'")] * 2),
    ("<tu><tuv xml:lang='de'><seg>\x00</seg></tuv></tu>", [(Reason.NOT_XML, "Invalid character")]),
    (f"<tu><tuv><seg>{'x' * 5000}</seg></tuv></tu>", [(Reason.OVERSIZED, "bytes, more than 2000")]),
]


@pytest.mark.parametrize(("broken", "wanted"), BROKEN)
@pytest.mark.parametrize("split_bytes", [1, 1 << 20])
def test_a_broken_unit_hides_no_other(
    tmp_path: Path, broken: str, wanted: list[tuple[Reason, str]], split_bytes: int
) -> None:
    bombs = '<!DOCTYPE tmx [<!ENTITY a "ha"><!ENTITY bomb "&a;&a;">]>'
    data = tmx(unit("eins", "one") + broken + unit("zwei", "two"), bombs)
    rows, bad = read_all(write(tmp_path, data, score="q", split_bytes=split_bytes, max_record_bytes=2000))
    assert [row["text"] for row in rows] == ["eins", "one", "zwei", "two"]
    assert [each.reason for each in bad] == [reason for reason, _ in wanted]
    assert all(text in each.error for each, (_, text) in zip(bad, wanted, strict=True))
    assert sorted([each.record for each in bad] + [row["record"] for row in rows]) == list(range(4 + len(bad)))


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16(tmp_path: Path, codec: str) -> None:
    text = tmx(unit("Größe", "size") + unit("日本", "Japan")).decode().replace("UTF-8", "UTF-16")
    form = write(tmp_path, text.encode(codec), split_bytes=1)
    rows, bad = read_all(form)
    assert ([row["text"] for row in rows], bad) == (["Größe", "size", "日本", "Japan"], [])
    assert len(form.plan()) == 1
    rows, bad = read_all(write(tmp_path, text.encode(codec)[:-181]))
    assert [row["text"] for row in rows] == ["Größe", "size"]
    assert bad


def test_another_declared_encoding(tmp_path: Path) -> None:
    text = tmx(unit("Größe", "size")).decode().replace("UTF-8", "ISO-8859-1")
    rows, _ = read_all(write(tmp_path, text.encode("latin-1")))
    assert rows[0]["text"] == "Größe"
    with pytest.raises(UserError, match=r"a\.tmx: declares the encoding klingon, which is not known; convert it"):
        read_all(write(tmp_path, text.replace("ISO-8859-1", "klingon").encode("latin-1")))


def test_a_file_that_is_no_tmx_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.tmx: the file is empty, or there is no <tu> in it; check its format"):
        write(tmp_path, b"<tmx><tuv/><body></body></tmx>").plan()


TAGS = ("<tu>", "<tu a='>'>", "</tu>", "<tuv>", "</tuv>", "<seg>", "</seg>")
MARKS = ("<!--", "-->", "<![CDATA[", "]]>", "<?", "?>", "x")


@given(st.lists(st.sampled_from(TAGS + MARKS), max_size=20).map("".join), st.integers(1, 30))
def test_any_cut_gives_the_same_units(tmp_path_factory: pytest.TempPathFactory, text: str, split_bytes: int) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.tmx"
    path.write_bytes(tmx(unit("null", "zero") + text + unit("eins", "one")))
    whole, parts = (read_all(Tmx("s", RawFile(str(path), 1 << 20, 200), None, None, size, 1 << 20))
                    for size in (1 << 20, split_bytes))  # fmt: skip
    assert parts == whole
    numbers = [row["record"] for row in whole[0]] + [bad.record for bad in whole[1]]
    assert sorted(numbers) == list(range(len(numbers)))
