"""What elements of XML say: their names without namespaces, their languages, and their text without native codes."""

from collections.abc import Iterator, Set
from typing import BinaryIO

from lxml import etree

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def local_name(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    name: str = element.tag.rpartition("}")[2]
    return name


def language_of(element: etree._Element) -> str | None:
    """Return what `xml:lang`, or else `lang`, declares."""
    declared: str | None = element.get(_LANG) or element.get("lang")
    return declared


def text_of(element: etree._Element, removed: Set[str]) -> str:
    """Return the text in an element, without that in elements named in `removed`; what is behind these stays."""
    if not len(element):
        return element.text or ""
    parts = [element.text or ""]
    for child in element:
        if local_name(child) not in removed:
            parts.append(text_of(child, removed))
        parts.append(child.tail or "")
    return "".join(parts)


def elements(file: BinaryIO, name: str, encoding: str | None = None) -> Iterator[etree._Element]:
    """Yield the elements `name` of an XML file as they end, and free what is behind them.

    `encoding` is its encoding where it does not declare one.
    Nothing outside the file is read and no entity of its own is followed.
    Raises etree.XMLSyntaxError where it is not XML, ValueError where it declares entities.
    """
    found = etree.iterparse(
        file,
        events=("end",),
        encoding=encoding,
        tag=f"{{*}}{name}",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    is_first = True
    for _, element in found:
        kind = element.getroottree().docinfo.internalDTD if is_first else None
        if kind is not None and any(True for _ in kind.iterentities()):
            raise ValueError("declares entities of its own, which are not followed")
        is_first = False
        yield element
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
