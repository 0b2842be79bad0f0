"""OPUS's XML: alignments and the documents that they name, and alignments that name what is not there."""

import gzip
import zipfile
from pathlib import Path

import pytest
from source_records import columns, open_source, read_all

from pipelines.datasets.errors import UserError
from pipelines.datasets.reasons import Reason
from pipelines.formats.protocol import Format

# as in OPUS's Books_v1_raw_de.zip
RAW = """<?xml version="1.0" encoding="utf-8"?>
<text><head><meta id="1"/></head><body><p id="1">
<s id="s1.1">Jemand mußte Josef K. verleumdet haben.</s>
<s id="s1.2">Er wurde
verhaftet. <time id="T1" value="0"/></s></p>
<s id="s2">»Wer sind Sie?« fragte K.</s></body></text>
"""
# as in OPUS's Books_v1_xml_en.zip
TOKENS = """<?xml version="1.0" encoding="utf-8"?>
<text><s id="s1.1"><chunk type="NP"><w id="w1">Someone</w></chunk> <w id="w2">lied</w><w id="w3">.</w></s>
<s id="s1.2"><w id="w4">&quot;</w><w id="w5">Who</w></s><s id="s2"/></text>
"""


def alignment(*links: str, documents: str = 'fromDoc="de/Kafka.xml.gz" toDoc="en/Kafka.xml.gz"') -> str:
    return f'<linkGrp targType="s" {documents}>\n{"".join(f"<link {link} />" for link in links)}\n</linkGrp>\n'


def opus(
    folder: Path, groups: str, german: bytes = RAW.encode(), english: bytes = TOKENS.encode(), **keys: object
) -> Format:
    """OPUS's files: packed alignments, German documents in a zip, English ones packed in a folder."""
    head = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE cesAlign PUBLIC "-//CES//DTD XML cesAlign//EN" "">\n'
    (folder / "de-en.xml.gz").write_bytes(gzip.compress(f"{head}<cesAlign version='1.0'>{groups}</cesAlign>".encode()))
    with zipfile.ZipFile(folder / "de.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Books/raw/de/Kafka.xml", german)
        archive.writestr("Books/raw/de/Other.xml", RAW)
    (folder / "en").mkdir(exist_ok=True)
    (folder / "en" / "Kafka.xml.gz").write_bytes(gzip.compress(TOKENS.encode()))
    documents = {"en": str(folder / "en"), "de": str(folder / "de.zip")}
    return open_source(format="opus", path=str(folder / "de-en.xml.gz"), documents=documents, **keys)


LINKS = (
    'xtargets="s1.1;s1.1" certainty="0.81"', 'xtargets="s1.2 s2;s1.2" certainty="0.5"', 'xtargets=";s1.1"',
    'xtargets="s2;"',
)  # fmt: skip


@pytest.mark.parametrize("split_bytes", [1, 1 << 20])
def test_links_of_sentences(tmp_path: Path, split_bytes: int) -> None:
    other = alignment('xtargets="s2;s1.1"', documents='fromDoc="de/Other.xml" toDoc="en/Kafka.xml.gz"')
    form = opus(tmp_path, alignment(*LINKS) + other, score="certainty", split_bytes=split_bytes)
    rows, bad = read_all(form)
    assert columns(rows, "record", "key", "document", "language", "text", "score") == [
        (0, "s:0", "de/Kafka", "de", "Jemand mußte Josef K. verleumdet haben.", 0.81),
        (1, "s:0", "de/Kafka", "en", "Someone lied .", 0.81),
        (2, "s:1", "de/Kafka", "de", "Er wurde verhaftet. »Wer sind Sie?« fragte K.", 0.5),
        (3, "s:1", "de/Kafka", "en", '" Who', 0.5),
        (5, "s:2", "de/Kafka", "en", "Someone lied .", None),
        (6, "s:3", "de/Kafka", "de", "»Wer sind Sie?« fragte K.", None),
        (8, "s:4", "de/Other", "de", "»Wer sind Sie?« fragte K.", None),
        (9, "s:4", "de/Other", "en", "Someone lied .", None),
    ]
    assert bad == []
    assert len(form.plan()) == (2 if split_bytes == 1 else 1)


def test_a_sentence_that_is_not_there(tmp_path: Path) -> None:
    links = ('xtargets="s1.1 s9;s1.1"', 'xtargets="s1.1;s7 s8"')
    rows, bad = read_all(opus(tmp_path, alignment(*links)))
    assert columns(rows, "record", "language") == [(1, "en"), (2, "de")]
    assert [(each.record, each.reason, each.error) for each in bad] == [
        (0, Reason.MISSING_SENTENCE, "no sentence s9 in de/Kafka"),
        (3, Reason.MISSING_SENTENCE, "no sentence s7 s8 in en/Kafka"),
    ]


