"""What elements of XML say: their names without namespaces, their languages, and their text without native codes."""

from collections.abc import Iterator, Set
from typing import BinaryIO, Final

from lxml import etree

# how all XML is parsed: nothing outside the file is read, and neither its entities nor great depths are followed
_SAFE: Final = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"


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


def parse(data: bytes, encoding: str) -> etree._Element:
    """Return the tree of XML without a head, in an encoding. Raises etree.XMLSyntaxError where it is not XML."""
    return etree.fromstring(data, etree.XMLParser(encoding=encoding, **_SAFE))


def elements(file: BinaryIO, name: str, encoding: str | None = None) -> Iterator[etree._Element]:
    """Yield the elements `name` of an XML file as they end, and free what is behind them.

    `encoding` is its encoding where it does not declare one.
    Nothing outside the file is read and no entity of its own is followed.
    Raises ValueError where it is not XML, or declares entities.
    """
    found = etree.iterparse(file, events=("end",), tag=f"{{*}}{name}", encoding=encoding, **_SAFE)
    is_first = True
    try:
        for _, element in found:
            kind = element.getroottree().docinfo.internalDTD if is_first else None
            if kind is not None and any(True for _ in kind.iterentities()):
                raise ValueError("declares entities of its own, which are not followed")
            is_first = False
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        told = [f"{entry.message}, line {entry.line}" for entry in found.error_log]
        raise ValueError(told[0] if told else str(error)) from error