@pytest.mark.parametrize(
    ("link", "error"),
    [
        ('xtargets="s1.1"', "its xtargets are not two lists"),
        ('xtargets="s1.1;s1.1;s2"', "its xtargets are not two lists"),
        ("", "its xtargets are not two lists"),
        ('xtargets="s1.1;s1.1" certainty="high"', "its certainty is no number"),
    ],
)
def test_a_link_that_is_none(tmp_path: Path, link: str, error: str) -> None:
    rows, bad = read_all(opus(tmp_path, alignment(link, LINKS[0]), score="certainty"))
    assert [row["record"] for row in rows] == [2, 3]
    assert [(each.record, each.reason, each.error) for each in bad] == [
        (0, Reason.WRONG_FIELD, error),
        (1, Reason.WRONG_FIELD, error),
    ]


@pytest.mark.parametrize(
    ("documents", "reason", "error"),
    [
        ('fromDoc="de/Nobody.xml.gz" toDoc="en/Kafka.xml.gz"', Reason.UNREADABLE, "there is no document de/Nobody.xml"),
        ('fromDoc="fr/Kafka.xml.gz" toDoc="en/Kafka.xml.gz"', Reason.UNREADABLE, "is not in a folder of a language: "),
        ('fromDoc="de/../../../etc/passwd" toDoc="en/Kafka.xml.gz"', Reason.UNREADABLE, "there is no document de/.."),
        ('toDoc="en/Kafka.xml.gz"', Reason.UNREADABLE, "the document '' is not in a folder of a language"),
    ],
)
def test_a_document_that_is_not_there(tmp_path: Path, documents: str, reason: Reason, error: str) -> None:
    rows, (bad,) = read_all(opus(tmp_path, alignment('xtargets="s1.1;s1.1"', documents=documents)))
    assert columns(rows, "record", "language") == [(1, "en")]
    assert (bad.record, bad.reason) == (0, reason)
    assert error in bad.error


BOMB = '<!DOCTYPE t [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><t><s id="s1.1">&b;</s></t>'
OUTSIDE = '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/hostname">]><t><s id="s1.1">&x;</s></t>'


@pytest.mark.parametrize(
    ("document", "error"),
    [
        (BOMB, "declares entities of its own, which are not followed"),
        (OUTSIDE, "declares entities of its own, which are not followed"),
        (RAW[:-40], "Premature end of data"),
        ("", "no element found"),
        (f"<t><s id='s1.1'>{'x' * 3000}</s></t>", "more than 2000 bytes"),
    ],
)
def test_a_document_that_cannot_be_read(tmp_path: Path, document: str, error: str) -> None:
    form = opus(tmp_path, alignment(LINKS[0]), german=document.encode(), max_member_bytes=2000)
    rows, (bad,) = read_all(form)
    assert columns(rows, "record", "language") == [(1, "en")]
    assert error in bad.error


def test_packed_documents_that_are_damaged_or_bombs(tmp_path: Path) -> None:
    for data, error in (
        (gzip.compress(TOKENS.encode())[:-20], "the file is cut off"),
        (gzip.compress(b"x" * 100_000), "more than 2000 bytes"),
        (b"\x1f\x8b" + b"\xa5" * 30, "Kafka.xml.gz: Error -3"),
    ):
        form = opus(tmp_path, alignment(LINKS[0]), max_member_bytes=2000)
        (tmp_path / "en" / "Kafka.xml.gz").write_bytes(data)
        rows, (bad,) = read_all(form)
        assert (columns(rows, "record", "language"), bad.record) == ([(0, "de")], 1)
        assert error in bad.error


def test_alignments_that_are_no_xml(tmp_path: Path) -> None:
    broken = alignment(LINKS[0], LINKS[1]).replace('<link xtargets="s1.2', '<<link xtargets="s1.2')
    rows, bad = read_all(opus(tmp_path, broken + alignment(LINKS[0])))
    assert [row["record"] for row in rows][-2:] == [4, 5]
    assert {each.reason for each in bad} == {Reason.NOT_XML}
    assert sorted([row["record"] for row in rows] + [each.record for each in bad]) == list(range(6))


def test_sources_that_are_no_opus(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"de-en\.xml\.gz: the file is empty, or there is no <linkGrp> in it"):
        opus(tmp_path, "").plan()
    form = opus(tmp_path, alignment(LINKS[0]))
    (tmp_path / "de.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"de\.zip: not a whole zip archive"):
        form.plan()
